// Every node that cannot be converted is named in one run, each with its own reason.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-nn

// A node behind a refused one is judged too, as long as its operand's type is known.
func.func @all_at_once(%x: tensor<2x3xf32>, %i: tensor<2x3xsi64>, %axes: tensor<1xsi64>, %k: tensor<2xf32>)
    -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xsi64>) {
  // expected-error@below {{node 'a' (Sinh, opset 13): unknown op: there is no conversion for this op}}
  %a = onnx.node "Sinh"(%x) {opset = 13 : i64, node_name = "a"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'b' (com.microsoft.Relu, opset 1): unknown op}}
  %b = onnx.node "Relu"(%a) {opset = 1 : i64, domain = "com.microsoft", node_name = "b"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'c' (HardSwish, opset 13): unsupported opset: expected opset 14 to 28}}
  %c = onnx.node "HardSwish"(%b) {opset = 13 : i64, node_name = "c"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'd' (Pad, opset 10): unsupported attribute value: expected mode 'constant', but found 'reflect'}}
  %d = onnx.node "Pad"(%c) {opset = 10 : i64, node_name = "d", onnx_attrs = {mode = "reflect", pads = array<i64: 0, 0, 0, 0>}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'e' (Softmax, opset 13): malformed attribute: expected attribute 'axis' to be an integer, but found a string}}
  %e = onnx.node "Softmax"(%d) {opset = 13 : i64, node_name = "e", onnx_attrs = {axis = "1"}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'f' (ReduceMean, opset 18): operand is not constant: expected input 1 to be a constant of at most 65536 elements}}
  %f = onnx.node "ReduceMean"(%e, %axes) {opset = 18 : i64, node_name = "f"} : (tensor<2x3xf32>, tensor<1xsi64>) -> tensor<2x3xf32>
  // expected-error@below {{node 'g' (Relu, opset 14): unsupported element type: expected input 0 to hold f32, but found si64}}
  %g = onnx.node "Relu"(%i) {opset = 14 : i64, node_name = "g"} : (tensor<2x3xsi64>) -> tensor<2x3xsi64>
  // expected-error@below {{node 'h' (MaxPool, opset 13): unsupported rank: expected 1 to 3 spatial axes, but found an input of rank 2}}
  %h = onnx.node "MaxPool"(%f) {opset = 13 : i64, node_name = "h", onnx_attrs = {kernel_shape = array<i64>}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'j' (Add, opset 13): unsupported shape: expected shapes that broadcast, but found [2, 3] and [2]}}
  %j = onnx.node "Add"(%h, %k) {opset = 13 : i64, node_name = "j"} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  // expected-error@below {{node 'l' (Relu, opset 13): malformed operands: expected input 0, but it is absent}}
  %l = onnx.node "Relu"() {opset = 13 : i64, node_name = "l"} : () -> tensor<2x3xf32>
  return %l, %j, %g : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xsi64>
}

// -----

// Only the cause is reported: the type of its result is not known.
func.func @consequences(%x: tensor<2x3xf32>) -> !onnx.unknown {
  // expected-error@below {{node 'a' (Sinh, opset 13): unknown op}}
  %a = onnx.node "Sinh"(%x) {opset = 13 : i64, node_name = "a"} : (tensor<2x3xf32>) -> !onnx.unknown
  %b = onnx.node "Relu"(%a) {opset = 13 : i64, node_name = "b"} : (!onnx.unknown) -> !onnx.unknown
  // expected-error@below {{node 'c' (Cos, opset 13): unknown op}}
  %c = onnx.node "Cos"(%b) {opset = 13 : i64, node_name = "c"} : (!onnx.unknown) -> !onnx.unknown
  return %c : !onnx.unknown
}

// -----

func.func @unknown_rank(%x: !onnx.unknown) -> !onnx.unknown {
  // expected-error@below {{unsupported rank: the rank of input 0 is not known}}
  %a = onnx.node "Relu"(%x) {opset = 13 : i64} : (!onnx.unknown) -> !onnx.unknown
  return %a : !onnx.unknown
}

// -----

// Nodes without uses do not matter.
func.func @unused(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = onnx.node "Sinh"(%x) {opset = 13 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return %x : tensor<2xf32>
}

// -----

func.func @indices(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xsi64> {
  // expected-error@below {{unsupported output: output 1 is used, but not supported}}
  %a, %b = onnx.node "MaxPool"(%x) {opset = 12 : i64, onnx_attrs = {kernel_shape = array<i64: 2>}} : (tensor<1x1x4xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x3xsi64>)
  return %b : tensor<1x1x3xsi64>
}

// -----

func.func @training(%x: tensor<1x2x4xf32>, %c: tensor<2xf32>) -> tensor<1x2x4xf32> {
  // expected-error@below {{unsupported attribute value: expected inference, but found training_mode 1}}
  %a = onnx.node "BatchNormalization"(%x, %c, %c, %c, %c) {opset = 15 : i64, onnx_attrs = {training_mode = 1 : si64}}
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %a : tensor<1x2x4xf32>
}

// -----

func.func @run_time_bound(%x: tensor<4xf32>, %lo: tensor<f32>) -> tensor<4xf32> {
  // expected-error@below {{operand is not constant: expected input 1 to be a constant}}
  %a = onnx.node "Clip"(%x, %lo) {opset = 13 : i64} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

func.func @slopes(%x: tensor<2x3xf32>, %run_time: tensor<1xf32>) -> tensor<2x3xf32> {
  %each = onnx.constant "each" dense<[0.1, 0.2, 0.3]> : tensor<3xf32>
  %tall = onnx.constant "tall" dense<0.1> : tensor<1x1x1xf32>
  // expected-error@below {{unsupported shape: expected input 1 to have one element, but found 3}}
  %a = onnx.node "PRelu"(%x, %each) {opset = 16 : i64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // expected-error@below {{operand is not constant: expected input 1 to be a constant}}
  %b = onnx.node "PRelu"(%a, %run_time) {opset = 16 : i64} : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x3xf32>
  // expected-error@below {{unsupported shape: expected slopes of at most the input's rank, but found rank 3}}
  %c = onnx.node "PRelu"(%b, %tall) {opset = 16 : i64} : (tensor<2x3xf32>, tensor<1x1x1xf32>) -> tensor<2x3xf32>
  return %c : tensor<2x3xf32>
}

// -----

func.func @run_time_target(%x: tensor<4xf32>, %t: tensor<2xsi64>) -> tensor<2x2xf32> {
  // expected-error@below {{operand is not constant: expected input 1 to be a constant}}
  %a = onnx.node "Reshape"(%x, %t) {opset = 13 : i64} : (tensor<4xf32>, tensor<2xsi64>) -> tensor<2x2xf32>
  return %a : tensor<2x2xf32>
}

// -----

func.func @several_dynamic_sizes(%x: tensor<?x?xf32>) -> tensor<?x?x1xf32> {
  %axes = onnx.constant "axes" dense<2> : tensor<1xsi64>
  // expected-error@below {{unsupported shape: expected at most one dynamic dimension in the result, but found [?, ?, 1]}}
  %a = onnx.node "Unsqueeze"(%x, %axes) {opset = 13 : i64} : (tensor<?x?xf32>, tensor<1xsi64>) -> tensor<?x?x1xf32>
  return %a : tensor<?x?x1xf32>
}

// -----

func.func @blocked(%x: tensor<4x4xsi8>) -> tensor<4x4xf32> {
  %s = onnx.constant "s" dense<1.0> : tensor<2x4xf32>
  // expected-error@below {{unsupported attribute value: blocked quantization is not supported}}
  %a = onnx.node "DequantizeLinear"(%x, %s) {opset = 21 : i64, onnx_attrs = {axis = 0 : si64, block_size = 2 : si64}} : (tensor<4x4xsi8>, tensor<2x4xf32>) -> tensor<4x4xf32>
  return %a : tensor<4x4xf32>
}

// -----

func.func @sixteen_bits(%x: tensor<4xf32>) -> tensor<4xui16> {
  %s = onnx.constant "s" dense<1.0> : tensor<f32>
  %z = onnx.constant "z" dense<0> : tensor<ui16>
  // expected-error@below {{unsupported element type: expected 8-bit integers, but found ui16}}
  %a = onnx.node "QuantizeLinear"(%x, %s, %z) {opset = 21 : i64} : (tensor<4xf32>, tensor<f32>, tensor<ui16>) -> tensor<4xui16>
  return %a : tensor<4xui16>
}

// -----

func.func @sparse() -> tensor<4xf32> {
  // expected-error@below {{'onnx.sparse_constant': unsupported element type: expected dense tensors of numbers}}
  %a = onnx.sparse_constant "s" "" : tensor<4xf32>
  return %a : tensor<4xf32>
}
