// Every op of the dialect parses, verifies and prints as itself, also in generic form and bytecode.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

// CHECK-LABEL: func.func @constant
func.func @constant() -> tensor<2xf32> {
  // CHECK: nn.constant dense<[1.000000e+00, -2.000000e+00]> : tensor<2xf32>
  %0 = nn.constant dense<[1.0, -2.0]> : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: func.func @linear_maps
func.func @linear_maps(%x: tensor<?x4x8x8xf32>, %w: tensor<6x2x3x3xf32>, %b: tensor<6xf32>,
                       %v: tensor<3x4xf32>, %p: tensor<2x3x4xf32>, %q: tensor<4x5xf32>) {
  // CHECK: nn.conv %{{.*}}, %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, groups = 2 : i64, pads = array<i64: 0, 1, 2, 1>, strides = array<i64: 2, 1>} : (tensor<?x4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<?x6x4x8xf32>
  %0 = nn.conv %x, %w, %b {strides = array<i64: 2, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 1, 2, 1>, groups = 2 : i64}
    : (tensor<?x4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<?x6x4x8xf32>
  // CHECK: nn.linear %{{.*}}, %{{.*}} : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x3xf32>
  %1 = nn.linear %p, %v : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x3xf32>
  // CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  %2 = nn.matmul %p, %q : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  return
}

// CHECK-LABEL: func.func @one_and_three_spatial_axes
func.func @one_and_three_spatial_axes(%x: tensor<1x2x9xf32>, %w: tensor<3x2x3xf32>,
                                      %y: tensor<1x1x4x5x6xf32>, %v: tensor<2x1x2x2x2xf32>) {
  // CHECK: nn.conv {{.*}} -> tensor<1x3x5xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 2>, pads = array<i64: 0, 0>}
    : (tensor<1x2x9xf32>, tensor<3x2x3xf32>) -> tensor<1x3x5xf32>
  // CHECK: nn.conv {{.*}} -> tensor<1x2x3x4x5xf32>
  %1 = nn.conv %y, %v {strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 0, 0, 0, 0, 0, 0>}
    : (tensor<1x1x4x5x6xf32>, tensor<2x1x2x2x2xf32>) -> tensor<1x2x3x4x5xf32>
  return
}

// CHECK-LABEL: func.func @batch_norm
func.func @batch_norm(%x: tensor<1x2x4xf32>, %c: tensor<2xf32>) {
  // CHECK: nn.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 1.0e-5 : f32}
    : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x3x4xf32>, %y: tensor<3x1xf32>) {
  // CHECK: nn.add %{{.*}}, %{{.*}} : (tensor<?x3x4xf32>, tensor<3x1xf32>) -> tensor<?x3x4xf32>
  %0 = nn.add %x, %y : (tensor<?x3x4xf32>, tensor<3x1xf32>) -> tensor<?x3x4xf32>
  // CHECK: nn.sub
  %1 = nn.sub %x, %y : (tensor<?x3x4xf32>, tensor<3x1xf32>) -> tensor<?x3x4xf32>
  // CHECK: nn.mul
  %2 = nn.mul %y, %y : (tensor<3x1xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  // CHECK: nn.div
  %3 = nn.div %x, %x : (tensor<?x3x4xf32>, tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  // CHECK: nn.relu %{{.*}} : tensor<3x1xf32>
  %4 = nn.relu %y : tensor<3x1xf32>
  // CHECK: nn.clip %{{.*}} {hi = 6.000000e+00 : f32, lo = 0xFF800000 : f32} : tensor<3x1xf32>
  %5 = nn.clip %y {lo = 0xFF800000 : f32, hi = 6.0 : f32} : tensor<3x1xf32>
  // CHECK: nn.leaky_relu %{{.*}} {alpha = 1.000000e-01 : f32} : tensor<3x1xf32>
  %6 = nn.leaky_relu %y {alpha = 0.1 : f32} : tensor<3x1xf32>
  // CHECK: nn.hard_sigmoid %{{.*}} {alpha = 2.000000e-01 : f32, beta = 5.000000e-01 : f32} : tensor<3x1xf32>
  %7 = nn.hard_sigmoid %y {alpha = 0.2 : f32, beta = 0.5 : f32} : tensor<3x1xf32>
  // CHECK: nn.hard_swish
  %8 = nn.hard_swish %y : tensor<3x1xf32>
  // CHECK: nn.sigmoid
  %9 = nn.sigmoid %y : tensor<3x1xf32>
  // CHECK: nn.tanh
  %10 = nn.tanh %y : tensor<3x1xf32>
  return
}

// CHECK-LABEL: func.func @pooling
func.func @pooling(%x: tensor<1x2x8x7xf32>) {
  // CHECK: nn.max_pool {{.*}} -> tensor<1x2x4x4xf32>
  %0 = nn.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = true}
    : (tensor<1x2x8x7xf32>) -> tensor<1x2x4x4xf32>
  // CHECK: nn.avg_pool {{.*}}count_include_pad = true{{.*}} -> tensor<1x2x8x7xf32>
  %1 = nn.avg_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, count_include_pad = true}
    : (tensor<1x2x8x7xf32>) -> tensor<1x2x8x7xf32>
  // CHECK: nn.reduce_mean {{.*}}keepdims = true} : (tensor<1x2x8x7xf32>) -> tensor<1x2x1x1xf32>
  %2 = nn.reduce_mean %x {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x2x8x7xf32>) -> tensor<1x2x1x1xf32>
  // CHECK: nn.reduce_mean {{.*}}keepdims = false} : (tensor<1x2x8x7xf32>) -> tensor<2x8x7xf32>
  %3 = nn.reduce_mean %x {axes = array<i64: 0>, keepdims = false} : (tensor<1x2x8x7xf32>) -> tensor<2x8x7xf32>
  // CHECK: nn.softmax %{{.*}} {axis = 1 : i64} : tensor<1x2x8x7xf32>
  %4 = nn.softmax %x {axis = 1 : i64} : tensor<1x2x8x7xf32>
  return
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<?x2x3xf32>, %i: tensor<2x3xsi64>) {
  // CHECK: nn.reshape %{{.*}} : (tensor<?x2x3xf32>) -> tensor<?x6xf32>
  %0 = nn.reshape %x : (tensor<?x2x3xf32>) -> tensor<?x6xf32>
  // CHECK: nn.transpose %{{.*}} {permutation = array<i64: 2, 0, 1>} : (tensor<?x2x3xf32>) -> tensor<3x?x2xf32>
  %1 = nn.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<?x2x3xf32>) -> tensor<3x?x2xf32>
  // CHECK: nn.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3xsi64>, tensor<2x3xsi64>) -> tensor<2x6xsi64>
  %2 = nn.concat %i, %i {axis = 1 : i64} : (tensor<2x3xsi64>, tensor<2x3xsi64>) -> tensor<2x6xsi64>
  // CHECK: nn.pad %{{.*}} {pads = array<i64: 0, 1, 0, 0, 0, 2>, value = 0.000000e+00 : f32} : (tensor<?x2x3xf32>) -> tensor<?x3x5xf32>
  %3 = nn.pad %x {pads = array<i64: 0, 1, 0, 0, 0, 2>, value = 0.0 : f32} : (tensor<?x2x3xf32>) -> tensor<?x3x5xf32>
  // CHECK: nn.cast %{{.*}} : (tensor<2x3xsi64>) -> tensor<2x3xf32>
  %4 = nn.cast %i : (tensor<2x3xsi64>) -> tensor<2x3xf32>
  return
}
