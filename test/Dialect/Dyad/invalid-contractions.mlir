// One violation of each constraint of conv and linear.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// Ranks disagree.
func.func @conv_rank(%x: tensor<1x4x8x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x6x6xsi32> {
  // expected-error @+1 {{expected input, weight and result of one rank in [3, 5] and a bias of rank 1, but found 'tensor<1x4x8x8xui8>', 'tensor<6x4x3xsi8>', 'tensor<1x6x6x6xsi32>' and 'tensor<6xsi32>' [DYAD-CONV-1]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x4x8x8xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x6x6xsi32>
  return %0 : tensor<1x6x6x6xsi32>
}

// -----

// Too few pads.
func.func @conv_pads(%x: tensor<1x4x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x6xsi32> {
  // expected-error @+1 {{expected 1 kernel sizes, strides and dilations and 2 pads, but found 1, 1, 1 and 1 [DYAD-CONV-2]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0>}
    : (tensor<1x4x8xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x6xsi32>
  return %0 : tensor<1x6x6xsi32>
}

// -----

// A stride of zero.
func.func @conv_stride(%x: tensor<1x4x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x6xsi32> {
  // expected-error @+1 {{expected kernel sizes, strides and dilations in [1, 2^24), but found 0 [DYAD-CONV-2]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 0>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x6xsi32>
  return %0 : tensor<1x6x6xsi32>
}

// -----

// A negative pad.
func.func @conv_negative_pad(%x: tensor<1x4x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x5xsi32> {
  // expected-error @+1 {{expected pads in [0, 2^24), but found -1 [DYAD-CONV-2]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, -1>}
    : (tensor<1x4x8xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x5xsi32>
  return %0 : tensor<1x6x5xsi32>
}

// -----

// Six output channels do not split into four groups.
func.func @conv_groups(%x: tensor<1x4x8xui8>, %w: tensor<6x1x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x6xsi32> {
  // expected-error @+1 {{expected a weight of static shape [outputs, inputs / groups, kernel...] with outputs a multiple of groups, but found 'tensor<6x1x3xsi8>' for 4 groups and 'tensor<1x4x8xui8>' [DYAD-CONV-3]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 4 : i64}
    : (tensor<1x4x8xui8>, tensor<6x1x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x6xsi32>
  return %0 : tensor<1x6x6xsi32>
}

// -----

// A bias for another number of channels.
func.func @conv_bias(%x: tensor<1x4x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<5xsi32>, %z: tensor<ui8>) -> tensor<1x6x6xsi32> {
  // expected-error @+1 {{expected a bias of 6 elements, but found 'tensor<5xsi32>' [DYAD-CONV-4]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xui8>, tensor<6x4x3xsi8>, tensor<5xsi32>, tensor<ui8>) -> tensor<1x6x6xsi32>
  return %0 : tensor<1x6x6xsi32>
}

// -----

// Eight pixels, a kernel of three, no padding: six outputs.
func.func @conv_result(%x: tensor<1x4x8xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x8xsi32> {
  // expected-error @+1 {{expected a result of type 'tensor<1x6x6xsi32>', but found 'tensor<1x6x8xsi32>' [DYAD-CONV-5]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x8xsi32>
  return %0 : tensor<1x6x8xsi32>
}

// -----

// The kernel is larger than the padded input.
func.func @conv_too_small(%x: tensor<1x4x2xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x0xsi32> {
  // expected-error @+1 {{expected a kernel that fits the padded input, but found 'tensor<6x4x3xsi8>' and 'tensor<1x4x2xui8>' [DYAD-CONV-5]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x2xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x0xsi32>
  return %0 : tensor<1x6x0xsi32>
}

// -----

// The zero point of a signed input is signed.
func.func @conv_zero_point(%x: tensor<1x4x8xsi8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x6xsi32> {
  // expected-error @+1 {{expected a zero point of type 'tensor<si8>', but found 'tensor<ui8>' [DYAD-ZP-1]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xsi8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x6xsi32>
  return %0 : tensor<1x6x6xsi32>
}

// -----

// Depths disagree.
func.func @linear_depth(%x: tensor<1x4xui8>, %w: tensor<6x5xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6xsi32> {
  // expected-error @+1 {{expected an input [..., K] and a static weight [N, K], but found 'tensor<1x4xui8>' and 'tensor<6x5xsi8>' [DYAD-LIN-1]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x4xui8>, tensor<6x5xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6xsi32>
  return %0 : tensor<1x6xsi32>
}

// -----

// A bias for another number of outputs.
func.func @linear_bias(%x: tensor<1x4xui8>, %w: tensor<6x4xsi8>, %b: tensor<1xsi32>, %z: tensor<ui8>) -> tensor<1x6xsi32> {
  // expected-error @+1 {{expected a bias of 6 elements, but found 'tensor<1xsi32>' [DYAD-LIN-2]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x4xui8>, tensor<6x4xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x6xsi32>
  return %0 : tensor<1x6xsi32>
}

// -----

// Leading axes are kept.
func.func @linear_result(%x: tensor<2x3x4xui8>, %w: tensor<6x4xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<6x6xsi32> {
  // expected-error @+1 {{expected a result of type 'tensor<2x3x6xsi32>', but found 'tensor<6x6xsi32>' [DYAD-LIN-3]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<2x3x4xui8>, tensor<6x4xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<6x6xsi32>
  return %0 : tensor<6x6xsi32>
}

// -----

// A zero point per channel is not a zero point of the tensor.
func.func @linear_zero_point(%x: tensor<1x4xui8>, %w: tensor<6x4xsi8>, %b: tensor<6xsi32>, %z: tensor<1xui8>) -> tensor<1x6xsi32> {
  // expected-error @+1 {{expected a zero point of type 'tensor<ui8>', but found 'tensor<1xui8>' [DYAD-ZP-1]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x4xui8>, tensor<6x4xsi8>, tensor<6xsi32>, tensor<1xui8>) -> tensor<1x6xsi32>
  return %0 : tensor<1x6xsi32>
}

// -----

// Accumulators have 32 bits.
func.func @linear_type(%x: tensor<1x4xui8>, %w: tensor<6x4xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6xsi16> {
  // expected-error @+1 {{result #0 must be ranked tensor of 32-bit signed integer values, but got 'tensor<1x6xsi16>'}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x4xui8>, tensor<6x4xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6xsi16>
  return %0 : tensor<1x6xsi16>
}
