// The example of dyad-annotate-ranges: a linear layer with two outputs, by hand.

// RUN: quant-opt %s --dyad-annotate-ranges=channels=true | FileCheck %s
// RUN: quant-opt %s --dyad-annotate-ranges --dyad-annotate-ranges=channels=true | FileCheck %s

// x - 100 lies in [-100, 155]. Channel 0: 10 + 2x' - 3y' + 0z'; channel 1: -7 - 128x'.
// CHECK-LABEL: func.func @linear(
func.func @linear(%x: tensor<1x3xui8>) -> tensor<1x2xui8> {
  %w = dyad.constant dense<[[2, -3, 0], [-128, 0, 0]]> : tensor<2x3xsi8>
  %b = dyad.constant dense<[10, -7]> : tensor<2xsi32>
  %z = dyad.constant dense<100> : tensor<ui8>
  // CHECK: dyad.linear
  // CHECK-SAME: dyad.channel_axis = 1 : i64
  // CHECK-SAME: dyad.channel_ranges = array<i64: -655, 620, -19847, 12793>
  // CHECK-SAME: dyad.partial_sums = array<i64: -19847, 19847>
  // CHECK-SAME: dyad.range = array<i64: -19847, 12793>
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x3xui8>, tensor<2x3xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<27> : tensor<si32>
  %zo = dyad.constant dense<60> : tensor<ui8>
  // A sixteenth: -655 -> -41, 620 -> 39, plus 60; the other channel saturates at both ends.
  // CHECK: dyad.requantize
  // CHECK-SAME: dyad.channel_axis = 1 : i64
  // CHECK-SAME: dyad.channel_ranges = array<i64: 19, 99, 0, 255>
  // CHECK-SAME: dyad.range = array<i64: 0, 255>
  %1 = dyad.requantize %0, %zi, %m, %s, %zo {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x2xui8>
  return %1 : tensor<1x2xui8>
}
