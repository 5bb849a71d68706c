// Sums of imported models are rescaled by their float scales; strict code takes none.

// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s
// RUN: not quant-opt %s --convert-to-kern="level=x86-64-v3 strict=true" 2>&1 | FileCheck %s --check-prefix=STRICT

// CHECK: kern.constant dense<5.000000e-01> : tensor<16xf32>
// CHECK: kern.conv {{.*}}epilogue = 4
// CHECK: kern.matmul_u8
// CHECK: kern.requantize_i32 {{.*}}epilogue = 4
// STRICT: expected rounding half_up, but found onnx_rne: dyad-requantize-to-dyadic{all} replaces it
func.func @main(%x: tensor<2x3xui8>) -> tensor<2x2xui8> {
  %w = dyad.constant dense<1> : tensor<2x3xsi8>
  %b = dyad.constant dense<0> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %i = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<1056964608> : tensor<si32>
  %0 = dyad.linear %x, %w, %b, %z : (tensor<2x3xui8>, tensor<2x3xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<2x2xsi32>
  %1 = dyad.requantize %0, %i, %m, %i, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<2x2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2x2xui8>
  %2 = dyad.matmul %1, %1, %z, %z : (tensor<2x2xui8>, tensor<2x2xui8>, tensor<ui8>, tensor<ui8>) -> tensor<2x2xsi32>
  %3 = dyad.requantize %2, %i, %m, %i, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<2x2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2x2xui8>
  return %3 : tensor<2x2xui8>
}
