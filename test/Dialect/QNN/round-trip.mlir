// Every qnn op and attribute prints what it parses; statistics lose no bit.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @observers(
func.func @observers(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  // CHECK: qnn.observe %{{.*}} as "image" : tensor<?x3xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  %0 = qnn.observe %x as "image" : tensor<?x3xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  // CHECK: qnn.observe %{{.*}} as "conv1" : tensor<?x3xf32>, #qnn.int<4, signed = true, symmetric = true, narrow = true>, <min = -1.500000e+00, max = 2.000000e+00, lo = -1.000000e-01, hi = 0.10000000000000002, count = 64, method = "mse">
  %1 = qnn.observe %0 as "conv1" : tensor<?x3xf32>, #qnn.int<4, signed = true, symmetric = true, narrow = true>, #qnn.stats<min = -1.5, max = 2.0, lo = -0.1, hi = 0x3FB999999999999B, count = 64, method = "mse">
  return %1 : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @borders(
func.func @borders(%x: tensor<2x3xf32>, %s: tensor<f32>, %z: tensor<si4>, %sc: tensor<3xf32>, %zc: tensor<3xsi32>) -> (tensor<2x3xf32>, tensor<2x3xsi32>) {
  // CHECK: qnn.quantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>, tensor<si4>) -> tensor<2x3xsi4>
  %0 = qnn.quantize %x, %s, %z : (tensor<2x3xf32>, tensor<f32>, tensor<si4>) -> tensor<2x3xsi4>
  // CHECK: qnn.dequantize %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xsi4>, tensor<f32>, tensor<si4>) -> tensor<2x3xf32>
  %1 = qnn.dequantize %0, %s, %z : (tensor<2x3xsi4>, tensor<f32>, tensor<si4>) -> tensor<2x3xf32>
  // CHECK: qnn.quantize %{{.*}} {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xsi32>) -> tensor<2x3xsi32>
  %2 = qnn.quantize %x, %sc, %zc {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xsi32>) -> tensor<2x3xsi32>
  return %1, %2 : tensor<2x3xf32>, tensor<2x3xsi32>
}
