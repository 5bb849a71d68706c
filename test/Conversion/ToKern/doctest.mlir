// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s
// RUN: quant-opt %s --convert-to-kern="level=x86-64-v3 strict" | FileCheck %s --check-prefix=STRICT
// RUN: quant-opt %s --convert-to-kern=level=x86-64-v2 | FileCheck %s --check-prefix=NOFMA

// A convolution and its requantization are one kernel call. The input's buffer has a border that
// holds the zero point 7; the epilogue is the fastest one that the accumulator's range admits.

// CHECK-LABEL: func.func @main
// CHECK-SAME: memref<1x1x4x4xi8>
// CHECK-SAME: memref<1x2x4x4xi8>
// CHECK-SAME: kern.num_inputs = 1
// CHECK: kern.buffer : memref<1x6x6x1xi8>
// CHECK: kern.fill_border {{.*}} {border = array<i64: 1, 1, 1, 1>, value = 7 : i64}
// CHECK: kern.conv
// CHECK-SAME: clamp_hi = 255 : i64, clamp_lo = 128 : i64
// CHECK-SAME: epilogue = 0 : i64
// CHECK-SAME: zero_point = 128 : i64
// CHECK: return
// STRICT: kern.conv
// STRICT-SAME: epilogue = 1 : i64
// NOFMA: kern.conv
// NOFMA-SAME: epilogue = 3 : i64
func.func @main(%x: tensor<1x1x4x4xui8>) -> tensor<1x2x4x4xui8> {
  %w = dyad.constant dense<[[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], [[[-1, -2, -3], [-4, -5, -6], [-7, -8, -9]]]]> : tensor<2x1x3x3xsi8>
  %b = dyad.constant dense<[10, -20]> : tensor<2xsi32>
  %zx = dyad.constant dense<7> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<12582913> : tensor<si32>
  %s = dyad.constant dense<31> : tensor<si32>
  %zo = dyad.constant dense<128> : tensor<ui8>
  %acc = dyad.conv %x, %w, %b, %zx {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x1x4x4xui8>, tensor<2x1x3x3xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2x4x4xsi32>
  %y = dyad.requantize %acc, %zi, %m, %s, %zo {clamp_lo = 128 : i32, clamp_hi = 255 : i32}
    : (tensor<1x2x4x4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x2x4x4xui8>
  return %y : tensor<1x2x4x4xui8>
}
