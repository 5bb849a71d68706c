// RUN: quant-opt %s --convert-onnx-to-loops=outline-nodes | FileCheck %s

// Each node becomes a function that LLVM must not put back; a view is made in place.

// CHECK-LABEL: func.func @main(
// CHECK: %[[A:.*]] = call @Relu_0(%{{.*}}) : (memref<4xf32>) -> memref<4xf32>
// CHECK: %[[V:.*]] = memref.reinterpret_cast %[[A]]
// CHECK: %[[B:.*]] = call @Neg_2(%{{.*}}, %{{.*}}) : (memref<2x2xf32>, memref<4xf32>) -> memref<2x2xf32>
// CHECK: return %[[B]]
// CHECK: func.func private @Neg_2(%{{.*}}: memref<2x2xf32>, %{{.*}}: memref<4xf32>) -> memref<2x2xf32> attributes {passthrough = ["noinline"]}
// CHECK: func.func private @Relu_0(
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<2x2xf32> {onnx.name = "y"}) {
  %s = onnx.constant "s" dense<[2, 2]> : tensor<2xsi64>
  %a = onnx.node "Relu"(%x) {opset = 14 : i64, node_name = "r"} : (tensor<4xf32>) -> tensor<4xf32>
  %v = onnx.node "Reshape"(%a, %s) {opset = 14 : i64, node_name = "v"} : (tensor<4xf32>, tensor<2xsi64>) -> tensor<2x2xf32>
  %y = onnx.node "Neg"(%v) {opset = 14 : i64, node_name = "n"} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
