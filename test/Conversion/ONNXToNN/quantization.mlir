// QuantizeLinear and DequantizeLinear.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// A scale of one element is a scalar; an absent zero point is 0 of type ui8.
// CHECK-LABEL: func.func @per_tensor(
// CHECK-DAG: %[[S:.*]] = nn.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[Z:.*]] = nn.constant dense<0> : tensor<ui8>
// CHECK: qnn.quantize %arg0, %[[S]], %[[Z]] : (tensor<2x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x3xui8>
func.func @per_tensor(%x: tensor<2x3xf32>) -> tensor<2x3xui8> {
  %s = onnx.constant "s" dense<0.5> : tensor<1xf32>
  %y = onnx.node "QuantizeLinear"(%x, %s) {opset = 10 : i64} : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x3xui8>
  return %y : tensor<2x3xui8>
}

// CHECK-LABEL: func.func @per_axis(
// CHECK: %[[Q:.*]] = qnn.quantize {{.*}} {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xsi8>) -> tensor<2x3xsi8>
// CHECK: qnn.dequantize %[[Q]], {{.*}} {axis = 1 : i64} : (tensor<2x3xsi8>, tensor<3xf32>, tensor<3xsi8>) -> tensor<2x3xf32>
func.func @per_axis(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %s = onnx.constant "s" dense<[0.5, 0.25, 1.0]> : tensor<3xf32>
  %z = onnx.constant "z" dense<[1, 2, 3]> : tensor<3xsi8>
  %q = onnx.node "QuantizeLinear"(%x, %s, %z) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xsi8>) -> tensor<2x3xsi8>
  %y = onnx.node "DequantizeLinear"(%q, %s, %z) {opset = 13 : i64, onnx_attrs = {axis = -1 : si64}} : (tensor<2x3xsi8>, tensor<3xf32>, tensor<3xsi8>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// A bias of 32 bits; axis is irrelevant for rank 1.
// CHECK-LABEL: func.func @bias(
// CHECK: qnn.dequantize {{.*}} : (tensor<2xsi32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<2xf32>
func.func @bias() -> tensor<2xf32> {
  %b = onnx.constant "b" dense<[100, -7]> : tensor<2xsi32>
  %s = onnx.constant "s" dense<[0.5, 0.25]> : tensor<2xf32>
  %y = onnx.node "DequantizeLinear"(%b, %s) {opset = 13 : i64} : (tensor<2xsi32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// The output type is named when there is no zero point.
// CHECK-LABEL: func.func @output_type(
// CHECK: qnn.quantize {{.*}} -> tensor<2xsi8>
func.func @output_type(%x: tensor<2xf32>) -> tensor<2xsi8> {
  %s = onnx.constant "s" dense<0.5> : tensor<f32>
  %y = onnx.node "QuantizeLinear"(%x, %s) {opset = 21 : i64, onnx_attrs = {output_dtype = 3 : si64}} : (tensor<2xf32>, tensor<f32>) -> tensor<2xsi8>
  return %y : tensor<2xsi8>
}
