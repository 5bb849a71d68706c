// Every dyad op prints what it parses.

// RUN: quant-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func.func @contractions(
func.func @contractions(%x: tensor<?x4x8x8xui8>, %w: tensor<6x2x3x3xsi8>, %b: tensor<6xsi32>, %z: tensor<ui8>,
                        %v: tensor<2x?x4xsi8>, %wl: tensor<5x4xsi4>, %bl: tensor<5xsi32>, %zs: tensor<si8>)
    -> (tensor<?x6x4x4xsi32>, tensor<2x?x5xsi32>) {
  // CHECK: dyad.conv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x4x8x8xui8>, tensor<6x2x3x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<?x6x4x4xsi32>
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 2 : i64}
    : (tensor<?x4x8x8xui8>, tensor<6x2x3x3xsi8>, tensor<6xsi32>, tensor<ui8>) -> tensor<?x6x4x4xsi32>
  // CHECK: dyad.linear %{{.*}} : (tensor<2x?x4xsi8>, tensor<5x4xsi4>, tensor<5xsi32>, tensor<si8>) -> tensor<2x?x5xsi32>
  %1 = dyad.linear %v, %wl, %bl, %zs : (tensor<2x?x4xsi8>, tensor<5x4xsi4>, tensor<5xsi32>, tensor<si8>) -> tensor<2x?x5xsi32>
  return %0, %1 : tensor<?x6x4x4xsi32>, tensor<2x?x5xsi32>
}

// CHECK-LABEL: func.func @rescaling(
func.func @rescaling(%acc: tensor<1x3x2x2xsi32>, %x: tensor<1x3x2x2xui8>, %y: tensor<3x1x1xui8>)
    -> (tensor<1x3x2x2xui8>, tensor<1x3x2x2xui8>, tensor<1x3x2x2xsi32>, tensor<1x3x2x2xsi8>) {
  %z32 = dyad.constant dense<0> : tensor<si32>
  // CHECK: dyad.constant dense<128> : tensor<ui8>
  %z = dyad.constant dense<128> : tensor<ui8>
  %m = dyad.constant dense<[[[8388609]], [[16777215]], [[9000001]]]> : tensor<3x1x1xsi32>
  %s = dyad.constant dense<[[[1]], [[62]], [[30]]]> : tensor<3x1x1xsi32>
  // CHECK: dyad.requantize %{{.*}} {clamp_hi = 255 : i32, clamp_lo = 0 : i32, rounding = 1 : i32}
  %0 = dyad.requantize %acc, %z32, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 1 : i32}
    : (tensor<1x3x2x2xsi32>, tensor<si32>, tensor<3x1x1xsi32>, tensor<3x1x1xsi32>, tensor<ui8>) -> tensor<1x3x2x2xui8>
  %ma = dyad.constant dense<2097151> : tensor<si32>
  %mb = dyad.constant dense<-2097151> : tensor<si32>
  %sa = dyad.constant dense<30> : tensor<si32>
  // CHECK: dyad.add %{{.*}} {clamp_hi = 255 : i32, clamp_lo = 1 : i32}
  %1 = dyad.add %x, %y, %z, %z, %ma, %mb, %sa, %z {clamp_lo = 1 : i32, clamp_hi = 255 : i32}
    : (tensor<1x3x2x2xui8>, tensor<3x1x1xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x3x2x2xui8>
  // CHECK: dyad.mul %{{.*}} : (tensor<1x3x2x2xui8>, tensor<3x1x1xui8>, tensor<ui8>, tensor<ui8>) -> tensor<1x3x2x2xsi32>
  %2 = dyad.mul %x, %y, %z, %z : (tensor<1x3x2x2xui8>, tensor<3x1x1xui8>, tensor<ui8>, tensor<ui8>) -> tensor<1x3x2x2xsi32>
  %t = dyad.constant dense<5> : tensor<256xsi8>
  // CHECK: dyad.lookup %{{.*}} : (tensor<1x3x2x2xui8>, tensor<256xsi8>) -> tensor<1x3x2x2xsi8>
  %3 = dyad.lookup %x, %t : (tensor<1x3x2x2xui8>, tensor<256xsi8>) -> tensor<1x3x2x2xsi8>
  return %0, %1, %2, %3 : tensor<1x3x2x2xui8>, tensor<1x3x2x2xui8>, tensor<1x3x2x2xsi32>, tensor<1x3x2x2xsi8>
}

// CHECK-LABEL: func.func @pools(
func.func @pools(%x: tensor<1x2x5x5xui8>, %z: tensor<ui8>) -> (tensor<1x2x3x3xui8>, tensor<1x2x2x2xsi32>, tensor<1x2xsi32>) {
  // CHECK: dyad.max_pool %{{.*}} {dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x2x5x5xui8>) -> tensor<1x2x3x3xui8>
  %0 = dyad.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x5x5xui8>) -> tensor<1x2x3x3xui8>
  // CHECK: dyad.sum_pool
  %1 = dyad.sum_pool %x, %z {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    : (tensor<1x2x5x5xui8>, tensor<ui8>) -> tensor<1x2x2x2xsi32>
  // CHECK: dyad.reduce_sum %{{.*}} {axes = array<i64: 2, 3>, keepdims = false}
  %2 = dyad.reduce_sum %x, %z {axes = array<i64: 2, 3>, keepdims = false} : (tensor<1x2x5x5xui8>, tensor<ui8>) -> tensor<1x2xsi32>
  return %0, %1, %2 : tensor<1x2x3x3xui8>, tensor<1x2x2x2xsi32>, tensor<1x2xsi32>
}

// CHECK-LABEL: func.func @moves(
func.func @moves(%x: tensor<?x3xsi2>, %y: tensor<?x1xsi2>, %z: tensor<si2>) -> (tensor<?x5xsi2>, tensor<3x?xsi2>) {
  // CHECK: dyad.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x3xsi2>, tensor<?x1xsi2>) -> tensor<?x4xsi2>
  %0 = dyad.concat %x, %y {axis = 1 : i64} : (tensor<?x3xsi2>, tensor<?x1xsi2>) -> tensor<?x4xsi2>
  // CHECK: dyad.pad %{{.*}} {pads = array<i64: 0, 0, 0, 1>}
  %1 = dyad.pad %0, %z {pads = array<i64: 0, 0, 0, 1>} : (tensor<?x4xsi2>, tensor<si2>) -> tensor<?x5xsi2>
  // CHECK: dyad.reshape %{{.*}} : (tensor<?x3xsi2>) -> tensor<1x?x3xsi2>
  %2 = dyad.reshape %x : (tensor<?x3xsi2>) -> tensor<1x?x3xsi2>
  %3 = dyad.reshape %2 : (tensor<1x?x3xsi2>) -> tensor<?x3xsi2>
  // CHECK: dyad.transpose %{{.*}} {permutation = array<i64: 1, 0>}
  %4 = dyad.transpose %3 {permutation = array<i64: 1, 0>} : (tensor<?x3xsi2>) -> tensor<3x?xsi2>
  return %1, %4 : tensor<?x5xsi2>, tensor<3x?xsi2>
}
