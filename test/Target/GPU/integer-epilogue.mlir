// Where the fp32 form is not proved (the accumulator passes 2^24 before the output saturates), the
// epilogue is the 64-bit integer rule itself.

// RUN: quantc %s --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx --implicit-check-not=.f32 --implicit-check-not=.f64

// CHECK: .visible .entry contraction_0(
// CHECK: mma.sync
// CHECK: mul.wide.s32
// CHECK: shr.s64
func.func @main(%x: tensor<16x2048xui8>) -> tensor<16x64xui8> {
  %w = dyad.constant dense<127> : tensor<64x2048xsi8>
  %b = dyad.constant dense<0> : tensor<64xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<41> : tensor<si32>
  %acc = dyad.linear %x, %w, %b, %z : (tensor<16x2048xui8>, tensor<64x2048xsi8>, tensor<64xsi32>, tensor<ui8>) -> tensor<16x64xsi32>
  %y = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<16x64xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<16x64xui8>
  return %y : tensor<16x64xui8>
}
