// RUN: split-file %s %t
// RUN: quant-opt %t/main.mlir --qnn-equalize-residual=channels=%t/channels.json | FileCheck %s

// One channel of range [-2, 6], read by weight 2: its factor is sqrt(8 / 2) = 2 and its shift 2. The
// maker becomes (8 x + 1 - 2) / 2, the reader 4 x + 2 * 2.

// CHECK-DAG: %[[W:.*]] = nn.constant dense<4.000000e+00> : tensor<1x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<-5.000000e-01> : tensor<1xf32>
// CHECK: %[[C:.*]] = nn.conv %arg0, %[[W]], %[[B]]
// CHECK: %[[O:.*]] = qnn.observe %[[C]] as "project"
// CHECK-DAG: %[[V:.*]] = nn.constant dense<4.000000e+00> : tensor<1x1x1x1xf32>
// CHECK-DAG: %[[A:.*]] = nn.constant dense<4.000000e+00> : tensor<1xf32>
// CHECK: nn.conv %[[O]], %[[V]], %[[A]]

//--- main.mlir
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = nn.constant dense<8.0> : tensor<1x1x1x1xf32>
  %b = nn.constant dense<1.0> : tensor<1xf32>
  %v = nn.constant dense<2.0> : tensor<1x1x1x1xf32>
  %c = nn.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x4x4xf32> loc("project")
  %o = qnn.observe %c as "project" : tensor<1x1x4x4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  %d = nn.conv %o, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32> loc("expand")
  return %d : tensor<1x1x4x4xf32>
}

//--- channels.json
{"format": "quantc-channels", "version": 1, "observers":
 {"project": {"min": [-2], "max": [6], "sum": [10], "count": 16}}}
