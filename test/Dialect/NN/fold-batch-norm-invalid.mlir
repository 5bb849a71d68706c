// A normalisation whose factors are not finite.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --nn-fold-batch-norm

func.func @zero_variance(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %c = nn.constant dense<[1.0, 0.0]> : tensor<2xf32>
  // expected-error@below {{expected finite factors, but found a variance + epsilon that is not positive, or an overflow}}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 0.0 : f32}
    : (tensor<1x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  return %0 : tensor<1x2x2xf32>
}

// -----

func.func @negative_variance(%x: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %c = nn.constant dense<[1.0, -1.0]> : tensor<2xf32>
  // expected-error@below {{expected finite factors}}
  %0 = nn.batch_norm %x, %c, %c, %c, %c {epsilon = 0.5 : f32}
    : (tensor<1x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>
  return %0 : tensor<1x2x2xf32>
}
