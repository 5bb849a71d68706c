// A splat is as long as its type says: verifiers look at its one element, and allocate nothing for the others.

// RUN: quant-opt %s | FileCheck %s

// CHECK: hls.mvau
// CHECK-SAME: dense<1> : tensor<200000000x8xsi8>
hls.design @splat attributes {part = "xc7z010"} {
  %0 = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %1 = hls.window %0 {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>,
    strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64,
    parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  %2 = hls.mvau %1 {pixels = 9 : i64, groups = 1 : i64, inputs = 8 : i64, outputs = 200000000 : i64, simd = 1 : i64, pe = 1 : i64,
    acc_bits = 16 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<200000000x8xsi8>,
    epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<200000000xsi32>>}
    : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<si16, lanes = 1, beats = 1800000000>
  hls.output %2 {name = "y", shape = array<i64: 1, 200000000, 3, 3>} : !hls.stream<si16, lanes = 1, beats = 1800000000>
}
