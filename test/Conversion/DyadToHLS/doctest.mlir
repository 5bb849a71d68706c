// RUN: quant-opt %s --convert-dyad-to-hls | FileCheck %s

// A convolution with its requantization becomes a window and a matrix-vector unit; the weight's columns follow the order
// in which taps arrive; the bias takes the zero point's share: 5 - 3 * (1 + 2 + 3 + 4) = -25.

// CHECK-LABEL: hls.design @model
// CHECK: %[[X:.*]] = hls.input {name = "x", scale = 5.000000e-01 : f32, shape = array<i64: 1, 1, 3, 3>, zero_point = 3 : i64} : <ui8, lanes = 1, beats = 9>
// CHECK: %[[W:.*]] = hls.window
// CHECK-SAME: kernel = array<i64: 2, 2>
// CHECK-SAME: pad_value = 3 : i64
// CHECK-SAME: -> !hls.stream<ui8, lanes = 1, beats = 36>
// CHECK: %[[Y:.*]] = hls.mvau %[[W]]
// CHECK-SAME: bias = dense<-25> : tensor<1xsi32>
// CHECK-SAME: weight = dense<{{\[}}[1, 2, 3, 4]]> : tensor<1x4xsi8>
// CHECK-SAME: weight_bits = 4 : i64
// CHECK: hls.output %[[Y]]
func.func @main(%x: tensor<1x1x3x3xui8> {onnx.name = "x", quantc.scale = 0.5 : f32, quantc.zero_point = 3 : i64})
    -> (tensor<1x1x3x3xui8> {onnx.name = "y", quantc.scale = 1.0 : f32, quantc.zero_point = 0 : i64}) {
  %w = dyad.constant dense<[[[[1, 2], [3, 4]]]]> : tensor<1x1x2x2xsi8>
  %b = dyad.constant dense<5> : tensor<1xsi32>
  %zx = dyad.constant dense<3> : tensor<ui8>
  %z0 = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<26> : tensor<si32>
  %zy = dyad.constant dense<0> : tensor<ui8>
  %acc = dyad.conv %x, %w, %b, %zx {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>}
    : (tensor<1x1x3x3xui8>, tensor<1x1x2x2xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1x3x3xsi32>
  %y = dyad.requantize %acc, %z0, %m, %s, %zy {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x1x3x3xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1x3x3xui8>
  return %y : tensor<1x1x3x3xui8>
}
