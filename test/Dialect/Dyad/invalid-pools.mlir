// One violation of each constraint of the pools and of reduce_sum.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// Channels are kept.
func.func @pool_channels(%x: tensor<1x2x4xui8>) -> tensor<1x3x2xui8> {
  // expected-error @+1 {{expected operand and result of one rank in [3, 5] with equal batch and channels, but found 'tensor<1x2x4xui8>' and 'tensor<1x3x2xui8>' [DYAD-POOL-1]}}
  %0 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x4xui8>) -> tensor<1x3x2xui8>
  return %0 : tensor<1x3x2xui8>
}

// -----

// A window of two axes over one.
func.func @pool_attributes(%x: tensor<1x2x4xui8>) -> tensor<1x2x2xui8> {
  // expected-error @+1 {{expected 1 kernel sizes, strides and dilations and 2 pads, but found 2, 1, 1 and 2 [DYAD-POOL-2]}}
  %0 = dyad.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x4xui8>) -> tensor<1x2x2xui8>
  return %0 : tensor<1x2x2xui8>
}

// -----

// Four pixels in steps of two cannot give three windows.
func.func @pool_size(%x: tensor<1x2x4xui8>, %z: tensor<ui8>) -> tensor<1x2x3xsi32> {
  // expected-error @+1 {{expected an output size of 2 or 2 along spatial axis 0, each window holding an element of the input, but found 3 [DYAD-POOL-3]}}
  %0 = dyad.sum_pool %x, %z {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x4xui8>, tensor<ui8>) -> tensor<1x2x3xsi32>
  return %0 : tensor<1x2x3xsi32>
}

// -----

// The first window sees padding only.
func.func @pool_empty_window(%x: tensor<1x2x4xui8>) -> tensor<1x2x4xui8> {
  // expected-error @+1 {{each window holding an element of the input, but found 4 [DYAD-POOL-3]}}
  %0 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 2, 2>} : (tensor<1x2x4xui8>) -> tensor<1x2x4xui8>
  return %0 : tensor<1x2x4xui8>
}

// -----

// Two taps, five apart, on both sides of the only element.
func.func @pool_straddling_window(%x: tensor<1x1x1xui8>) -> tensor<1x1x1xui8> {
  // expected-error @+1 {{each window holding an element of the input, but found 1 [DYAD-POOL-3]}}
  %0 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 4>, pads = array<i64: 2, 2>} : (tensor<1x1x1xui8>) -> tensor<1x1x1xui8>
  return %0 : tensor<1x1x1xui8>
}

// -----

// A maximum has the type of its elements.
func.func @pool_type(%x: tensor<1x2x4xui8>) -> tensor<1x2x2xsi8> {
  // expected-error @+1 {{expected operand and result of one element type, but found 'tensor<1x2x4xui8>' and 'tensor<1x2x2xsi8>' [DYAD-POOL-4]}}
  %0 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x2x4xui8>) -> tensor<1x2x2xsi8>
  return %0 : tensor<1x2x2xsi8>
}

// -----

// Axes are sorted.
func.func @reduce_axes(%x: tensor<1x2x4xui8>, %z: tensor<ui8>) -> tensor<1xsi32> {
  // expected-error @+1 {{expected increasing axes in [0, 3), but found [2, 1] [DYAD-RED-1]}}
  %0 = dyad.reduce_sum %x, %z {axes = array<i64: 2, 1>, keepdims = false} : (tensor<1x2x4xui8>, tensor<ui8>) -> tensor<1xsi32>
  return %0 : tensor<1xsi32>
}

// -----

// With keepdims the rank stays.
func.func @reduce_result(%x: tensor<1x2x4xui8>, %z: tensor<ui8>) -> tensor<1x2xsi32> {
  // expected-error @+1 {{expected a result of type 'tensor<1x2x1xsi32>', but found 'tensor<1x2xsi32>' [DYAD-RED-2]}}
  %0 = dyad.reduce_sum %x, %z {axes = array<i64: 2>, keepdims = true} : (tensor<1x2x4xui8>, tensor<ui8>) -> tensor<1x2xsi32>
  return %0 : tensor<1x2xsi32>
}
