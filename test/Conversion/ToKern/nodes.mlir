// A node that nn does not hold is a call of a function of its own, on row-major buffers.

// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s

// Ids are read where the caller has them; the table of weights is an operand, the axis is not.
// CHECK: func.func @main(%{{.*}}: memref<1x2x2x2xf32>{{.*}}, %[[IDS:.*]]: memref<3xi64>
// CHECK: %[[TABLE:.*]] = kern.constant dense<5.000000e-01> : tensor<100x2xf32>
// CHECK: kern.call @node_0 outs(%{{.*}} : memref<3x2xf32>) ins(%[[TABLE]], %[[IDS]] : memref<100x2xf32>, memref<3xi64>)
// An image is turned to ONNX's order first.
// CHECK: kern.copy
// CHECK: kern.call @node_1 outs(%{{.*}}) ins(%{{.*}} : memref<1x2x2x2xf32>)
// CHECK: module @nodes
// CHECK: func.func @node_0(%{{.*}}: tensor<100x2xf32>, %{{.*}}: tensor<3xsi64>) -> tensor<3x2xf32>
// CHECK: onnx.node "Gather"
// CHECK: func.func @node_1(
// CHECK: onnx.constant "" dense<1>
// CHECK: onnx.node "CumSum"
func.func @main(%x: tensor<1x2x2x2xf32>, %ids: tensor<3xsi64>) -> (tensor<3x2xf32>, tensor<1x2x2x2xf32>) {
  %table = nn.constant dense<0.5> : tensor<100x2xf32>
  %axis = nn.constant dense<1> : tensor<si64>
  %0 = onnx.node "Gather"(%table, %ids) {opset = 13 : i64} : (tensor<100x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  %1 = nn.relu %x : tensor<1x2x2x2xf32>
  %2 = onnx.node "CumSum"(%1, %axis) {opset = 14 : i64} : (tensor<1x2x2x2xf32>, tensor<si64>) -> tensor<1x2x2x2xf32>
  return %0, %2 : tensor<3x2xf32>, tensor<1x2x2x2xf32>
}
