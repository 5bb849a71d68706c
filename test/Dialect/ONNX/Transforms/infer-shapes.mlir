// Inference over named sizes, stale declarations, and nodes that nothing is known about.

// RUN: quant-opt %s --split-input-file --onnx-infer-shapes | FileCheck %s

// Equal symbols are equal sizes: the -1 of the target is 6 although the batch is not known, and the sum keeps its batch.
// CHECK-LABEL: func.func @equal_symbols(
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x6xf32>
// CHECK: onnx.node "Add"{{.*}} -> tensor<?x6xf32>
func.func @equal_symbols(%x: tensor<?x2x3xf32> {onnx.dims = ["N", "", ""]}, %y: tensor<?x6xf32> {onnx.dims = ["N", ""]}) -> !onnx.unknown {
  %rest = onnx.constant "rest" dense<-1> : tensor<1xsi64>
  %zero = onnx.constant "zero" dense<0> : tensor<si64>
  %axes = onnx.constant "axes" dense<0> : tensor<1xsi64>
  %s = onnx.node "Shape"(%y) {opset = 13 : i64} : (tensor<?x6xf32>) -> !onnx.unknown
  %g = onnx.node "Gather"(%s, %zero) {opset = 13 : i64} : (!onnx.unknown, tensor<si64>) -> !onnx.unknown
  %n = onnx.node "Unsqueeze"(%g, %axes) {opset = 13 : i64} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  %t = onnx.node "Concat"(%n, %rest) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  %r = onnx.node "Reshape"(%x, %t) {opset = 13 : i64} : (tensor<?x2x3xf32>, !onnx.unknown) -> !onnx.unknown
  %z = onnx.node "Add"(%r, %y) {opset = 13 : i64} : (!onnx.unknown, tensor<?x6xf32>) -> !onnx.unknown
  return %z : !onnx.unknown
}

// -----

// Other symbols may be other sizes.
// CHECK-LABEL: func.func @other_symbols(
// CHECK: onnx.node "Reshape"{{.*}} -> tensor<?x?xf32>
func.func @other_symbols(%x: tensor<?x2x3xf32> {onnx.dims = ["N", "", ""]}, %y: tensor<?x6xf32> {onnx.dims = ["M", ""]}) -> !onnx.unknown {
  %rest = onnx.constant "rest" dense<-1> : tensor<1xsi64>
  %s = onnx.node "Shape"(%y) {opset = 15 : i64, onnx_attrs = {end = 1 : si64}} : (tensor<?x6xf32>) -> !onnx.unknown
  %t = onnx.node "Concat"(%s, %rest) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (!onnx.unknown, tensor<1xsi64>) -> !onnx.unknown
  %r = onnx.node "Reshape"(%x, %t) {opset = 13 : i64} : (tensor<?x2x3xf32>, !onnx.unknown) -> !onnx.unknown
  return %r : !onnx.unknown
}

// -----

// A declared type that is wrong gives way.
// CHECK-LABEL: func.func @stale(
// CHECK-SAME: -> tensor<2x3xf32>
// CHECK: onnx.node "Relu"{{.*}} -> tensor<2x3xf32>
func.func @stale(%x: tensor<2x3xf32>) -> tensor<?x3xf32> {
  %y = onnx.node "Relu"(%x) {opset = 13 : i64} : (tensor<2x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

// What is declared for an op that quantc does not know is believed.
// CHECK-LABEL: func.func @unknown_op(
// CHECK: onnx.node "Sinh"{{.*}} -> tensor<2x3xf32>
// CHECK: onnx.node "Relu"{{.*}} -> tensor<2x3xf32>
// CHECK: onnx.node "Sinh"{{.*}} -> !onnx.unknown
func.func @unknown_op(%x: tensor<2x3xf32>) -> (!onnx.unknown, !onnx.unknown) {
  %a = onnx.node "Sinh"(%x) {opset = 13 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = onnx.node "Relu"(%a) {opset = 13 : i64} : (tensor<2x3xf32>) -> !onnx.unknown
  %c = onnx.node "Sinh"(%b) {opset = 13 : i64} : (!onnx.unknown) -> !onnx.unknown
  return %b, %c : !onnx.unknown, !onnx.unknown
}

// -----

// Sizes that a window keeps, and sizes that it changes.
// CHECK-LABEL: func.func @windows(
// CHECK: onnx.node "Conv"{{.*}} -> tensor<1x4x?xf32>
// CHECK: onnx.node "Add"{{.*}} -> tensor<1x4x?xf32>
// CHECK: onnx.node "MaxPool"{{.*}} -> tensor<1x4x?xf32>
func.func @windows(%x: tensor<1x4x?xf32> {onnx.dims = ["", "", "L"]}, %w: tensor<4x4x3xf32>) -> !onnx.unknown {
  %c = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {pads = array<i64: 1, 1>}} : (tensor<1x4x?xf32>, tensor<4x4x3xf32>) -> !onnx.unknown
  %s = onnx.node "Add"(%c, %x) {opset = 13 : i64} : (!onnx.unknown, tensor<1x4x?xf32>) -> !onnx.unknown
  %p = onnx.node "MaxPool"(%s) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 2>, strides = array<i64: 2>}} : (!onnx.unknown) -> !onnx.unknown
  return %p : !onnx.unknown
}

// -----

// Results that a model takes from several outputs.
// CHECK-LABEL: func.func @several_outputs(
// CHECK: onnx.node "MaxPool"{{.*}} -> (tensor<1x1x3xf32>, tensor<1x1x3xsi64>)
// CHECK: onnx.node "Dropout"{{.*}} -> (tensor<1x1x4xf32>, tensor<1x1x4xi1>)
func.func @several_outputs(%x: tensor<1x1x4xf32>) -> (!onnx.unknown, !onnx.unknown) {
  %a, %b = onnx.node "MaxPool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 2>}} : (tensor<1x1x4xf32>) -> (!onnx.unknown, !onnx.unknown)
  %c, %d = onnx.node "Dropout"(%x) {opset = 13 : i64} : (tensor<1x1x4xf32>) -> (!onnx.unknown, !onnx.unknown)
  return %b, %d : !onnx.unknown, !onnx.unknown
}
