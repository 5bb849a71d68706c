// Conv, Gemm and MatMul: what is folded into constants, and what becomes ops of its own.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// CHECK-LABEL: func.func @same_lower(
// CHECK: nn.conv {{.*}}pads = array<i64: 1, 0>
func.func @same_lower(%x: tensor<1x1x4xf32>, %k: tensor<1x1x2xf32>) -> tensor<1x1x4xf32> {
  %c = onnx.node "Conv"(%x, %k) {opset = 7 : i64, onnx_attrs = {auto_pad = "SAME_LOWER"}} : (tensor<1x1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
  return %c : tensor<1x1x4xf32>
}

// The last window of stride 2 needs one element more than there is.
// CHECK-LABEL: func.func @same_with_stride(
// CHECK: nn.conv {{.*}}pads = array<i64: 0, 1>, strides = array<i64: 2>
func.func @same_with_stride(%x: tensor<1x1x4xf32>, %k: tensor<1x1x3xf32>) -> tensor<1x1x2xf32> {
  %c = onnx.node "Conv"(%x, %k) {opset = 7 : i64, onnx_attrs = {auto_pad = "SAME_UPPER", strides = array<i64: 2>}} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x2xf32>
  return %c : tensor<1x1x2xf32>
}

// With stride 1 the padding does not depend on the size.
// CHECK-LABEL: func.func @same_of_unknown_size(
// CHECK: nn.conv {{.*}}pads = array<i64: 1, 1>{{.*}} -> tensor<1x1x?xf32>
func.func @same_of_unknown_size(%x: tensor<1x1x?xf32>, %k: tensor<1x1x3xf32>) -> tensor<1x1x?xf32> {
  %c = onnx.node "Conv"(%x, %k) {opset = 7 : i64, onnx_attrs = {auto_pad = "SAME_UPPER"}} : (tensor<1x1x?xf32>, tensor<1x1x3xf32>) -> tensor<1x1x?xf32>
  return %c : tensor<1x1x?xf32>
}

// 0.5 * B is transposed, 2 * C is spread over the columns.
// CHECK-LABEL: func.func @gemm_constants(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<6.000000e+00> : tensor<2xf32>
// CHECK: nn.linear %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return
func.func @gemm_constants(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %b = onnx.constant "b" dense<[[2.0, 4.0], [6.0, 8.0]]> : tensor<2x2xf32>
  %c = onnx.constant "c" dense<3.0> : tensor<1x1xf32>
  %y = onnx.node "Gemm"(%x, %b, %c) {opset = 9 : i64, onnx_attrs = {alpha = 0.5 : f32, beta = 2.0 : f32}} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<1x1xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// beta = 0 drops C.
// CHECK-LABEL: func.func @gemm_without_c(
// CHECK: nn.linear %arg0, %{{[a-z0-9_]*}} :
// CHECK-NEXT: return
func.func @gemm_without_c(%x: tensor<3x2xf32>, %c: tensor<2xf32>) -> tensor<3x2xf32> {
  %b = onnx.constant "b" dense<1.0> : tensor<2x2xf32>
  %y = onnx.node "Gemm"(%x, %b, %c) {opset = 9 : i64, onnx_attrs = {beta = 0.0 : f32}} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// One number per row is no bias.
// CHECK-LABEL: func.func @gemm_rows(
// CHECK: nn.linear
// CHECK: nn.add {{.*}} (tensor<3x2xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
func.func @gemm_rows(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %b = onnx.constant "b" dense<1.0> : tensor<2x2xf32>
  %c = onnx.constant "c" dense<3.0> : tensor<3x1xf32>
  %y = onnx.node "Gemm"(%x, %b, %c) {opset = 9 : i64} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x1xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @gemm_of_activations(
// CHECK-NEXT: %[[A:.*]] = nn.transpose %arg0 {permutation = array<i64: 1, 0>}
// CHECK-NEXT: %[[B:.*]] = nn.transpose %arg1 {permutation = array<i64: 1, 0>}
// CHECK-NEXT: %[[P:.*]] = nn.matmul %[[A]], %[[B]]
// CHECK-NEXT: %[[S:.*]] = nn.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT: nn.mul %[[P]], %[[S]]
func.func @gemm_of_activations(%x: tensor<2x3xf32>, %b: tensor<4x2xf32>) -> tensor<3x4xf32> {
  %y = onnx.node "Gemm"(%x, %b) {opset = 11 : i64, onnx_attrs = {alpha = 0.5 : f32, transA = 1 : si64, transB = 1 : si64}} : (tensor<2x3xf32>, tensor<4x2xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @matmul_of_vectors(
// CHECK-DAG: nn.reshape %arg0 : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK-DAG: nn.reshape %arg1 : (tensor<4xf32>) -> tensor<4x1xf32>
// CHECK: nn.matmul {{.*}} -> tensor<1x1xf32>
// CHECK: return %{{.*}} : tensor<f32>
func.func @matmul_of_vectors(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<f32> {
  %z = onnx.node "MatMul"(%x, %y) {opset = 13 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return %z : tensor<f32>
}
