// Rotations print what they parse; defaults are not printed.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @rotations(
func.func @rotations(%x: tensor<?x2x48xf32>) -> tensor<?x2x48xf32> {
  // CHECK: qnn.hadamard %{{.*}} {size = 12 : i64} : tensor<?x2x48xf32>
  %0 = qnn.hadamard %x {size = 12 : i64, inner = 1 : i64} : tensor<?x2x48xf32>
  // CHECK: qnn.hadamard %{{.*}} {inner = 2 : i64, inverse, sign_seed = 7 : i64, size = 24 : i64} : tensor<?x2x48xf32>
  %1 = qnn.hadamard %0 {size = 24 : i64, inner = 2 : i64, sign_seed = 7 : i64, inverse} : tensor<?x2x48xf32>
  return %1 : tensor<?x2x48xf32>
}
