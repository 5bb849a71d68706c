// RUN: quant-opt %s --raise-nodes-to-nn | FileCheck %s

// Rows of a table, normalised, in two halves, one of them squared.

// CHECK-LABEL: func.func @main(
// CHECK: %[[E:.*]] = nn.embedding %{{.*}}, %arg0 : (tensor<9x4xf32>, tensor<3xsi64>) -> tensor<3x4xf32>
// CHECK: %[[N:.*]] = nn.layer_norm %[[E]], %{{.*}} {epsilon = 1.000000e-03 : f32, operandSegmentSizes = array<i32: 1, 1, 0>}
// CHECK: %[[L:.*]] = nn.slice %[[N]] {offsets = array<i64: 0, 0>} : (tensor<3x4xf32>) -> tensor<3x2xf32>
// CHECK: %[[H:.*]] = nn.slice %[[N]] {offsets = array<i64: 0, 2>} : (tensor<3x4xf32>) -> tensor<3x2xf32>
// CHECK: %[[S:.*]] = nn.mul %[[H]], %[[H]]
// CHECK: return %[[L]], %[[S]]
func.func @main(%i: tensor<3xsi64>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %table = nn.constant dense<1.0> : tensor<9x4xf32>
  %gain = nn.constant dense<2.0> : tensor<4xf32>
  %two = nn.constant dense<2.0> : tensor<f32>
  %e = onnx.node "Gather"(%table, %i) {opset = 17 : i64} : (tensor<9x4xf32>, tensor<3xsi64>) -> tensor<3x4xf32>
  %n = onnx.node "LayerNormalization"(%e, %gain) {opset = 17 : i64, onnx_attrs = {epsilon = 1.0e-3 : f32}}
    : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %h:2 = onnx.node "Split"(%n) {opset = 17 : i64, onnx_attrs = {axis = -1 : si64}} : (tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>)
  %s = onnx.node "Pow"(%h#1, %two) {opset = 17 : i64} : (tensor<3x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  return %h#0, %s : tensor<3x2xf32>, tensor<3x2xf32>
}
