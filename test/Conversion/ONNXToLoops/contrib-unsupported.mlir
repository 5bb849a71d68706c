// What ops of other domains are refused for.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-onnx-to-loops

func.func @rounding(%x: tensor<3xf32>, %s: tensor<f32>) -> tensor<?xf32> {
  // expected-error @+1 {{unsupported attribute value: unknown rounding_mode 'NEAREST'}}
  %y = onnx.node "Quant"(%x, %s, %s, %s) {opset = 1 : i64, domain = "qonnx.custom_op.general", onnx_attrs = {rounding_mode = "nearest"}, result_names = ["y"]} : (tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @nothing_saturates(%x: tensor<3xf32>, %s: tensor<f32>) -> tensor<?xf32> {
  // expected-error @+1 {{unsupported attribute value: expected has_inf or has_nan where nothing saturates}}
  %y = onnx.node "FloatQuant"(%x, %s, %s, %s, %s, %s) {opset = 1 : i64, domain = "onnx.brevitas", onnx_attrs = {saturation = 0 : si64}, result_names = ["y"]} : (tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @no_codes(%x: tensor<3xf32>, %s: tensor<f32>) -> tensor<?xf32> {
  // expected-error @+1 {{unsupported element type: expected integers with a scale of floats}}
  %y = onnx.node "QLinearAdd"(%x, %s, %s, %x, %s, %s, %s, %s) {opset = 1 : i64, domain = "com.microsoft", result_names = ["y"]} : (tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @bits(%x: tensor<3x8xui8>, %i: tensor<2xsi64>, %s: tensor<3x1xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported attribute value: expected block_size, and 2, 4 or 8 bits}}
  %y = onnx.node "GatherBlockQuantized"(%x, %i, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {bits = 3 : si64}, result_names = ["y"]} : (tensor<3x8xui8>, tensor<2xsi64>, tensor<3x1xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @windows_of_states(%x: tensor<1x4x8xf32>, %w: tensor<4x1x3xf32>) -> tensor<?x?x?xf32> {
  // expected-error @+1 {{unsupported attribute value: expected no state_window}}
  %y = onnx.node "CausalConvWithState"(%x, %w) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {state_window = 2 : si64}, result_names = ["y"]} : (tensor<1x4x8xf32>, tensor<4x1x3xf32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

func.func @backward(%x: tensor<1x16xf32>, %w: tensor<128xui8>, %s: tensor<16xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{unsupported attribute value: expected N, K, block_size, quant_type 0 or 1, and transB 1}}
  %y = onnx.node "MatMulBnb4"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {N = 16 : si64, K = 16 : si64, block_size = 16 : si64, quant_type = 1 : si64, transB = 0 : si64}, result_names = ["y"]} : (tensor<1x16xf32>, tensor<128xui8>, tensor<16xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
