// Pooling, reductions, normalisation.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// CHECK-LABEL: func.func @pools(
// CHECK-NEXT: nn.max_pool %arg0 {ceil_mode = true, dilations = array<i64: 1>, kernel = array<i64: 2>, pads = array<i64: 0, 0>, strides = array<i64: 2>}
// CHECK-NEXT: nn.avg_pool %{{.*}} {count_include_pad = true, dilations = array<i64: 1>, kernel = array<i64: 3>, pads = array<i64: 1, 1>, strides = array<i64: 1>}
func.func @pools(%x: tensor<1x1x5xf32>) -> tensor<1x1x3xf32> {
  %0 = onnx.node "MaxPool"(%x) {opset = 10 : i64, onnx_attrs = {kernel_shape = array<i64: 2>, strides = array<i64: 2>, ceil_mode = 1 : si64}} : (tensor<1x1x5xf32>) -> tensor<1x1x3xf32>
  %1 = onnx.node "AveragePool"(%0) {opset = 7 : i64, onnx_attrs = {kernel_shape = array<i64: 3>, auto_pad = "SAME_UPPER", count_include_pad = 1 : si64}} : (tensor<1x1x3xf32>) -> tensor<1x1x3xf32>
  return %1 : tensor<1x1x3xf32>
}

// CHECK-LABEL: func.func @global_pools(
// CHECK-NEXT: nn.reduce_mean %arg0 {axes = array<i64: 2, 3>, keepdims = true}
// CHECK-NEXT: nn.max_pool %arg0 {{.*}}kernel = array<i64: 5, 4>
func.func @global_pools(%x: tensor<1x2x5x4xf32>) -> (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) {
  %0 = onnx.node "GlobalAveragePool"(%x) {opset = 7 : i64} : (tensor<1x2x5x4xf32>) -> tensor<1x2x1x1xf32>
  %1 = onnx.node "GlobalMaxPool"(%x) {opset = 7 : i64} : (tensor<1x2x5x4xf32>) -> tensor<1x2x1x1xf32>
  return %0, %1 : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>
}

// Axes as attribute, as operand, absent, and absent with the flag that then nothing is reduced.
// CHECK-LABEL: func.func @means(
// CHECK: nn.reduce_mean %arg0 {axes = array<i64: 1, 2>, keepdims = true}
// CHECK: nn.reduce_mean %arg0 {axes = array<i64: 0>, keepdims = false}
// CHECK: nn.reduce_mean %arg0 {axes = array<i64: 0, 1, 2>, keepdims = true}
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}}, %arg0
func.func @means(%x: tensor<2x3x4xf32>) -> (tensor<2x1x1xf32>, tensor<3x4xf32>, tensor<1x1x1xf32>, tensor<2x3x4xf32>) {
  %axes = onnx.constant "axes" dense<-3> : tensor<1xsi64>
  %0 = onnx.node "ReduceMean"(%x) {opset = 11 : i64, onnx_attrs = {axes = array<i64: -1, 1>}} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  %1 = onnx.node "ReduceMean"(%x, %axes) {opset = 18 : i64, onnx_attrs = {keepdims = 0 : si64}} : (tensor<2x3x4xf32>, tensor<1xsi64>) -> tensor<3x4xf32>
  %2 = onnx.node "ReduceMean"(%x) {opset = 18 : i64} : (tensor<2x3x4xf32>) -> tensor<1x1x1xf32>
  %3 = onnx.node "ReduceMean"(%x) {opset = 18 : i64, onnx_attrs = {noop_with_empty_axes = 1 : si64}} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0, %1, %2, %3 : tensor<2x1x1xf32>, tensor<3x4xf32>, tensor<1x1x1xf32>, tensor<2x3x4xf32>
}

// Before opset 13 everything from the axis on is one row.
// CHECK-LABEL: func.func @softmax(
// CHECK-NEXT: nn.softmax %arg0 {axis = 2 : i64} : tensor<?x3x4xf32>
// CHECK-NEXT: %[[R:.*]] = nn.reshape %arg0 : (tensor<?x3x4xf32>) -> tensor<?x12xf32>
// CHECK-NEXT: %[[S:.*]] = nn.softmax %[[R]] {axis = 1 : i64} : tensor<?x12xf32>
// CHECK-NEXT: nn.reshape %[[S]] : (tensor<?x12xf32>) -> tensor<?x3x4xf32>
// CHECK-NEXT: nn.softmax %arg0 {axis = 2 : i64} : tensor<?x3x4xf32>
func.func @softmax(%x: tensor<?x3x4xf32>) -> (tensor<?x3x4xf32>, tensor<?x3x4xf32>, tensor<?x3x4xf32>) {
  %0 = onnx.node "Softmax"(%x) {opset = 13 : i64} : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %1 = onnx.node "Softmax"(%x) {opset = 12 : i64} : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %2 = onnx.node "Softmax"(%x) {opset = 12 : i64, onnx_attrs = {axis = -1 : si64}} : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return %0, %1, %2 : tensor<?x3x4xf32>, tensor<?x3x4xf32>, tensor<?x3x4xf32>
}

// CHECK-LABEL: func.func @batch_norm(
// CHECK: nn.batch_norm %arg0, %[[C:.*]], %[[C]], %[[C]], %[[C]] {epsilon = 9.99999974E-6 : f32}
func.func @batch_norm(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %c = onnx.constant "c" dense<1.0> : tensor<2xf32>
  %0 = onnx.node "BatchNormalization"(%x, %c, %c, %c, %c) {opset = 9 : i64, onnx_attrs = {momentum = 0.1 : f32}}
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}
