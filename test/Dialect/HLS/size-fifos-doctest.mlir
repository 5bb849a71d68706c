// RUN: quant-opt %s --hls-size-fifos | FileCheck %s
// RUN: quant-opt %s --hls-size-fifos --hls-size-fifos | FileCheck %s
// RUN: not quant-opt %s --hls-size-fifos=slack=1001 2>&1 | FileCheck %s --check-prefix=SLACK

// A product of 144 cycles a frame, after two rows that take 17: nothing in this design piles up, and streams hold the least, 16.
// Beside a global sum of 64 pixels, the other operand of a product is there a frame before: once it was cut to a frame, and the
// design ran at half its rate.

// CHECK-LABEL: hls.design @a
// CHECK: hls.input {depths = array<i64: 16>
// CHECK: hls.window
// CHECK-SAME: depths = array<i64: 16>
// CHECK: hls.mvau
// CHECK-SAME: depths = array<i64: 16>
// CHECK-LABEL: hls.design @gate
// CHECK: hls.duplicate %{{.*}} {channels = 1 : i64, depths = array<i64: 80, 16>
// CHECK: hls.mul
// SLACK: expected slack in 0..1000, but found 1001
hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %1 = hls.window %0 {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>,
    strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64,
    parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  %2 = hls.mvau %1 {pixels = 9 : i64, groups = 1 : i64, inputs = 8 : i64, outputs = 2 : i64, simd = 1 : i64, pe = 1 : i64,
    acc_bits = 16 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<2x8xsi8>,
    epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>}
    : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<si16, lanes = 1, beats = 18>
  hls.output %2 {name = "y", shape = array<i64: 1, 2, 3, 3>} : !hls.stream<si16, lanes = 1, beats = 18>
}

hls.design @gate {
  %0 = hls.input {name = "x", shape = array<i64: 1, 1, 8, 8>} : !hls.stream<ui8, lanes = 1, beats = 64>
  %1, %2 = hls.duplicate %0 {pixels = 64 : i64, channels = 1 : i64, lanes = 1 : i64}
    : (!hls.stream<ui8, lanes = 1, beats = 64>) -> (!hls.stream<ui8, lanes = 1, beats = 64>, !hls.stream<ui8, lanes = 1, beats = 64>)
  %3 = hls.global_sum %2 {pixels = 64 : i64, channels = 1 : i64, lanes = 1 : i64,
    epilogue = #hls.requantize<acc = 16, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>,
      shift = dense<29> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>}
    : (!hls.stream<ui8, lanes = 1, beats = 64>) -> !hls.stream<ui8, lanes = 1, beats = 1>
  %4 = hls.repeat %3 {times = 64 : i64, channels = 1 : i64, lanes = 1 : i64}
    : (!hls.stream<ui8, lanes = 1, beats = 1>) -> !hls.stream<ui8, lanes = 1, beats = 64>
  %5 = hls.mul %1, %4 {pixels = 64 : i64, channels = 1 : i64, lanes = 1 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64,
    epilogue = #hls.requantize<acc = 20, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>,
      shift = dense<31> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>}
    : (!hls.stream<ui8, lanes = 1, beats = 64>, !hls.stream<ui8, lanes = 1, beats = 64>) -> !hls.stream<ui8, lanes = 1, beats = 64>
  hls.output %5 {name = "y", shape = array<i64: 1, 1, 8, 8>} : !hls.stream<ui8, lanes = 1, beats = 64>
}
