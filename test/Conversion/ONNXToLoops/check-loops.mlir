// Nodes that nn does not hold are checked for loops before anything is calibrated.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --onnx-check-loops -o /dev/null

func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = onnx.node "Sinh"(%x) {node_name = "good", opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// All of them are looked at.
func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  // expected-error @below {{node 'a' (Nonsense, opset 13): unknown op: there are no loops for this op}}
  %y = onnx.node "Nonsense"(%x) {node_name = "a", opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  // expected-error @below {{node 'b' (Sinh, opset 8): unsupported opset: expected opset 9 to 28}}
  %z = onnx.node "Sinh"(%x) {node_name = "b", opset = 8 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %y, %z : tensor<3xf32>, tensor<3xf32>
}

// -----

// A generator is the host program's.
func.func @main() -> tensor<3xf32> {
  // expected-error @below {{node 'r' (RandomNormal, opset 13): unsupported node: it draws random numbers, and libraries have no generator}}
  %y = onnx.node "RandomNormal"() {node_name = "r", opset = 13 : i64, onnx_attrs = {shape = array<i64: 3>}} : () -> tensor<3xf32>
  return %y : tensor<3xf32>
}
