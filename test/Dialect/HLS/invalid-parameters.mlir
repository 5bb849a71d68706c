// Attributes that no unit, border or design may have. Ports and streams: invalid.mlir.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-SIZE-1] expected taps in [1, 2^31), but found 0}}
  %a = hls.reduce_max %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, taps = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  // expected-error @+1 {{[HLS-TYPE-2] expected pad_value to be a value of 'ui8', but found 256}}
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64, parallel = false, pad_value = 256 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  hls.output %w {name = "y", shape = array<i64: 1, 72>} : !hls.stream<ui8, lanes = 1, beats = 72>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  // expected-error @+1 {{[HLS-EPI-1] expected an epilogue of 12 bits, but found 16}}
  %a = hls.mvau %w {pixels = 9 : i64, groups = 1 : i64, inputs = 8 : i64, outputs = 2 : i64, simd = 1 : i64, pe = 1 : i64, acc_bits = 12 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<2x8xsi8>, epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>} : (!hls.stream<ui8, lanes = 1, beats = 72>) -> !hls.stream<si16, lanes = 1, beats = 18>
  hls.output %a {name = "y", shape = array<i64: 1, 2, 3, 3>} : !hls.stream<si16, lanes = 1, beats = 18>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-EPI-1] expected bias to have 1 or 4 elements, but found 3}}
  %a = hls.pointwise %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, epilogue = #hls.requantize<acc = 16, bias = dense<0> : tensor<3xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-EPI-1] expected a table of 256 entries, but found 16}}
  %a = hls.pointwise %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, epilogue = #hls.table<dense<3> : tensor<16xui8>>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  // expected-error @+1 {{[HLS-WIN-1] expected two values in range}}
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64, parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  hls.output %w {name = "y", shape = array<i64: 1, 72>} : !hls.stream<ui8, lanes = 1, beats = 72>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 2, 4, 4>} : !hls.stream<ui8, lanes = 1, beats = 32>
  // expected-error @+1 {{[HLS-WIN-2] expected a parallel window to have one group and lanes = channels, but found 1 groups and 1 lanes}}
  %w = hls.window %x {height = 4 : i64, width = 4 : i64, channels = 2 : i64, lanes = 1 : i64, kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, out = array<i64: 3, 3>, groups = 1 : i64, parallel = true, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 32>) -> !hls.stream<ui8, lanes = 1, beats = 72>
  hls.output %w {name = "y", shape = array<i64: 1, 72>} : !hls.stream<ui8, lanes = 1, beats = 72>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  %z = hls.input {name = "z", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-ADD-1] expected multipliers below 2^21 and a shift of 1..30, but found 2097152, 1 and 10}}
  %a = hls.add %x, %z {pixels = 4 : i64, channels = 1 : i64, lanes = 1 : i64, lhs_multiplier = 2097152 : i64, rhs_multiplier = 1 : i64, shift = 10 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64, zero_point = 0 : i64, lo = 0 : i64, hi = 255 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>, !hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  %z = hls.input {name = "z", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-ADD-1] expected multipliers below 2^21 and a shift of 1..30, but found 1, 1 and 31}}
  %a = hls.add %x, %z {pixels = 4 : i64, channels = 1 : i64, lanes = 1 : i64, lhs_multiplier = 1 : i64, rhs_multiplier = 1 : i64, shift = 31 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64, zero_point = 0 : i64, lo = 0 : i64, hi = 255 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>, !hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  %z = hls.input {name = "z", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-ADD-1] expected lo <= hi, but found 9 and 8}}
  %a = hls.add %x, %z {pixels = 4 : i64, channels = 1 : i64, lanes = 1 : i64, lhs_multiplier = 1 : i64, rhs_multiplier = 1 : i64, shift = 10 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64, zero_point = 0 : i64, lo = 9 : i64, hi = 8 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>, !hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 6>} : !hls.stream<ui8, lanes = 2, beats = 3>
  // expected-error @+1 {{[HLS-CONV-1] expected one width to divide the other, but found 2 and 3}}
  %a = hls.width_converter %x {elements = 6 : i64, from = 2 : i64, to = 3 : i64} : (!hls.stream<ui8, lanes = 2, beats = 3>) -> !hls.stream<ui8, lanes = 3, beats = 2>
  hls.output %a {name = "y", shape = array<i64: 1, 6>} : !hls.stream<ui8, lanes = 3, beats = 2>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-DUP-1] expected 2 to 4 results, but found 1}}
  %a = hls.duplicate %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-PAD-1] expected four pads in [0, 2^24), but found 4 pads or others}}
  %a = hls.pad %x {height = 2 : i64, width = 2 : i64, channels = 1 : i64, lanes = 1 : i64, pads = array<i64: 0, 0, -1, 1>, value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-TRN-1] expected three sizes and a permutation of three axes, but found 3 and 3 entries}}
  %a = hls.transpose %x {shape = array<i64: 2, 2, 1>, permutation = array<i64: 1, 1, 2>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  // expected-error @+1 {{[HLS-IO-1] expected a stream of 5 elements, but found 4}}
  %x = hls.input {name = "x", shape = array<i64: 1, 5>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %x {name = "y", shape = array<i64: 1, 5>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-IO-2] expected one scale, or one per element of axis 1, but found 3}}
  hls.output %x {name = "y", shape = array<i64: 1, 4>, scales = array<f32: 0.5, 0.5, 0.5>, axis = 1 : i64} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-DEPTH-1] expected one depth per result, but found 2 for 1}}
  %a = hls.reduce_max %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, taps = 1 : i64, depths = array<i64: 2, 2>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %a {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

// expected-error @+1 {{[HLS-UNIT-1] expected at least one input and one output, but found 1 and 0}}
hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.discard %x {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> ()
}

// -----

hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-UNIT-1] expected a unit, an input or an output in a design, but found 'builtin.module'}}
  builtin.module {}
  hls.output %x {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

// expected-error @+1 {{[HLS-PART-1] expected utilization in [1, 100], but found 101}}
hls.design @a attributes {part = "xc7z020", utilization = 101 : i64} {
  %x = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %x {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}
