// Compiled code behind the float transforms gives what the interpreter gives in front of them: one result for each rewrite.

// RUN: quant-opt %s -o %t.before.mlir
// RUN: quant-opt %s --nn-fold-batch-norm --nn-simplify --canonicalize -o %t.after.mlir
// RUN: FileCheck %s < %t.after.mlir
// RUN: %python -c "import numpy as np; r = np.random.default_rng(1); np.savez(r'%t.npz', x=3 * r.standard_normal((5, 1, 2, 6, 6)).astype(np.float32))"
// RUN: quant-run %t.before.mlir --interpret --inputs %t.npz --compare %t.after.mlir --atol 2e-6 --rtol 1e-5

// CHECK-LABEL: func.func @main(
// CHECK-NOT: nn.batch_norm
// CHECK-NOT: nn.pad
// CHECK-NOT: nn.hard_sigmoid
// CHECK: return
func.func @main(%x: tensor<1x2x6x6xf32> {onnx.name = "x"})
    -> (tensor<1x3x5x4xf32> {onnx.name = "folded"}, tensor<1x2x6x6xf32> {onnx.name = "alone"},
        tensor<1x2x6x6xf32> {onnx.name = "average"}, tensor<1x2x6x6xf32> {onnx.name = "maximum"},
        tensor<1x2x1x1xf32> {onnx.name = "mean"}, tensor<1x2x6x6xf32> {onnx.name = "swish"},
        tensor<1x6x2x6xf32> {onnx.name = "moved"}) {
  %w = nn.constant dense<[[[[0.5, -1.0], [0.25, 2.0]], [[1.5, 1.0], [-0.75, 0.1]]], [[[-0.5, 0.3], [0.7, 0.2]], [[1.1, 0.9], [0.4, -0.6]]],
    [[[0.2, -1.1], [0.5, 2.5]], [[0.5, 1.3], [-0.25, 0.15]]]]> : tensor<3x2x2x2xf32>
  %scale3 = nn.constant dense<[0.9, 1.7, -0.4]> : tensor<3xf32>
  %mean3 = nn.constant dense<[0.3, -2.1, 0.7]> : tensor<3xf32>
  %variance3 = nn.constant dense<[1.3, 0.01, 2.2]> : tensor<3xf32>
  %scale2 = nn.constant dense<[0.9, 1.7]> : tensor<2xf32>
  %mean2 = nn.constant dense<[0.3, -2.1]> : tensor<2xf32>
  %variance2 = nn.constant dense<[1.3, 0.01]> : tensor<2xf32>
  %bias = nn.constant dense<[[[0.5]], [[-0.25]], [[1.0]]]> : tensor<3x1x1xf32>

  %0 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 0, 2>, value = 0.0 : f32} : (tensor<1x2x6x6xf32>) -> tensor<1x2x7x8xf32>
  %1 = nn.conv %0, %w {strides = array<i64: 1, 2>, dilations = array<i64: 2, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x7x8xf32>, tensor<3x2x2x2xf32>) -> tensor<1x3x5x4xf32>
  %2 = nn.add %1, %bias : (tensor<1x3x5x4xf32>, tensor<3x1x1xf32>) -> tensor<1x3x5x4xf32>
  %3 = nn.batch_norm %2, %scale3, %mean3, %mean3, %variance3 {epsilon = 1.0e-3 : f32}
    : (tensor<1x3x5x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x5x4xf32>
  %4 = nn.relu %3 : tensor<1x3x5x4xf32>
  %5 = nn.clip %4 {lo = -1.0 : f32, hi = 6.0 : f32} : tensor<1x3x5x4xf32>

  %6 = nn.batch_norm %x, %scale2, %mean2, %mean2, %variance2 {epsilon = 1.0e-3 : f32}
    : (tensor<1x2x6x6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x6x6xf32>

  %7 = nn.pad %x {pads = array<i64: 0, 0, 1, 0, 0, 0, 1, 2>, value = 0.0 : f32} : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
  %8 = nn.avg_pool %7 {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x8x8xf32>) -> tensor<1x2x6x6xf32>

  %9 = nn.relu %x : tensor<1x2x6x6xf32>
  %10 = nn.pad %9 {pads = array<i64: 0, 0, 1, 0, 0, 0, 1, 2>, value = 0.0 : f32} : (tensor<1x2x6x6xf32>) -> tensor<1x2x8x8xf32>
  %11 = nn.max_pool %10 {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x8x8xf32>) -> tensor<1x2x6x6xf32>

  %12 = nn.avg_pool %x {kernel = array<i64: 6, 6>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x6x6xf32>) -> tensor<1x2x1x1xf32>

  %13 = nn.hard_sigmoid %x {alpha = 0.16666667 : f32, beta = 0.5 : f32} : tensor<1x2x6x6xf32>
  %14 = nn.mul %x, %13 : (tensor<1x2x6x6xf32>, tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>

  %15 = nn.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x2x6x6xf32>) -> tensor<1x6x6x2xf32>
  %16 = nn.transpose %15 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x6x6x2xf32>) -> tensor<1x6x2x6xf32>
  return %5, %6, %8, %11, %12, %14, %16 : tensor<1x3x5x4xf32>, tensor<1x2x6x6xf32>, tensor<1x2x6x6xf32>, tensor<1x2x6x6xf32>, tensor<1x2x1x1xf32>,
    tensor<1x2x6x6xf32>, tensor<1x6x2x6xf32>
}
