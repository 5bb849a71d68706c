// RUN: quant-opt %s --hls-check-part --split-input-file --verify-diagnostics

// 32 Mbit of weights do not fit a part with 120 block RAMs of 18 kbit.

// expected-error @+3 {{the design does not fit xc7z010}}
// expected-note @+2 {{BRAM18: needs}}
// expected-note @+1 {{this folding would fit xcvu9p, u250}}
hls.design @a attributes {part = "xc7z010"} {
  %0 = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %1 = hls.window %0 {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>,
    strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64,
    parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  %2 = hls.mvau %1 {pixels = 9 : i64, groups = 1 : i64, inputs = 8 : i64, outputs = 2000000 : i64, simd = 1 : i64, pe = 1 : i64,
    acc_bits = 16 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<2000000x8xsi8>,
    epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>}
    : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<si16, lanes = 1, beats = 18000000>
  hls.output %2 {name = "y", shape = array<i64: 1, 2000000, 3, 3>} : !hls.stream<si16, lanes = 1, beats = 18000000>
}

// -----

// expected-error @+1 {{expected a design with a part, but found none}}
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

// -----

// The design may use a percentage of its part: 1 % of 17600 LUTs are fewer than a stream and a unit take.

// expected-error @+4 {{the design does not fit 1 % of xc7z010}}
// expected-note @+3 {{LUT: needs}}
// expected-note @+2 {{this folding would fit xc7z020, xc7a100t, k26, xczu7ev, xcvu9p, u250}}
// expected-note @+1 {{this folding would fit 2 % of xc7z010}}
hls.design @a attributes {part = "xc7z010", utilization = 1 : i64} {
  %0 = hls.input {name = "x", shape = array<i64: 1, 8>} : !hls.stream<ui8, lanes = 1, beats = 8>
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 8 : i64, lanes = 1 : i64, taps = 1 : i64}
    : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  hls.output %1 {name = "y", shape = array<i64: 1, 8>} : !hls.stream<ui8, lanes = 1, beats = 8>
}
