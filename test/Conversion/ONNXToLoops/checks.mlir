// RUN: quant-opt %s --convert-onnx-to-loops | FileCheck %s

// What only a run can find out calls qrt_loops_fail with the number of a message that names the node.

// CHECK: quantc.messages = ["node 'sum' (Add, opset 14): sizes of operands do not fit each other"]
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: scf.if
// CHECK:   call @qrt_loops_fail(%[[ZERO]])
func.func @main(%a: tensor<?xf32> {onnx.name = "a"}, %b: tensor<?xf32> {onnx.name = "b"}) -> (tensor<?xf32> {onnx.name = "y"}) {
  %y = onnx.node "Add"(%a, %b) {opset = 14 : i64, node_name = "sum"} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
