// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s

// Packed weights of 4 bits: 3 outputs take a panel of 32 columns, 20 inputs three blocks of 8. Zero points that are all
// equal are one byte, and those of signed codes are raised by 8. Rows in 8 bits are made by a call before.

// CHECK-LABEL: func.func @main
// CHECK: %[[SIGNED:.*]] = kern.constant dense<8> : tensor<1xi8>
// CHECK: kern.grouped_linear_f32 %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[SIGNED]], %{{.*}} {group = 8 : i64} : memref<6x3xf32, strided<[3, 1]>>, memref<6x20xf32, strided<[20, 1]>>, memref<384xi8>, memref<96xf32>, memref<1xi8>, memref<32xf32>
// CHECK: %[[EQUAL:.*]] = kern.constant dense<5> : tensor<1xi8>
// CHECK: kern.quantize_rows %[[CODES:.*]], %[[SCALES:.*]], %[[SUMS:.*]], %{{.*}} {group = 8 : i64, most = 127 : i64} : memref<6x24xi8>, memref<6xf32>, memref<6x3xi32>, memref<6x20xf32, strided<[20, 1]>>
// CHECK: kern.grouped_linear_s8 %{{.*}}, %[[CODES]], %[[SCALES]], %[[SUMS]], %{{.*}}, %{{.*}}, %[[EQUAL]], %{{.*}} {group = 8 : i64, inputs = 20 : i64}
func.func @main(%x: tensor<2x3x20xf32>) -> (tensor<2x3x3xf32>, tensor<2x3x3xf32>) {
  %c = nn.constant dense<33> : tensor<3x10xui8>
  %s = nn.constant dense<0.5> : tensor<3x3xf32>
  %z = nn.constant dense<5> : tensor<3x3xsi8>
  %0 = qnn.grouped_linear %x, %c, %s group 8 bits 16 of <4, signed = true, symmetric = true, narrow = true>
    : (tensor<2x3x20xf32>, tensor<3x10xui8>, tensor<3x3xf32>) -> tensor<2x3x3xf32>
  %1 = qnn.grouped_linear %x, %c, %s zeros(%z) group 8 bits 8 of <4, signed = false, symmetric = false, narrow = false>
    : (tensor<2x3x20xf32>, tensor<3x10xui8>, tensor<3x3xf32>, tensor<3x3xsi8>) -> tensor<2x3x3xf32>
  return %0, %1 : tensor<2x3x3xf32>, tensor<2x3x3xf32>
}
