// With keep-nodes, what nn does not hold stays where its sizes are known.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-nn=keep-nodes=true | FileCheck %s

// An unknown op, and a known one on integers that are no codes.
// CHECK-LABEL: func.func @kept(
// CHECK: nn.relu
// CHECK: onnx.node "Sinh"
// CHECK: onnx.node "Add"{{.*}} -> tensor<3xsi64>
func.func @kept(%x: tensor<3xf32>, %i: tensor<3xsi64>) -> (tensor<3xf32>, tensor<3xsi64>) {
  %a = onnx.node "Relu"(%x) {opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  %b = onnx.node "Sinh"(%a) {opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  %c = onnx.node "Add"(%i, %i) {opset = 13 : i64} : (tensor<3xsi64>, tensor<3xsi64>) -> tensor<3xsi64>
  return %b, %c : tensor<3xf32>, tensor<3xsi64>
}

// -----

// A Cast between floats and 8 bits, which has no kernel, became an op that nothing compiles.
// CHECK-LABEL: func.func @cast_to_8_bits(
// CHECK: onnx.node "Cast"{{.*}} -> tensor<3xsi8>
// CHECK: onnx.node "Cast"{{.*}} -> tensor<3xf32>
// CHECK: nn.relu
func.func @cast_to_8_bits(%x: tensor<3xf32>) -> tensor<3xf32> {
  %i = onnx.node "Cast"(%x) {opset = 13 : i64, onnx_attrs = {to = 3 : si64}} : (tensor<3xf32>) -> tensor<3xsi8>
  %f = onnx.node "Cast"(%i) {opset = 13 : i64, onnx_attrs = {to = 1 : si64}} : (tensor<3xsi8>) -> tensor<3xf32>
  %r = onnx.node "Relu"(%f) {opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

func.func @unknown_size(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{unsupported shape: the sizes of its results are not known before a run; --dim gives those of the model's inputs}}
  %b = onnx.node "Sinh"(%x) {opset = 13 : i64, node_name = "n"} : (tensor<?xf32>) -> tensor<?xf32>
  return %b : tensor<?xf32>
}

// -----

// A module with a quantize says so.
// CHECK: module attributes {qnn.quantized_in_file}
func.func @quantized(%x: tensor<3xf32>) -> tensor<3xui8> {
  %s = onnx.constant "s" dense<0.25> : tensor<f32>
  %z = onnx.constant "z" dense<3> : tensor<ui8>
  %q = onnx.node "QuantizeLinear"(%x, %s, %z) {opset = 13 : i64} : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8>
  return %q : tensor<3xui8>
}
