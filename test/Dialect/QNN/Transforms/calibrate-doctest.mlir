// RUN: split-file %s %t
// RUN: quant-opt %t/main.mlir --qnn-calibrate=stats=%t/stats.json | FileCheck %s
// RUN: not quant-opt %t/main.mlir --qnn-calibrate=stats=%t/missing.json 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not quant-opt %t/main.mlir --qnn-calibrate=stats=%t/reversed.json 2>&1 | FileCheck %s --check-prefix=REVERSED
// RUN: not quant-opt %t/main.mlir --qnn-calibrate=stats=%t/other.json 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not quant-opt %t/main.mlir --qnn-calibrate=stats=%t/none.json 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not quant-opt %t/main.mlir --qnn-calibrate 2>&1 | FileCheck %s --check-prefix=OPTION

// CHECK: qnn.observe %arg0 as "x" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, <min = -1.500000e+00, max = 2.000000e+00, lo = -1.500000e+00, hi = 1.750000e+00, count = 64, method = "mse">
// MISSING: error: expected statistics of 'x' in '{{.*}}missing.json', but found none
// REVERSED: error: expected lo <= hi, but found 2.{{.*}} and 1.
// OTHER: error: '{{.*}}other.json': expected an object with format 'quantc-statistics' and version 1, but found neither
// NONE: error: cannot read '{{.*}}none.json'
// OPTION: error: expected the option stats=FILE, but found none

//--- main.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %o = qnn.observe %x as "x" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  return %o : tensor<4xf32>
}

//--- stats.json
{"format": "quantc-statistics", "version": 1, "observers":
 {"x": {"min": -1.5, "max": 2, "lo": -1.5, "hi": 1.75, "count": 64, "method": "mse"}}}

//--- missing.json
{"format": "quantc-statistics", "version": 1, "observers":
 {"y": {"min": -1.5, "max": 2, "lo": -1.5, "hi": 1.75, "count": 64, "method": "mse"}}}

//--- reversed.json
{"format": "quantc-statistics", "version": 1, "observers":
 {"x": {"min": -1.5, "max": 2, "lo": 2, "hi": 1, "count": 64, "method": "mse"}}}

//--- other.json
{"format": "something", "version": 1, "observers": {}}
