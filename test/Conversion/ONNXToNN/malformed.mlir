// Attributes and operands that no exporter writes: a reason each, and no crash.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --onnx-infer-shapes --onnx-fold-constants --convert-onnx-to-nn

func.func @conv(%x: tensor<1x2x8x8xf32>, %w: tensor<2x2x3x3xf32>, %b: tensor<2xf32>)
    -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  // expected-error@below {{expected values of at least 1 in 'strides', but found 0}}
  %0 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {strides = array<i64: 0, 1>}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected 2 values in 'dilations', but found 3}}
  %1 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {dilations = array<i64: 1, 1, 1>}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected values of at least 0 in 'pads', but found -1}}
  %2 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {pads = array<i64: 0, -1, 0, 0>}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected groups that divide the 2 output channels, but found -9223372036854775808}}
  %3 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {group = -9223372036854775808 : si64}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID, but found 'same'}}
  %4 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {auto_pad = "same"}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected a kernel_shape equal to the weight's last sizes}}
  %5 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 5, 5>}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected a window that fits into the padded input}}
  %6 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {dilations = array<i64: 2147483647, 1>}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected a weight of rank 4, but found 1}}
  %8 = onnx.node "Conv"(%x, %b) {opset = 13 : i64} : (tensor<1x2x8x8xf32>, tensor<2xf32>) -> !onnx.unknown
  // expected-error@below {{malformed operands: expected input 1, but it is absent}}
  %9 = onnx.node "Conv"(%x) {opset = 13 : i64} : (tensor<1x2x8x8xf32>) -> !onnx.unknown
  // expected-error@below {{malformed operands: expected at most 3 inputs, but found 4}}
  %10 = onnx.node "Conv"(%x, %w, %b, %b) {opset = 13 : i64} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>) -> !onnx.unknown
  // expected-error@below {{malformed attribute: expected attribute 'strides' to be a list of integers, but found an integer}}
  %11 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {strides = 1 : si64}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{malformed attribute: expected attribute 'group' to be an integer, but found a float}}
  %12 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {group = 1.0 : f32}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{malformed attribute: expected attribute 'auto_pad' to be a string, but found a reference to a function's attribute}}
  %13 = onnx.node "Conv"(%x, %w) {opset = 13 : i64, onnx_attrs = {auto_pad = #onnx.ref<string, "a">}} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> !onnx.unknown
  return %0, %1, %2, %3, %4, %5, %6, %8, %9, %10, %11, %12, %13
    : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

func.func @pools(%x: tensor<1x1x8xf32>) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  // expected-error@below {{expected attribute 'kernel_shape', but it is absent}}
  %0 = onnx.node "MaxPool"(%x) {opset = 13 : i64} : (tensor<1x1x8xf32>) -> !onnx.unknown
  // expected-error@below {{expected values of at least 1 in 'kernel_shape', but found -2}}
  %1 = onnx.node "MaxPool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: -2>}} : (tensor<1x1x8xf32>) -> !onnx.unknown
  // expected-error@below {{expected values of at least 1 in 'kernel_shape', but found 9223372036854775807}}
  %2 = onnx.node "AveragePool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 9223372036854775807>}} : (tensor<1x1x8xf32>) -> !onnx.unknown
  // expected-error@below {{expected a window that fits into the padded input}}
  %3 = onnx.node "AveragePool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 2000000000>}} : (tensor<1x1x8xf32>) -> !onnx.unknown
  // expected-error@below {{expected a padding smaller than the window, but found 2 for a window of 2}}
  %4 = onnx.node "MaxPool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 2>, pads = array<i64: 2, 0>}} : (tensor<1x1x8xf32>) -> !onnx.unknown
  // expected-error@below {{expected attribute 'ceil_mode' to be 0 or 1, but found 7}}
  %5 = onnx.node "MaxPool"(%x) {opset = 13 : i64, onnx_attrs = {kernel_shape = array<i64: 2>, ceil_mode = 7 : si64}} : (tensor<1x1x8xf32>) -> !onnx.unknown
  return %0, %1, %2, %3, %4, %5 : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

func.func @axes(%x: tensor<2x3xf32>) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  // expected-error@below {{expected an axis below rank 2, but found 2}}
  %0 = onnx.node "Softmax"(%x) {opset = 13 : i64, onnx_attrs = {axis = 2 : si64}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected an axis below rank 2, but found -9223372036854775808}}
  %1 = onnx.node "Softmax"(%x) {opset = 11 : i64, onnx_attrs = {axis = -9223372036854775808 : si64}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected an axis of at most rank 2, but found 3}}
  %2 = onnx.node "Flatten"(%x) {opset = 13 : i64, onnx_attrs = {axis = 3 : si64}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected axes without repeats, but found -1 twice}}
  %3 = onnx.node "ReduceMean"(%x) {opset = 11 : i64, onnx_attrs = {axes = array<i64: 1, -1>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected attribute 'axis', but it is absent}}
  %4 = onnx.node "Concat"(%x) {opset = 13 : i64} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{malformed operands: expected input 0, but it is absent}}
  %5 = onnx.node "Concat"() {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : () -> !onnx.unknown
  // expected-error@below {{expected 'perm' to be a permutation of 2 axes}}
  %6 = onnx.node "Transpose"(%x) {opset = 13 : i64, onnx_attrs = {perm = array<i64: 0, 5>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected size 1 along squeezed axis 0, but found 2}}
  %7 = onnx.node "Squeeze"(%x) {opset = 11 : i64, onnx_attrs = {axes = array<i64: 0>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected axes, but they are absent}}
  %8 = onnx.node "Unsqueeze"(%x) {opset = 11 : i64} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected an axis below rank 3, but found 9}}
  %9 = onnx.node "Unsqueeze"(%x) {opset = 11 : i64, onnx_attrs = {axes = array<i64: 9>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected attribute 'pads', but it is absent}}
  %10 = onnx.node "Pad"(%x) {opset = 10 : i64} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected 4 pads, but found 1}}
  %11 = onnx.node "Pad"(%x) {opset = 10 : i64, onnx_attrs = {pads = array<i64: 1>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected non-negative pads, but found -1}}
  %12 = onnx.node "Pad"(%x) {opset = 10 : i64, onnx_attrs = {pads = array<i64: 0, 0, 0, -1>}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected attribute 'to', but it is absent}}
  %13 = onnx.node "Cast"(%x) {opset = 13 : i64} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected a float of 16 to 64 bits, an integer of 8 to 64 bits or bool, but found data type 99}}
  %14 = onnx.node "Cast"(%x) {opset = 13 : i64, onnx_attrs = {to = 99 : si64}} : (tensor<2x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected bounds that are numbers, but found a NaN}}
  %15 = onnx.node "Clip"(%x) {opset = 10 : i64, onnx_attrs = {min = 0x7FC00000 : f32}} : (tensor<2x3xf32>) -> !onnx.unknown
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15 : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

func.func @matrices(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>, %s: tensor<f32>, %c: tensor<3x3x3xf32>) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  // expected-error@below {{expected equal inner sizes, but found 3 and 4}}
  %0 = onnx.node "Gemm"(%x, %y) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<4x5xf32>) -> !onnx.unknown
  // expected-error@below {{expected matrices, but found ranks 2 and 0}}
  %1 = onnx.node "Gemm"(%x, %s) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<f32>) -> !onnx.unknown
  // expected-error@below {{expected shapes that broadcast}}
  %2 = onnx.node "Gemm"(%x, %x, %c) {opset = 13 : i64, onnx_attrs = {transB = 1 : si64}} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3x3x3xf32>) -> !onnx.unknown
  // expected-error@below {{expected attribute 'transA' to be 0 or 1, but found 2}}
  %3 = onnx.node "Gemm"(%x, %y) {opset = 13 : i64, onnx_attrs = {transA = 2 : si64}} : (tensor<2x3xf32>, tensor<4x5xf32>) -> !onnx.unknown
  // expected-error@below {{expected operands of rank 1 or more}}
  %4 = onnx.node "MatMul"(%x, %s) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<f32>) -> !onnx.unknown
  return %0, %1, %2, %3, %4 : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// A scale that is not positive, scales that are not one for each element, constants of no kind.
func.func @values(%x: tensor<2x3xf32>) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %zero = onnx.constant "zero" dense<0.0> : tensor<f32>
  %scales = onnx.constant "scales" dense<1.0> : tensor<4xf32>
  %target = onnx.constant "target" dense<[-1, -1]> : tensor<2xsi64>
  // expected-error@below {{expected positive finite scales, but found 0.0}}
  %0 = onnx.node "QuantizeLinear"(%x, %zero) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<f32>) -> !onnx.unknown
  // expected-error@below {{expected one scale for each of the 3 elements along axis 1, but found [4]}}
  %1 = onnx.node "QuantizeLinear"(%x, %scales) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<4xf32>) -> !onnx.unknown
  // expected-error@below {{expected one of value, value_int, value_ints, value_float, value_floats}}
  %2 = onnx.node "Constant"() {opset = 13 : i64} : () -> !onnx.unknown
  // expected-error@below {{unsupported element type: strings are not supported}}
  %3 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value_string = "s"}} : () -> !onnx.unknown
  // expected-error@below {{unsupported shape: the target does not fit the input}}
  %4 = onnx.node "Reshape"(%x, %target) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<2xsi64>) -> !onnx.unknown
  return %0, %1, %2, %3, %4 : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}
