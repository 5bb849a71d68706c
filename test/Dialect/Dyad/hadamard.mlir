// Sums print what they parse; defaults are not printed.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @sums(
func.func @sums(%x: tensor<?x2x48xui8>, %y: tensor<48xsi16>, %zx: tensor<ui8>, %zy: tensor<si16>) -> (tensor<?x2x48xsi32>, tensor<48xsi32>) {
  // CHECK: dyad.hadamard %{{.*}}, %{{.*}} {size = 12 : i64} : (tensor<?x2x48xui8>, tensor<ui8>) -> tensor<?x2x48xsi32>
  %0 = dyad.hadamard %x, %zx {size = 12 : i64, inner = 1 : i64} : (tensor<?x2x48xui8>, tensor<ui8>) -> tensor<?x2x48xsi32>
  // CHECK: dyad.hadamard %{{.*}}, %{{.*}} {inner = 2 : i64, inverse, size = 24 : i64} : (tensor<48xsi16>, tensor<si16>) -> tensor<48xsi32>
  %1 = dyad.hadamard %y, %zy {size = 24 : i64, inner = 2 : i64, inverse} : (tensor<48xsi16>, tensor<si16>) -> tensor<48xsi32>
  return %0, %1 : tensor<?x2x48xsi32>, tensor<48xsi32>
}
