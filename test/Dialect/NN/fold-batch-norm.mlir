// What folds into a linear map, what becomes a product and a sum, and what stays.

// RUN: quant-opt %s --nn-fold-batch-norm | FileCheck %s
// RUN: quant-opt %s --nn-fold-batch-norm --nn-fold-batch-norm | FileCheck %s

// A bias that is there takes part: 2 * (10, 20) + (1, 2).
// CHECK-LABEL: func.func @existing_bias(
// CHECK-DAG: nn.constant dense<[2.100000e+01, 4.200000e+01]>
// CHECK-NOT: nn.mul
// CHECK-NOT: nn.add
// CHECK: return
func.func @existing_bias(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = nn.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %two = nn.constant dense<2.0> : tensor<f32>
  %shift = nn.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %0 = nn.linear %x, %w, %b : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %1 = nn.mul %two, %0 : (tensor<f32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = nn.add %1, %shift : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  return %2 : tensor<3x2xf32>
}

// c - x negates the weight, x - c only shifts.
// CHECK-LABEL: func.func @differences(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[-1.000000e+00], [-3.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[4.000000e+00, 3.000000e+00]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = nn.linear %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @differences(%x: tensor<3x1xf32>) -> tensor<3x2xf32> {
  %w = nn.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %one = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %five = nn.constant dense<5.0> : tensor<1xf32>
  %0 = nn.linear %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %1 = nn.sub %five, %0 : (tensor<1xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = nn.sub %1, %one : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %2 : tensor<3x2xf32>
}

// Channels of a convolution are axis 1: [2, 1, 1] is one number per channel.
// CHECK-LABEL: func.func @convolution_bias(
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: nn.conv %arg0, %{{.*}}, %[[B]]
// CHECK-NEXT: return
func.func @convolution_bias(%x: tensor<1x1x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %w = nn.constant dense<1.0> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %1 = nn.add %0, %b : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}

// One number per column is not one per channel.
// CHECK-LABEL: func.func @other_axis(
// CHECK: nn.conv
// CHECK-NEXT: nn.add
func.func @other_axis(%x: tensor<1x1x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %w = nn.constant dense<1.0> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x1x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %1 = nn.add %0, %b : (tensor<1x2x2x2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  return %1 : tensor<1x2x2x2xf32>
}

// The map's result has another user.
// CHECK-LABEL: func.func @two_users(
// CHECK: nn.linear
// CHECK-NEXT: nn.add
func.func @two_users(%x: tensor<3x1xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = nn.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = nn.linear %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %1 = nn.add %0, %b : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x2xf32>
}

// A weight that others share is not touched; its copy is folded.
// CHECK-LABEL: func.func @shared_weight(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[}}[1.000000e+00], [3.000000e+00]]>
// CHECK-DAG: %[[F:.*]] = nn.constant dense<{{\[}}[2.000000e+00], [6.000000e+00]]>
// CHECK-DAG: nn.linear %arg0, %[[W]] :
// CHECK-DAG: nn.linear %arg0, %[[F]], %{{.*}} :
func.func @shared_weight(%x: tensor<3x1xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = nn.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %two = nn.constant dense<2.0> : tensor<f32>
  %0 = nn.linear %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %1 = nn.linear %x, %w : (tensor<3x1xf32>, tensor<2x1xf32>) -> tensor<3x2xf32>
  %2 = nn.mul %1, %two : (tensor<3x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  return %0, %2 : tensor<3x2xf32>, tensor<3x2xf32>
}

// Broadcasting that enlarges the result is no constant per channel.
// CHECK-LABEL: func.func @enlarges(
// CHECK: nn.linear
// CHECK-NEXT: nn.add
func.func @enlarges(%x: tensor<1x1xf32>) -> tensor<2x2xf32> {
  %w = nn.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %b = nn.constant dense<1.0> : tensor<2x1xf32>
  %0 = nn.linear %x, %w : (tensor<1x1xf32>, tensor<2x1xf32>) -> tensor<1x2xf32>
  %1 = nn.add %0, %b : (tensor<1x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// Nothing linear in front: a product and a sum per channel.
// CHECK-LABEL: func.func @alone(
// CHECK-DAG: %[[S:.*]] = nn.constant dense<{{\[}}{{\[}}2.000000e+00], {{\[}}1.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: %[[T:.*]] = nn.constant dense<{{\[}}{{\[}}-1.000000e+00], {{\[}}1.500000e+01]]> : tensor<2x1xf32>
// CHECK: %[[P:.*]] = nn.mul %arg0, %[[S]]
// CHECK-NEXT: %[[Q:.*]] = nn.add %[[P]], %[[T]]
// CHECK-NEXT: return %[[Q]]
func.func @alone(%x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %scale = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %bias = nn.constant dense<[5.0, 7.0]> : tensor<2xf32>
  %mean = nn.constant dense<[3.0, -8.0]> : tensor<2xf32>
  %variance = nn.constant dense<[0.0, 3.75]> : tensor<2xf32>
  %0 = nn.batch_norm %x, %scale, %bias, %mean, %variance {epsilon = 0.25 : f32}
    : (tensor<?x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x4xf32>
  return %0 : tensor<?x2x4xf32>
}

// Channels of this linear map are axis 2, those of the normalisation axis 1.
// CHECK-LABEL: func.func @linear_of_rank_three(
// CHECK: nn.linear
// CHECK: nn.mul
// CHECK-NEXT: nn.add
func.func @linear_of_rank_three(%x: tensor<1x2x1xf32>) -> tensor<1x2x2xf32> {
  %w = nn.constant dense<[[1.0], [3.0]]> : tensor<2x1xf32>
  %c = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = nn.linear %x, %w : (tensor<1x2x1xf32>, tensor<2x1xf32>) -> tensor<1x2x2xf32>
  %1 = nn.batch_norm %0, %c, %c, %c, %c {epsilon = 0.25 : f32}
    : (tensor<1x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  return %1 : tensor<1x2x2xf32>
}

// Parameters computed at run time.
// CHECK-LABEL: func.func @run_time(
// CHECK: nn.batch_norm
func.func @run_time(%x: tensor<1x2x2xf32>, %c: tensor<2xf32>) -> tensor<1x2x2xf32> {
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 0.25 : f32}
    : (tensor<1x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  return %0 : tensor<1x2x2xf32>
}
