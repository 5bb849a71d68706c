// RUN: quant-opt %s --qnn-insert-observers | FileCheck %s

// A clamp behind a convolution belongs to it: the clamp's result is observed. The result of the last
// linear map has no observer, because its accumulators are dequantized.

// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = qnn.observe %arg0 as "image" : tensor<1x2x4x4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
// CHECK: %[[C:.*]] = nn.conv %[[X]],
// CHECK-NEXT: %[[R:.*]] = nn.relu %[[C]]
// CHECK-NEXT: %[[O:.*]] = qnn.observe %[[R]] as "relu1"
// CHECK-NEXT: %[[M:.*]] = nn.max_pool %[[O]]
// CHECK-NEXT: %[[F:.*]] = nn.reshape %[[M]]
// CHECK-NEXT: %[[L:.*]] = nn.linear %[[F]],
// CHECK-NEXT: return %[[L]]
func.func @main(%x: tensor<1x2x4x4xf32> {onnx.name = "image"}) -> tensor<1x2xf32> {
  %w = nn.constant dense<0.5> : tensor<1x2x1x1xf32>
  %v = nn.constant dense<0.25> : tensor<2x4xf32>
  %c = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32> loc("conv1")
  %r = nn.relu %c : tensor<1x1x4x4xf32> loc("relu1")
  %m = nn.max_pool %r {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32> loc("pool1")
  %f = nn.reshape %m : (tensor<1x1x2x2xf32>) -> tensor<1x4xf32> loc("flatten")
  %l = nn.linear %f, %v : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32> loc("fc")
  return %l : tensor<1x2xf32>
}
