// RUN: quant-opt %s --pass-pipeline="builtin.module(func.func(nn-fold-batch-norm{keep-moments}))" | FileCheck %s
// RUN: quant-opt %s --pass-pipeline="builtin.module(func.func(nn-fold-batch-norm{keep-moments}))" | quant-opt --pass-pipeline="builtin.module(func.func(nn-fold-batch-norm{keep-moments}))" | FileCheck %s
// RUN: quant-opt %s --nn-fold-batch-norm | FileCheck %s --check-prefix=NONE
// NONE-NOT: channel_moments

// Bias and magnitude of the scale, whatever mean and variance of the input were.
// CHECK-LABEL: func.func @normal
// CHECK: nn.conv
// CHECK-SAME: quantc.channel_moments = array<f64: 5.000000e+00, 7.000000e+00, 1.000000e+00, 2.000000e+00>
func.func @normal(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<1.0> : tensor<2x2x1x1xf32>
  %scale = nn.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %bias = nn.constant dense<[5.0, 7.0]> : tensor<2xf32>
  %mean = nn.constant dense<[3.0, -8.0]> : tensor<2xf32>
  %variance = nn.constant dense<[0.0, 3.75]> : tensor<2xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.batch_norm %0, %scale, %bias, %mean, %variance {epsilon = 0.25 : f32}
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}

// What is folded behind it scales and shifts the moments: mean 2 * 5 + 1, deviation |2| * 1.
// CHECK-LABEL: func.func @scaled_and_shifted
// CHECK: quantc.channel_moments = array<f64: 1.100000e+01, 1.500000e+01, 2.000000e+00, 4.000000e+00>
func.func @scaled_and_shifted(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<1.0> : tensor<2x2x1x1xf32>
  %scale = nn.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %bias = nn.constant dense<[5.0, 7.0]> : tensor<2xf32>
  %mean = nn.constant dense<[3.0, -8.0]> : tensor<2xf32>
  %variance = nn.constant dense<[0.0, 3.75]> : tensor<2xf32>
  %two = nn.constant dense<2.0> : tensor<2x1x1xf32>
  %one = nn.constant dense<1.0> : tensor<2x1x1xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.batch_norm %0, %scale, %bias, %mean, %variance {epsilon = 0.25 : f32}
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.mul %1, %two : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %3 = nn.add %2, %one : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %3 : tensor<1x2x4x4xf32>
}

// A constant alone says nothing of moments.
// CHECK-LABEL: func.func @constant
// CHECK-NOT: channel_moments
// CHECK: return
func.func @constant(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<1.0> : tensor<2x2x1x1xf32>
  %two = nn.constant dense<2.0> : tensor<2x1x1xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.mul %0, %two : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}
