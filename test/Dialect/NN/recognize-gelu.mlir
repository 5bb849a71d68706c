// What exporters write for Gelu is one op.

// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(nn-simplify))' | FileCheck %s

// BERT's exporter: (x * (1 + erf(x / sqrt 2))) * 0.5.
// CHECK-LABEL: func.func @half_last(
// CHECK-NEXT: %[[Y:.*]] = nn.gelu %arg0 : tensor<4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @half_last(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = nn.constant dense<1.41421354> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32>
  %0 = nn.div %x, %root : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = nn.erf %0 : tensor<4xf32>
  %2 = nn.add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = nn.mul %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.mul %3, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// (0.5 * x) * (1 + erf(x * sqrt 0.5)).
// CHECK-LABEL: func.func @half_first(
// CHECK-NEXT: nn.gelu
func.func @half_first(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = nn.constant dense<0.707106769> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32>
  %0 = nn.mul %x, %root : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = nn.erf %0 : tensor<4xf32>
  %2 = nn.add %one, %1 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = nn.mul %half, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.mul %3, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// Another constant, another x, a partial product that somebody else uses: not this function.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: nn.gelu
// CHECK: return
func.func @others(%x: tensor<4xf32>, %z: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %root = nn.constant dense<0.707106769> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32>
  %third = nn.constant dense<0.3> : tensor<f32>
  %0 = nn.mul %x, %root : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = nn.erf %0 : tensor<4xf32>
  %2 = nn.add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = nn.mul %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.mul %3, %third : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = nn.mul %z, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %6 = nn.mul %5, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = nn.mul %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %8 = nn.mul %7, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4, %6, %7, %8 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
