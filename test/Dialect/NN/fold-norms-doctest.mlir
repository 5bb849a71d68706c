// RUN: quant-opt %s --nn-fold-norms --canonicalize | FileCheck %s

// W (g n + b) + c: columns of the weight times the gain 2, 4; the bias 1, -1 times the weight as it was.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[2.000000e+00, 8.000000e+00], [6.000000e+00, 1.600000e+01]]> : tensor<2x2xf32>
// CHECK-DAG: %[[C:.*]] = nn.constant dense<[9.000000e+00, 1.000000e+01]> : tensor<2xf32>
// CHECK: %[[N:.*]] = nn.layer_norm %arg0 {{{.*}}operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: nn.linear %[[N]], %[[W]], %[[C]]
func.func @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %g = nn.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %b = nn.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = nn.constant dense<[10.0, 11.0]> : tensor<2xf32>
  %n = nn.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %y = nn.linear %n, %w, %c : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
