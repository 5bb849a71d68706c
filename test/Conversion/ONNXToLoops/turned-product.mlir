// RUN: quant-opt %s --convert-onnx-to-loops --split-input-file | FileCheck %s

// A product reads the original of a matrix that a Transpose turns, by the kernel's last argument;
// what the Transpose wrote goes when nobody else reads it.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: memref<3x4xf32>{{.*}}, %[[W:.*]]: memref<5x4xf32>
// CHECK-NOT: memref<4x5xf32>
// CHECK-NOT: memref.store
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i64
// CHECK: call @qrt_loops_gemm_f32({{.*}}, %[[ONE]])
func.func @main(%x: tensor<3x4xf32> {onnx.name = "x"}, %w: tensor<5x4xf32> {onnx.name = "w"})
    -> (tensor<3x5xf32> {onnx.name = "y"}) {
  %t = onnx.node "Transpose"(%w) {opset = 14 : i64, node_name = "t", perm = [1, 0]} : (tensor<5x4xf32>) -> tensor<4x5xf32>
  %y = onnx.node "MatMul"(%x, %t) {opset = 14 : i64, node_name = "m"} : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

// CHECK-LABEL: func.func @main(
// CHECK: memref.alloc() {{.*}}memref<4x5xf32>
// CHECK: memref.store
// CHECK: call @qrt_loops_gemm_f32(
func.func @main(%x: tensor<3x4xf32> {onnx.name = "x"}, %w: tensor<5x4xf32> {onnx.name = "w"})
    -> (tensor<3x5xf32> {onnx.name = "y"}, tensor<4x5xf32> {onnx.name = "z"}) {
  %t = onnx.node "Transpose"(%w) {opset = 14 : i64, node_name = "t", perm = [1, 0]} : (tensor<5x4xf32>) -> tensor<4x5xf32>
  %y = onnx.node "MatMul"(%x, %t) {opset = 14 : i64, node_name = "m"} : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return %y, %t : tensor<3x5xf32>, tensor<4x5xf32>
}

// -----

// Other axes move: the copy is read.

// CHECK-LABEL: func.func @main(
// CHECK: memref.store
// CHECK: call @qrt_loops_gemm_f32(
func.func @main(%x: tensor<2x3x4xf32> {onnx.name = "x"}, %w: tensor<4x2x5xf32> {onnx.name = "w"})
    -> (tensor<2x3x5xf32> {onnx.name = "y"}) {
  %t = onnx.node "Transpose"(%w) {opset = 14 : i64, node_name = "t", perm = [1, 0, 2]} : (tensor<4x2x5xf32>) -> tensor<2x4x5xf32>
  %y = onnx.node "MatMul"(%x, %t) {opset = 14 : i64, node_name = "m"} : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}
