// RUN: quant-opt %s --qnn-quantize | FileCheck %s

// Activations get a scale from their range, weights one per output channel, the bias s_x * s_w, and
// the accumulators of the last linear map are dequantized.

// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[SX:.*]] = nn.constant dense<1.562500e-02> : tensor<f32>
// CHECK-DAG: %[[ZX:.*]] = nn.constant dense<64> : tensor<ui8>
// CHECK: %[[Q:.*]] = qnn.quantize %arg0, %[[SX]], %[[ZX]] : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8>
// CHECK-NEXT: %[[X:.*]] = qnn.dequantize %[[Q]], %[[SX]], %[[ZX]]
// CHECK: %[[W:.*]] = nn.constant dense<{{\[}}[127, -64], [127, 0]]> : tensor<2x2xsi8>
// CHECK: %[[SW:.*]] = nn.constant dense<[7.812500e-03, 1.562500e-02]> : tensor<2xf32>
// CHECK: %[[DW:.*]] = qnn.dequantize %[[W]], %[[SW]], %{{.*}} : (tensor<2x2xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x2xf32>
// CHECK: %[[B:.*]] = nn.constant dense<[8192, -4096]> : tensor<2xsi32>
// CHECK: %[[SB:.*]] = nn.constant dense<[1.22070313E-4, 2.44140625E-4]> : tensor<2xf32>
// CHECK: %[[DB:.*]] = qnn.dequantize %[[B]], %[[SB]],
// CHECK: %[[L:.*]] = nn.linear %[[X]], %[[DW]], %[[DB]]
// CHECK: qnn.quantize %[[L]], %{{.*}} {axis = 1 : i64} : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<1x2xsi32>
// CHECK-NEXT: %[[R:.*]] = qnn.dequantize {{.*}} {axis = 1 : i64}
// CHECK-NEXT: return %[[R]]
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %o = qnn.observe %x as "x" : tensor<1x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[0.9921875, -0.5], [1.984375, 0.0]]> : tensor<2x2xf32>
  %b = nn.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %l = nn.linear %o, %w, %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("fc")
  return %l : tensor<1x2xf32>
}
