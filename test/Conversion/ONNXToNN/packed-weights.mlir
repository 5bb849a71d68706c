// MatMulNBits with constant weights of 4 bits.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// 20 inputs in blocks of 16 fill two: the bytes of a row are cut to 10. Without zero points theirs is 8, and codes become signed.
// CHECK-LABEL: func.func @symmetric(
// CHECK: %[[C:.*]] = nn.constant dense<{{\[}}[137, 136, 139, 138, 141, 140, 143, 142, 129, 128]]> : tensor<1x10xui8>
// CHECK: qnn.grouped_linear %arg0, %[[C]], %{{.*}} group 16 bits 16 of <4, signed = true, symmetric = true, narrow = false> : (tensor<2x?x20xf32>, tensor<1x10xui8>, tensor<1x2xf32>) -> tensor<2x?x1xf32>
func.func @symmetric(%x: tensor<2x?x20xf32>) -> tensor<2x?x1xf32> {
  %w = onnx.constant "w" dense<[[[1, 0, 3, 2, 5, 4, 7, 6], [9, 8, 0, 0, 0, 0, 0, 0]]]> : tensor<1x2x8xui8>
  %s = onnx.constant "s" dense<[0.5, 0.25]> : tensor<2xf32>
  %y = onnx.node "MatMulNBits"(%x, %w, %s) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 20 : si64, N = 1 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<2x?x20xf32>, tensor<1x2x8xui8>, tensor<2xf32>) -> tensor<2x?x1xf32>
  return %y : tensor<2x?x1xf32>
}

// Zero points are nibbles, each row starting a byte.
// CHECK-LABEL: func.func @asymmetric(
// CHECK-DAG: %[[Z:.*]] = nn.constant dense<{{\[}}[2, 1, 3], [5, 4, 6]]> : tensor<2x3xsi8>
// CHECK-DAG: %[[C:.*]] = nn.constant dense<33> : tensor<2x24xui8>
// CHECK: qnn.grouped_linear %arg0, %[[C]], %{{.*}} zeros(%[[Z]]) bias(%{{.*}}) group 16 bits 16 of <4, signed = false, symmetric = false, narrow = false>
func.func @asymmetric(%x: tensor<48xf32>) -> tensor<2xf32> {
  %w = onnx.constant "w" dense<33> : tensor<2x3x8xui8>
  %s = onnx.constant "s" dense<0.5> : tensor<6xf32>
  %z = onnx.constant "z" dense<[18, 3, 69, 6]> : tensor<4xui8>
  %none = onnx.none
  %b = onnx.constant "b" dense<1.0> : tensor<2xf32>
  %y = onnx.node "MatMulNBits"(%x, %w, %s, %z, %none, %b) {opset = 1 : i64, domain = "com.microsoft", onnx_attrs = {K = 48 : si64, N = 2 : si64, bits = 4 : si64, block_size = 16 : si64}} : (tensor<48xf32>, tensor<2x3x8xui8>, tensor<6xf32>, tensor<4xui8>, none, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
