// RUN: quant-opt %s --lower-nn-to-nodes | FileCheck %s

// Lookup and layer norm are nodes of opset 17, with the names that they came with; an rms norm is what older files have for it.

// CHECK-LABEL: func.func @main(
// CHECK: %[[E:.*]] = onnx.node "Gather"(%{{.*}}, %arg0) {node_name = "lookup", onnx_attrs = {axis = 0 : si64}, opset = 17 : i64}
// CHECK: %[[ONES:.*]] = nn.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK: %[[N:.*]] = onnx.node "LayerNormalization"(%[[E]], %[[ONES]]) {node_name = "norm", onnx_attrs = {axis = -1 : si64, epsilon = 1.000000e-03 : f32}, opset = 17 : i64}
// CHECK: %[[Q:.*]] = nn.mul %[[N]], %[[N]]
// CHECK: %[[M:.*]] = nn.reduce_mean %[[Q]] {axes = array<i64: 1>, keepdims = true}
// CHECK: %[[EPS:.*]] = nn.constant dense<1.000000e-03> : tensor<f32>
// CHECK: %[[S:.*]] = nn.add %[[M]], %[[EPS]]
// CHECK: %[[R:.*]] = nn.sqrt %[[S]]
// CHECK: %[[D:.*]] = nn.div %[[N]], %[[R]]
// CHECK: return %[[D]]
func.func @main(%i: tensor<3xsi64>) -> tensor<3x4xf32> {
  %t = nn.constant dense<1.0> : tensor<9x4xf32>
  %e = nn.embedding %t, %i : (tensor<9x4xf32>, tensor<3xsi64>) -> tensor<3x4xf32> loc("lookup")
  %n = nn.layer_norm %e {epsilon = 1.0e-3 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x4xf32>) -> tensor<3x4xf32> loc("norm")
  %r = nn.rms_norm %n {epsilon = 1.0e-3 : f32} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}
