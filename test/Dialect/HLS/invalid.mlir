// RUN: quant-opt %s --split-input-file --verify-diagnostics

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 2, beats = 2>
  // expected-error @+1 {{[HLS-PORT-1] expected 1 lanes in stream 0, but found 2}}
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, taps = 1 : i64} : (!hls.stream<ui8, lanes = 2, beats = 2>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %1 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 2, beats = 2>
  // expected-error @+1 {{[HLS-PORT-2] expected 6 beats in stream 0, but found 2}}
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 4 : i64, lanes = 2 : i64, taps = 3 : i64} : (!hls.stream<ui8, lanes = 2, beats = 2>) -> !hls.stream<ui8, lanes = 2, beats = 2>
  hls.output %1 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 2, beats = 2>
}

// -----

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-FOLD-1] expected lanes to divide channels, but found 3 and 4}}
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 4 : i64, lanes = 3 : i64, taps = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %1 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  // expected-error @+1 {{[HLS-STR-2] expected one reader of each stream, but found 2}}
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %0 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %0 {name = "z", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-TYPE-1] expected one element type, but found 'ui8' and 'ui4'}}
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, taps = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui4, lanes = 1, beats = 4>
  hls.output %1 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui4, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 4, beats = 1>
  // expected-error @+1 {{[HLS-ROM-1] expected weights of 2 bits, but found 5}}
  %1 = hls.mvau %0 {pixels = 1 : i64, groups = 1 : i64, inputs = 4 : i64, outputs = 1 : i64, simd = 4 : i64, pe = 1 : i64, acc_bits = 16 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<5> : tensor<1x4xsi8>, epilogue = #hls.add_bias<acc = 16, bias = dense<0> : tensor<1xsi32>>} : (!hls.stream<ui8, lanes = 4, beats = 1>) -> !hls.stream<si16, lanes = 1, beats = 1>
  hls.output %1 {name = "y", shape = array<i64: 1, 1>} : !hls.stream<si16, lanes = 1, beats = 1>
}

// -----

hls.design @a {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  // expected-error @+1 {{[HLS-DEPTH-1] expected a depth of at least 1, but found 0}}
  %1 = hls.reduce_max %0 {pixels = 1 : i64, channels = 4 : i64, lanes = 1 : i64, taps = 1 : i64, depths = array<i64: 0>} : (!hls.stream<ui8, lanes = 1, beats = 4>) -> !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %1 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

// expected-error @+1 {{[HLS-PART-1] expected the name of a known part, but found 'xc7'}}
hls.design @a attributes {part = "xc7"} {
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
  hls.output %0 {name = "y", shape = array<i64: 1, 4>} : !hls.stream<ui8, lanes = 1, beats = 4>
}

// -----

hls.design @a {
  // expected-error @+1 {{[HLS-STR-1] expected an element of si1 to si32 or ui1 to ui16, but found 'ui32'}}
  %0 = hls.input {name = "x", shape = array<i64: 1, 4>} : !hls.stream<ui32, lanes = 1, beats = 4>
}
