// RUN: quant-opt %s --convert-to-kern=level=cuda:sm_80 --verify-diagnostics

func.func @main(%x: tensor<1x8xf32>) -> tensor<1x2xf32> {
  %c = nn.constant dense<33> : tensor<2x4xui8>
  %s = nn.constant dense<0.5> : tensor<2x1xf32>
  // expected-error @below {{no kernel for 'qnn.grouped_linear' on this target}}
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true>
    : (tensor<1x8xf32>, tensor<2x4xui8>, tensor<2x1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
