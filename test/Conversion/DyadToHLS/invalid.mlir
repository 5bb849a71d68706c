// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-dyad-to-hls

// Everything that has no unit is reported in one run.
func.func @main(%x: tensor<1x2x3xui8>, %y: tensor<1x2x2x3xui8>) -> (tensor<1x2x4xsi32>, tensor<1x2x3xsi32>) {
  %w = dyad.constant dense<1> : tensor<4x3xsi8>
  %b = dyad.constant dense<0> : tensor<4xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @+1 {{has no unit: expected an input of rank 1 or 2, but found rank 3}}
  %l = dyad.linear %x, %w, %b, %z : (tensor<1x2x3xui8>, tensor<4x3xsi8>, tensor<4xsi32>, tensor<ui8>) -> tensor<1x2x4xsi32>
  // expected-error @+1 {{has no unit: expected a sum over all spatial axes or over all channels}}
  %r = dyad.reduce_sum %y, %z {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x2x3xui8>, tensor<ui8>) -> tensor<1x2x3xsi32>
  return %l, %r : tensor<1x2x4xsi32>, tensor<1x2x3xsi32>
}

// -----

// expected-error @+1 {{expected a static integer tensor of one batch and at most two spatial axes as input 0, but found 'tensor<2x4xui8>'}}
func.func @main(%x: tensor<2x4xui8>, %y: tensor<1x4xui8>) -> tensor<1x4xui8> {
  return %y : tensor<1x4xui8>
}
