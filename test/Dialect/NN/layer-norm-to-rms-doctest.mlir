// RUN: quant-opt %s --nn-layer-norm-to-rms --canonicalize | FileCheck %s

// What writes the stream loses its mean: rows of the table, columns of the weight, the bias. What reads it stays.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[T:.*]] = nn.constant dense<{{\[}}[-1.000000e+00, 1.000000e+00], [-2.000000e+00, 2.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[-1.000000e+00, -1.000000e+00], [1.000000e+00, 1.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[-3.000000e+00, 3.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[OLD:.*]] = nn.constant dense<{{\[}}[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK: %[[E:.*]] = nn.embedding %[[T]], %arg0
// CHECK-NEXT: %[[N:.*]] = nn.rms_norm %[[E]] {
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[N]], %[[W]], %[[B]]
// CHECK-NEXT: %[[S:.*]] = nn.add %[[E]], %[[Y]]
// CHECK-NEXT: %[[L:.*]] = nn.rms_norm %[[S]] {
// CHECK-NEXT: nn.linear %[[L]], %[[OLD]]
func.func @main(%i: tensor<3xsi64>) -> tensor<3x2xf32> {
  %t = nn.constant dense<[[1.0, 3.0], [1.0, 5.0]]> : tensor<2x2xf32>
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = nn.constant dense<[-1.0, 5.0]> : tensor<2xf32>
  %e = nn.embedding %t, %i : (tensor<2x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  %n = nn.layer_norm %e {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = nn.linear %n, %w, %b : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %s = nn.add %e, %y : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %l = nn.layer_norm %s {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = nn.linear %l, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}
