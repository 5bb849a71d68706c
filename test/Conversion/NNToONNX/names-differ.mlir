// Nodes of one name, kept ones and new ones, get numbers; a number that is a name already is passed over.

// RUN: quant-opt %s --convert-nn-to-onnx | FileCheck %s

// CHECK: onnx.node "Relu"{{.*}}node_name = "a"
// CHECK: onnx.node "Sinh"{{.*}}node_name = "a_1"
// CHECK: onnx.node "Sinh"{{.*}}node_name = "a_1_1"
// CHECK: onnx.node "Cosh"{{.*}}node_name = "a_2"
// CHECK: onnx.node "Relu"{{.*}}node_name = "a_3"
// CHECK: onnx.node "Cosh"({{[^{]*}}) {opset = 17 : i64}
func.func @main(%x: tensor<3xf32> {onnx.name = "x"}) -> (tensor<3xf32> {onnx.name = "y"}) {
  %0 = nn.relu %x : tensor<3xf32> loc("a")
  %1 = onnx.node "Sinh"(%0) {node_name = "a", opset = 17 : i64} : (tensor<3xf32>) -> tensor<3xf32> loc("a")
  %2 = onnx.node "Sinh"(%1) {node_name = "a_1", opset = 17 : i64} : (tensor<3xf32>) -> tensor<3xf32> loc("a_1")
  %3 = onnx.node "Cosh"(%2) {node_name = "a", opset = 17 : i64} : (tensor<3xf32>) -> tensor<3xf32> loc("a")
  %4 = nn.relu %3 : tensor<3xf32> loc("a")
  %5 = onnx.node "Cosh"(%4) {opset = 17 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %5 : tensor<3xf32>
}
