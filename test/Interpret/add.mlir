// Meaning of dyad.add by example: one rounding, ties up, differences, saturation.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// (a - 10) / 2 + (b - 20) / 2, half up, plus 100.
// CHECK-LABEL: func.func @mean(
// CHECK-NEXT: dyad.constant dense<[100, 101, 100, 253, 85]> : tensor<5xui8>
func.func @mean() -> tensor<5xui8> {
  %a = dyad.constant dense<[10, 11, 9, 255, 0]> : tensor<5xui8>
  %b = dyad.constant dense<[20, 20, 20, 80, 0]> : tensor<5xui8>
  %za = dyad.constant dense<10> : tensor<ui8>
  %zb = dyad.constant dense<20> : tensor<ui8>
  %zo = dyad.constant dense<100> : tensor<ui8>
  %m = dyad.constant dense<1> : tensor<si32>
  %s = dyad.constant dense<1> : tensor<si32>
  // Halves: 1/2 -> 1, -1/2 -> 0, 305/2 -> 153, -30/2 -> -15.
  %0 = dyad.add %a, %b, %za, %zb, %m, %m, %s, %zo {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<5xui8>, tensor<5xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<5xui8>
  return %0 : tensor<5xui8>
}

// The largest multipliers and operands stay inside 32 bits; a negative one subtracts; rows broadcast.
// CHECK-LABEL: func.func @extremes(
// CHECK-NEXT: dyad.constant dense<{{\[\[}}0, -1], [1, 0]]> : tensor<2x2xsi8>
func.func @extremes() -> tensor<2x2xsi8> {
  %a = dyad.constant dense<[[-128], [127]]> : tensor<2x1xsi8>
  %b = dyad.constant dense<[-128, 127]> : tensor<2xsi8>
  %z = dyad.constant dense<0> : tensor<si8>
  %m = dyad.constant dense<2097151> : tensor<si32>
  %n = dyad.constant dense<-2097151> : tensor<si32>
  %s = dyad.constant dense<29> : tensor<si32>
  // -255 * 2097151 / 2^29 = -0.996
  %0 = dyad.add %a, %b, %z, %z, %m, %n, %s, %z {clamp_lo = -128 : i32, clamp_hi = 127 : i32}
    : (tensor<2x1xsi8>, tensor<2xsi8>, tensor<si8>, tensor<si8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<si8>) -> tensor<2x2xsi8>
  return %0 : tensor<2x2xsi8>
}
