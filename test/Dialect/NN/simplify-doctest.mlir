// RUN: quant-opt %s --nn-simplify | FileCheck %s

// Padding joins the convolution, two clamps become one.

// CHECK-LABEL: func.func @main(
// CHECK: %[[Y:.*]] = nn.conv %arg0, %arg1 {dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 2, 2>, strides = array<i64: 2, 2>}
// CHECK-NEXT: %[[Z:.*]] = nn.clip %[[Y]] {hi = 6.000000e+00 : f32, lo = 0.000000e+00 : f32}
// CHECK-NEXT: return %[[Z]]
func.func @main(%x: tensor<1x2x6x6xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32> {
  %0 = nn.pad %x {pads = array<i64: 0, 0, 0, 0, 0, 0, 1, 1>, value = 0.0 : f32} : (tensor<1x2x6x6xf32>) -> tensor<1x2x7x7xf32>
  %1 = nn.conv %0, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x2x7x7xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.relu %1 : tensor<1x2x4x4xf32>
  %3 = nn.clip %2 {lo = -1.0 : f32, hi = 6.0 : f32} : tensor<1x2x4x4xf32>
  return %3 : tensor<1x2x4x4xf32>
}
