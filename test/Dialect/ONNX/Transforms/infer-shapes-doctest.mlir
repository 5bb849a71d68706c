// RUN: quant-opt %s --onnx-infer-shapes | FileCheck %s

// The batch N stays dynamic; the features that Reshape computes from it do not.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: -> tensor<?x128xf32>
func.func @main(%x: tensor<?x3x8x8xf32> {onnx.name = "x", onnx.dims = ["N", "", "", ""]}) -> !onnx.unknown {
  %w = onnx.constant "w" dense<1.0> : tensor<2x3x1x1xf32>
  %zero = onnx.constant "zero" dense<0> : tensor<1xsi64>
  %rest = onnx.constant "rest" dense<-1> : tensor<1xsi64>
  // CHECK: onnx.node "Conv"{{.*}} -> tensor<?x2x8x8xf32>
  %y = onnx.node "Conv"(%x, %w) {opset = 13 : i64} : (tensor<?x3x8x8xf32>, tensor<2x3x1x1xf32>) -> !onnx.unknown
  // CHECK: onnx.node "Shape"{{.*}} -> tensor<4xsi64>
  %s = onnx.node "Shape"(%x) {opset = 13 : i64} : (tensor<?x3x8x8xf32>) -> !onnx.unknown
  // CHECK: onnx.node "Gather"{{.*}} -> tensor<1xsi64>
  %n = onnx.node "Gather"(%s, %zero) {opset = 13 : i64} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  // CHECK: onnx.node "Concat"{{.*}} -> tensor<2xsi64>
  %t = onnx.node "Concat"(%n, %rest) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  // CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x128xf32>
  %z = onnx.node "Reshape"(%y, %t) {opset = 13 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  return %z : !onnx.unknown
}
