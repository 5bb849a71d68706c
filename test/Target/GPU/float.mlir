// Float ops around an integer region: elementary functions are Numerics' own, nothing is called, nothing
// is contracted, division is IEEE.

// RUN: quantc %s --quiet --allow-float --target cuda:sm_80 --emit ptx -o %t.ptx
// RUN: FileCheck %s --input-file %t.ptx --implicit-check-not=.extern{{.}}.func --implicit-check-not=.approx --implicit-check-not=.ftz --implicit-check-not=mul.f32 --implicit-check-not=add.f32 --implicit-check-not=.local

// CHECK: .visible .entry unary_f32_0(
// CHECK: ld.global.v4.b32
// CHECK: fma.rn.f32
// CHECK: div.rn.f32
// CHECK: st.global.v4.b32
// CHECK: .visible .entry binary_f32_0(
// CHECK: mul.rn.f32
// CHECK: .visible .entry softmax_f32_0(
// CHECK: add.rn.f32
// CHECK: div.rn.f32
func.func @main(%x: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %0 = nn.sigmoid %x : tensor<1x16x4x4xf32>
  %1 = nn.mul %0, %x : (tensor<1x16x4x4xf32>, tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  %2 = nn.softmax %1 {axis = 1 : i64} : tensor<1x16x4x4xf32>
  return %2 : tensor<1x16x4x4xf32>
}
