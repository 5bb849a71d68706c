// Moves that move nothing, or twice.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s
// RUN: quant-opt %s --dyad-simplify --dyad-simplify | FileCheck %s

// CHECK-LABEL: func.func @reshapes(
// CHECK-NEXT: %[[R:.*]] = dyad.reshape %arg0 : (tensor<2x6xui8>) -> tensor<4x3xui8>
// CHECK-NEXT: return %[[R]], %arg0
func.func @reshapes(%x: tensor<2x6xui8>) -> (tensor<4x3xui8>, tensor<2x6xui8>) {
  %0 = dyad.reshape %x : (tensor<2x6xui8>) -> tensor<12xui8>
  %1 = dyad.reshape %0 : (tensor<12xui8>) -> tensor<4x3xui8>
  %2 = dyad.reshape %0 : (tensor<12xui8>) -> tensor<2x6xui8>
  return %1, %2 : tensor<4x3xui8>, tensor<2x6xui8>
}

// CHECK-LABEL: func.func @transposes(
// CHECK-NEXT: %[[R:.*]] = dyad.transpose %arg0 {permutation = array<i64: 2, 0, 1>}
// CHECK-NEXT: return %[[R]], %arg0
func.func @transposes(%x: tensor<2x3x4xui8>) -> (tensor<4x2x3xui8>, tensor<2x3x4xui8>) {
  %0 = dyad.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xui8>) -> tensor<3x4x2xui8>
  %1 = dyad.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<3x4x2xui8>) -> tensor<4x2x3xui8>
  %2 = dyad.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xui8>) -> tensor<2x3x4xui8>
  return %1, %2 : tensor<4x2x3xui8>, tensor<2x3x4xui8>
}

// CHECK-LABEL: func.func @concats(
// CHECK-NEXT: %[[R:.*]] = dyad.concat %arg0, %arg1, %arg0 {axis = 0 : i64}
// CHECK-NEXT: return %[[R]], %arg1
func.func @concats(%x: tensor<1x2xui8>, %y: tensor<3x2xui8>) -> (tensor<5x2xui8>, tensor<3x2xui8>) {
  %0 = dyad.concat %x, %y {axis = 0 : i64} : (tensor<1x2xui8>, tensor<3x2xui8>) -> tensor<4x2xui8>
  %1 = dyad.concat %0, %x {axis = 0 : i64} : (tensor<4x2xui8>, tensor<1x2xui8>) -> tensor<5x2xui8>
  %2 = dyad.concat %y {axis = 0 : i64} : (tensor<3x2xui8>) -> tensor<3x2xui8>
  return %1, %2 : tensor<5x2xui8>, tensor<3x2xui8>
}

// Along different axes they are two.
// CHECK-LABEL: func.func @concats_along_two_axes(
// CHECK-COUNT-2: dyad.concat
func.func @concats_along_two_axes(%x: tensor<1x2xui8>) -> tensor<2x4xui8> {
  %0 = dyad.concat %x, %x {axis = 0 : i64} : (tensor<1x2xui8>, tensor<1x2xui8>) -> tensor<2x2xui8>
  %1 = dyad.concat %0, %0 {axis = 1 : i64} : (tensor<2x2xui8>, tensor<2x2xui8>) -> tensor<2x4xui8>
  return %1 : tensor<2x4xui8>
}

// CHECK-LABEL: func.func @pads(
// CHECK-NEXT: return %arg0
func.func @pads(%x: tensor<1x2xui8>, %v: tensor<ui8>) -> tensor<1x2xui8> {
  %0 = dyad.pad %x, %v {pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2xui8>, tensor<ui8>) -> tensor<1x2xui8>
  return %0 : tensor<1x2xui8>
}
