// RUN: split-file %s %t
// RUN: quant-opt %t/main.mlir --qnn-equalize-depthwise=channels=%t/channels.json | FileCheck %s
// RUN: not quant-opt %t/main.mlir --qnn-equalize-depthwise=channels=%t/short.json 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not quant-opt %t/main.mlir --qnn-equalize-depthwise 2>&1 | FileCheck %s --check-prefix=OPTION

// Channel 0 reached 4 and channel 1 the bound 6, and both now reach 1: the row of the first weight is
// divided, that of the depthwise weight multiplied.

// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[\[\[}}5.000000e-01{{\]\]\]}}, {{\[\[\[}}2.000000e+00{{\]\]\]\]}}> : tensor<2x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[2.500000e-01, 5.000000e-01]> : tensor<2xf32>
// CHECK: %[[C:.*]] = nn.conv %arg0, %[[W]], %[[B]]
// CHECK: %[[R:.*]] = nn.clip %[[C]] {hi = 1.000000e+00 : f32, lo = 0.000000e+00 : f32}
// CHECK: %[[O:.*]] = qnn.observe %[[R]] as "relu"
// CHECK: %[[D:.*]] = nn.constant dense<{{\[\[\[\[}}4.000000e+00{{\]\]\]}}, {{\[\[\[}}6.000000e+00{{\]\]\]\]}}> : tensor<2x1x1x1xf32>
// CHECK: nn.conv %[[O]], %[[D]],
// SHORT: error: '{{.*}}short.json': expected arrays min, max and sum of one length and a positive count for 'relu', but found others
// OPTION: error: expected the option channels=FILE, but found none

//--- main.mlir
func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = nn.constant dense<[[[[2.0]]], [[[12.0]]]]> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[1.0, 3.0]> : tensor<2xf32>
  %v = nn.constant dense<1.0> : tensor<2x1x1x1xf32>
  %c = nn.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32> loc("conv")
  %r = nn.clip %c {lo = 0.0 : f32, hi = 6.0 : f32} : tensor<1x2x4x4xf32> loc("relu")
  %o = qnn.observe %r as "relu" : tensor<1x2x4x4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  %d = nn.conv %o, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64} : (tensor<1x2x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32> loc("depthwise")
  return %d : tensor<1x2x4x4xf32>
}

//--- channels.json
{"format": "quantc-channels", "version": 1, "observers":
 {"relu": {"min": [0, 0], "max": [4, 6], "sum": [10, 20], "count": 16}}}

//--- short.json
{"format": "quantc-channels", "version": 1, "observers":
 {"relu": {"min": [0, 0], "max": [4], "sum": [10, 20], "count": 16}}}
