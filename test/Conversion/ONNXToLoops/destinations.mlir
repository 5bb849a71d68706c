// With destinations, results go to trailing arguments and constants are globals.

// RUN: quant-opt %s --convert-onnx-to-loops=destinations=true | FileCheck %s

// CHECK: memref.global "private" constant @main_constant_1 : memref<3xf32> = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
// CHECK: func.func @main(%{{.*}}: memref<3xf32>, %[[OUT:.*]]: memref<3xf32>, %[[SAME:.*]]: memref<3xf32>) {
// The sum is stored where the caller wants it.
// CHECK-NOT: memref.alloc
// CHECK: memref.store %{{.*}}, %[[OUT]]
// An input that is passed on is copied.
// CHECK: memref.copy %{{.*}}, %[[SAME]]
// CHECK: return{{$}}
func.func @main(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %c = onnx.constant "c" dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %y = onnx.node "Add"(%x, %c) {opset = 13 : i64} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %z = onnx.node "Identity"(%x) {opset = 13 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %y, %z : tensor<3xf32>, tensor<3xf32>
}
