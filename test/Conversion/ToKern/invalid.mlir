// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-to-kern=level=x86-64-v3

// Shapes must be static.
// expected-error @below {{expected a static tensor of numbers as input 0, but found 'tensor<?x4xf32>'}}
func.func @main(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}

// -----

// An op without a kernel is named.
func.func @main(%x: tensor<4xf32>) -> tensor<4xsi32> {
  // expected-error @below {{no kernel for 'nn.cast' on this target}}
  %y = nn.cast %x : (tensor<4xf32>) -> tensor<4xsi32>
  return %y : tensor<4xsi32>
}

// -----

// A pool needs the requantization behind it.
func.func @main(%x: tensor<1x1x2x2xui8>) -> tensor<1x1x1x1xsi32> {
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @below {{expected a dyad.requantize as the only user of 'dyad.reduce_sum'}}
  %y = dyad.reduce_sum %x, %z {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x1x2x2xui8>, tensor<ui8>) -> tensor<1x1x1x1xsi32>
  return %y : tensor<1x1x1x1xsi32>
}

// -----

// expected-error @below {{expected a function '@main'}}
module {
}

// -----

func.func @main(%x: tensor<1x4xui16>) -> tensor<1x2xsi32> {
  %w = dyad.constant dense<1> : tensor<2x4xsi8>
  %b = dyad.constant dense<0> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui16>
  // expected-error @below {{no kernel for 'dyad.linear' on this target: expected activations and weights of at most 8 bits, but found 'tensor<1x4xui16>'; an FPGA takes up to 16 (--target hls:PART)}}
  %y = dyad.linear %x, %w, %b, %z : (tensor<1x4xui16>, tensor<2x4xsi8>, tensor<2xsi32>, tensor<ui16>) -> tensor<1x2xsi32>
  return %y : tensor<1x2xsi32>
}
