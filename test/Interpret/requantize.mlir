// Meaning of dyad.requantize by example: ties do not occur, saturation and every rounding do.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// 8388609 * 2^-24 is a little more than a half: halves round away from zero because they are more.
// CHECK-LABEL: func.func @half(
// CHECK-NEXT: dyad.constant dense<[-128, -2, -1, 0, 1, 2, 127]> : tensor<7xsi8>
func.func @half() -> tensor<7xsi8> {
  %x = dyad.constant dense<[-2147483648, -3, -1, 0, 1, 3, 2147483647]> : tensor<7xsi32>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<24> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<si8>
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = -128 : i32, clamp_hi = 127 : i32}
    : (tensor<7xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<si8>) -> tensor<7xsi8>
  return %0 : tensor<7xsi8>
}

// Toward zero and down, from the same numbers.
// CHECK-LABEL: func.func @truncate(
// CHECK-NEXT: %[[T:.*]] = dyad.constant dense<[-1, 0, 0, 1]> : tensor<4xsi8>
// CHECK-NEXT: %[[F:.*]] = dyad.constant dense<[-2, -1, 0, 1]> : tensor<4xsi8>
// CHECK-NEXT: return %[[T]], %[[F]]
func.func @truncate() -> (tensor<4xsi8>, tensor<4xsi8>) {
  %x = dyad.constant dense<[-3, -1, 1, 3]> : tensor<4xsi32>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<24> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<si8>
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = -128 : i32, clamp_hi = 127 : i32, rounding = 3 : i32}
    : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<si8>) -> tensor<4xsi8>
  %1 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = -128 : i32, clamp_hi = 127 : i32, rounding = 4 : i32}
    : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<si8>) -> tensor<4xsi8>
  return %0, %1 : tensor<4xsi8>, tensor<4xsi8>
}

// A scale per channel, a fused clamp of [3, 9], 4-bit results.
// CHECK-LABEL: func.func @channels(
// CHECK-NEXT: dyad.constant dense<{{\[\[}}3, 9, 9], [3, 5, 9]]> : tensor<2x3xui4>
func.func @channels() -> tensor<2x3xui4> {
  %x = dyad.constant dense<[[0, 16, 255], [0, 16, 255]]> : tensor<2x3xui8>
  %zi = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<[[8388609], [8388609]]> : tensor<2x1xsi32>
  // One, and an eighth.
  %s = dyad.constant dense<[[23], [26]]> : tensor<2x1xsi32>
  %z = dyad.constant dense<3> : tensor<ui4>
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 3 : i32, clamp_hi = 9 : i32}
    : (tensor<2x3xui8>, tensor<ui8>, tensor<2x1xsi32>, tensor<2x1xsi32>, tensor<ui4>) -> tensor<2x3xui4>
  return %0 : tensor<2x3xui4>
}

// 2-bit results take all four values.
// CHECK-LABEL: func.func @two_bits(
// CHECK-NEXT: dyad.constant dense<[-2, -2, -1, 0, 1, 1]> : tensor<6xsi2>
func.func @two_bits() -> tensor<6xsi2> {
  %x = dyad.constant dense<[-8, -2, -1, 0, 1, 7]> : tensor<6xsi4>
  %zi = dyad.constant dense<0> : tensor<si4>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<23> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<si2>
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = -2 : i32, clamp_hi = 1 : i32}
    : (tensor<6xsi4>, tensor<si4>, tensor<si32>, tensor<si32>, tensor<si2>) -> tensor<6xsi2>
  return %0 : tensor<6xsi2>
}
