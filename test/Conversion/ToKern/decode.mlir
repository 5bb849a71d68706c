// A weight in a number format is decoded here: the schedule is that of the float constant.

// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 > %t.packed
// RUN: quant-opt %s --qnn-decode-weights --convert-to-kern=level=x86-64-v3 > %t.float
// RUN: diff %t.packed %t.float
// RUN: FileCheck %s --input-file %t.packed

// CHECK-LABEL: func.func @main
// CHECK-NOT: qnn.decode
// CHECK: kern.constant {{.*}}tensor<{{.*}}xf32>
func.func @main(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %c = nn.constant dense<[[0x97], [0x12]]> : tensor<2x1xui8>
  %s = nn.constant dense<[[128], [126]]> : tensor<2x1xui8>
  %w = qnn.decode %c, %s as <"mxfp4"> : (tensor<2x1xui8>, tensor<2x1xui8>) -> tensor<2x2xf32>
  %y = nn.linear %x, %w : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
