// Elementwise ops and their forms.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// CHECK-LABEL: func.func @clip_attributes(
// CHECK-NEXT: nn.clip %arg0 {hi = 6.000000e+00 : f32, lo = 0.000000e+00 : f32}
func.func @clip_attributes(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.node "Clip"(%x) {opset = 10 : i64, onnx_attrs = {min = 0.0 : f32, max = 6.0 : f32}} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @clip_operands(
// CHECK-NEXT: nn.clip %arg0 {hi = 6.000000e+00 : f32, lo = 0xFF800000 : f32}
func.func @clip_operands(%x: tensor<4xf32>) -> tensor<4xf32> {
  %none = onnx.none
  %hi = onnx.constant "hi" dense<6.0> : tensor<f32>
  %y = onnx.node "Clip"(%x, %none, %hi) {opset = 13 : i64} : (tensor<4xf32>, none, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @sum_of_three(
// CHECK-NEXT: %[[S:.*]] = nn.add %arg0, %arg1
// CHECK-NEXT: nn.add %[[S]], %arg0
func.func @sum_of_three(%x: tensor<4xf32>, %y: tensor<3x1xf32>) -> tensor<3x4xf32> {
  %z = onnx.node "Sum"(%x, %y, %x) {opset = 8 : i64} : (tensor<4xf32>, tensor<3x1xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  return %z : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @defaults(
// CHECK-NEXT: nn.leaky_relu %arg0 {alpha = 0.00999999977 : f32}
// CHECK-NEXT: nn.hard_sigmoid %{{.*}} {alpha = 2.000000e-01 : f32, beta = 5.000000e-01 : f32}
// CHECK-NEXT: nn.hard_swish
// CHECK-NEXT: nn.sigmoid
// CHECK-NEXT: nn.tanh
// CHECK-NEXT: nn.relu
// CHECK-NEXT: return
func.func @defaults(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = onnx.node "LeakyRelu"(%x) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = onnx.node "HardSigmoid"(%0) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = onnx.node "HardSwish"(%1) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %3 = onnx.node "Sigmoid"(%2) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %4 = onnx.node "Tanh"(%3) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %5 = onnx.node "Relu"(%4) {opset = 16 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %5 : tensor<4xf32>
}

// One slope for all channels.
// CHECK-LABEL: func.func @one_slope(
// CHECK-NEXT: nn.leaky_relu %arg0 {alpha = 2.500000e-01 : f32} : tensor<1x3x2x2xf32>
func.func @one_slope(%x: tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32> {
  %slope = onnx.constant "slope" dense<0.25> : tensor<1x1x1xf32>
  %y = onnx.node "PRelu"(%x, %slope) {opset = 16 : i64} : (tensor<1x3x2x2xf32>, tensor<1x1x1xf32>) -> tensor<1x3x2x2xf32>
  return %y : tensor<1x3x2x2xf32>
}
