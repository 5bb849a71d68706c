// RUN: quant-opt %s --convert-nn-to-dyad | FileCheck %s

// The mean is a sum and one rescaling by s_x / (s_y * n).

// CHECK-LABEL: func.func @mean
// CHECK: %[[S:.*]] = dyad.reduce_sum %arg0, %{{.*}} {axes = array<i64: 2, 3>, keepdims = true}
// CHECK-DAG: %[[M:.*]] = dyad.constant dense<8388609> : tensor<si32>
// CHECK-DAG: %[[T:.*]] = dyad.constant dense<27> : tensor<si32>
// CHECK: dyad.requantize %[[S]], %{{.*}}, %[[M]], %[[T]]
func.func @mean(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x1x1xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<1x2x4x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x4x4xf32>
  %m = nn.reduce_mean %a {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
  %q = qnn.quantize %m, %s, %z : (tensor<1x2x1x1xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x1x1xui8>
  return %q : tensor<1x2x1x1xui8>
}

// At the border fewer elements count: a rescaling per position, 1/1, 1/2 and 1/4.

// CHECK-LABEL: func.func @average_border
// CHECK: %[[S:.*]] = dyad.sum_pool %arg0
// CHECK-DAG: %[[M:.*]] = dyad.constant dense<8388609> : tensor<2x2xsi32>
// CHECK-DAG: %[[T:.*]] = dyad.constant dense<{{\[}}[23, 24], [24, 25]]> : tensor<2x2xsi32>
// CHECK: dyad.requantize %[[S]], %{{.*}}, %[[M]], %[[T]]
func.func @average_border(%x: tensor<1x2x3x3xui8>) -> tensor<1x2x2x2xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<1x2x3x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x3x3xf32>
  %m = nn.avg_pool %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 0, 0>} : (tensor<1x2x3x3xf32>) -> tensor<1x2x2x2xf32>
  %q = qnn.quantize %m, %s, %z : (tensor<1x2x2x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x2x2xui8>
  return %q : tensor<1x2x2x2xui8>
}

// CHECK-LABEL: func.func @average_padding_counts
// CHECK: dyad.sum_pool
// CHECK: dyad.constant dense<25> : tensor<si32>
func.func @average_padding_counts(%x: tensor<1x2x3x3xui8>) -> tensor<1x2x2x2xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<1x2x3x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x3x3xf32>
  %m = nn.avg_pool %a {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 0, 0>, count_include_pad = true} : (tensor<1x2x3x3xf32>) -> tensor<1x2x2x2xf32>
  %q = qnn.quantize %m, %s, %z : (tensor<1x2x2x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x2x2xui8>
  return %q : tensor<1x2x2x2xui8>
}
