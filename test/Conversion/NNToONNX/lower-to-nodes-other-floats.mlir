// RUN: quant-opt %s --lower-nn-to-nodes --split-input-file | FileCheck %s

// What computes with other floats than float32, and casts, are nodes: kernels know neither. Gradients of such nodes did not compile.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK: %[[H:.*]] = onnx.node "Cast"(%[[X]]) {node_name = "narrow", onnx_attrs = {to = 10 : si64}, opset = 17 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf16>
// CHECK: %[[S:.*]] = onnx.node "Mul"(%[[H]], %[[H]]) {node_name = "square"
// CHECK: %[[C:.*]] = nn.constant dense<5.000000e-01> : tensor<f16>
// CHECK: %[[D:.*]] = nn.constant dense<1.000000e+00> : tensor<f16>
// CHECK: %[[L:.*]] = onnx.node "Clip"(%[[S]], %[[C]], %[[D]]) {node_name = "bounds"
// CHECK: %[[F:.*]] = onnx.node "Cast"(%[[L]]) {node_name = "wide", onnx_attrs = {to = 1 : si64}
// CHECK: %[[R:.*]] = nn.relu %[[F]]
// CHECK: return %[[R]]
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %h = nn.cast %x : (tensor<2x3xf32>) -> tensor<2x3xf16> loc("narrow")
  %s = nn.mul %h, %h : (tensor<2x3xf16>, tensor<2x3xf16>) -> tensor<2x3xf16> loc("square")
  %c = nn.clip %s {lo = 5.000000e-01 : f32, hi = 1.000000e+00 : f32} : tensor<2x3xf16> loc("bounds")
  %f = nn.cast %c : (tensor<2x3xf16>) -> tensor<2x3xf32> loc("wide")
  %r = nn.relu %f : tensor<2x3xf32> loc("relu")
  return %r : tensor<2x3xf32>
}
