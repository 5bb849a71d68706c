// RUN: quant-opt %s --onnx-fold-constants | FileCheck %s

// Shape arithmetic on a dynamic batch N ends as one constant target.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<?x3x8x8xf32>
// CHECK-NEXT: %[[T:.*]] = onnx.constant "" dense<[-1, 192]> : tensor<2xsi64>
// CHECK-NEXT: %[[Y:.*]] = onnx.node "Reshape"(%[[X]], %[[T]]) {{.*}} -> tensor<?x192xf32>
// CHECK-NEXT: return %[[Y]]
func.func @main(%x: tensor<?x3x8x8xf32> {onnx.name = "x", onnx.dims = ["N", "", "", ""]}) -> !onnx.unknown {
  %zero = onnx.constant "zero" dense<0> : tensor<1xsi64>
  %rest = onnx.constant "rest" dense<-1> : tensor<1xsi64>
  %i = onnx.node "Identity"(%x) {opset = 13 : i64} : (tensor<?x3x8x8xf32>) -> !onnx.unknown
  %s = onnx.node "Shape"(%i) {opset = 13 : i64} : (!onnx.unknown) -> !onnx.unknown
  %n = onnx.node "Gather"(%s, %zero) {opset = 13 : i64} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  %t = onnx.node "Concat"(%n, %rest) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  %z = onnx.node "Reshape"(%i, %t) {opset = 13 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  return %z : !onnx.unknown
}
