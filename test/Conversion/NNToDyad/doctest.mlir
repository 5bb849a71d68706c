// RUN: quant-opt %s --convert-nn-to-dyad | FileCheck %s

// One rounding per op: accumulators, then a rescaling by s_x * s_w / s_y that also holds the clamp.

// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = qnn.quantize %arg0
// CHECK-DAG: %[[W:.*]] = dyad.constant dense<{{\[}}[127, -64], [127, 0]]> : tensor<2x2xsi8>
// CHECK-DAG: %[[B:.*]] = dyad.constant dense<[8192, -4096]> : tensor<2xsi32>
// CHECK: %[[A:.*]] = dyad.linear %[[X]], %[[W]], %[[B]], %{{.*}} : (tensor<1x2xui8>, tensor<2x2xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
// CHECK-DAG: %[[M:.*]] = dyad.constant dense<8388609> : tensor<2xsi32>
// CHECK-DAG: %[[S:.*]] = dyad.constant dense<[31, 30]> : tensor<2xsi32>
// CHECK: %[[R:.*]] = dyad.requantize %[[A]], %{{.*}}, %[[M]], %[[S]], %{{.*}} {clamp_hi = 192 : i32, clamp_lo = 0 : i32}
// CHECK: %[[D:.*]] = qnn.dequantize %[[R]]
// CHECK: return %[[D]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %s = nn.constant dense<0.015625> : tensor<f32>
  %z = nn.constant dense<64> : tensor<ui8>
  %q = qnn.quantize %x, %s, %z : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8>
  %d = qnn.dequantize %q, %s, %z : (tensor<1x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2xf32>
  %w = nn.constant dense<[[127, -64], [127, 0]]> : tensor<2x2xsi8>
  %sw = nn.constant dense<[0.0078125, 0.015625]> : tensor<2xf32>
  %zw = nn.constant dense<0> : tensor<2xsi8>
  %dw = qnn.dequantize %w, %sw, %zw : (tensor<2x2xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x2xf32>
  %b = nn.constant dense<[8192, -4096]> : tensor<2xsi32>
  %sb = nn.constant dense<[1.220703125E-4, 2.44140625E-4]> : tensor<2xf32>
  %zb = nn.constant dense<0> : tensor<2xsi32>
  %db = qnn.dequantize %b, %sb, %zb : (tensor<2xsi32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<2xf32>
  %l = nn.linear %d, %dw, %db : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("fc")
  %c = nn.clip %l {lo = 0.0 : f32, hi = 6.0 : f32} : tensor<1x2xf32> loc("relu6")
  %sy = nn.constant dense<0.03125> : tensor<f32>
  %zy = nn.constant dense<0> : tensor<ui8>
  %qy = qnn.quantize %c, %sy, %zy : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8>
  %r = qnn.dequantize %qy, %sy, %zy : (tensor<1x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2xf32>
  return %r : tensor<1x2xf32>
}
