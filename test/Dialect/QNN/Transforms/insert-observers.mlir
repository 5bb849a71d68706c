// RUN: quant-opt %s --split-input-file --qnn-insert-observers | FileCheck %s
// RUN: quant-opt %s --split-input-file --qnn-insert-observers="quantize-outputs activation-signed activation-symmetric" | FileCheck %s --check-prefix=OUTPUTS

// A chain of unary functions is one op; behind a convolution only a clamp is part of it.

// CHECK-LABEL: func.func @unary_chain
// CHECK: qnn.observe %arg0 as "x"
// CHECK: nn.conv
// CHECK-NEXT: nn.relu
// CHECK-NEXT: qnn.observe %{{.*}} as "relu"
// CHECK-NEXT: nn.sigmoid
// CHECK-NEXT: nn.clip
// CHECK-NEXT: qnn.observe %{{.*}} as "clip"
// CHECK-NEXT: return
func.func @unary_chain(%x: tensor<1x2x4x4xf32> {onnx.name = "x"}) -> tensor<1x1x4x4xf32> {
  %w = nn.constant dense<0.5> : tensor<1x2x1x1xf32>
  %c = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32> loc("conv")
  %r = nn.relu %c : tensor<1x1x4x4xf32> loc("relu")
  %s = nn.sigmoid %r : tensor<1x1x4x4xf32> loc("sigmoid")
  %t = nn.clip %s {lo = 0.25 : f32, hi = 0.75 : f32} : tensor<1x1x4x4xf32> loc("clip")
  return %t : tensor<1x1x4x4xf32>
}

// -----

// A clamp whose input has another reader is not fused. A value with two readers has one observer.

// CHECK-LABEL: func.func @two_readers
// CHECK: %[[A:.*]] = nn.add
// CHECK-NEXT: %[[O:.*]] = qnn.observe %[[A]] as "sum"
// CHECK-NEXT: %[[R:.*]] = nn.relu %[[O]]
// CHECK-NEXT: %[[P:.*]] = qnn.observe %[[R]] as "relu"
// CHECK-NEXT: nn.mul %[[O]], %[[P]]
func.func @two_readers(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %a = nn.add %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("sum")
  %r = nn.relu %a : tensor<4xf32> loc("relu")
  %m = nn.mul %a, %r : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("product")
  return %m : tensor<4xf32>
}

// -----

// A constant operand has its statistics at once; names never repeat.

// CHECK-LABEL: func.func @constant_operand
// CHECK-DAG: qnn.observe %arg0 as "arg0"
// CHECK-DAG: qnn.observe %{{.*}} as "node" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, <min = 2.000000e+00, max = 3.000000e+00, lo = 0.000000e+00, hi = 3.000000e+00, count = 4, method = "constant">
// CHECK-DAG: qnn.observe %{{.*}} as "node_2"
func.func @constant_operand(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = nn.constant dense<[2.0, 3.0, 2.5, 2.0]> : tensor<4xf32> loc("node")
  %a = nn.add %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("node")
  return %a : tensor<4xf32>
}

// -----

// Linear maps that only leave the graph keep their accumulators, unless their results are quantized.

// CHECK-LABEL: func.func @outputs
// CHECK: %[[L:.*]] = nn.linear
// CHECK-NEXT: %[[R:.*]] = nn.reshape %[[L]]
// CHECK-NEXT: return %[[R]]
// OUTPUTS-LABEL: func.func @outputs
// OUTPUTS: qnn.observe %arg0 as "arg0" : tensor<1x4xf32>, #qnn.int<8, signed = true, symmetric = true, narrow = false>
// OUTPUTS: %[[L:.*]] = nn.linear
// OUTPUTS-NEXT: qnn.observe %[[L]] as "fc"
func.func @outputs(%x: tensor<1x4xf32>) -> tensor<2xf32> {
  %v = nn.constant dense<0.25> : tensor<2x4xf32>
  %l = nn.linear %x, %v : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32> loc("fc")
  %r = nn.reshape %l : (tensor<1x2xf32>) -> tensor<2xf32> loc("squeeze")
  return %r : tensor<2xf32>
}

// -----

// What has no integer form stays float, between observed tensors; so does a computed weight.

// CHECK-LABEL: func.func @float_island
// CHECK: %[[A:.*]] = nn.add
// CHECK-NEXT: %[[O:.*]] = qnn.observe %[[A]] as "sum"
// CHECK-NEXT: %[[S:.*]] = nn.softmax %[[O]]
// CHECK-NEXT: %[[T:.*]] = qnn.observe %[[S]] as "softmax"
// CHECK-NEXT: nn.mul %[[T]], %[[T]]
// CHECK: nn.linear %{{.*}}, %arg1
func.func @float_island(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %a = nn.add %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32> loc("sum")
  %s = nn.softmax %a {axis = 1 : i64} : tensor<2x4xf32> loc("softmax")
  %m = nn.mul %s, %s : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32> loc("square")
  %l = nn.linear %m, %w : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32> loc("dynamic")
  return %l : tensor<2x3xf32>
}
