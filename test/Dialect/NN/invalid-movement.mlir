// One violated constraint of a data movement op per case.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @constant_type() {
  // expected-error@below {{failed to verify that all of {value, result} have same type}}
  %0 = "nn.constant"() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<3xf32>
  return
}

// -----

func.func @reshape_count(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected equal element counts, but found [2, 3] and [7]}}
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<7xf32>
  return
}

// -----

// 12 is a multiple of the 6 static elements, 13 is not.
func.func @reshape_dynamic_count(%x: tensor<?x2x3xf32>) {
  %0 = nn.reshape %x : (tensor<?x2x3xf32>) -> tensor<12xf32>
  // expected-error@below {{expected equal element counts, but found [?, 2, 3] and [13]}}
  %1 = nn.reshape %x : (tensor<?x2x3xf32>) -> tensor<13xf32>
  return
}

// -----

func.func @reshape_two_dynamic(%x: tensor<?x6xf32>) {
  // expected-error@below {{expected at most one dynamic dimension in the result, but found [?, 2, ?]}}
  %0 = nn.reshape %x : (tensor<?x6xf32>) -> tensor<?x2x?xf32>
  return
}

// -----

func.func @reshape_element_type(%x: tensor<6xf32>) {
  // expected-error@below {{expected a result of element type 'f32', but found 'f16'}}
  %0 = nn.reshape %x : (tensor<6xf32>) -> tensor<2x3xf16>
  return
}

// -----

func.func @reshape_overflow(%x: tensor<4294967296x4294967296xf32>) {
  // expected-error@below {{expected element counts that fit into 64 bits}}
  %0 = nn.reshape %x : (tensor<4294967296x4294967296xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @transpose_permutation(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected a permutation of 2 axes, but found [0, 0]}}
  %0 = nn.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error@below {{expected at least 1 operand, but found 0}}
  %0 = nn.concat {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat_axis(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected an axis below rank 2, but found 2}}
  %0 = nn.concat %x, %x {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat_shapes(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error@below {{expected inputs that agree outside axis 0, but found [2, 3] and [2, 4]}}
  %0 = nn.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @pad_negative(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected pads between 0 and 2147483647, but found -1}}
  %0 = nn.pad %x {pads = array<i64: 0, 0, 0, -1>, value = 0.0 : f32} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @pad_count(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected 4 pads, but found 2}}
  %0 = nn.pad %x {pads = array<i64: 0, 0>, value = 0.0 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @cast_shape(%x: tensor<2x3xf32>) {
  // expected-error@below {{expected a result of shape [2, 3], but found [6]}}
  %0 = nn.cast %x : (tensor<2x3xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @cast_element_type(%x: tensor<2xf32>) {
  // expected-error@below {{expected integer or float elements, but found 'index'}}
  %0 = nn.cast %x : (tensor<2xf32>) -> tensor<2xindex>
  return
}
