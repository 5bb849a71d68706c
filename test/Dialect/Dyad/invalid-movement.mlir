// One violation of each constraint of concat, reshape, transpose and pad.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// No such axis.
func.func @concat_axis(%x: tensor<2xui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected an axis in [0, 1), but found 1 [DYAD-CAT-1]}}
  %0 = dyad.concat %x {axis = 1 : i64} : (tensor<2xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// Other axes agree.
func.func @concat_shapes(%x: tensor<2x2xui8>, %y: tensor<2x3xui8>) -> tensor<4x3xui8> {
  // expected-error @+1 {{expected operands that differ along axis 0 only, but found 'tensor<2x2xui8>' and 'tensor<2x3xui8>' [DYAD-CAT-2]}}
  %0 = dyad.concat %x, %y {axis = 0 : i64} : (tensor<2x2xui8>, tensor<2x3xui8>) -> tensor<4x3xui8>
  return %0 : tensor<4x3xui8>
}

// -----

// Sizes add up.
func.func @concat_result(%x: tensor<2x2xui8>) -> tensor<5x2xui8> {
  // expected-error @+1 {{expected a result of type 'tensor<4x2xui8>', but found 'tensor<5x2xui8>' [DYAD-CAT-2]}}
  %0 = dyad.concat %x, %x {axis = 0 : i64} : (tensor<2x2xui8>, tensor<2x2xui8>) -> tensor<5x2xui8>
  return %0 : tensor<5x2xui8>
}

// -----

// Elements get lost.
func.func @reshape_count(%x: tensor<6xui8>) -> tensor<5xui8> {
  // expected-error @+1 {{expected a result with the elements of 'tensor<6xui8>' and at most one dynamic dimension, but found 'tensor<5xui8>' [DYAD-RSH-1]}}
  %0 = dyad.reshape %x : (tensor<6xui8>) -> tensor<5xui8>
  return %0 : tensor<5xui8>
}

// -----

// Two unknown sizes.
func.func @reshape_dynamic(%x: tensor<?xui8>) -> tensor<?x?xui8> {
  // expected-error @+1 {{at most one dynamic dimension, but found 'tensor<?x?xui8>' [DYAD-RSH-1]}}
  %0 = dyad.reshape %x : (tensor<?xui8>) -> tensor<?x?xui8>
  return %0 : tensor<?x?xui8>
}

// -----

// No permutation.
func.func @transpose_permutation(%x: tensor<2x3xui8>) -> tensor<2x2xui8> {
  // expected-error @+1 {{expected a permutation of the 2 axes, but found [0, 0] [DYAD-TRN-1]}}
  %0 = dyad.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xui8>) -> tensor<2x2xui8>
  return %0 : tensor<2x2xui8>
}

// -----

// Sizes move with their axes.
func.func @transpose_result(%x: tensor<2x3xui8>) -> tensor<2x3xui8> {
  // expected-error @+1 {{expected a result of type 'tensor<3x2xui8>', but found 'tensor<2x3xui8>' [DYAD-TRN-1]}}
  %0 = dyad.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xui8>) -> tensor<2x3xui8>
  return %0 : tensor<2x3xui8>
}

// -----

// Cropping is not padding.
func.func @pad_negative(%x: tensor<2xui8>, %v: tensor<ui8>) -> tensor<1xui8> {
  // expected-error @+1 {{expected 2 pads in [0, 2^24), but found [-1, 0] [DYAD-PAD-1]}}
  %0 = dyad.pad %x, %v {pads = array<i64: -1, 0>} : (tensor<2xui8>, tensor<ui8>) -> tensor<1xui8>
  return %0 : tensor<1xui8>
}

// -----

// Sizes grow by the pads.
func.func @pad_result(%x: tensor<2xui8>, %v: tensor<ui8>) -> tensor<3xui8> {
  // expected-error @+1 {{expected a result of type 'tensor<4xui8>', but found 'tensor<3xui8>' [DYAD-PAD-2]}}
  %0 = dyad.pad %x, %v {pads = array<i64: 1, 1>} : (tensor<2xui8>, tensor<ui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}

// -----

// The value is one element.
func.func @pad_value(%x: tensor<2xui8>, %v: tensor<1xui8>) -> tensor<4xui8> {
  // expected-error @+1 {{expected a value of type 'tensor<ui8>', but found 'tensor<1xui8>' [DYAD-ZP-1]}}
  %0 = dyad.pad %x, %v {pads = array<i64: 1, 1>} : (tensor<2xui8>, tensor<1xui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}
