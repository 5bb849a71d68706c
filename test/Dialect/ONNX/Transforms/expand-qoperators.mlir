// An operator on codes is its float form between a dequantize and a quantize.

// RUN: quant-opt %s --onnx-expand-qoperators --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @conv(
// CHECK: %[[X:.*]] = onnx.node "DequantizeLinear"(%{{.*}}) {onnx_attrs = {axis = 0 : si64}
// CHECK: %[[W:.*]] = onnx.node "DequantizeLinear"(%{{.*}}) {onnx_attrs = {axis = 0 : si64}
// The bias has the scale x * w.
// CHECK: %[[SCALE:.*]] = onnx.constant "" dense<[5.000000e-01, 1.000000e+00]> : tensor<2xf32>
// CHECK: %[[B:.*]] = onnx.node "DequantizeLinear"(%{{.*}}, %[[SCALE]])
// CHECK: %[[Y:.*]] = onnx.node "Conv"(%[[X]], %[[W]], %[[B]]) {node_name = "c", onnx_attrs = {strides = array<i64: 1, 1>}, opset = 13 : i64}
// CHECK: onnx.node "QuantizeLinear"(%[[Y]], {{.*}} -> tensor<1x2x4x4xui8>
func.func @conv(%x: tensor<1x1x4x4xui8>) -> tensor<1x2x4x4xui8> {
  %s = onnx.constant "s" dense<0.5> : tensor<f32>
  %z = onnx.constant "z" dense<3> : tensor<ui8>
  %w = onnx.constant "w" dense<1> : tensor<2x1x1x1xsi8>
  %ws = onnx.constant "ws" dense<[1.0, 2.0]> : tensor<2xf32>
  %wz = onnx.constant "wz" dense<0> : tensor<2xsi8>
  %b = onnx.constant "b" dense<7> : tensor<2xsi32>
  %y = onnx.node "QLinearConv"(%x, %s, %z, %w, %ws, %wz, %s, %z, %b) {node_name = "c", opset = 10 : i64, onnx_attrs = {strides = array<i64: 1, 1>}} : (tensor<1x1x4x4xui8>, tensor<f32>, tensor<ui8>, tensor<2x1x1x1xsi8>, tensor<2xf32>, tensor<2xsi8>, tensor<f32>, tensor<ui8>, tensor<2xsi32>) -> tensor<1x2x4x4xui8>
  return %y : tensor<1x2x4x4xui8>
}

// -----

// A scale of one element is a scalar, whatever its rank; an absent zero point is none.
// CHECK-LABEL: func.func @add(
// CHECK: %[[S:.*]] = onnx.constant "" dense<2.500000e-01> : tensor<f32>
// CHECK: onnx.node "DequantizeLinear"(%arg0, %[[S]]) {
// CHECK: onnx.node "Add"(
// CHECK: onnx.node "QuantizeLinear"(
func.func @add(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = onnx.constant "s" dense<0.25> : tensor<1xf32>
  %n = onnx.none
  %y = onnx.node "QLinearAdd"(%x, %s, %n, %x, %s, %n, %s, %n) {domain = "com.microsoft", node_name = "a", opset = 1 : i64} : (tensor<4xui8>, tensor<1xf32>, none, tensor<4xui8>, tensor<1xf32>, none, tensor<1xf32>, none) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// Without a zero point the codes stay signed.
// CHECK-LABEL: func.func @signed_without_zero_point(
// CHECK: %[[Z:.*]] = onnx.constant "" dense<0> : tensor<si8>
// CHECK: onnx.node "QuantizeLinear"({{.*}}, %[[Z]]) {{.*}} -> tensor<4xsi8>
func.func @signed_without_zero_point(%x: tensor<4xsi8>) -> tensor<4xsi8> {
  %s = onnx.constant "s" dense<0.25> : tensor<f32>
  %n = onnx.none
  %y = onnx.node "QLinearLeakyRelu"(%x, %s, %n, %s, %n) {domain = "com.microsoft", opset = 1 : i64} : (tensor<4xsi8>, tensor<f32>, none, tensor<f32>, none) -> tensor<4xsi8>
  return %y : tensor<4xsi8>
}

// -----

// A scale that only a run knows, and channels last: these stay.
// CHECK-LABEL: func.func @stays(
// CHECK: onnx.node "QLinearSigmoid"
// CHECK: onnx.node "QLinearGlobalAveragePool"
func.func @stays(%x: tensor<1x2x2x4xui8>, %s: tensor<f32>) -> (tensor<1x2x2x4xui8>, tensor<1x1x1x4xui8>) {
  %c = onnx.constant "s" dense<0.25> : tensor<f32>
  %z = onnx.constant "z" dense<3> : tensor<ui8>
  %y = onnx.node "QLinearSigmoid"(%x, %s, %z, %c, %z) {domain = "com.microsoft", opset = 1 : i64} : (tensor<1x2x2x4xui8>, tensor<f32>, tensor<ui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x2x4xui8>
  %p = onnx.node "QLinearGlobalAveragePool"(%x, %c, %z, %c, %z) {domain = "com.microsoft", opset = 1 : i64, onnx_attrs = {channels_last = 1 : si64}} : (tensor<1x2x2x4xui8>, tensor<f32>, tensor<ui8>, tensor<f32>, tensor<ui8>) -> tensor<1x1x1x4xui8>
  return %y, %p : tensor<1x2x2x4xui8>, tensor<1x1x1x4xui8>
}
