// RUN: %python -c "import numpy as np; np.savez('%t.npz', **{'stream0.scales0': np.array([2.0, 0.5])})"
// RUN: quant-opt %s --nn-scale-rotated="rotations=%t.npz" --canonicalize | FileCheck %s
// RUN: %python -c "import numpy as np; np.savez('%t.bad.npz', **{'stream0.scales0': np.array([2.0, -0.5])})"
// RUN: not quant-opt %s --nn-scale-rotated="rotations=%t.bad.npz" 2>&1 | FileCheck %s --check-prefix=SIGN
// RUN: %python -c "import numpy as np; np.savez('%t.size.npz', **{'stream0.scales0': np.array([2.0])})"
// RUN: not quant-opt %s --nn-scale-rotated="rotations=%t.size.npz" 2>&1 | FileCheck %s --check-prefix=SIZE

// What the map reads is divided by (2, 1/2): the norm gets the inverse as gain, the columns of the weight are multiplied.

// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[6.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
// CHECK-DAG: %[[G:.*]] = nn.constant dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32>
// CHECK: %[[N:.*]] = nn.rms_norm %{{.*}}, %[[G]] {
// CHECK-NEXT: nn.linear %[[N]], %[[W]] :
// SIGN: nn-scale-rotated: {{.*}}: expected a vector of positive f64 numbers as 'stream0.scales0'
// SIZE: expected 2 scales in
func.func @main(%i: tensor<5xsi64>) -> tensor<5x1xf32> {
  %t = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %e = nn.embedding %t, %i : (tensor<1x2xf32>, tensor<5xsi64>) -> tensor<5x2xf32>
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<5x2xf32>) -> tensor<5x2xf32> loc("norm")
  %y = nn.linear %n, %w : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  return %y : tensor<5x1xf32>
}
