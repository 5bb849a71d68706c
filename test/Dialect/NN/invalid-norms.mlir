// One violated constraint of a normalisation, a lookup, a slice or an expansion per case.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @rms_scalar(%x: tensor<f32>) {
  // expected-error@below {{expected an input with a last axis of known size, but found 'tensor<f32>'}}
  %0 = nn.rms_norm %x {epsilon = 1.0 : f32} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @rms_unknown_channels(%x: tensor<2x?xf32>) {
  // expected-error@below {{expected an input with a last axis of known size, but found 'tensor<2x?xf32>'}}
  %0 = nn.rms_norm %x {epsilon = 1.0 : f32} : (tensor<2x?xf32>) -> tensor<2x?xf32>
  return
}

// -----

func.func @rms_gain(%x: tensor<2x4xf32>, %g: tensor<3xf32>) {
  // expected-error@below {{expected a gain of type 'tensor<4xf32>', but found 'tensor<3xf32>'}}
  %0 = nn.rms_norm %x, %g {epsilon = 1.0 : f32} : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @rms_epsilon(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected an epsilon of at least 0}}
  %0 = nn.rms_norm %x {epsilon = -1.0 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @rms_result(%x: tensor<2x4xf32>) {
  // expected-error@below {{failed to verify that all of {input, result} have same type}}
  %0 = nn.rms_norm %x {epsilon = 1.0 : f32} : (tensor<2x4xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @layer_gain(%x: tensor<2x4xf32>, %g: tensor<4xf16>) {
  // expected-error@below {{expected a gain of type 'tensor<4xf32>', but found 'tensor<4xf16>'}}
  %0 = nn.layer_norm %x, %g {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<2x4xf32>, tensor<4xf16>) -> tensor<2x4xf32>
  return
}

// -----

func.func @layer_bias(%x: tensor<2x4xf32>, %b: tensor<1x4xf32>) {
  // expected-error@below {{expected a bias of type 'tensor<4xf32>', but found 'tensor<1x4xf32>'}}
  %0 = nn.layer_norm %x, %b {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @layer_epsilon(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected an epsilon of at least 0}}
  %0 = nn.layer_norm %x {epsilon = 0x7FC00000 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @embedding_table(%t: tensor<9x4x2xf32>, %i: tensor<3xi64>) {
  // expected-error@below {{expected a table of rank 2, but found 'tensor<9x4x2xf32>'}}
  %0 = nn.embedding %t, %i : (tensor<9x4x2xf32>, tensor<3xi64>) -> tensor<3x4x2xf32>
  return
}

// -----

func.func @embedding_result(%t: tensor<9x4xf32>, %i: tensor<3xi64>) {
  // expected-error@below {{expected a result of type 'tensor<3x4xf32>', but found 'tensor<4x3xf32>'}}
  %0 = nn.embedding %t, %i : (tensor<9x4xf32>, tensor<3xi64>) -> tensor<4x3xf32>
  return
}

// -----

func.func @embedding_indices(%t: tensor<9x4xf32>, %i: tensor<3xf32>) {
  // expected-error@below {{operand #1 must be ranked tensor of integer values}}
  %0 = nn.embedding %t, %i : (tensor<9x4xf32>, tensor<3xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @slice_rank(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected a result of rank 2 and element type 'f32', but found 'tensor<8xf32>'}}
  %0 = nn.slice %x {offsets = array<i64: 0, 0>} : (tensor<2x4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @slice_offsets(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected 2 offsets, but found 1}}
  %0 = nn.slice %x {offsets = array<i64: 0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @slice_box(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected a box inside [2, 4], but found [2, 3] at [0, 2]}}
  %0 = nn.slice %x {offsets = array<i64: 0, 2>} : (tensor<2x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_negative(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected a box inside [2, 4], but found [2, 3] at [0, -1]}}
  %0 = nn.slice %x {offsets = array<i64: 0, -1>} : (tensor<2x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_overflow(%x: tensor<2x4xf32>) {
  // expected-error@below {{expected a box inside [2, 4], but found [2, 3] at [0, 9223372036854775807]}}
  %0 = nn.slice %x {offsets = array<i64: 0, 9223372036854775807>} : (tensor<2x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @slice_unknown(%x: tensor<?x4xf32>) {
  // expected-error@below {{expected a box inside [?, 4], but found [2, 4] at [0, 0]}}
  %0 = nn.slice %x {offsets = array<i64: 0, 0>} : (tensor<?x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @expand_element(%x: tensor<1x4xf32>) {
  // expected-error@below {{expected a result of rank 2 and element type 'f32', but found 'tensor<3x4xf16>'}}
  %0 = nn.expand %x : (tensor<1x4xf32>) -> tensor<3x4xf16>
  return
}

// -----

func.func @expand_rank(%x: tensor<4xf32>) {
  // expected-error@below {{expected a result of rank 1 and element type 'f32', but found 'tensor<3x4xf32>'}}
  %0 = nn.expand %x : (tensor<4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @expand_sizes(%x: tensor<1x2xf32>) {
  // expected-error@below {{expected sizes of [1, 2] or, instead of 1, any, but found [3, 4]}}
  %0 = nn.expand %x : (tensor<1x2xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @expand_unknown(%x: tensor<1x2xf32>) {
  // expected-error@below {{expected sizes of [1, 2] or, instead of 1, any, but found [?, 2]}}
  %0 = nn.expand %x : (tensor<1x2xf32>) -> tensor<?x2xf32>
  return
}
