// RUN: quant-opt %s --convert-onnx-to-loops | FileCheck %s

// One loop an axis; a size that only a run knows is asked of the buffer; the initializer is an argument and its known size of 1 costs
// no arithmetic.

// CHECK: module attributes {quantc.messages = []}
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: memref<?x3xf32> {quantc.dtype = 1 : i32, quantc.name = "x"}
// CHECK-SAME: %[[B:.*]]: memref<1x3xf32> {quantc.constant = dense<{{.*}}> : tensor<1x3xf32>, quantc.dtype = 1 : i32, quantc.name = "b"}
// CHECK-SAME: -> (memref<?x3xf32> {quantc.dtype = 1 : i32, quantc.name = "y"})
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK: %[[Y:.*]] = memref.alloc(%[[N]]) : memref<?x3xf32>
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]]
// CHECK:   scf.for %[[J:.*]] =
// CHECK:     %[[A:.*]] = memref.load %[[X]][%[[I]], %[[J]]]
// CHECK:     %[[C:.*]] = memref.load %[[B]][%{{.*}}, %[[J]]]
// CHECK:     %[[S:.*]] = arith.addf %[[A]], %[[C]]
// CHECK:     memref.store %[[S]], %[[Y]][%[[I]], %[[J]]]
// CHECK: return %[[Y]]
func.func @main(%x: tensor<?x3xf32> {onnx.name = "x"}) -> (tensor<?x3xf32> {onnx.name = "y"}) {
  %b = onnx.constant "b" dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %y = onnx.node "Add"(%x, %b) {opset = 14 : i64, node_name = "add"} : (tensor<?x3xf32>, tensor<1x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
