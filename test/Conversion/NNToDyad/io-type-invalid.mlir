// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-nn-to-dyad=io-type=int8

func.func @argument(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-remark @below {{stays float}}
  // expected-error @below {{expected integers, but found 'nn.relu' reading float input 0; it has no integer form}}
  %r = nn.relu %x : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @result(%x: tensor<2x4xui8>) -> tensor<2x4xf32> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<2x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xf32>
  // expected-remark @below {{stays float}}
  // expected-error @below {{expected an integer tensor with one zero point as output 0, but found float: 'nn.softmax' has no integer form; end the model in front of it and leave it to the host}}
  %r = nn.softmax %a {axis = 1 : i64} : tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
