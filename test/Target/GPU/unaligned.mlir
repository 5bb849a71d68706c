// Where no word fits, bytes are gathered and stored as words: three channels have no alignment.

// RUN: quantc %s --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx

// The convolution's depth is 27: one step, and the byte loads stop where the window ends.
// CHECK: .visible .entry contraction_0(
// CHECK: ld.global.nc.v4.b32
// CHECK: ld.global.b8
// CHECK: st.shared.b32
// CHECK: mma.sync.aligned.m16n8k32
// CHECK-NOT: cp.async.ca
// CHECK: ret;
// Twenty-four channels fit 8 bytes.
// CHECK: .visible .entry contraction_1(
// CHECK: cp.async.ca.shared.global {{.*}}, 8;
// CHECK-NOT: ld.global.b8
// CHECK: ret;
func.func @main(%x: tensor<1x3x16x16xui8>) -> tensor<1x24x16x16xui8> {
  %w0 = dyad.constant dense<3> : tensor<24x3x3x3xsi8>
  %w1 = dyad.constant dense<-2> : tensor<24x24x3x3xsi8>
  %b = dyad.constant dense<-20> : tensor<24xsi32>
  %z = dyad.constant dense<7> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<32> : tensor<si32>
  %a0 = dyad.conv %x, %w0, %b, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x3x16x16xui8>, tensor<24x3x3x3xsi8>, tensor<24xsi32>, tensor<ui8>) -> tensor<1x24x16x16xsi32>
  %y0 = dyad.requantize %a0, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x24x16x16xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x24x16x16xui8>
  %a1 = dyad.conv %y0, %w1, %b, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x24x16x16xui8>, tensor<24x24x3x3xsi8>, tensor<24xsi32>, tensor<ui8>) -> tensor<1x24x16x16xsi32>
  %y1 = dyad.requantize %a1, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x24x16x16xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x24x16x16xui8>
  return %y1 : tensor<1x24x16x16xui8>
}
