// For a GPU, constants stay in natural order: weights O,H,W,I, one bias and multiplier a channel. The
// zero point is in the bias as ever, the epilogue fp32 where proved, else 64-bit integers, never fp64.

// RUN: quant-opt %s --convert-to-kern=level=cuda:sm_80 | FileCheck %s

// CHECK: module attributes {kern.level = "cuda:sm_80"}
// CHECK: kern.conv
// CHECK-SAME: epilogue = 0 : i64
// CHECK-SAME: natural
// CHECK-SAME: memref<18xi8>, memref<2xi32>, memref<2xf32>
// CHECK: kern.depthwise_conv
// CHECK-SAME: epilogue = 1 : i64
// CHECK-SAME: natural
// CHECK-SAME: memref<2xi8>, memref<2xi32>, memref<2xi32>, memref<2xi32>
module {
  func.func @main(%x: tensor<1x1x4x4xui8>) -> tensor<1x2x4x4xui8> {
    %w = dyad.constant dense<1> : tensor<2x1x3x3xsi8>
    %b = dyad.constant dense<[10, -20]> : tensor<2xsi32>
    %z = dyad.constant dense<7> : tensor<ui8>
    %zi = dyad.constant dense<0> : tensor<si32>
    %m = dyad.constant dense<12582913> : tensor<si32>
    %s = dyad.constant dense<31> : tensor<si32>
    %acc = dyad.conv %x, %w, %b, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x1x4x4xui8>, tensor<2x1x3x3xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2x4x4xsi32>
    %y = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
      : (tensor<1x2x4x4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x2x4x4xui8>
    // A bias past 2^24 at a scale that small: the fp32 form is not proved.
    %wd = dyad.constant dense<1> : tensor<2x1x1x1xsi8>
    %bd = dyad.constant dense<50000000> : tensor<2xsi32>
    %sd = dyad.constant dense<44> : tensor<si32>
    %accd = dyad.conv %y, %wd, %bd, %z {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64}
      : (tensor<1x2x4x4xui8>, tensor<2x1x1x1xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2x4x4xsi32>
    %r = dyad.requantize %accd, %zi, %m, %sd, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
      : (tensor<1x2x4x4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x2x4x4xui8>
    return %r : tensor<1x2x4x4xui8>
  }
}
