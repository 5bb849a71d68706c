// A declared output that cannot be what the model computes.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --onnx-infer-shapes

// expected-warning@below {{output 'y' is declared as 'tensor<1x9xf32>', but inference gives 'tensor<1x10xf32>'}}
func.func @size(%x: tensor<1x10xf32>) -> (tensor<1x9xf32> {onnx.name = "y"}) {
  %y = onnx.node "Relu"(%x) {opset = 13 : i64} : (tensor<1x10xf32>) -> !onnx.unknown
  %z = onnx.node "Relu"(%y) {opset = 13 : i64} : (!onnx.unknown) -> tensor<1x9xf32>
  return %z : tensor<1x9xf32>
}

// -----

// A declared dynamic size may be anything.
func.func @dynamic(%x: tensor<1x10xf32>) -> (tensor<?x10xf32> {onnx.name = "y"}) {
  %y = onnx.node "Relu"(%x) {opset = 13 : i64} : (tensor<1x10xf32>) -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}
