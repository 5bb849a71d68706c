// RUN: quant-opt %s --qnn-quantize=correct-bias 2> %t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// A padded convolution takes back its mean error: by tap the rounding error, times how often the tap
// meets the input and no border (3/4 for a row or column beside the middle one), times the mean input.
// In units of 2^-7 the errors are -1/4 in a corner and -3/8 beside it, and the mean is 2:
// 2 * (9/16 * 1/4 + 3/4 * 3/8) = 27/32, which is 54 at the bias's scale of 2^-13. Without borders it
// would be 2 * (1/4 + 3/8) = 5/4, which is 80.

// REMARK: 'a' keeps its bias: it is an input of the graph
// REMARK: 'b' takes back a mean error of up to 6.592e-03

// CHECK-LABEL: func.func @main
// CHECK: nn.conv
// CHECK: nn.constant dense<{{\[\[\[\[}}0, 0, 0], [0, 127, 0], [0, 0, 0]]]]> : tensor<1x1x3x3xsi8>
// CHECK: %[[B:.*]] = nn.constant dense<54> : tensor<1xsi32>
// CHECK: %[[S:.*]] = nn.constant dense<1.22070313E-4> : tensor<1xf32>
// CHECK: qnn.dequantize %[[B]], %[[S]]
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %o = qnn.observe %x as "x" : tensor<1x1x4x4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %k = nn.constant dense<0.9921875> : tensor<1x1x1x1xf32>
  %a = nn.conv %o, %k {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, quantc.channel_moments = array<f64: 2.0, 1.0>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32> loc("a")
  %p = qnn.observe %a as "a" : tensor<1x1x4x4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[[[0.001953125, 0.0029296875, 0.0], [0.0, 0.9921875, 0.0], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
  %b = nn.conv %p, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32> loc("b")
  return %b : tensor<1x1x4x4xf32>
}
