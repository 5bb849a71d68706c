// A concatenation of channels copies up to 16 adjacent ones at a time, as far as where they begin allows. (It once copied a byte
// a thread: an image's last axis is W, but channels are adjacent in memory.)

// RUN: quantc %s --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx --implicit-check-not=.local
// RUN: sed -n '/entry max_pool_0/,$p' %t.ptx | FileCheck %s --check-prefix=WORDS --implicit-check-not=.b8

// The border's copy transposes; nothing behind it moves bytes.
// CHECK: .visible .entry copy_0(
// WORDS: .visible .entry max_pool_0(
// 32 channels of 64, 16, then 8 behind 48 and 56.
// CHECK: .visible .entry copy_1(
// CHECK: ld.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK: .visible .entry copy_2(
// CHECK: ld.global.v4.b32
// CHECK: .visible .entry copy_3(
// CHECK: ld.global.v2.b32
// CHECK: st.global.v2.b32
func.func @main(%x: tensor<1x32x8x8xui8>) -> tensor<1x128x1x1xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<29> : tensor<si32>
  %w1 = dyad.constant dense<3> : tensor<16x32x1x1xsi8>
  %b1 = dyad.constant dense<-20> : tensor<16xsi32>
  %w2 = dyad.constant dense<2> : tensor<8x32x1x1xsi8>
  %b2 = dyad.constant dense<20> : tensor<8xsi32>
  %p = dyad.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x32x8x8xui8>) -> tensor<1x32x8x8xui8>
  %a1 = dyad.conv %p, %w1, %b1, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x32x8x8xui8>, tensor<16x32x1x1xsi8>, tensor<16xsi32>, tensor<ui8>) -> tensor<1x16x8x8xsi32>
  %q1 = dyad.requantize %a1, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x16x8x8xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x16x8x8xui8>
  %a2 = dyad.conv %p, %w2, %b2, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x32x8x8xui8>, tensor<8x32x1x1xsi8>, tensor<8xsi32>, tensor<ui8>) -> tensor<1x8x8x8xsi32>
  %q2 = dyad.requantize %a2, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x8x8x8xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x8x8x8xui8>
  %c = dyad.concat %p, %q1, %q2, %q2 {axis = 1 : i64}
    : (tensor<1x32x8x8xui8>, tensor<1x16x8x8xui8>, tensor<1x8x8x8xui8>, tensor<1x8x8x8xui8>) -> tensor<1x64x8x8xui8>
  %d = dyad.max_pool %c {kernel = array<i64: 8, 8>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x64x8x8xui8>) -> tensor<1x64x1x1xui8>
  %e = dyad.concat %d, %d {axis = 1 : i64} : (tensor<1x64x1x1xui8>, tensor<1x64x1x1xui8>) -> tensor<1x128x1x1xui8>
  return %e : tensor<1x128x1x1xui8>
}
