// Transposes, reshapes, pools over the whole image.

// RUN: quant-opt %s --nn-simplify | FileCheck %s

// CHECK-LABEL: func.func @transposes(
// CHECK-NEXT: nn.transpose %arg0 {permutation = array<i64: 1, 2, 0>}
// CHECK-NEXT: return
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %0 = nn.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: func.func @inverse_transposes(
// CHECK-NEXT: return %arg0
func.func @inverse_transposes(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = nn.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// No element moves.
// CHECK-LABEL: func.func @only_unit_axes(
// CHECK-NEXT: nn.reshape %arg0 : (tensor<?x3x1x1xf32>) -> tensor<?x1x1x3xf32>
// CHECK-NEXT: return
func.func @only_unit_axes(%x: tensor<?x3x1x1xf32>) -> tensor<?x1x1x3xf32> {
  %0 = nn.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<?x3x1x1xf32>) -> tensor<?x1x1x3xf32>
  return %0 : tensor<?x1x1x3xf32>
}

// CHECK-LABEL: func.func @whole_image(
// CHECK-NEXT: nn.reduce_mean %arg0 {axes = array<i64: 2, 3>, keepdims = true} : (tensor<?x3x7x5xf32>) -> tensor<?x3x1x1xf32>
// CHECK-NEXT: return
func.func @whole_image(%x: tensor<?x3x7x5xf32>) -> tensor<?x3x1x1xf32> {
  %0 = nn.avg_pool %x {kernel = array<i64: 7, 5>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<?x3x7x5xf32>) -> tensor<?x3x1x1xf32>
  return %0 : tensor<?x3x1x1xf32>
}

// CHECK-LABEL: func.func @not_the_whole_image(
// CHECK-NEXT: nn.avg_pool
func.func @not_the_whole_image(%x: tensor<?x3x7x5xf32>) -> tensor<?x3x1x1xf32> {
  %0 = nn.avg_pool %x {kernel = array<i64: 6, 5>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<?x3x7x5xf32>) -> tensor<?x3x1x1xf32>
  return %0 : tensor<?x3x1x1xf32>
}
