// Heads were found and scaled again by a second run, and so was what a norm without a gain still reads of a scaled stream.
// RUN: %python -c "import numpy as np; np.savez('%t.npz', **{'heads1.scales0': np.array([2.0, 0.5]), 'stream0.scales0': np.array([2.0, 0.5, 1.0, 4.0])})"
// RUN: quant-opt %s --nn-scale-rotated="rotations=%t.npz" --canonicalize -o %t.once
// RUN: quant-opt %t.once --nn-scale-rotated="rotations=%t.npz" --canonicalize -o %t.twice
// RUN: cmp %t.once %t.twice
// RUN: FileCheck %s < %t.once

// CHECK-LABEL: func.func @main(
// CHECK-SAME: quantc.rotated_scales
// CHECK-DAG: nn.constant dense<[5.000000e-01, 2.000000e+00, 1.000000e+00, 2.500000e-01]>
// CHECK-DAG: nn.constant dense<{{\[}}[2.000000e+00, 5.000000e-01, 2.000000e+00, 5.000000e-01]]> : tensor<1x4xf32>
func.func @main(%i: tensor<3xsi64>, %p: tensor<2x3x3xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %t = nn.constant dense<[[3.0, 4.0, 5.0, 6.0]]> : tensor<1x4xf32>
  %wv = nn.constant dense<1.0> : tensor<4x4xf32>
  %wo = nn.constant dense<1.0> : tensor<1x4xf32>
  %wy = nn.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %e = nn.embedding %t, %i : (tensor<1x4xf32>, tensor<3xsi64>) -> tensor<3x4xf32>
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %v = nn.linear %n, %wv : (tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<3x4xf32>
  %r = nn.reshape %v : (tensor<3x4xf32>) -> tensor<3x2x2xf32>
  %h = nn.transpose %r {permutation = array<i64: 1, 0, 2>} : (tensor<3x2x2xf32>) -> tensor<2x3x2xf32>
  %m = nn.matmul %p, %h : (tensor<2x3x3xf32>, tensor<2x3x2xf32>) -> tensor<2x3x2xf32>
  %b = nn.transpose %m {permutation = array<i64: 1, 0, 2>} : (tensor<2x3x2xf32>) -> tensor<3x2x2xf32>
  %j = nn.reshape %b : (tensor<3x2x2xf32>) -> tensor<3x4xf32>
  %o = nn.linear %j, %wo : (tensor<3x4xf32>, tensor<1x4xf32>) -> tensor<3x1xf32>
  %n2 = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = nn.linear %n2, %wy : (tensor<3x4xf32>, tensor<1x4xf32>) -> tensor<3x1xf32>
  return %o, %y : tensor<3x1xf32>, tensor<3x1xf32>
}
