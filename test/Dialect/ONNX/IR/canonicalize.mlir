// RUN: quant-opt %s --canonicalize --cse | FileCheck %s

// Nodes are pure: unused ones go and equal ones merge; random ones do neither.

// CHECK-LABEL: func.func @main(
// CHECK-COUNT-2: onnx.node "RandomNormalLike"
// CHECK: %[[A:.*]] = onnx.node "Neg"
// CHECK-NEXT: %[[B:.*]] = onnx.node "Add"(%[[A]], %[[A]])
// CHECK-NEXT: return %[[B]]
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %unused = onnx.node "Relu"(%x) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %r0 = onnx.node "RandomNormalLike"(%x) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %r1 = onnx.node "RandomNormalLike"(%x) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %0 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = onnx.node "Neg"(%x) {opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = onnx.node "Add"(%0, %1) {opset = 17 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
