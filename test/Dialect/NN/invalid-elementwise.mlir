// One violated constraint of an elementwise, pooling or reduction op per case.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @add_broadcast(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error@below {{'nn.add' op expected shapes that broadcast, but found [2, 3] and [2]}}
  %0 = nn.add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @mul_element_types(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error@below {{'nn.mul' op expected operands of one element type, but found f32 and f64}}
  %0 = nn.mul %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @sub_integers(%x: tensor<2xsi32>) {
  // expected-error@below {{'nn.sub' op operand #0 must be ranked tensor of floating-point values, but got 'tensor<2xsi32>'}}
  %0 = nn.sub %x, %x : (tensor<2xsi32>, tensor<2xsi32>) -> tensor<2xsi32>
  return
}

// -----

func.func @clip_nan(%x: tensor<2xf32>) {
  // expected-error@below {{expected bounds that are numbers, but found a NaN}}
  %0 = nn.clip %x {lo = 0x7FC00000 : f32, hi = 6.0 : f32} : tensor<2xf32>
  return
}

// -----

func.func @pool_kernel(%x: tensor<1x2x8xf32>) {
  // expected-error@below {{expected kernel sizes between 1 and 2147483647, but found 0}}
  %0 = nn.max_pool %x {kernel = array<i64: 0>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return
}

// -----

func.func @pool_padding(%x: tensor<1x2x8xf32>) {
  // expected-error@below {{expected a padding smaller than the window, but found 2 for a window of 2}}
  %0 = nn.avg_pool %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 2, 0>}
    : (tensor<1x2x8xf32>) -> tensor<1x2x9xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<1x2x2x2x2x2xf32>) {
  // expected-error@below {{expected an input with 1 to 3 spatial axes, but found rank 6}}
  %0 = nn.max_pool %x {kernel = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0, 0, 0>}
    : (tensor<1x2x2x2x2x2xf32>) -> tensor<1x2x2x2x2x2xf32>
  return
}

// -----

func.func @reduce_axes(%x: tensor<1x2x8xf32>) {
  // expected-error@below {{expected sorted axes below rank 3 without repeats, but found [2, 1]}}
  %0 = nn.reduce_mean %x {axes = array<i64: 2, 1>, keepdims = false} : (tensor<1x2x8xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<1x2xf32>) {
  // expected-error@below {{expected an axis below rank 2, but found -1}}
  %0 = nn.softmax %x {axis = -1 : i64} : tensor<1x2xf32>
  return
}
