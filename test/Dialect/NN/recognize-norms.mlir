// Forms of normalisations that are found, and what looks like one.

// RUN: quant-opt %s --nn-recognize-norms -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quant-opt %t.mlir --nn-recognize-norms | diff %t.mlir -

// CHECK-LABEL: func.func @reciprocal(
// CHECK: %[[N:.*]] = nn.rms_norm %arg0, %{{.*}} {epsilon = 1.000000e-03 : f32} : (tensor<2x3xf32>, tensor<3xf32>)
// CHECK-NEXT: return %[[N]]
func.func @reciprocal(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %epsilon = nn.constant dense<1.0e-3> : tensor<f32>
  %gain = nn.constant dense<[2.0, 3.0, 4.0]> : tensor<3xf32>
  %square = nn.mul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %mean = nn.reduce_mean %square {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %sum = nn.add %epsilon, %mean : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %root = nn.sqrt %sum : tensor<2x1xf32>
  %inverse = nn.reciprocal %root : tensor<2x1xf32>
  %normal = nn.mul %x, %inverse : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  %y = nn.mul %gain, %normal : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @one_over(
// CHECK: nn.rms_norm %arg0 {epsilon = 1.000000e-03 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @one_over(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %epsilon = nn.constant dense<1.0e-3> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %square = nn.mul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %mean = nn.reduce_mean %square {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %sum = nn.add %mean, %epsilon : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %root = nn.sqrt %sum : tensor<2x1xf32>
  %inverse = nn.div %one, %root : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %normal = nn.mul %inverse, %x : (tensor<2x1xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %normal : tensor<2x3xf32>
}

// Another reader wants the norm without its gain.
// CHECK-LABEL: func.func @gain_of_one_reader(
// CHECK: %[[N:.*]] = nn.rms_norm %arg0 {{{.*}}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %[[G:.*]] = nn.mul %[[N]],
// CHECK-NEXT: return %[[N]], %[[G]]
func.func @gain_of_one_reader(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %gain = nn.constant dense<[2.0, 3.0, 4.0]> : tensor<3xf32>
  %normal = nn.rms_norm %x {epsilon = 1.0e-3 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = nn.mul %normal, %gain : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %normal, %y : tensor<2x3xf32>, tensor<2x3xf32>
}

// A bias in front of the factor is no bias of the norm; an rms norm has none; a factor for each row is no gain.
// CHECK-LABEL: func.func @constants_that_stay(
// CHECK: nn.layer_norm %arg0, %{{[^ ]*}} {
// CHECK: nn.mul
// CHECK: nn.rms_norm
// CHECK: nn.add
// CHECK: nn.rms_norm
// CHECK: nn.mul
func.func @constants_that_stay(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>) {
  %c = nn.constant dense<[2.0, 3.0, 4.0]> : tensor<3xf32>
  %rows = nn.constant dense<[[2.0], [3.0], [4.0]]> : tensor<3x1xf32>
  %0 = nn.layer_norm %x {epsilon = 1.0e-3 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %1 = nn.add %0, %c : (tensor<3x3xf32>, tensor<3xf32>) -> tensor<3x3xf32>
  %2 = nn.mul %1, %c : (tensor<3x3xf32>, tensor<3xf32>) -> tensor<3x3xf32>
  %3 = nn.rms_norm %x {epsilon = 1.0e-3 : f32} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %4 = nn.add %3, %c : (tensor<3x3xf32>, tensor<3xf32>) -> tensor<3x3xf32>
  %5 = nn.rms_norm %x {epsilon = 1.0e-3 : f32} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %6 = nn.mul %5, %rows : (tensor<3x3xf32>, tensor<3x1xf32>) -> tensor<3x3xf32>
  return %2, %4, %6 : tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>
}

// CHECK-LABEL: func.func @another_axis(
// CHECK-NOT: _norm
// CHECK: return
func.func @another_axis(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %epsilon = nn.constant dense<1.0e-3> : tensor<f32>
  %square = nn.mul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %mean = nn.reduce_mean %square {axes = array<i64: 0>, keepdims = true} : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %sum = nn.add %mean, %epsilon : (tensor<1x3xf32>, tensor<f32>) -> tensor<1x3xf32>
  %root = nn.sqrt %sum : tensor<1x3xf32>
  %y = nn.div %x, %root : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// The numerator is another value than the one that was squared.
// CHECK-LABEL: func.func @another_numerator(
// CHECK-NOT: _norm
// CHECK: return
func.func @another_numerator(%x: tensor<2x3xf32>, %z: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %epsilon = nn.constant dense<1.0e-3> : tensor<f32>
  %square = nn.mul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %mean = nn.reduce_mean %square {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %sum = nn.add %mean, %epsilon : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %root = nn.sqrt %sum : tensor<2x1xf32>
  %y = nn.div %z, %root : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
