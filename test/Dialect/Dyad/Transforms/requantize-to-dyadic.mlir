// A float scale becomes a dyadic number where no sum that can occur gets another integer.

// RUN: quant-opt %s --split-input-file --dyad-requantize-to-dyadic | FileCheck %s
// RUN: quant-opt %s --split-input-file --dyad-requantize-to-dyadic=all=true | FileCheck %s --check-prefix=ALL

// 0.007 (bits 0x3be56042): codes of 8 bits meet no step at which the two differ.
// CHECK-LABEL: func.func @same(
// CHECK-DAG: dyad.constant dense<15032387> : tensor<si32>
// CHECK-DAG: dyad.constant dense<31> : tensor<si32>
// CHECK: dyad.requantize
// CHECK-NOT: onnx_rne
// CHECK: return
func.func @same(%x: tensor<4xui8>) -> tensor<4xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<1004888130> : tensor<si32>
  %s = dyad.constant dense<0> : tensor<si32>
  %y = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<4xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// 0.5 (bits 0x3f000000): every odd sum is a tie, which no dyadic number of an odd multiplier makes.
// CHECK-LABEL: func.func @ties(
// CHECK: dyad.requantize {{.*}}rounding = 5 : i32
// ALL-LABEL: func.func @ties(
// ALL-NOT: rounding
// ALL: return
func.func @ties(%x: tensor<4xui8>) -> tensor<4xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<1056964608> : tensor<si32>
  %s = dyad.constant dense<0> : tensor<si32>
  %y = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<4xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}
