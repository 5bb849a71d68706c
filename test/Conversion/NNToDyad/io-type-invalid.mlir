// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-nn-to-dyad=io-type=int8

// expected-error @below {{expected every use of float argument 0 to be one quantization, but found others; it has no 8-bit form}}
func.func @argument(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-remark @below {{stays float}}
  %r = nn.relu %x : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// expected-error @below {{expected float result 0 to be a dequantized tensor, but found another; it has no integer form}}
func.func @result(%x: tensor<2x4xui8>) -> tensor<2x4xf32> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<2x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xf32>
  // expected-remark @below {{stays float}}
  %r = nn.softmax %a {axis = 1 : i64} : tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
