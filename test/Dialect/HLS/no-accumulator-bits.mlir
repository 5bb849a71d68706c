// An accumulator of 0 bits does not make a table of an epilogue, nor a matrix-vector unit one that takes any epilogue.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

hls.design @epilogue attributes {part = "xc7z010"} {
  %x = hls.input {name = "x", shape = array<i64: 16>} : !hls.stream<si16, lanes = 1, beats = 16>
  // expected-error @+1 {{[HLS-EPI-1] expected an accumulator of 1 to 32 bits, but found 0}}
  %y = hls.pointwise %x {pixels = 16 : i64, channels = 1 : i64, lanes = 1 : i64, epilogue = #hls.thresholds<acc = 0, bias = dense<0> : tensor<1xsi32>, threshold = dense<[[1, 2, 3]]> : tensor<1x3xsi32>, base = 0>} : (!hls.stream<si16, lanes = 1, beats = 16>) -> !hls.stream<ui2, lanes = 1, beats = 16>
  hls.output %y {name = "y", shape = array<i64: 16>} : !hls.stream<ui2, lanes = 1, beats = 16>
}

// -----

hls.design @unit attributes {part = "xc7z010"} {
  %x = hls.input {name = "x", shape = array<i64: 16>} : !hls.stream<ui8, lanes = 1, beats = 16>
  // expected-error @+1 {{[HLS-SIZE-1] expected acc_bits in [1, 2^31), but found 0}}
  %y = hls.mvau %x {pixels = 1 : i64, groups = 1 : i64, inputs = 16 : i64, outputs = 1 : i64, simd = 1 : i64, pe = 1 : i64, acc_bits = 0 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<1x16xsi8>, epilogue = #hls.table<dense<3> : tensor<256xui8>>} : (!hls.stream<ui8, lanes = 1, beats = 16>) -> !hls.stream<ui8, lanes = 1, beats = 1>
  hls.output %y {name = "y", shape = array<i64: 1>} : !hls.stream<ui8, lanes = 1, beats = 1>
}
