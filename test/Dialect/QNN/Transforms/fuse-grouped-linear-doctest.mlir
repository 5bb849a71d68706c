// RUN: quant-opt %s --qnn-fuse-grouped-linear | FileCheck %s

// A linear layer on codes of 4 bits with a scale for each eight inputs reads the codes themselves; f16 scales become f32.

// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[C:.*]] = nn.constant dense<33> : tensor<2x8xui8>
// CHECK-DAG: %[[S:.*]] = nn.constant dense<5.000000e-01> : tensor<2x2xf32>
// CHECK-NOT: qnn.decode
// CHECK: qnn.grouped_linear %arg0, %[[C]], %[[S]] group 8 bits 16 of <4, signed = true, symmetric = true, narrow = false>
func.func @main(%x: tensor<1x16xf32>) -> tensor<1x2xf32> {
  %c = nn.constant dense<33> : tensor<2x8xui8>
  %s = nn.constant dense<0.5> : tensor<2x2xf16>
  %w = qnn.decode %c, %s as <"int4:g8:sym:f16"> : (tensor<2x8xui8>, tensor<2x2xf16>) -> tensor<2x16xf32>
  %y = nn.linear %x, %w : (tensor<1x16xf32>, tensor<2x16xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
