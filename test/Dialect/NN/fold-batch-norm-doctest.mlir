// RUN: quant-opt %s --nn-fold-batch-norm | FileCheck %s

// scale / sqrt(variance + epsilon) is 2, 1; the shift is bias - mean * factor.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{.*2.000000e[+]00.*4.000000e[+]00.*3.000000e[+]00.*4.000000e[+]00.*}}> : tensor<2x2x1x1xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[-1.000000e+00, 1.500000e+01]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = nn.conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @main(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]> : tensor<2x2x1x1xf32>
  %scale = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %bias = nn.constant dense<[5.0, 7.0]> : tensor<2xf32>
  %mean = nn.constant dense<[3.0, -8.0]> : tensor<2xf32>
  %variance = nn.constant dense<[0.0, 3.75]> : tensor<2xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.batch_norm %0, %scale, %bias, %mean, %variance {epsilon = 0.25 : f32}
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}
