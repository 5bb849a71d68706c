// RUN: quantc %s --quiet --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx
// RUN: FileCheck %s --input-file %t.ptx --check-prefix=NONE --implicit-check-not=.extern{{.}}.func --implicit-check-not=satfinite --implicit-check-not=ld.global.b8 --implicit-check-not=ld.global.nc.b8 --implicit-check-not=.local --implicit-check-not=st.global.b8

// The text runs on every chip from sm_80 on.
// CHECK: .version 7.0
// CHECK: .target sm_80

// Dynamic shared memory is an array without a size, aligned for every access.
// CHECK: .extern .shared .align 128 .b8 qc_shared[];

// CHECK: .visible .entry contraction_0(
// CHECK: .maxntid 128, 1, 1
// Activations and weights arrive 16 bytes at a time.
// CHECK: cp.async.cg.shared.global {{.*}}, 16;
// CHECK: cp.async.commit_group;
// CHECK: ld.shared.v4.b32
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// The sum wraps; unsigned activations meet signed weights.
// CHECK-COUNT-64: mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32
// The loop over K stays a loop: the driver would compile an unrolled one for seconds.
// CHECK-NOT: mma.sync
// CHECK: .pragma "nounroll";
// CHECK: cp.async.wait_group 2;
// CHECK: bar.sync 0;
// The epilogue: one conversion and one FMA a value, bytes limited and packed by one instruction,
// a lane's channels stored at once.
// CHECK: cvt.rn.f32.s32
// CHECK: fma.rn.f32
// CHECK: cvt.pack.sat.u8.s32.b32
// CHECK: st.global.v4.b32

// NONE: .entry
func.func @main(%x: tensor<2048x1024xui8>) -> tensor<2048x1024xui8> {
  %w = dyad.constant dense<3> : tensor<1024x1024xsi8>
  %b = dyad.constant dense<-20> : tensor<1024xsi32>
  %zx = dyad.constant dense<7> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<35> : tensor<si32>
  %zo = dyad.constant dense<128> : tensor<ui8>
  %acc = dyad.linear %x, %w, %b, %zx : (tensor<2048x1024xui8>, tensor<1024x1024xsi8>, tensor<1024xsi32>, tensor<ui8>) -> tensor<2048x1024xsi32>
  %y = dyad.requantize %acc, %zi, %m, %s, %zo {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2048x1024xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2048x1024xui8>
  return %y : tensor<2048x1024xui8>
}
