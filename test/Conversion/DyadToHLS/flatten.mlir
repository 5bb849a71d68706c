// RUN: quant-opt %s --convert-dyad-to-hls | FileCheck %s

// Flattening costs nothing: pixels arrive channel by channel, and the weight's columns are permuted to that order.

// CHECK-NOT: transpose
// CHECK: hls.mvau
// CHECK-SAME: weight = dense<{{\[}}[1, 3, 2, 4]]> : tensor<1x4xsi8>
func.func @main(%x: tensor<1x2x1x2xui8>) -> tensor<1x1xsi32> {
  %flat = dyad.reshape %x : (tensor<1x2x1x2xui8>) -> tensor<1x4xui8>
  %w = dyad.constant dense<[[1, 2, 3, 4]]> : tensor<1x4xsi8>
  %b = dyad.constant dense<0> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %y = dyad.linear %flat, %w, %b, %z : (tensor<1x4xui8>, tensor<1x4xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32>
  return %y : tensor<1x1xsi32>
}
