// RUN: quant-opt %s --qnn-decode-weights | FileCheck %s

// Codes of E2M1 in nibbles, low first: 7, 9 are 6, -0.5 and 2, 1 are 1, 0.5; the scale of a row is 2^(byte - 127).

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = nn.constant dense<{{\[}}[1.200000e+01, -1.000000e+00], [5.000000e-01, 2.500000e-01]]> : tensor<2x2xf32>
// CHECK-NOT: qnn.decode
// CHECK: nn.linear %arg0, %[[W]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x97], [0x12]]> : tensor<2x1xui8>
  %s = nn.constant dense<[[128], [126]]> : tensor<2x1xui8>
  %w = qnn.decode %c, %s as <"mxfp4"> : (tensor<2x1xui8>, tensor<2x1xui8>) -> tensor<2x2xf32>
  %y = nn.linear %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
