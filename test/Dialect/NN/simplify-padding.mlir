// Where padding can be told from the op's own padding, it stays.

// RUN: quant-opt %s --nn-simplify | FileCheck %s

// CHECK-LABEL: func.func @average_counts_it(
// CHECK-NEXT: nn.avg_pool %arg0 {{.*}}count_include_pad = true, {{.*}}pads = array<i64: 1, 0, 0, 1>
// CHECK-NEXT: return
func.func @average_counts_it(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x1x4x4xf32>) -> tensor<1x1x5x5xf32>
  %1 = nn.avg_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x1x5x5xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}

// The pool has padding that it does not count.
// CHECK-LABEL: func.func @average_with_other_padding(
// CHECK-NEXT: nn.pad
func.func @average_with_other_padding(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x5x5xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x1x4x4xf32>) -> tensor<1x1x5x5xf32>
  %1 = nn.avg_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>}
    : (tensor<1x1x5x5xf32>) -> tensor<1x1x5x5xf32>
  return %1 : tensor<1x1x5x5xf32>
}

// Ceil mode would drop the window that starts in the padding.
// CHECK-LABEL: func.func @ceil_mode(
// CHECK-NEXT: nn.pad
func.func @ceil_mode(%x: tensor<1x1x4xf32>) -> tensor<1x1x3xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 0, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x5xf32>
  %1 = nn.avg_pool %0 {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, ceil_mode = true}
    : (tensor<1x1x5xf32>) -> tensor<1x1x3xf32>
  return %1 : tensor<1x1x3xf32>
}

// Zeros do not win over what a relu lets through.
// CHECK-LABEL: func.func @maximum_behind_relu(
// CHECK-NEXT: nn.relu
// CHECK-NEXT: nn.max_pool {{.*}}pads = array<i64: 1, 1>
func.func @maximum_behind_relu(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %r = nn.relu %x : tensor<1x1x4xf32>
  %0 = nn.pad %r {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %1 = nn.max_pool %0 {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x6xf32>) -> tensor<1x1x4xf32>
  return %1 : tensor<1x1x4xf32>
}

// They do win over negative numbers.
// CHECK-LABEL: func.func @maximum_of_anything(
// CHECK-NEXT: nn.pad
func.func @maximum_of_anything(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0.0 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %1 = nn.max_pool %0 {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x6xf32>) -> tensor<1x1x4xf32>
  return %1 : tensor<1x1x4xf32>
}

// Minus infinity never wins.
// CHECK-LABEL: func.func @lowest_value(
// CHECK-NEXT: nn.max_pool {{.*}}pads = array<i64: 1, 1>
func.func @lowest_value(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0xFF800000 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %1 = nn.max_pool %0 {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x6xf32>) -> tensor<1x1x4xf32>
  return %1 : tensor<1x1x4xf32>
}

// A pool does not take padding as large as its window.
// CHECK-LABEL: func.func @padding_too_large(
// CHECK-NEXT: nn.pad
func.func @padding_too_large(%x: tensor<1x1x4xf32>) -> tensor<1x1x5xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 2, 0, 0, 0>, value = 0xFF800000 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %1 = nn.max_pool %0 {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  return %1 : tensor<1x1x5xf32>
}

// CHECK-LABEL: func.func @other_value(
// CHECK-NEXT: nn.pad
func.func @other_value(%x: tensor<1x1x4xf32>, %w: tensor<1x1x3xf32>) -> tensor<1x1x4xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 1.0 : f32} : (tensor<1x1x4xf32>) -> tensor<1x1x6xf32>
  %1 = nn.conv %0, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x1x6xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %1 : tensor<1x1x4xf32>
}

// CHECK-LABEL: func.func @padded_channels(
// CHECK-NEXT: nn.pad
func.func @padded_channels(%x: tensor<1x1x4xf32>, %w: tensor<1x2x3xf32>) -> tensor<1x1x2xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 0, 0, 1, 0>, value = 0.0 : f32} : (tensor<1x1x4xf32>) -> tensor<1x2x4xf32>
  %1 = nn.conv %0, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x2x4xf32>, tensor<1x2x3xf32>) -> tensor<1x1x2xf32>
  return %1 : tensor<1x1x2xf32>
}
