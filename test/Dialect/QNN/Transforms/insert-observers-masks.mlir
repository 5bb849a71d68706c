// Scores with a mask are not stored: no scale holds -3.4e38 and them.

// RUN: quant-opt %s --qnn-insert-observers | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK: %[[SCORES:.*]] = nn.matmul
// The product of keys and queries leaves in float.
// CHECK: %[[STORED:.*]] = qnn.observe %[[SCORES]]
// CHECK: %[[MASK:.*]] = nn.mul %arg2, %{{.*}} : (tensor<1x4xf32>, tensor<f32>)
// CHECK-NOT: qnn.observe
// CHECK: %[[SUM:.*]] = nn.add %[[STORED]], %[[MASK]]
// CHECK-NOT: qnn.observe
// CHECK: nn.softmax %[[SUM]]
func.func @main(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %m: tensor<1x4xf32>, %v: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %low = nn.constant dense<-3.40282347E+38> : tensor<f32>
  %scores = nn.matmul %a, %b : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %mask = nn.mul %m, %low : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %masked = nn.add %scores, %mask : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  %p = nn.softmax %masked {axis = 1 : i64} : tensor<4x4xf32>
  %y = nn.matmul %p, %v : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
