// One violated constraint of nn.conv, nn.linear, nn.matmul or nn.batch_norm per case.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// The input has no spatial axis.
func.func @conv_rank(%x: tensor<1x4xf32>, %w: tensor<6x4xf32>) {
  // expected-error@below {{'nn.conv' op expected an input with 1 to 3 spatial axes, but found rank 2}}
  %0 = nn.conv %x, %w {strides = array<i64>, dilations = array<i64>, pads = array<i64>}
    : (tensor<1x4xf32>, tensor<6x4xf32>) -> tensor<1x6xf32>
  return
}

// -----

func.func @conv_weight_rank(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@below {{expected a weight of rank 3, but found 4}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_dynamic_weight(%x: tensor<1x4x8xf32>, %w: tensor<?x4x3xf32>) {
  // expected-error@below {{expected a weight with static sizes of at least 1, but found [?, 4, 3]}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<?x4x3xf32>) -> tensor<1x?x6xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x5x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected 4 input channels in each of 1 groups, but found input [1, 5, 8]}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x5x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x16x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected groups that divide the 6 output channels, but found 4}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 4 : i64}
    : (tensor<1x16x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_zero_groups(%x: tensor<1x16x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected groups that divide the 6 output channels, but found 0}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 0 : i64}
    : (tensor<1x16x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>, %b: tensor<4xf32>) {
  // expected-error@below {{expected a bias of shape [6], but found [4]}}
  %0 = nn.conv %x, %w, %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>, tensor<4xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_stride_count(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected 1 strides, but found 2}}
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_zero_stride(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected strides between 1 and 2147483647, but found 0}}
  %0 = nn.conv %x, %w {strides = array<i64: 0>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_huge_dilation(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected dilations between 1 and 2147483647, but found 9223372036854775807}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 9223372036854775807>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @conv_negative_pad(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected pads between 0 and 2147483647, but found -1}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, -1>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x5xf32>
  return
}

// -----

func.func @conv_window_too_large(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{expected a window that fits into the padded input, but spatial axis 0 has 9 elements and the window covers 11}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 5>, pads = array<i64: 0, 1>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x1xf32>
  return
}

// -----

func.func @conv_result(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@below {{'nn.conv' op failed to infer returned types}}
  // expected-error@below {{'nn.conv' op inferred type(s) 'tensor<1x6x6xf32>' are incompatible with return type(s) of operation 'tensor<1x6x8xf32>'}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x8xf32>
  return
}

// -----

func.func @conv_element_types(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf16>) {
  // expected-error@below {{expected operands of one element type, but found f32 and f16}}
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>}
    : (tensor<1x4x8xf32>, tensor<6x4x3xf16>) -> tensor<1x6x6xf32>
  return
}

// -----

func.func @linear_scalar(%x: tensor<f32>, %w: tensor<3x4xf32>) {
  // expected-error@below {{expected an input of rank 1 or more, but found rank 0}}
  %0 = nn.linear %x, %w : (tensor<f32>, tensor<3x4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @linear_weight_rank(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error@below {{expected a weight of rank 2, but found 1}}
  %0 = nn.linear %x, %w : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @linear_inner(%x: tensor<2x5xf32>, %w: tensor<3x4xf32>) {
  // expected-error@below {{expected 4 elements along the last axis, but found 5}}
  %0 = nn.linear %x, %w : (tensor<2x5xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_bias(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %b: tensor<1x3xf32>) {
  // expected-error@below {{expected a bias of shape [3], but found [1, 3]}}
  %0 = nn.linear %x, %w, %b : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @matmul_rank(%x: tensor<4xf32>, %y: tensor<4x5xf32>) {
  // expected-error@below {{expected operands of rank 2 or more, but found ranks 1 and 2}}
  %0 = nn.matmul %x, %y : (tensor<4xf32>, tensor<4x5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @matmul_inner(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error@below {{expected equal inner sizes, but found 3 and 4}}
  %0 = nn.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<2x3x4xf32>, %y: tensor<3x4x5xf32>) {
  // expected-error@below {{expected shapes that broadcast, but found [2] and [3]}}
  %0 = nn.matmul %x, %y : (tensor<2x3x4xf32>, tensor<3x4x5xf32>) -> tensor<2x3x5xf32>
  return
}

// -----

func.func @batch_norm_rank(%x: tensor<2xf32>, %c: tensor<2xf32>) {
  // expected-error@below {{expected an input of rank 2 or more, but found rank 1}}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 1.0e-5 : f32}
    : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @batch_norm_channels(%x: tensor<1x3x4xf32>, %c: tensor<2xf32>) {
  // expected-error@below {{expected 2 channels, but found input [1, 3, 4]}}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 1.0e-5 : f32}
    : (tensor<1x3x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @batch_norm_parameters(%x: tensor<1x2x4xf32>, %c: tensor<2xf32>, %d: tensor<3xf32>) {
  // expected-error@below {{expected parameters of one static shape [channels], but found [3]}}
  %0 = nn.batch_norm %x, %c, %c, %d, %c {epsilon = 1.0e-5 : f32}
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @batch_norm_epsilon(%x: tensor<1x2x4xf32>, %c: tensor<2xf32>) {
  // expected-error@below {{expected a non-negative epsilon}}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = -1.0 : f32}
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return
}
