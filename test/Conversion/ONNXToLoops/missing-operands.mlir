// A node without an input that ONNX requires, and lists that no tensor needs, were dereferenced or counted out.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-loops

func.func @absent() -> tensor<4xf32> {
  %n = onnx.none
  // expected-error @+1 {{malformed operands: expected input 0, but it is absent}}
  %y = onnx.node "Identity"(%n) {opset = 17 : i64, result_names = ["y"]} : (none) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @fewer(%x: tensor<1x4x5x5xf32>) -> tensor<?x?x?x?xf32> {
  // expected-error @+1 {{malformed operands: expected input 1, but it is absent}}
  %y = onnx.node "BatchNormalization"(%x) {opset = 17 : i64, result_names = ["y"]} : (tensor<1x4x5x5xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

func.func @axes(%x: tensor<3x2xf32>, %axes: tensor<1099511627776xsi64>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported shape: expected at most 2 axes, but found 1099511627776}}
  %y = onnx.node "ReduceSum"(%x, %axes) {opset = 18 : i64, result_names = ["y"]} : (tensor<3x2xf32>, tensor<1099511627776xsi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
