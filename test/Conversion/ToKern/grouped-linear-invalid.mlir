// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 --split-input-file --verify-diagnostics

func.func @main(%x: tensor<1x8xf32>, %c: tensor<2x4xui8>) -> tensor<1x2xf32> {
  %s = nn.constant dense<0.5> : tensor<2x1xf32>
  // expected-error @below {{expected constant codes, but they are computed or their data is missing}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true>
    : (tensor<1x8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
