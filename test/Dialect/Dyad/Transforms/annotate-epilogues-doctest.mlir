// The example of dyad-annotate-epilogues: the form follows from the range of the accumulators.

// RUN: quant-opt %s --dyad-annotate-epilogues | FileCheck %s
// RUN: quant-opt %s --dyad-annotate-epilogues=fma=false | FileCheck %s --check-prefix=NOFMA

// A small layer: every accumulator below 2^24, every product below 2^22.
// CHECK-LABEL: func.func @small(
// NOFMA-LABEL: func.func @small(
func.func @small(%x: tensor<1x2xui8>) -> tensor<1x1xui8> {
  %w = dyad.constant dense<[[127, 127]]> : tensor<1x2xsi8>
  %b = dyad.constant dense<-5> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<31> : tensor<si32>
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x2xui8>, tensor<1x2xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32>
  // CHECK: dyad.requantize
  // CHECK-NOT: dyad.epilogue_clamp
  // CHECK-SAME: dyad.epilogue = "fma-f32"
  // NOFMA: dyad.requantize
  // NOFMA-SAME: dyad.epilogue = "muladd-f64"
  %1 = dyad.requantize %0, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x1xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  return %1 : tensor<1x1xui8>
}

// Nothing is known about the accumulators. The output saturates long before 2^24, but products pass
// 2^22, so they are limited first.
// CHECK-LABEL: func.func @any_accumulator(
func.func @any_accumulator(%acc: tensor<4xsi32>) -> tensor<4xui8> {
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<31> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // CHECK: dyad.requantize
  // CHECK-SAME: dyad.epilogue = "fma-f32", dyad.epilogue_clamp = array<i64: -1073741440, 1073741440>
  %0 = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// A tiny scale: the output still moves where fp32 no longer counts accumulators one by one.
// CHECK-LABEL: func.func @tiny_scale(
func.func @tiny_scale(%acc: tensor<4xsi32>) -> tensor<4xui8> {
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<46> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // CHECK: dyad.requantize
  // CHECK-SAME: dyad.epilogue = "fma-f64"
  %0 = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// Other roundings are computed as they are written.
// CHECK-LABEL: func.func @floor(
func.func @floor(%x: tensor<4xui8>) -> tensor<4xui8> {
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<24> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // CHECK: dyad.requantize
  // CHECK-SAME: dyad.epilogue = "int64"
  %0 = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 4 : i32}
    : (tensor<4xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}
