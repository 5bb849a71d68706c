// RUN: quant-opt %s --convert-onnx-to-loops | FileCheck %s

// float8 is a byte in memory and float32 in registers; a 4-bit integer has a byte of its own whose upper bits do not count.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: memref<4xi8> {quantc.dtype = 17 : i32
// CHECK-SAME: memref<4xi8> {quantc.dtype = 22 : i32
// CHECK-SAME: -> (memref<4xi16> {quantc.dtype = 10 : i32
// CHECK: %[[RAW:.*]] = memref.load {{.*}} : memref<4xi8>
// CHECK: %[[CODE:.*]] = arith.extui %[[RAW]] : i8 to i32
// CHECK: call @qk_decode_f8e4m3fn(%[[CODE]]) : (i32) -> f32
// CHECK: call @qk_encode_f16(
// CHECK: %[[UP:.*]] = arith.shli
// CHECK: arith.shrsi %[[UP]]
func.func @main(%x: tensor<4xf8E4M3FN> {onnx.name = "x"}, %i: tensor<4xsi4> {onnx.name = "i"})
    -> (tensor<4xf16> {onnx.name = "y"}, tensor<4xf32> {onnx.name = "z"}) {
  %y = onnx.node "Cast"(%x) {opset = 21 : i64, node_name = "half", onnx_attrs = {to = 10 : si64}} : (tensor<4xf8E4M3FN>) -> tensor<4xf16>
  %z = onnx.node "Cast"(%i) {opset = 21 : i64, node_name = "wide", onnx_attrs = {to = 1 : si64}} : (tensor<4xsi4>) -> tensor<4xf32>
  return %y, %z : tensor<4xf16>, tensor<4xf32>
}
