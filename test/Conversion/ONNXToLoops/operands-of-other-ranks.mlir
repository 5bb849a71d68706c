// Zero points, scales, sizes and windows of a rank that the op does not know were indexed as if they had it.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-loops

func.func @zero_points(%x: tensor<2x3xui8>, %s: tensor<1xf32>, %z: tensor<2x3xui8>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported rank: expected a zero point for each scale}}
  %y = onnx.node "DequantizeLinear"(%x, %s, %z) {opset = 21 : i64, result_names = ["y"]} : (tensor<2x3xui8>, tensor<1xf32>, tensor<2x3xui8>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @negative_block(%x: tensor<2x4xui8>, %s: tensor<2x2xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported attribute value: expected block_size not to be negative}}
  %y = onnx.node "DequantizeLinear"(%x, %s) {opset = 21 : i64, onnx_attrs = {block_size = -2 : si64}, result_names = ["y"]} : (tensor<2x4xui8>, tensor<2x2xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @integers(%a: tensor<2x3xui8>, %b: tensor<3x4xui8>, %z: tensor<1x2x3xui8>) -> tensor<?x?xsi32> {
  // expected-error @+1 {{unsupported rank: expected one scale, one a column, or one a batch}}
  %y = onnx.node "MatMulInteger"(%a, %b, %z) {opset = 10 : i64, result_names = ["y"]} : (tensor<2x3xui8>, tensor<3x4xui8>, tensor<1x2x3xui8>) -> tensor<?x?xsi32>
  return %y : tensor<?x?xsi32>
}

// -----

func.func @convolution(%x: tensor<1x2x4x4xui8>, %w: tensor<3x2x2x2xui8>, %zx: tensor<ui8>, %zw: tensor<3x1x1x1xui8>) -> tensor<?x?x?x?xsi32> {
  // expected-error @+1 {{unsupported rank: expected one scale or zero point, or one for each channel}}
  %y = onnx.node "ConvInteger"(%x, %w, %zx, %zw) {opset = 10 : i64, result_names = ["y"]} : (tensor<1x2x4x4xui8>, tensor<3x2x2x2xui8>, tensor<ui8>, tensor<3x1x1x1xui8>) -> tensor<?x?x?x?xsi32>
  return %y : tensor<?x?x?x?xsi32>
}

// -----

func.func @gemm(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<1x2x4xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported rank: expected C to broadcast to a matrix}}
  %y = onnx.node "Gemm"(%a, %b, %c) {opset = 13 : i64, result_names = ["y"]} : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<1x2x4xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @fused_gemm(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<1x2x4xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported rank: an operand has another rank than the result}}
  %y = onnx.node "FusedGemm"(%a, %b, %c) {opset = 1 : i64, domain = "com.microsoft", result_names = ["y"]} : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<1x2x4xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @norm(%x: tensor<3xf32>, %s: tensor<2x3xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{unsupported rank: expected scale and bias of no higher rank than the input}}
  %y = onnx.node "LayerNormalization"(%x, %s) {opset = 17 : i64, result_names = ["y"]} : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @groups(%x: tensor<1x4x2xf32>, %s: tensor<4x1xf32>, %b: tensor<4xf32>) -> tensor<?x?x?xf32> {
  // expected-error @+1 {{unsupported rank: expected a vector, but found rank 2}}
  %y = onnx.node "InstanceNormalization"(%x, %s, %b) {opset = 7 : i64, result_names = ["y"]} : (tensor<1x4x2xf32>, tensor<4x1xf32>, tensor<4xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

func.func @unpool(%x: tensor<1x1x2x2xf32>, %i: tensor<1x1x2x2xsi64>, %sizes: tensor<2xsi64>) -> tensor<?x?x?x?xf32> {
  // expected-error @+1 {{malformed operands: expected a size for each axis of the input}}
  %y = onnx.node "MaxUnpool"(%x, %i, %sizes) {opset = 11 : i64, onnx_attrs = {kernel_shape = array<i64: 2, 2>}, result_names = ["y"]} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xsi64>, tensor<2xsi64>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

func.func @window(%x: tensor<1x8x1xf32>, %step: tensor<si64>, %w: tensor<f32>) -> tensor<?x?x?x?xf32> {
  // expected-error @+1 {{unsupported rank: expected a window of rank 1}}
  %y = onnx.node "STFT"(%x, %step, %w) {opset = 17 : i64, result_names = ["y"]} : (tensor<1x8x1xf32>, tensor<si64>, tensor<f32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}

// -----

// The square of the block is 0 in 64 bits.
func.func @block(%x: tensor<1x4x5x5xf32>) -> tensor<?x?x?x?xf32> {
  // expected-error @+1 {{unsupported rank: expected rank 4 and a positive blocksize below 2^31}}
  %y = onnx.node "DepthToSpace"(%x) {opset = 13 : i64, onnx_attrs = {blocksize = 4611686018427387904 : si64}, result_names = ["y"]} : (tensor<1x4x5x5xf32>) -> tensor<?x?x?x?xf32>
  return %y : tensor<?x?x?x?xf32>
}
