// RUN: quant-opt %s --split-input-file --verify-diagnostics

// A multiplier of onnx_rne is a float32: 0x7f800000 is infinity.
func.func @infinite(%x: tensor<4xsi32>) -> tensor<4xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %i = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<2139095040> : tensor<si32>
  // expected-error @+1 {{expected the bits of a positive, finite, normal float32 and a shift of 0, but found 2139095040 and 0 [DYAD-REQ-4]}}
  %y = dyad.requantize %x, %i, %m, %i, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// It has no shift.
func.func @shifted(%x: tensor<4xsi32>) -> tensor<4xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %i = dyad.constant dense<0> : tensor<si32>
  %one = dyad.constant dense<1> : tensor<si32>
  %m = dyad.constant dense<1056964608> : tensor<si32>
  // expected-error @+1 {{and a shift of 0, but found 1056964608 and 1 [DYAD-REQ-4]}}
  %y = dyad.requantize %x, %i, %m, %one, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32, rounding = 5 : i32} : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4xui8>
  return %y : tensor<4xui8>
}

// -----

// Matrices that do not fit.
func.func @matmul_depth(%a: tensor<2x3xui8>, %b: tensor<4x5xui8>, %z: tensor<ui8>) -> tensor<2x5xsi32> {
  // expected-error @+1 {{expected operands [..., M, K] and [..., K, N], but found 'tensor<2x3xui8>' and 'tensor<4x5xui8>' [DYAD-MM-1]}}
  %y = dyad.matmul %a, %b, %z, %z : (tensor<2x3xui8>, tensor<4x5xui8>, tensor<ui8>, tensor<ui8>) -> tensor<2x5xsi32>
  return %y : tensor<2x5xsi32>
}

// -----

// Leading axes broadcast.
func.func @matmul_result(%a: tensor<7x2x3xui8>, %b: tensor<3x5xui8>, %z: tensor<ui8>) -> tensor<2x5xsi32> {
  // expected-error @+1 {{expected a result of type 'tensor<7x2x5xsi32>', but found 'tensor<2x5xsi32>' [DYAD-MM-2]}}
  %y = dyad.matmul %a, %b, %z, %z : (tensor<7x2x3xui8>, tensor<3x5xui8>, tensor<ui8>, tensor<ui8>) -> tensor<2x5xsi32>
  return %y : tensor<2x5xsi32>
}
