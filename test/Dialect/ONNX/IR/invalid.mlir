// RUN: quant-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected an array of #onnx.opset as 'onnx.opset_imports', but found 17}}
module attributes {onnx.opset_imports = 17 : i64} {
}

// -----

// expected-error@+1 {{expected an array of strings as 'onnx.dims', but found [1]}}
func.func @main(%x: tensor<?xf32> {onnx.dims = [1]}) {
  return
}

// -----

// expected-error@+1 {{expected a known attribute as 'onnx.nmae', but found "x"}}
func.func @main(%x: tensor<?xf32> {onnx.nmae = "x"}) {
  return
}

// -----

func.func @main(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 1 result names, but found 2}}
  %0 = onnx.node "Relu"(%x) {opset = 17 : i64, result_names = ["a", "b"]} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @main(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected a region for graph attribute 'body', but found 0 regions}}
  %0 = onnx.node "If"(%x) {opset = 17 : i64, onnx_attrs = {body = #onnx.graph<0, [] -> []>}} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @main(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected 1 outputs of graph 'body', but found 0}}
  %0 = onnx.node "If"(%x) graphs {
    onnx.return
  } {opset = 17 : i64, onnx_attrs = {body = #onnx.graph<0, [] -> [#onnx.value_info<name = "y", type = tensor<f32>>]>}} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @main(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected arrays of #onnx.value_info as inputs and outputs of a graph}}
  %0 = onnx.node "If"(%x) {opset = 17 : i64, onnx_attrs = {body = #onnx.graph<0, ["x"] -> []>}} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// expected-error@+1 {{expected 2 arguments, but found 1}}
onnx.function attributes {input_names = ["x", "y"], output_names = [], parameters = [], opset_imports = []} {
^bb0(%x: !onnx.unknown):
  onnx.return
}
