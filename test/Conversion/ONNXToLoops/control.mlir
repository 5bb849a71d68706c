// RUN: quant-opt %s --convert-onnx-to-loops | FileCheck %s

// Branches of different sizes give a buffer of unknown size. A constant condition leaves one branch.

// CHECK-LABEL: func.func @main(
// CHECK: %[[R:.*]] = scf.if %{{.*}} -> (memref<?xf32>) {
// CHECK:   %[[A:.*]] = memref.cast %{{.*}} : memref<2xf32> to memref<?xf32>
// CHECK:   scf.yield %[[A]]
// CHECK: } else {
// CHECK:   memref.cast %{{.*}} : memref<3xf32> to memref<?xf32>
// CHECK: }
// CHECK-NOT: scf.if
// CHECK: return %[[R]], %{{.*}} : memref<?xf32>, memref<2xf32>
func.func @main(%c: tensor<i1> {onnx.name = "c"}, %a: tensor<2xf32> {onnx.name = "a"}, %b: tensor<3xf32> {onnx.name = "b"})
    -> (tensor<?xf32> {onnx.name = "y"}, tensor<2xf32> {onnx.name = "z"}) {
  %y = onnx.node "If"(%c) graphs {
    onnx.return %a : tensor<2xf32>
  }, {
    onnx.return %b : tensor<3xf32>
  } {opset = 16 : i64, node_name = "if", onnx_attrs = {then_branch = #onnx.graph<0, [] -> [#onnx.value_info<name = "r", type = tensor<?xf32>>]>, else_branch = #onnx.graph<1, [] -> [#onnx.value_info<name = "r", type = tensor<?xf32>>]>}} : (tensor<i1>) -> tensor<?xf32>
  %t = onnx.constant "t" dense<true> : tensor<i1>
  %z = onnx.node "If"(%t) graphs {
    onnx.return %a : tensor<2xf32>
  }, {
    onnx.return %b : tensor<3xf32>
  } {opset = 16 : i64, node_name = "known", onnx_attrs = {then_branch = #onnx.graph<0, [] -> [#onnx.value_info<name = "r", type = tensor<?xf32>>]>, else_branch = #onnx.graph<1, [] -> [#onnx.value_info<name = "r", type = tensor<?xf32>>]>}} : (tensor<i1>) -> tensor<2xf32>
  return %y, %z : tensor<?xf32>, tensor<2xf32>
}
