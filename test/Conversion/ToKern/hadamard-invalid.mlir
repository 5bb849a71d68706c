// Rotations that the kernels do not take.

// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-to-kern=level=x86-64-v3

// A length that no product of three constructions reaches.
func.func @main(%x: tensor<1x76032xf32>) -> tensor<1x76032xf32> {
  // expected-error @below {{expected at most three dense factors, but found 12 x 12 x 12 x 44, Paley I(11), Paley I(11), Paley I(11), Paley I(43)}}
  %0 = qnn.hadamard %x {size = 76032 : i64} : tensor<1x76032xf32>
  return %0 : tensor<1x76032xf32>
}

// -----

func.func @main(%x: tensor<1x76032xui8>) -> tensor<1x76032xsi32> {
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @below {{expected at most three dense factors, but found 12 x 12 x 12 x 44}}
  %0 = dyad.hadamard %x, %z {size = 76032 : i64} : (tensor<1x76032xui8>, tensor<ui8>) -> tensor<1x76032xsi32>
  return %0 : tensor<1x76032xsi32>
}

// -----

func.func @main(%x: tensor<1x8xsi16>) -> tensor<1x8xsi32> {
  %z = dyad.constant dense<0> : tensor<si16>
  // expected-error @below {{expected activations and weights of at most 8 bits, but found 'tensor<1x8xsi16>'}}
  %0 = dyad.hadamard %x, %z {size = 8 : i64} : (tensor<1x8xsi16>, tensor<si16>) -> tensor<1x8xsi32>
  return %0 : tensor<1x8xsi32>
}

// -----

// A zero point that is not known here.
func.func @main(%x: tensor<1x8xui8>, %z: tensor<ui8>) -> tensor<1x8xsi32> {
  // expected-error @below {{expected a constant integer operand of dyad.hadamard}}
  %0 = dyad.hadamard %x, %z {size = 8 : i64} : (tensor<1x8xui8>, tensor<ui8>) -> tensor<1x8xsi32>
  return %0 : tensor<1x8xsi32>
}
