// One violation of each constraint of qnn.hadamard.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{expected a static last axis, but found 'tensor<f32>' [QNN-HAD-1]}}
  %0 = qnn.hadamard %x {size = 1 : i64} : tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @dynamic(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // expected-error @+1 {{expected a static last axis, but found 'tensor<4x?xf32>' [QNN-HAD-1]}}
  %0 = qnn.hadamard %x {size = 4 : i64} : tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// -----

func.func @zero(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a positive size and inner extent, but found 0 and 1 [QNN-HAD-2]}}
  %0 = qnn.hadamard %x {size = 0 : i64} : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// 8 elements are no whole heads of 3.
func.func @inner(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a last axis of a multiple of 4 * 3 elements, but found 8 [QNN-HAD-2]}}
  %0 = qnn.hadamard %x {size = 4 : i64, inner = 3 : i64} : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// The heads of Qwen2.5-0.5B.
func.func @no_matrix(%x: tensor<4x14xf32>) -> tensor<4x14xf32> {
  // expected-error @+1 {{no Hadamard matrix of order 14 exists: expected 1, 2 or a multiple of 4 [QNN-HAD-2]}}
  %0 = qnn.hadamard %x {size = 14 : i64} : tensor<4x14xf32>
  return %0 : tensor<4x14xf32>
}

// -----

// The feed-forward size of GLM-4.
func.func @no_construction(%x: tensor<4x13696xf32>) -> tensor<4x13696xf32> {
  // expected-error @+1 {{no product of Sylvester's and Paley's matrices has order 13696 [QNN-HAD-2]}}
  %0 = qnn.hadamard %x {size = 13696 : i64} : tensor<4x13696xf32>
  return %0 : tensor<4x13696xf32>
}
