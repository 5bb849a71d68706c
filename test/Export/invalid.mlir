// RUN: not quant-translate --export-onnx %s -o %t.onnx 2>&1 | FileCheck %s
// RUN: not ls %t.onnx

// Everything that a model cannot hold is said at once, and nothing is written.

module attributes {onnx.ir_version = 8 : i64, onnx.opset_imports = [#onnx.opset<17, "">]} {
  // CHECK: error: value 'v' has type 'vector<4xf32>', which ONNX does not have
  func.func @main(%v: vector<4xf32> {onnx.name = "v"}, %x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
    // CHECK: error: node 'old' (Relu, opset 13): expected opset 17, which the model imports
    %0 = onnx.node "Relu"(%x) {opset = 13 : i64, node_name = "old", onnx_attrs = {odd = 1.0 : f64}} : (tensor<4xf32>) -> tensor<4xf32>
    // CHECK: error: attribute 'odd' has no ONNX form: 1.000000e+00 : f64
    // CHECK: error: op 'arith.addf' has no ONNX form
    %1 = arith.addf %0, %0 : tensor<4xf32>
    // CHECK: error: node 'lost' (nobody.Relu, opset 1): the model does not import the opset of its domain
    %2 = onnx.node "Relu"(%1) {opset = 1 : i64, domain = "nobody", node_name = "lost"} : (tensor<4xf32>) -> tensor<4xf32>
    return %2 : tensor<4xf32>
  }
}
