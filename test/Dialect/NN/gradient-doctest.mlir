// RUN: quant-opt %s --nn-gradient="wrt=map:weight,map:bias" | FileCheck %s
// RUN: quant-opt %s --nn-gradient="loss=output wrt=x keep-outputs=true" | FileCheck %s --check-prefix=OUTPUT

// The mean of squares of 6 elements, through relu, to the weight and bias of a linear map.

// CHECK: func.func @main(%[[X:.*]]: tensor<3x4xf32> {onnx.name = "x"}, %[[T:.*]]: tensor<3x2xf32> {onnx.name = "target"})
// CHECK-SAME: -> (tensor<1xf32> {onnx.name = "loss"}, tensor<2x4xf32> {onnx.name = "map:weight:gradient"}, tensor<2xf32> {onnx.name = "map:bias:gradient"})
// CHECK: %[[Z:.*]] = nn.linear %[[X]]
// CHECK: %[[Y:.*]] = nn.relu %[[Z]]
// CHECK: %[[D:.*]] = nn.sub %[[Y]], %[[T]]
// CHECK: %[[S:.*]] = nn.mul %[[D]], %[[D]]
// CHECK: nn.reduce_mean %[[S]]
// CHECK: %[[C:.*]] = nn.constant dense<0.333333343> : tensor<f32>
// CHECK: %[[DY:.*]] = nn.mul %[[D]], %[[C]]
// CHECK: %[[H:.*]] = nn.hard_sigmoid %[[Y]] {alpha = 1.70141183E+38 : f32, beta = 0.000000e+00 : f32}
// CHECK: %[[STEP:.*]] = nn.hard_sigmoid %[[H]]
// CHECK: %[[DZ:.*]] = nn.mul %[[DY]], %[[STEP]]
// CHECK: %[[DZT:.*]] = nn.transpose %[[DZ]]
// CHECK: %[[DW:.*]] = nn.matmul %[[DZT]], %[[X]]
// CHECK: %[[M:.*]] = nn.reduce_mean %[[DZ]] {axes = array<i64: 0>, keepdims = false}
// CHECK: %[[DB:.*]] = nn.mul %[[M]]
// CHECK: return %{{.*}}, %[[DW]], %[[DB]]

// With respect to the input: the weight's way is not taken.

// OUTPUT: func.func @main(%[[X:.*]]: tensor<3x4xf32> {onnx.name = "x"}, %[[CO:.*]]: tensor<3x2xf32> {onnx.name = "cotangent"})
// OUTPUT-SAME: -> (tensor<3x2xf32> {onnx.name = "y"}, tensor<1xf32> {onnx.name = "loss"}, tensor<3x4xf32> {onnx.name = "x:gradient"})
// OUTPUT: %[[W:.*]] = nn.constant
// OUTPUT: %[[Y:.*]] = nn.relu
// OUTPUT: %[[STEP:.*]] = nn.hard_sigmoid
// OUTPUT: %[[STEP2:.*]] = nn.hard_sigmoid %[[STEP]]
// OUTPUT: %[[DZ:.*]] = nn.mul %[[CO]], %[[STEP2]]
// OUTPUT-NOT: nn.transpose
// OUTPUT: %[[DX:.*]] = nn.matmul %[[DZ]], %[[W]]
// OUTPUT: return %[[Y]], %{{.*}}, %[[DX]]
func.func @main(%x: tensor<3x4xf32> {onnx.name = "x"}) -> (tensor<3x2xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<2x4xf32>
  %b = nn.constant dense<0.25> : tensor<2xf32>
  %z = nn.linear %x, %w, %b : (tensor<3x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("map")
  %y = nn.relu %z : tensor<3x2xf32> loc("relu")
  return %y : tensor<3x2xf32>
}
