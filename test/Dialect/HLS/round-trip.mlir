// Every hls op prints what it parses.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: hls.design @contractions
// CHECK: hls.input {name
// CHECK: hls.window
// CHECK: hls.mvau
// CHECK: hls.output
hls.design @contractions attributes {part = "xc7z020", utilization = 50 : i64} {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  %a = hls.mvau %w {pixels = 9 : i64, groups = 1 : i64, inputs = 8 : i64, outputs = 2 : i64, simd = 1 : i64, pe = 1 : i64, acc_bits = 16 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<2x8xsi8>, epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>} : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<si16, lanes = 1, beats = 18>
  hls.output %a {name = "y", shape = array<i64: 1, 2, 3, 3>} : !hls.stream<si16, lanes = 1, beats = 18>
}

// CHECK-LABEL: hls.design @channelwise
// CHECK: hls.window
// CHECK: hls.depthwise
// CHECK: hls.window
// CHECK: hls.reduce_max
// CHECK: hls.window
// CHECK: hls.reduce_sum
hls.design @channelwise {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 0 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  %a = hls.depthwise %w {pixels = 9 : i64, channels = 2 : i64, lanes = 1 : i64, taps = 4 : i64, acc_bits = 18 : i64, weight_bits = 2 : i64, multiplier = 1 : i64, weight = dense<1> : tensor<2x4xsi8>, epilogue = #hls.requantize<acc = 18, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>} : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<ui8, lanes = 1, beats = 18>
  %v = hls.window %a {height = 3 : i64, width = 3 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 2, 2>, groups = 0 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 18>) -> !hls.stream<ui8, lanes = 1, beats = 32>
  %m = hls.reduce_max %v {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, taps = 4 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %t = hls.window %m {height = 2 : i64, width = 2 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 1, 1>, groups = 0 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %s = hls.reduce_sum %t {pixels = 1 : i64, channels = 2 : i64, lanes = 1 : i64, taps = 4 : i64, epilogue = #hls.requantize<acc = 16, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 2>
  hls.output %s {name = "y", shape = array<i64: 1, 2, 1, 1>} : !hls.stream<ui8, lanes = 1, beats = 2>
}

// CHECK-LABEL: hls.design @elementwise
// CHECK: hls.duplicate
// CHECK: hls.pointwise
// CHECK: hls.add
// CHECK: hls.pointwise
// CHECK: hls.constant
// CHECK: hls.mul
// CHECK: hls.global_sum
hls.design @elementwise {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 2, 2>} : !hls.stream<ui8, lanes = 1, beats = 8>
  %a, %b = hls.duplicate %x {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> (!hls.stream<ui8, lanes = 1, beats = 8>, !hls.stream<ui8, lanes = 1, beats = 8>)
  %c = hls.pointwise %a {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, epilogue = #hls.table<dense<3> : tensor<256xui8>>} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %d = hls.add %b, %c {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, lhs_multiplier = 1024 : i64, rhs_multiplier = -5 : i64, shift = 10 : i64, lhs_zero_point = 1 : i64, rhs_zero_point = 2 : i64, zero_point = 3 : i64, lo = 0 : i64, hi = 255 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8>, !hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %f = hls.pointwise %d {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, epilogue = #hls.thresholds<acc = 10, bias = dense<0> : tensor<1xsi32>, threshold = dense<[[1, 2, 3]]> : tensor<1x3xsi32>, base = 0>} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui2, lanes = 1, beats = 8>
  %k = hls.constant {times = 4 : i64, lanes = 1 : i64, value = dense<[1, 2]> : tensor<2xui8>} : () -> !hls.stream<ui8, lanes = 1, beats = 8>
  %m = hls.mul %f, %k {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 1 : i64, epilogue = #hls.requantize<acc = 20, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>} : (!hls.stream<ui2, lanes = 1, beats = 8>, !hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %g = hls.global_sum %m {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64, epilogue = #hls.requantize<acc = 16, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 1, beats = 2>
  hls.output %g {name = "y", shape = array<i64: 1, 2, 1, 1>} : !hls.stream<ui8, lanes = 1, beats = 2>
}

// CHECK-LABEL: hls.design @movement
// CHECK: hls.width_converter
// CHECK: hls.width_converter
// CHECK: hls.pad
// CHECK: hls.transpose
// CHECK: hls.concat
// CHECK: hls.repeat
// CHECK: hls.spread
// CHECK: hls.discard
hls.design @movement {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 2, 2>} : !hls.stream<ui8, lanes = 2, beats = 4>
  %z = hls.input {name = "z", shape = array<i64: 1, 1>} : !hls.stream<ui8, lanes = 1, beats = 1>
  %p = hls.input {name = "p", shape = array<i64: 1, 1>} : !hls.stream<ui8, lanes = 1, beats = 1>
  %q = hls.input {name = "q", shape = array<i64: 1, 1>} : !hls.stream<ui8, lanes = 1, beats = 1>
  %a = hls.width_converter %x {elements = 8 : i64, from = 2 : i64, to = 1 : i64} : (!hls.stream<ui8, lanes = 2, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  %b = hls.width_converter %a {elements = 8 : i64, from = 1 : i64, to = 2 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8>) -> !hls.stream<ui8, lanes = 2, beats = 4>
  %c = hls.pad %b {height = 2 : i64, width = 2 : i64, channels = 2 : i64, lanes = 2 : i64, pads = array<i64: 1, 0, 0, 1>, value = 7 : i64} : (!hls.stream<ui8, lanes = 2, beats = 4>) -> !hls.stream<ui8, lanes = 2, beats = 9>
  %n = hls.input {name = "n", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  %d = hls.transpose %n {shape = array<i64: 2, 2, 1>, permutation = array<i64: 1, 0, 2>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  %e = hls.concat %d, %z {outer = 1 : i64, lhs_elements = 4 : i64, rhs_elements = 1 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>, !hls.stream<ui8, lanes = 1, beats = 1>) -> !hls.stream<ui8, lanes = 1, beats = 5>
  %r = hls.repeat %p {times = 4 : i64, channels = 1 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 1>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  %s = hls.spread %r {pixels = 4 : i64, channels = 2 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 8>
  hls.discard %q {pixels = 1 : i64, channels = 1 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 1>) -> ()
  hls.output %c {name = "y", shape = array<i64: 1, 2, 3, 3>} : !hls.stream<ui8, lanes = 2, beats = 9>
  hls.output %e {name = "u", shape = array<i64: 1, 5>} : !hls.stream<ui8, lanes = 1, beats = 5>
  hls.output %s {name = "v", shape = array<i64: 1, 2, 2, 2>} : !hls.stream<ui8, lanes = 1, beats = 8>
}
