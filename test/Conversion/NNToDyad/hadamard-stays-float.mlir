// Rotations with random signs, with sums that may leave 32 bits, or of floats have no integer form.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-nn-to-dyad

func.func @signs(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<0> : tensor<ui8>
  %d = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  // expected-remark @below {{(qnn.hadamard) stays float: it has random signs, which the integer rotation does not have}}
  %0 = qnn.hadamard %d {size = 4 : i64, sign_seed = 1 : i64} : tensor<4xf32>
  %q = qnn.quantize %0, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// -----

// 2^23 codes of 255 are below 2^31.
func.func @fits(%x: tensor<8388608xui8>) -> tensor<8388608xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<0> : tensor<ui8>
  %d = qnn.dequantize %x, %s, %z : (tensor<8388608xui8>, tensor<f32>, tensor<ui8>) -> tensor<8388608xf32>
  %0 = qnn.hadamard %d {size = 8388608 : i64} : tensor<8388608xf32>
  %q = qnn.quantize %0, %s, %z : (tensor<8388608xf32>, tensor<f32>, tensor<ui8>) -> tensor<8388608xui8>
  return %q : tensor<8388608xui8>
}

// -----

// 2^24 are not.
func.func @wide(%x: tensor<16777216xui8>) -> tensor<16777216xui8> {
  %s = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<0> : tensor<ui8>
  %d = qnn.dequantize %x, %s, %z : (tensor<16777216xui8>, tensor<f32>, tensor<ui8>) -> tensor<16777216xf32>
  // expected-remark @below {{(qnn.hadamard) stays float: its sums may leave 32 bits}}
  %0 = qnn.hadamard %d {size = 16777216 : i64} : tensor<16777216xf32>
  %q = qnn.quantize %0, %s, %z : (tensor<16777216xf32>, tensor<f32>, tensor<ui8>) -> tensor<16777216xui8>
  return %q : tensor<16777216xui8>
}

// -----

func.func @channels(%x: tensor<4xui8>) -> tensor<4xf32> {
  %s = nn.constant dense<1.0> : tensor<4xf32>
  %z = nn.constant dense<0> : tensor<4xui8>
  %d = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<4xf32>, tensor<4xui8>) -> tensor<4xf32>
  // expected-remark @below {{(qnn.hadamard) stays float: its result is not quantized}}
  %0 = qnn.hadamard %d {size = 4 : i64} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @unquantized(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-remark @below {{(qnn.hadamard) stays float: operand 0 is not quantized}}
  %0 = qnn.hadamard %x {size = 4 : i64} : tensor<4xf32>
  return %0 : tensor<4xf32>
}
