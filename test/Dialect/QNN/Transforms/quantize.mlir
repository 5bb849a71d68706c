// RUN: quant-opt %s --split-input-file --qnn-quantize | FileCheck %s
// RUN: quant-opt %s --split-input-file --qnn-quantize="weight-per-tensor weight-bits=4" | FileCheck %s --check-prefix=TENSOR

// Operands of a concatenation share the union of their ranges, through ops that move values.

// CHECK-LABEL: func.func @concat
// CHECK-COUNT-4: nn.constant dense<1.562500e-02> : tensor<f32>
// CHECK-NOT: nn.constant {{.*}} : tensor<f32>
// CHECK: return
func.func @concat(%x: tensor<4xf32>, %y: tensor<2x2xf32>) -> tensor<8xf32> {
  %a = qnn.observe %x as "x" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = 0.0, max = 1.0, lo = 0.0, hi = 1.0, count = 2, method = "min-max">
  %b = qnn.observe %y as "y" : tensor<2x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %r = nn.reshape %b : (tensor<2x2xf32>) -> tensor<4xf32> loc("reshape")
  %c = nn.concat %a, %r {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32> loc("concat")
  %s = nn.add %c, %c : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> loc("sum")
  return %s : tensor<8xf32>
}

// -----

// A channel without weights has scale 1 when it has no bias either; a tiny channel's scale is raised
// until its bias fits.

// CHECK-LABEL: func.func @dead_channels
// CHECK: nn.constant dense<{{\[}}[0, 0], [0, 0], [127, 64]]> : tensor<3x2xsi8>
// CHECK: nn.constant dense<[1.000000e+00, {{.*}}, 7.812500e-03]> : tensor<3xf32>
// TENSOR-LABEL: func.func @dead_channels
// TENSOR: nn.constant dense<{{\[}}[0, 0], [0, 0], [7, 4]]> : tensor<3x2xsi8>
// TENSOR: nn.constant dense<0.141741067> : tensor<f32>
func.func @dead_channels(%x: tensor<1x2xf32>) -> tensor<1x3xf32> {
  %o = qnn.observe %x as "x" : tensor<1x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[0.0, 0.0], [1.0e-8, 0.0], [0.9921875, 0.5]]> : tensor<3x2xf32>
  %b = nn.constant dense<[0.0, 1000.0, 0.0]> : tensor<3xf32>
  %l = nn.linear %o, %w, %b : (tensor<1x2xf32>, tensor<3x2xf32>, tensor<3xf32>) -> tensor<1x3xf32> loc("fc")
  return %l : tensor<1x3xf32>
}
