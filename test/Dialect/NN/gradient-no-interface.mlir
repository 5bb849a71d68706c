// RUN: quant-opt %s --split-input-file --verify-diagnostics --nn-gradient="wrt=x loss=output"

// Codes of a grouped map have no derivative, nor has what a run decides the size of.

func.func @main(%x: tensor<?x2xf32> {onnx.name = "x"}) -> tensor<?x2xf32> {
  // expected-error@+1 {{: expected static shapes, but found 'tensor<?x2xf32>'}}
  %y = nn.tanh %x : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A comparison ends the way.

// expected-remark@+1 {{nn-gradient: the loss does not depend on 'x': its gradient is zero}}
func.func @main(%x: tensor<2xf32> {onnx.name = "x"}) -> tensor<2xf32> {
  %z = nn.constant dense<0.0> : tensor<2xf32>
  %c = onnx.node "Greater"(%x, %z) {node_name = "positive", opset = 17 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  %y = onnx.node "Where"(%c, %z, %z) {node_name = "where", opset = 17 : i64} : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// expected-error@+1 {{nn-gradient: expected an output of floats}}
func.func @main(%x: tensor<2xsi64> {onnx.name = "x"}) -> tensor<2xsi64> {
  return %x : tensor<2xsi64>
}

// -----

// The axes of a sum are read at a run alone.

func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}, %axes: tensor<1xsi64> {onnx.name = "axes"}) -> tensor<1x3xf32> {
  // expected-error@+1 {{node 'total' (ReduceSum, opset 17): no derivative: expected axes that are constant}}
  %y = onnx.node "ReduceSum"(%x, %axes) {node_name = "total", opset = 17 : i64} : (tensor<2x3xf32>, tensor<1xsi64>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
