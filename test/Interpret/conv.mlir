// Meaning of dyad.conv by example: folding evaluates the op, the constants are worked out by hand.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// Padding holds the zero point: x - 10 = [0, 10, 20], taps outside add nothing.
// CHECK-LABEL: func.func @padding(
// CHECK-NEXT: dyad.constant dense<{{\[\[\[}}130, 180, 150]]]> : tensor<1x1x3xsi32>
func.func @padding() -> tensor<1x1x3xsi32> {
  %x = dyad.constant dense<[[[10, 20, 30]]]> : tensor<1x1x3xui8>
  %w = dyad.constant dense<[[[1, 2, 3]]]> : tensor<1x1x3xsi8>
  %b = dyad.constant dense<100> : tensor<1xsi32>
  %z = dyad.constant dense<10> : tensor<ui8>
  // 100 + 2*0 + 3*10, 100 + 1*0 + 2*10 + 3*20, 100 + 1*10 + 2*20
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>}
    : (tensor<1x1x3xui8>, tensor<1x1x3xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1x3xsi32>
  return %0 : tensor<1x1x3xsi32>
}

// Two groups, a stride of two, a dilation of two, weights of 4 bits.
// CHECK-LABEL: func.func @grouped(
// CHECK-NEXT: dyad.constant dense<{{\[\[\[}}-27, -57], [2054, 2054]]]> : tensor<1x2x2xsi32>
func.func @grouped() -> tensor<1x2x2xsi32> {
  %x = dyad.constant dense<[[[1, 2, 3, 4, 5], [-128, 127, -128, 127, -128]]]> : tensor<1x2x5xsi8>
  %w = dyad.constant dense<[[[-8, -7]], [[-8, -8]]]> : tensor<2x1x2xsi4>
  %b = dyad.constant dense<[2, 6]> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<si8>
  // 2 - 8*1 - 7*3, 2 - 8*3 - 7*5; 6 + 8*128 + 8*128 twice
  %0 = dyad.conv %x, %w, %b, %z {strides = array<i64: 2>, dilations = array<i64: 2>, pads = array<i64: 0, 0>, groups = 2 : i64}
    : (tensor<1x2x5xsi8>, tensor<2x1x2xsi4>, tensor<2xsi32>, tensor<si8>) -> tensor<1x2x2xsi32>
  return %0 : tensor<1x2x2xsi32>
}
