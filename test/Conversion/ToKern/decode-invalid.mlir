// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 --split-input-file --verify-diagnostics

// Weights are decoded at compile time.
func.func @main(%c: tensor<2x1xui8>) -> tensor<2x2xf32> {
  %s = nn.constant dense<128> : tensor<2x1xui8>
  // expected-error @+1 {{expected constant operands of qnn.decode}}
  %w = qnn.decode %c, %s as <"mxfp4"> : (tensor<2x1xui8>, tensor<2x1xui8>) -> tensor<2x2xf32>
  return %w : tensor<2x2xf32>
}

// -----

func.func @main() -> tensor<2x2xf32> {
  %c = nn.constant dense<1> : tensor<2x1xui8>
  %s = nn.constant dense<-1.0> : tensor<2xf32>
  // expected-error @+1 {{expected positive scales, but found -1.000000 [QNN-DEC-7]}}
  %w = qnn.decode %c, %s as <"int4"> : (tensor<2x1xui8>, tensor<2xf32>) -> tensor<2x2xf32>
  return %w : tensor<2x2xf32>
}
