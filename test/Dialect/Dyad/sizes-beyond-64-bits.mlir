// Sizes whose sums and products do not fit into 64 bits are refused; a splat of any size costs what one element does.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @concat_sum(%x: tensor<9223372036854775807xui8>, %y: tensor<?xui8>) -> tensor<?xui8> {
  // expected-error @+1 {{expected sizes along axis 0 whose sum fits into 64 bits [DYAD-CAT-2]}}
  %0 = dyad.concat %x, %x, %y {axis = 0 : i64} : (tensor<9223372036854775807xui8>, tensor<9223372036854775807xui8>, tensor<?xui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

func.func @pad_sum(%x: tensor<9223372036854775807xui8>, %v: tensor<ui8>) -> tensor<?xui8> {
  // expected-error @+1 {{expected a padded size that fits into 64 bits, but found 'tensor<9223372036854775807xui8>' [DYAD-PAD-2]}}
  %0 = dyad.pad %x, %v {pads = array<i64: 1, 1>} : (tensor<9223372036854775807xui8>, tensor<ui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

func.func @conv_channels(%x: tensor<1x?x8xui8>, %w: tensor<4611686018427387904x4x3xsi8>, %b: tensor<4611686018427387904xsi32>, %z: tensor<ui8>) -> tensor<1x?x6xsi32> {
  // expected-error @+1 {{with outputs a multiple of groups, but found 'tensor<4611686018427387904x4x3xsi8>' for 4611686018427387904 groups}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 4611686018427387904 : i64}
    : (tensor<1x?x8xui8>, tensor<4611686018427387904x4x3xsi8>, tensor<4611686018427387904xsi32>, tensor<ui8>) -> tensor<1x?x6xsi32>
  return %0 : tensor<1x?x6xsi32>
}

// -----

func.func @conv_spatial(%x: tensor<1x4x9223372036854775807xui8>, %w: tensor<6x4x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>) -> tensor<1x6x?xsi32> {
  // expected-error @+1 {{expected spatial sizes of at most 2^60, but found 9223372036854775807 [DYAD-CONV-2]}}
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>}
    : (tensor<1x4x9223372036854775807xui8>, tensor<6x4x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<1x6x?xsi32>
  return %0 : tensor<1x6x?xsi32>
}

// -----

// Valid: nothing is expanded.
func.func @requantize_splat(%x: tensor<1000000000000xsi32>, %zi: tensor<si32>, %z: tensor<ui8>) -> tensor<1000000000000xui8> {
  %m = dyad.constant dense<8388609> : tensor<1000000000000xsi32>
  %s = dyad.constant dense<30> : tensor<1000000000000xsi32>
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<1000000000000xsi32>, tensor<si32>, tensor<1000000000000xsi32>, tensor<1000000000000xsi32>, tensor<ui8>) -> tensor<1000000000000xui8>
  return %0 : tensor<1000000000000xui8>
}

// -----

func.func @requantize_bad_splat(%x: tensor<3xsi32>, %zi: tensor<si32>, %z: tensor<ui8>) -> tensor<3xui8> {
  %m = dyad.constant dense<[8388609, 8388609, 2]> : tensor<3xsi32>
  %s = dyad.constant dense<30> : tensor<3xsi32>
  // expected-error @+1 {{but found 2 and 30 [DYAD-REQ-3]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<3xsi32>, tensor<si32>, tensor<3xsi32>, tensor<3xsi32>, tensor<ui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}

// -----

// The number that stands for a dynamic size in types is none here.
func.func @pool_kernel(%x: tensor<1x4x8xui8>) -> tensor<1x4x8xui8> {
  // expected-error @+1 {{expected kernel sizes, strides and dilations in [1, 2^24), but found -9223372036854775808 [DYAD-POOL-2]}}
  %0 = dyad.max_pool %x {kernel = array<i64: -9223372036854775808>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>} : (tensor<1x4x8xui8>) -> tensor<1x4x8xui8>
  return %0 : tensor<1x4x8xui8>
}
