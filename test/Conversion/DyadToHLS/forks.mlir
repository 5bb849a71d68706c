// RUN: quant-opt %s --convert-dyad-to-hls | FileCheck %s

// A stream with two readers is duplicated, and one that nobody reads is discarded.

// CHECK: %[[X:.*]] = hls.input
// CHECK: %[[D:.*]]:2 = hls.duplicate %[[X]] {channels = 4 : i64, lanes = 1 : i64, pixels = 1 : i64}
// CHECK: %[[U:.*]] = hls.input
// CHECK: hls.discard %[[U]]
// CHECK: hls.add %[[D]]#0, %[[D]]#1
func.func @main(%x: tensor<1x4xui8>, %unused: tensor<1x2xui8>) -> tensor<1x4xui8> {
  %z = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<1048577> : tensor<si32>
  %s = dyad.constant dense<21> : tensor<si32>
  %y = dyad.add %x, %x, %z, %z, %m, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<1x4xui8>, tensor<1x4xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x4xui8>
  return %y : tensor<1x4xui8>
}
