// RUN: quant-opt %s --qnn-encode-weights=format=int4:g4:sym:f16 | FileCheck %s

// A scale for each four inputs of an output; codes in nibbles, the even input low: 7, -7, 3, 0 at 1 and 7, -4, 7, 4
// at 1/7 rounded to f16.

// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[C:.*]] = nn.constant dense<{{\[}}[151, 3, 199, 71]]> : tensor<1x4xui8>
// CHECK-DAG: %[[S:.*]] = nn.constant dense<{{\[}}[1.000000e+00, 1.428220e-01]]> : tensor<1x2xf16>
// CHECK: %[[W:.*]] = qnn.decode %[[C]], %[[S]] as <"int4:g4:sym:f16"> : (tensor<1x4xui8>, tensor<1x2xf16>) -> tensor<1x8xf32>
// CHECK: nn.linear %arg0, %[[W]]
func.func @main(%x: tensor<1x8xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[7.0, -7.0, 3.0, 0.0, 1.0, -0.5, 1.0, 0.5]]> : tensor<1x8xf32>
  %y = nn.linear %x, %w : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
