// RUN: quant-opt %s --hls-fold="part=xc7z020 interval=60" | FileCheck %s
// RUN: quant-opt %s --hls-fold="part=xc7z020 interval=60" | quant-opt --hls-fold="part=xc7z020 interval=60" | FileCheck %s
// RUN: not quant-opt %s --hls-fold="part=xc7z020 interval=2" 2>&1 | FileCheck %s --check-prefix=FAST
// RUN: not quant-opt %s --hls-fold="part=xc7z20" 2>&1 | FileCheck %s --check-prefix=NAME

// 9 pixels, 8 inputs and 2 outputs are 144 products a frame, and the unit's pipeline takes 8 cycles more:
// 60 cycles need at least four products at once. Converters join words of different widths. Folding again changes nothing.

// CHECK: hls.design @a attributes {part = "xc7z020", utilization = 80 : i64}
// CHECK: hls.mvau
// CHECK-SAME: multiplier = 2 : i64
// CHECK-SAME: pe = 2 : i64
// CHECK-SAME: simd = 2 : i64
// FAST: expected an interval that every unit reaches, but found 2
// NAME: expected the name of a known part, but found 'xc7z20'
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
