// RUN: quant-opt %s --onnx-fold-constants | FileCheck %s

// An If whose condition folds becomes its branch, and the branch folds with what is around it: the second If depends on what the
// first one gives. One whose condition only a run knows stays.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4xf32> {{.*}}, %[[C:[^:]*]]: tensor<i1>
// CHECK-NEXT: %[[Y:.*]] = onnx.node "Relu"(%[[X]])
// CHECK-NEXT: %[[Z:.*]] = onnx.node "If"(%[[C]])
// CHECK: return %[[Y]], %[[Z]]
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}, %c: tensor<i1> {onnx.name = "c"}) -> (!onnx.unknown {onnx.name = "y"}, !onnx.unknown {onnx.name = "z"}) {
  %four = onnx.constant "four" dense<4> : tensor<si64>
  %size = onnx.node "Size"(%x) {opset = 16 : i64} : (tensor<4xf32>) -> !onnx.unknown
  %is = onnx.node "Equal"(%size, %four) {opset = 16 : i64} : (!onnx.unknown, tensor<si64>) -> !onnx.unknown
  %n = onnx.node "If"(%is) graphs {
    %k = onnx.node "Identity"(%four) {opset = 16 : i64} : (tensor<si64>) -> !onnx.unknown
    onnx.return %k : !onnx.unknown
  }, {
    onnx.return %size : !onnx.unknown
  } {opset = 16 : i64, onnx_attrs = {then_branch = #onnx.graph<0, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>, else_branch = #onnx.graph<1, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>}} : (!onnx.unknown) -> !onnx.unknown
  %less = onnx.node "Less"(%n, %four) {opset = 16 : i64} : (!onnx.unknown, tensor<si64>) -> !onnx.unknown
  %y = onnx.node "If"(%less) graphs {
    onnx.return %x : tensor<4xf32>
  }, {
    %r = onnx.node "Relu"(%x) {opset = 16 : i64} : (tensor<4xf32>) -> !onnx.unknown
    onnx.return %r : !onnx.unknown
  } {opset = 16 : i64, onnx_attrs = {then_branch = #onnx.graph<0, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>, else_branch = #onnx.graph<1, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>}} : (!onnx.unknown) -> !onnx.unknown
  %z = onnx.node "If"(%c) graphs {
    onnx.return %x : tensor<4xf32>
  }, {
    onnx.return %y : !onnx.unknown
  } {opset = 16 : i64, onnx_attrs = {then_branch = #onnx.graph<0, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>, else_branch = #onnx.graph<1, [] -> [#onnx.value_info<name = "r", type = !onnx.unknown>]>}} : (tensor<i1>) -> !onnx.unknown
  return %y, %z : !onnx.unknown, !onnx.unknown
}
