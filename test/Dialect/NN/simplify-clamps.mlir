// Clamps of clamps.

// RUN: quant-opt %s --nn-simplify | FileCheck %s
// RUN: quant-opt %s --nn-simplify --nn-simplify | FileCheck %s

// CHECK-LABEL: func.func @relu_of_relu(
// CHECK-NEXT: nn.relu %arg0
// CHECK-NEXT: return
func.func @relu_of_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.relu %x : tensor<4xf32>
  %1 = nn.relu %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @relu_of_clip(
// CHECK-NEXT: nn.clip %arg0 {hi = 5.000000e-01 : f32, lo = 0.000000e+00 : f32}
// CHECK-NEXT: return
func.func @relu_of_clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.clip %x {lo = -1.0 : f32, hi = 0.5 : f32} : tensor<4xf32>
  %1 = nn.relu %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Ranges that do not meet: everything is 3.
// CHECK-LABEL: func.func @disjoint(
// CHECK-NEXT: nn.clip %arg0 {hi = 3.000000e+00 : f32, lo = 3.000000e+00 : f32}
// CHECK-NEXT: return
func.func @disjoint(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.clip %x {lo = 0.0 : f32, hi = 1.0 : f32} : tensor<4xf32>
  %1 = nn.clip %0 {lo = 3.0 : f32, hi = 4.0 : f32} : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Bounds in the wrong order give the upper one, 1; then everything is 2.
// CHECK-LABEL: func.func @reversed(
// CHECK-NEXT: nn.clip %arg0 {hi = 2.000000e+00 : f32, lo = 2.000000e+00 : f32}
// CHECK-NEXT: return
func.func @reversed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.clip %x {lo = 3.0 : f32, hi = 1.0 : f32} : tensor<4xf32>
  %1 = nn.clip %0 {lo = 2.0 : f32, hi = 5.0 : f32} : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @unbounded(
// CHECK-NEXT: return %arg0
func.func @unbounded(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.clip %x {lo = 0xFF800000 : f32, hi = 0x7F800000 : f32} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @hard_swish(
// CHECK-NEXT: nn.hard_swish %arg0
// CHECK-NEXT: return
func.func @hard_swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.hard_sigmoid %x {alpha = 0.16666667 : f32, beta = 0.5 : f32} : tensor<4xf32>
  %1 = nn.mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Another slope, another function.
// CHECK-LABEL: func.func @no_hard_swish(
// CHECK: nn.mul
func.func @no_hard_swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.hard_sigmoid %x {alpha = 0.2 : f32, beta = 0.5 : f32} : tensor<4xf32>
  %1 = nn.mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
