// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @scalar(%x: tensor<f32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected an input of rank 1 or more and codes of rank 2, but found 'tensor<f32>' and 'tensor<2x4xui8>' [QNN-GL-1]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<f32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @unknown_inputs(%x: tensor<?xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected a static last axis and static codes, but found 'tensor<?xf32>' and 'tensor<2x4xui8>' [QNN-GL-1]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<?xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @bytes(%x: tensor<9xf32>, %c: tensor<2x4xui8>, %s: tensor<2x2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected 5 bytes of codes a row, but found 4 [QNN-GL-1]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<9xf32>, tensor<2x4xui8>, tensor<2x2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @width(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected a format of 4 bits, but found 3 [QNN-GL-2]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <3, signed = true, symmetric = true, narrow = true> : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @activations(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected activations of 2 to 8 or 16 bits, but found 9 [QNN-GL-3]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 9 of <4, signed = true, symmetric = true, narrow = true> : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @group_of_12(%x: tensor<24xf32>, %c: tensor<2x12xui8>, %s: tensor<2x2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected a group of a multiple of 8 inputs, or of all 24, but found 12 [QNN-GL-4]}}
  %0 = qnn.grouped_linear %x, %c, %s group 12 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<24xf32>, tensor<2x12xui8>, tensor<2x2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @sums_beyond_32_bits(%x: tensor<65544xf32>, %c: tensor<1x32772xui8>, %s: tensor<1x1xf32>) -> tensor<1xf32> {
  // expected-error @+1 {{expected groups of at most 65536 inputs for activations in integers, but found 65544 [QNN-GL-4]}}
  %0 = qnn.grouped_linear %x, %c, %s group 65544 bits 8 of <4, signed = true, symmetric = true, narrow = true> : (tensor<65544xf32>, tensor<1x32772xui8>, tensor<1x1xf32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}

// -----

func.func @scales(%x: tensor<24xf32>, %c: tensor<2x12xui8>, %s: tensor<2x2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected scales of shape 'tensor<2x3xf32>', but found 'tensor<2x2xf32>' [QNN-GL-5]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<24xf32>, tensor<2x12xui8>, tensor<2x2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @zero_points(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>, %z: tensor<2xsi8>) -> tensor<2xf32> {
  // expected-error @+1 {{expected zero points of shape 'tensor<2x1xsi8>', but found 'tensor<2xsi8>' [QNN-GL-6]}}
  %0 = qnn.grouped_linear %x, %c, %s zeros(%z) group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>, tensor<2xsi8>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @zero_point_is_no_code(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  %z = nn.constant dense<[[0], [-1]]> : tensor<2x1xsi8>
  // expected-error @+1 {{expected zero points in 0..15, but found -1 [QNN-GL-6]}}
  %0 = qnn.grouped_linear %x, %c, %s zeros(%z) group 8 bits 16 of <4, signed = false, symmetric = false, narrow = false> : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>, tensor<2x1xsi8>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @bias(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>, %b: tensor<1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected a bias of shape 'tensor<2xf32>', but found 'tensor<1xf32>' [QNN-GL-7]}}
  %0 = qnn.grouped_linear %x, %c, %s bias(%b) group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>, tensor<1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @clip_beyond_1(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected an activation clip in (0, 1], but found 1.500000e+00 : f32 [QNN-GL-8]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 4 of <4, signed = true, symmetric = true, narrow = true> {activation_clip = 1.5 : f32} : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @floats_have_no_scales(%x: tensor<8xf32>, %c: tensor<2x4xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected float activations to have neither a clip nor scales of groups [QNN-GL-8]}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true> {activation_groups} : (tensor<8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
