// Products of sizes that do not fit into 64 bits are refused like every other wrong size.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

hls.design @border attributes {part = "xc7z010"} {
  // expected-error @+1 {{[HLS-IO-1] expected a stream of 9223372036854775807 elements, but found 16}}
  %x = hls.input {name = "x", shape = array<i64: 4611686018427387904, 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
  hls.output %x {name = "y", shape = array<i64: 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
}

// -----

hls.design @negative attributes {part = "xc7z010"} {
  // expected-error @+1 {{[HLS-IO-1] expected positive sizes, but found -4}}
  %x = hls.input {name = "x", shape = array<i64: -4, -4>} : !hls.stream<ui8, lanes = 1, beats = 16>
  hls.output %x {name = "y", shape = array<i64: 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
}

// -----

hls.design @port attributes {part = "xc7z010"} {
  %x = hls.input {name = "x", shape = array<i64: 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
  // expected-error @+1 {{[HLS-PORT-2] expected 9223372036854775807 beats in stream 0, but found 16}}
  %y = hls.transpose %x {shape = array<i64: 2147483647, 2147483647, 16>, permutation = array<i64: 1, 0, 2>} : (!hls.stream<ui8, lanes = 1, beats = 16>) -> !hls.stream<ui8, lanes = 1, beats = 16>
  hls.output %y {name = "y", shape = array<i64: 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
}

// -----

hls.design @codes attributes {part = "xc7z010"} {
  %x = hls.input {name = "x", shape = array<i64: 16>} : !hls.stream<si16, lanes = 1, beats = 16>
  // expected-error @+1 {{[HLS-EPI-1] expected 3 codes behind 9223372036854775807 to be of the result's element type}}
  %y = hls.pointwise %x {pixels = 16 : i64, channels = 1 : i64, lanes = 1 : i64, epilogue = #hls.thresholds<acc = 10, bias = dense<0> : tensor<1xsi32>, threshold = dense<[[1, 2, 3]]> : tensor<1x3xsi32>, base = 9223372036854775807>} : (!hls.stream<si16, lanes = 1, beats = 16>) -> !hls.stream<ui2, lanes = 1, beats = 16>
  hls.output %y {name = "y", shape = array<i64: 16>} : !hls.stream<ui2, lanes = 1, beats = 16>
}

// -----

hls.design @width attributes {part = "xc7z010"} {
  %x = hls.input {name = "x", shape = array<i64: 16>} : !hls.stream<si16, lanes = 1, beats = 16>
  // expected-error @+1 {{[HLS-EPI-1] expected an accumulator of 1 to 32 bits, but found 4611686018427387904}}
  %y = hls.pointwise %x {pixels = 16 : i64, channels = 1 : i64, lanes = 1 : i64, epilogue = #hls.thresholds<acc = 4611686018427387904, bias = dense<0> : tensor<1xsi32>, threshold = dense<[[1, 2, 3]]> : tensor<1x3xsi32>, base = 0>} : (!hls.stream<si16, lanes = 1, beats = 16>) -> !hls.stream<ui2, lanes = 1, beats = 16>
  hls.output %y {name = "y", shape = array<i64: 16>} : !hls.stream<ui2, lanes = 1, beats = 16>
}
