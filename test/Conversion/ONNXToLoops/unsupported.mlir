// RUN: not quant-opt %s --convert-onnx-to-loops 2>&1 | FileCheck %s

// Every refused node is named in one run; what needs the result of one is not judged. An Einsum to a diagonal, which the standard does not have, filled all of
// the matrix.

// CHECK: node 'odd' (Strange, opset 14): unknown op: there are no loops for this op
// CHECK-NOT: node 'behind'
// CHECK: node 'turn' (Transpose, opset 14): unsupported attribute value: expected perm to name each axis once
// CHECK: node 'twice' (Einsum, opset 14): unsupported attribute value: the result has a label twice
// CHECK-NOT: error
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2x3xf32> {onnx.name = "y"}, tensor<3x2xf32> {onnx.name = "z"}) {
  %a = onnx.node "Strange"(%x) {opset = 14 : i64, node_name = "odd"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = onnx.node "Relu"(%a) {opset = 14 : i64, node_name = "behind"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %z = onnx.node "Transpose"(%x) {opset = 14 : i64, node_name = "turn", onnx_attrs = {perm = array<i64: 0, 0>}} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %e = onnx.node "Einsum"(%x) {opset = 14 : i64, node_name = "twice", onnx_attrs = {equation = "ij->jj"}} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return %y, %z : tensor<2x3xf32>, tensor<3x2xf32>
}
