// What of MatMulNBits has no packed form, each with its reason.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-nn

func.func @eight_bits(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = onnx.constant "w" dense<33> : tensor<1x1x16xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  // expected-error@below {{expected 4 bits, N, K and block_size, not packed for a device}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 8 : si64, block_size = 16 : si64}} : (tensor<1x16xf32>, tensor<1x1x16xui8>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @computed(%x: tensor<1x16xf32>, %w: tensor<1x1x8xui8>) -> tensor<1x1xf32> {
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  // expected-error@below {{expected constant weights}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<1x16xf32>, tensor<1x1x8xui8>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @too_few_bytes(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = onnx.constant "w" dense<33> : tensor<1x1x7xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  // expected-error@below {{expected 8 elements of operand 1, but found 7}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<1x16xf32>, tensor<1x1x7xui8>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @float_zero_points(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = onnx.constant "w" dense<33> : tensor<1x1x8xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  // expected-error@below {{expected uint8 codes and zero points, and float32 scales}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<1x16xf32>, tensor<1x1x8xui8>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @shuffled(%x: tensor<1x16xf32>) -> tensor<1x1xf32> {
  %w = onnx.constant "w" dense<33> : tensor<1x1x8xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  %none = onnx.none
  %g = onnx.constant "g" dense<0> : tensor<16xsi32>
  // expected-error@below {{expected groups of neighbours (no g_idx)}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s, %none, %g) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<1x16xf32>, tensor<1x1x8xui8>, tensor<1xf32>, none, tensor<16xsi32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @other_inputs(%x: tensor<1x15xf32>) -> tensor<1x1xf32> {
  %w = onnx.constant "w" dense<33> : tensor<1x1x8xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  // expected-error@below {{the last size of the input is not K}}
  %y = onnx.node "MatMulNBits"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 16 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<1x15xf32>, tensor<1x1x8xui8>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
