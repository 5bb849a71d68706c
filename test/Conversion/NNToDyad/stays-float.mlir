// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-nn-to-dyad

func.func @no_integer_form(%x: tensor<2x4xui8>) -> tensor<2x4xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<2x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xf32>
  // expected-remark @below {{(nn.softmax) stays float: the op has no integer form}}
  %d = nn.softmax %a {axis = 1 : i64} : tensor<2x4xf32>
  %q = qnn.quantize %d, %s, %z : (tensor<2x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x4xui8>
  return %q : tensor<2x4xui8>
}

// -----

func.func @excluded(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  // expected-remark @below {{(nn.add) stays float: it is excluded}}
  %d = nn.add %a, %a {qnn.stay_float} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %d, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// -----

func.func @no_operand(%x: tensor<4xui8>, %y: tensor<4xf32>) -> tensor<4xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  // expected-remark @below {{(nn.add) stays float: operand 1 is not quantized}}
  %d = nn.add %a, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %d, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// -----

func.func @asymmetric_weight(%x: tensor<1x2xui8>) -> tensor<1x1xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %zw = nn.constant dense<7> : tensor<si8>
  %w = nn.constant dense<1> : tensor<1x2xsi8>
  %a = qnn.dequantize %x, %s, %z : (tensor<1x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2xf32>
  %b = qnn.dequantize %w, %s, %zw : (tensor<1x2xsi8>, tensor<f32>, tensor<si8>) -> tensor<1x2xf32>
  // expected-remark @below {{(nn.linear) stays float: its weight is not symmetric}}
  %d = nn.linear %a, %b : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %q = qnn.quantize %d, %s, %z : (tensor<1x1xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x1xui8>
  return %q : tensor<1x1xui8>
}

// -----

func.func @no_dyadic(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = nn.constant dense<1.0e+9> : tensor<f32>
  %t = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  // expected-remark @below {{(nn.mul) stays float: expected a rescaling in [2^-39, 2^23), but found 1.000000e+18}}
  %d = nn.mul %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %d, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}
