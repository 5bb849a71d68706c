// RUN: quant-opt %s --nn-rotate="seed=3" --canonicalize --verify-diagnostics | FileCheck %s

// A stream of two channels and H2 = [[1, 1], [1, -1]] / sqrt(2) up to signs: the table's row (3, 4) becomes (7, -1) / sqrt(2)
// up to signs, the norm sees the same sum of squares, and the reader's rows turn along.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[T:.*]] = nn.constant dense<{{\[}}[{{-?}}4.94974756, {{-?}}0.707106769]]> : tensor<1x2xf32>
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[{{-?}}0.707106769, {{-?}}0.707106769]]> : tensor<1x2xf32>
// CHECK: %[[E:.*]] = nn.embedding %[[T]], %arg0
// CHECK-NEXT: %[[N:.*]] = nn.rms_norm %[[E]] {
// CHECK-NEXT: nn.linear %[[N]], %[[W]] :
func.func @main(%i: tensor<5xsi64>) -> tensor<5x1xf32> {
  %t = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  %e = nn.embedding %t, %i : (tensor<1x2xf32>, tensor<5xsi64>) -> tensor<5x2xf32>
  // expected-remark @unknown {{the stream of norm 'norm' is rotated: 2 channels, Hadamard 2, 2 values, 1 linear maps read it}}
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<5x2xf32>) -> tensor<5x2xf32> loc("norm")
  %y = nn.linear %n, %w : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  return %y : tensor<5x1xf32>
}
