// One violation of each constraint of dyad.hadamard.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%x: tensor<2x8xui8>, %z: tensor<ui8>) -> tensor<4x4xsi32> {
  // expected-error @+1 {{expected operand and result of one shape, but found 'tensor<2x8xui8>' and 'tensor<4x4xsi32>' [DYAD-HAD-1]}}
  %0 = dyad.hadamard %x, %z {size = 4 : i64} : (tensor<2x8xui8>, tensor<ui8>) -> tensor<4x4xsi32>
  return %0 : tensor<4x4xsi32>
}

// -----

func.func @dynamic(%x: tensor<2x?xui8>, %z: tensor<ui8>) -> tensor<2x?xsi32> {
  // expected-error @+1 {{expected a static last axis, but found 'tensor<2x?xui8>' [DYAD-HAD-2]}}
  %0 = dyad.hadamard %x, %z {size = 4 : i64} : (tensor<2x?xui8>, tensor<ui8>) -> tensor<2x?xsi32>
  return %0 : tensor<2x?xsi32>
}

// -----

func.func @remainder(%x: tensor<2x8xui8>, %z: tensor<ui8>) -> tensor<2x8xsi32> {
  // expected-error @+1 {{expected a last axis of a multiple of 12 * 1 elements, but found 8 [DYAD-HAD-3]}}
  %0 = dyad.hadamard %x, %z {size = 12 : i64} : (tensor<2x8xui8>, tensor<ui8>) -> tensor<2x8xsi32>
  return %0 : tensor<2x8xsi32>
}

// -----

func.func @order(%x: tensor<2x25xui8>, %z: tensor<ui8>) -> tensor<2x25xsi32> {
  // expected-error @+1 {{no Hadamard matrix of order 25 exists: expected 1, 2 or a multiple of 4 [DYAD-HAD-3]}}
  %0 = dyad.hadamard %x, %z {size = 25 : i64} : (tensor<2x25xui8>, tensor<ui8>) -> tensor<2x25xsi32>
  return %0 : tensor<2x25xsi32>
}

// -----

func.func @zero_point(%x: tensor<2x8xui8>, %z: tensor<si8>) -> tensor<2x8xsi32> {
  // expected-error @+1 {{expected a zero point of type 'tensor<ui8>', but found 'tensor<si8>' [DYAD-ZP-1]}}
  %0 = dyad.hadamard %x, %z {size = 8 : i64} : (tensor<2x8xui8>, tensor<si8>) -> tensor<2x8xsi32>
  return %0 : tensor<2x8xsi32>
}
