// RUN: quant-opt %s --nn-recognize-norms | FileCheck %s

// The ops that exporters write for a layer norm, gain and bias behind it.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[G:.*]] = nn.constant dense<[2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<3xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[5.000000e-01, 0.000000e+00, -5.000000e-01]> : tensor<3xf32>
// CHECK: %[[Y:.*]] = nn.layer_norm %arg0, %[[G]], %[[B]] {epsilon = 1.000000e-03 : f32
// CHECK-NEXT: return %[[Y]]
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %epsilon = nn.constant dense<1.0e-3> : tensor<f32>
  %gain = nn.constant dense<[2.0, 3.0, 4.0]> : tensor<3xf32>
  %bias = nn.constant dense<[[0.5, 0.0, -0.5]]> : tensor<1x3xf32>
  %mean = nn.reduce_mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %centered = nn.sub %x, %mean : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %square = nn.mul %centered, %centered : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %variance = nn.reduce_mean %square {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %sum = nn.add %variance, %epsilon : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %deviation = nn.sqrt %sum : tensor<2x1xf32>
  %normal = nn.div %centered, %deviation : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %scaled = nn.mul %normal, %gain : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %y = nn.add %scaled, %bias : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
