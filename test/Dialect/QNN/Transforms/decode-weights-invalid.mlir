// RUN: quant-opt %s --qnn-decode-weights --split-input-file --verify-diagnostics

func.func @scale() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x33]]> : tensor<1x1xui8>
  %s = nn.constant dense<0.0> : tensor<1xf32>
  // expected-error @+1 {{expected positive scales, but found 0.000000 [QNN-DEC-7]}}
  %0 = qnn.decode %c, %s as <"int4"> : (tensor<1x1xui8>, tensor<1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// -----

func.func @zero_point() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x33]]> : tensor<1x1xui8>
  %s = nn.constant dense<1.0> : tensor<1xf32>
  %z = nn.constant dense<16> : tensor<1xui8>
  // expected-error @+1 {{expected zero points in 0..15, but found 16 [QNN-DEC-7]}}
  %0 = qnn.decode %c, %s zeros(%z) as <"uint4:asym"> : (tensor<1x1xui8>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// -----

func.func @table() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x33]]> : tensor<1x1xui8>
  %s = nn.constant dense<1.0> : tensor<1xf32>
  %t = nn.constant dense<4> : tensor<1xui8>
  // expected-error @+1 {{expected tables below 4, but found 4 [QNN-DEC-7]}}
  %0 = qnn.decode %c, %s tables(%t) as <"bitmod4"> : (tensor<1x1xui8>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
