// RUN: quant-opt %s --convert-dyad-to-hls | FileCheck %s
// RUN: quant-opt %s --convert-dyad-to-hls=threshold-bits=1 | FileCheck %s --check-prefix=DYADIC

// An output of two bits is three thresholds: the accumulators at which round(acc / 4) reaches 1, 2 and 3. Streams are as
// narrow as the codes.

// CHECK: hls.pointwise
// CHECK-SAME: #hls.thresholds<acc = 9, bias = dense<0> : tensor<1xsi32>, threshold = dense<{{\[}}[2, 6, 10]]> : tensor<1x3xsi64>, base = 0>
// CHECK-SAME: -> !hls.stream<ui2, lanes = 1, beats = 4>
// DYADIC: #hls.requantize<
// DYADIC-SAME: lo = 0, hi = 3
func.func @main(%x: tensor<1x4xui8>) -> tensor<1x4xui8> {
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<25> : tensor<si32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %y = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 3 : i32}
    : (tensor<1x4xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x4xui8>
  return %y : tensor<1x4xui8>
}
