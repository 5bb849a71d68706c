// What hls-fold chose once took up to 7 % more than its budget, because streams were not counted: hls-check-part refused it.
// A design whose streams are a good part of it, in budgets from tight to ample: what folds passes the check.

// RUN: quant-opt %s --hls-fold="part=xc7z020 utilization=4" --hls-size-fifos --hls-check-part | FileCheck %s
// RUN: quant-opt %s --hls-fold="part=xc7z020 utilization=5" --hls-size-fifos --hls-check-part | FileCheck %s
// RUN: quant-opt %s --hls-fold="part=xc7z020 utilization=6" --hls-size-fifos --hls-check-part | FileCheck %s
// RUN: quant-opt %s --hls-fold="part=xc7z020 utilization=8" --hls-size-fifos --hls-check-part | FileCheck %s
// RUN: quant-opt %s --hls-fold="part=xc7z020 utilization=12" --hls-size-fifos --hls-check-part | FileCheck %s
// RUN: not quant-opt %s --hls-fold="part=xc7z020 utilization=3" 2>&1 | FileCheck %s --check-prefix=SMALL

// SMALL: the smallest design found: LUT: needs {{.*}} streams take

// The branch that waits beside the window holds its rows.
// CHECK: hls.duplicate
// CHECK-SAME: depths
hls.design @a {
  %x = hls.input {name = "x", shape = array<i64: 1, 8, 16, 64>} : !hls.stream<ui8, lanes = 1, beats = 8192>
  %a, %b = hls.duplicate %x {pixels = 1024 : i64, channels = 8 : i64, lanes = 1 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8192>) -> (!hls.stream<ui8, lanes = 1, beats = 8192>, !hls.stream<ui8, lanes = 1, beats = 8192>)
  %w = hls.window %a {height = 16 : i64, width = 64 : i64, channels = 8 : i64, lanes = 1 : i64, kernel = array<i64: 3, 3>,
    strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1>, out = array<i64: 16, 64>, groups = 1 : i64,
    parallel = false, pad_value = 0 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8192>) -> !hls.stream<ui8, lanes = 1, beats = 73728>
  %m = hls.mvau %w {pixels = 1024 : i64, groups = 1 : i64, inputs = 72 : i64, outputs = 8 : i64, simd = 1 : i64, pe = 1 : i64,
    acc_bits = 20 : i64, weight_bits = 2 : i64, multiplier = 0 : i64, weight = dense<1> : tensor<8x72xsi8>,
    epilogue = #hls.requantize<acc = 20, bias = dense<0> : tensor<1xsi32>, multiplier = dense<8388608> : tensor<1xsi32>, shift = dense<30> : tensor<1xsi32>, zero_point = 0, lo = 0, hi = 255, rounding = half_up, by_pixel = false>}
    : (!hls.stream<ui8, lanes = 1, beats = 73728>) -> !hls.stream<ui8, lanes = 1, beats = 8192>
  %s = hls.add %m, %b {pixels = 1024 : i64, channels = 8 : i64, lanes = 1 : i64, lhs_multiplier = 512 : i64, rhs_multiplier = 512 : i64, shift = 10 : i64, lhs_zero_point = 0 : i64, rhs_zero_point = 0 : i64, zero_point = 0 : i64, lo = 0 : i64, hi = 255 : i64} : (!hls.stream<ui8, lanes = 1, beats = 8192>, !hls.stream<ui8, lanes = 1, beats = 8192>) -> !hls.stream<ui8, lanes = 1, beats = 8192>
  hls.output %s {name = "y", shape = array<i64: 1, 8, 16, 64>} : !hls.stream<ui8, lanes = 1, beats = 8192>
}
