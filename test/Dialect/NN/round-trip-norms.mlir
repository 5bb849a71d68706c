// Normalisations, lookup, slices and expansions parse, verify and print as themselves.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

// CHECK-LABEL: func.func @norms
func.func @norms(%x: tensor<?x4xf32>, %p: tensor<4xf32>, %h: tensor<4xf16>, %y: tensor<4xf16>) {
  // CHECK: nn.rms_norm %{{.*}} {epsilon = 9.99999974E-6 : f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %0 = nn.rms_norm %x {epsilon = 1.0e-5 : f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: nn.rms_norm %{{.*}}, %{{.*}} {epsilon = 0.000000e+00 : f32} : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  %1 = nn.rms_norm %y, %h {epsilon = 0.0 : f32} : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  // CHECK: nn.layer_norm %{{[^,]*}} {epsilon = 1.000000e+00 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<?x4xf32>)
  %2 = nn.layer_norm %x {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: nn.layer_norm {{.*}}operandSegmentSizes = array<i32: 1, 1, 0>
  %3 = nn.layer_norm %x, %p {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: nn.layer_norm {{.*}}operandSegmentSizes = array<i32: 1, 0, 1>
  %4 = nn.layer_norm %x, %p {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: nn.layer_norm {{.*}}operandSegmentSizes = array<i32: 1, 1, 1>
  %5 = nn.layer_norm %x, %p, %p {epsilon = 1.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func.func @lookup_and_boxes
func.func @lookup_and_boxes(%t: tensor<9x4xf32>, %i: tensor<2x?xsi64>, %s: tensor<i32>, %x: tensor<?x4xf32>, %b: tensor<3x1x4xi1>) {
  // CHECK: nn.embedding %{{.*}}, %{{.*}} : (tensor<9x4xf32>, tensor<2x?xsi64>) -> tensor<2x?x4xf32>
  %0 = nn.embedding %t, %i : (tensor<9x4xf32>, tensor<2x?xsi64>) -> tensor<2x?x4xf32>
  // CHECK: nn.embedding %{{.*}}, %{{.*}} : (tensor<9x4xf32>, tensor<i32>) -> tensor<4xf32>
  %1 = nn.embedding %t, %s : (tensor<9x4xf32>, tensor<i32>) -> tensor<4xf32>
  // CHECK: nn.slice %{{.*}} {offsets = array<i64: 0, 1>} : (tensor<?x4xf32>) -> tensor<?x3xf32>
  %2 = nn.slice %x {offsets = array<i64: 0, 1>} : (tensor<?x4xf32>) -> tensor<?x3xf32>
  // CHECK: nn.slice %{{.*}} {offsets = array<i64: 9, 0>} : (tensor<9x4xf32>) -> tensor<0x4xf32>
  %3 = nn.slice %t {offsets = array<i64: 9, 0>} : (tensor<9x4xf32>) -> tensor<0x4xf32>
  // CHECK: nn.expand %{{.*}} : (tensor<3x1x4xi1>) -> tensor<3x7x4xi1>
  %4 = nn.expand %b : (tensor<3x1x4xi1>) -> tensor<3x7x4xi1>
  // CHECK: nn.expand %{{.*}} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %5 = nn.expand %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
