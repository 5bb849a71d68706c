// qnn.grouped_linear prints what it parses, with and without zero points and bias; odd K takes half a byte more.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @all(
// CHECK: qnn.grouped_linear %{{.*}}, %{{.*}}, %{{.*}} zeros(%{{.*}}) bias(%{{.*}}) group 32 bits 16 of <4, signed = false, symmetric = false, narrow = false> : (tensor<?x64xf32>, tensor<3x32xui8>, tensor<3x2xf32>, tensor<3x2xsi8>, tensor<3xf32>) -> tensor<?x3xf32>
func.func @all(%x: tensor<?x64xf32>, %c: tensor<3x32xui8>, %s: tensor<3x2xf32>, %z: tensor<3x2xsi8>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %0 = qnn.grouped_linear %x, %c, %s zeros(%z) bias(%b) group 32 bits 16 of <4, signed = false, symmetric = false, narrow = false>
    : (tensor<?x64xf32>, tensor<3x32xui8>, tensor<3x2xf32>, tensor<3x2xsi8>, tensor<3xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// CHECK-LABEL: func.func @least(
// CHECK: qnn.grouped_linear %{{.*}}, %{{.*}}, %{{.*}} group 5 bits 8 of <4, signed = true, symmetric = true, narrow = true> : (tensor<5xf32>, tensor<2x3xui8>, tensor<2x1xf32>) -> tensor<2xf32>
func.func @least(%x: tensor<5xf32>, %c: tensor<2x3xui8>, %s: tensor<2x1xf32>) -> tensor<2xf32> {
  %0 = qnn.grouped_linear %x, %c, %s group 5 bits 8 of <4, signed = true, symmetric = true, narrow = true>
    : (tensor<5xf32>, tensor<2x3xui8>, tensor<2x1xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
