// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// auto_pad becomes padding (the odd one at the end), a constant matrix becomes the weight of a linear map.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<1x1x4x4xf32> {onnx.name = "x"}) -> (tensor<1x3xf32> {onnx.name = "y"})
// CHECK-NEXT: %[[K:.*]] = nn.constant dense<1.000000e+00> : tensor<1x1x2x2xf32>
// CHECK-NEXT: %[[C:.*]] = nn.conv %[[X]], %[[K]] {dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>, strides = array<i64: 1, 1>}
// CHECK-NEXT: %[[F:.*]] = nn.reshape %[[C]] : (tensor<1x1x4x4xf32>) -> tensor<1x16xf32>
// CHECK-NEXT: %[[W:.*]] = nn.constant dense<5.000000e-01> : tensor<3x16xf32>
// CHECK-NEXT: %[[Y:.*]] = nn.linear %[[F]], %[[W]] : (tensor<1x16xf32>, tensor<3x16xf32>) -> tensor<1x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @main(%x: tensor<1x1x4x4xf32> {onnx.name = "x"}) -> (tensor<1x3xf32> {onnx.name = "y"}) {
  %k = onnx.constant "k" dense<1.0> : tensor<1x1x2x2xf32>
  %w = onnx.constant "w" dense<0.5> : tensor<16x3xf32>
  %c = onnx.node "Conv"(%x, %k) {opset = 13 : i64, node_name = "conv", onnx_attrs = {auto_pad = "SAME_UPPER"}} : (tensor<1x1x4x4xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x4x4xf32>
  %f = onnx.node "Flatten"(%c) {opset = 13 : i64, node_name = "flat"} : (tensor<1x1x4x4xf32>) -> tensor<1x16xf32>
  %y = onnx.node "MatMul"(%f, %w) {opset = 13 : i64, node_name = "mm"} : (tensor<1x16xf32>, tensor<16x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
