// Sums of size codes are bounded by size times the largest code, in every order: 64 * 255 and a sign.

// RUN: quant-opt %s --dyad-annotate-ranges --dyad-prove-accumulators | FileCheck %s

// CHECK-LABEL: func.func @main(
func.func @main(%x: tensor<2x128xui8>) -> tensor<2x128xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %i = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<26> : tensor<si32>
  // CHECK: dyad.hadamard
  // CHECK-SAME: dyad.accumulator_width = 15 : i32
  // CHECK-SAME: dyad.range = {{.*}}-16320{{.*}}16320
  %0 = dyad.hadamard %x, %z {size = 64 : i64} : (tensor<2x128xui8>, tensor<ui8>) -> tensor<2x128xsi32>
  %1 = dyad.requantize %0, %i, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2x128xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2x128xui8>
  return %1 : tensor<2x128xui8>
}
