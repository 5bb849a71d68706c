// Words, not bytes: every load and store says its alignment. (The copies at the border transpose bytes.)

// RUN: quantc %s --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx --implicit-check-not=.extern{{.}}.func --implicit-check-not=.local

// CHECK: .visible .entry fill_border_0(
// CHECK-NOT: .b8
// CHECK: st.global.v4.b32
// A row of a window is a word a channel, after four pixels have been transposed.
// CHECK: .visible .entry depthwise_0(
// CHECK-NOT: .b8
// CHECK: ld.global.nc.v4.b32
// CHECK: ld.global.b32
// CHECK: prmt.b32
// CHECK: dp4a.u32.s32
// CHECK: st.global.b32
// CHECK: ret;
// The sum of products and the rounding are integers: no float in an addition.
// CHECK: .visible .entry add_0(
// CHECK-NOT: .b8
// CHECK-NOT: .f32
// CHECK: ld.global.v4.b32
// CHECK: cvt.pack.sat.u8.s32.b32
// CHECK-NOT: .b8
// CHECK: st.global.v4.b32
// CHECK: ret;
func.func @main(%x: tensor<2x32x8x8xui8>) -> tensor<2x32x8x8xui8> {
  %w = dyad.constant dense<3> : tensor<32x1x3x3xsi8>
  %b = dyad.constant dense<-20> : tensor<32xsi32>
  %z = dyad.constant dense<7> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<29> : tensor<si32>
  %ma = dyad.constant dense<524288> : tensor<si32>
  %sa = dyad.constant dense<20> : tensor<si32>
  %acc = dyad.conv %x, %w, %b, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 32 : i64}
    : (tensor<2x32x8x8xui8>, tensor<32x1x3x3xsi8>, tensor<32xsi32>, tensor<ui8>) -> tensor<2x32x8x8xsi32>
  %y = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2x32x8x8xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2x32x8x8xui8>
  %r = dyad.add %y, %y, %z, %z, %ma, %ma, %sa, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2x32x8x8xui8>, tensor<2x32x8x8xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2x32x8x8xui8>
  return %r : tensor<2x32x8x8xui8>
}
