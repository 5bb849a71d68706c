// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s

// The clamp behind a linear map is its output range; a clamp with another reader of its input is not.

// CHECK-LABEL: func.func @main
// CHECK: kern.conv_f32
// CHECK-SAME: clamp_hi = 6.000000e+00 : f32, clamp_lo = 0.000000e+00 : f32
// CHECK-NOT: kern.unary_f32
// CHECK: return
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = nn.constant dense<0.5> : tensor<2x4xf32>
  %0 = nn.linear %x, %w : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  %1 = nn.clip %0 {lo = 0.0 : f32, hi = 6.0 : f32} : tensor<1x2xf32>
  return %1 : tensor<1x2xf32>
}
