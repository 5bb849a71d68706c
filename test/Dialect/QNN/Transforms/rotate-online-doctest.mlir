// RUN: quant-opt %s --pass-pipeline="builtin.module(func.func(qnn-rotate-online))" 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// A ReLU lets no rotation through to the weights in front of it: the rotation is done at run time, and
// undone in the weight behind it. The first layer reads an input of the graph, which stays as it is.

// CHECK-LABEL: @layers
// CHECK: %[[FIRST:.*]] = nn.linear %arg0
// CHECK: %[[RELU:.*]] = nn.relu %[[FIRST]]
// CHECK: %[[ROTATED:.*]] = qnn.hadamard %[[RELU]] {sign_seed = 0 : i64, size = 4 : i64}
// CHECK: %[[WEIGHT:.*]] = nn.constant dense<5.000000e-01> : tensor<1x4xf32>
// CHECK: nn.linear %[[ROTATED]], %[[WEIGHT]]
// REMARK: the input of {{.*}} is rotated at run time: 4
func.func @layers(%x: tensor<2x4xf32>) -> tensor<2x1xf32> {
  %w = nn.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
  %v = nn.constant dense<[[1.0, 0.0, 0.0, 0.0]]> : tensor<1x4xf32>
  %0 = nn.linear %x, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %1 = nn.relu %0 : tensor<2x4xf32>
  %2 = nn.linear %1, %v : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x1xf32>
  return %2 : tensor<2x1xf32>
}

// Queries and keys meet in the scores: both are rotated along the head's channels.

// CHECK-LABEL: @scores
// CHECK-DAG: %[[Q:.*]] = qnn.hadamard %arg0 {size = 8 : i64}
// CHECK-DAG: %[[K:.*]] = qnn.hadamard %arg1 {size = 8 : i64}
// CHECK: %[[TURNED:.*]] = nn.transpose %[[K]]
// CHECK: nn.matmul %[[Q]], %[[TURNED]]
// REMARK: queries and keys of {{.*}} are rotated at run time: 8
func.func @scores(%q: tensor<1x2x3x8xf32>, %k: tensor<1x2x3x8xf32>) -> tensor<1x2x3x3xf32> {
  %0 = nn.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x8xf32>) -> tensor<1x2x8x3xf32>
  %1 = nn.matmul %q, %0 : (tensor<1x2x3x8xf32>, tensor<1x2x8x3xf32>) -> tensor<1x2x3x3xf32>
  return %1 : tensor<1x2x3x3xf32>
}

// Keys that one transpose takes from [batch, tokens, heads, channels], scaled by one number on the way.

// CHECK-LABEL: @keys_of_one_transpose
// CHECK-DAG: %[[Q2:.*]] = qnn.hadamard %arg0 {size = 8 : i64}
// CHECK-DAG: %[[K2:.*]] = qnn.hadamard %arg1 {size = 8 : i64}
// CHECK: %[[TURNED2:.*]] = nn.transpose %[[K2]]
// CHECK: %[[SCALED:.*]] = nn.mul %[[TURNED2]]
// CHECK: nn.matmul %[[Q2]], %[[SCALED]]
func.func @keys_of_one_transpose(%q: tensor<1x2x3x8xf32>, %k: tensor<1x3x2x8xf32>) -> tensor<1x2x3x3xf32> {
  %half = nn.constant dense<0.5> : tensor<f32>
  %0 = nn.transpose %k {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x3x2x8xf32>) -> tensor<1x2x8x3xf32>
  %1 = nn.mul %0, %half : (tensor<1x2x8x3xf32>, tensor<f32>) -> tensor<1x2x8x3xf32>
  %2 = nn.matmul %q, %1 : (tensor<1x2x3x8xf32>, tensor<1x2x8x3xf32>) -> tensor<1x2x3x3xf32>
  return %2 : tensor<1x2x3x3xf32>
}

// Rows that are tokens are no channels of keys: nothing is rotated.

// CHECK-LABEL: @values
// CHECK-NOT: qnn.hadamard
func.func @values(%p: tensor<1x2x3x8xf32>, %v: tensor<1x8x2x4xf32>) -> tensor<1x2x3x4xf32> {
  %0 = nn.transpose %v {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32>
  %1 = nn.matmul %p, %0 : (tensor<1x2x3x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x3x4xf32>
  return %1 : tensor<1x2x3x4xf32>
}
