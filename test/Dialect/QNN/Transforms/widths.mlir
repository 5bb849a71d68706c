// Codes of 1 to 16 bits: storage, the range of `bits`, and weights of one bit as -1 and +1 at the mean magnitude.

// RUN: quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-insert-observers{activation-bits=12})' | FileCheck %s --check-prefix=OBSERVE
// RUN: quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-quantize{weight-bits=1})' | FileCheck %s --check-prefix=ONE
// RUN: quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-quantize{weight-bits=9})' | FileCheck %s --check-prefix=NINE
// RUN: not quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-quantize{weight-bits=16})' 2>&1 | FileCheck %s --check-prefix=SUMS
// RUN: not quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-quantize{weight-bits=17})' 2>&1 | FileCheck %s --check-prefix=WEIGHT
// RUN: not quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-insert-observers{activation-bits=0})' 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// RUN: not quant-opt %s --split-input-file '--pass-pipeline=builtin.module(qnn-quantize{node-bits=fc=w17})' 2>&1 | FileCheck %s --check-prefix=NODE

// OBSERVE: #qnn.int<12, signed = false

// ONE: qnn.quantize {{.*}} {bits = 12 : i64} : {{.*}} -> tensor<1x4xui16>
// ONE: nn.constant dense<{{\[\[}}1, -1, 1, 1]]> : tensor<1x4xsi8>
// ONE: nn.constant dense<2.000000e+00> : tensor<1xf32>

// NINE: nn.constant dense<{{\[\[}}64, -255, 127, 64]]> : tensor<1x4xsi16>

// SUMS: error: {{.*}}expected sums of products inside 32 bits, but found
// SUMS-SAME: for output channel 0 of node 'fc', which adds 4 products of 16-bit weights and inputs of magnitude 65535; weights of 15 bits fit
// WEIGHT: error: expected 1 to 16 weight bits, but found 17
// ACTIVATION: error: expected 1 to 16 activation bits, but found 0
// NODE: error: node-bits: expected NAME=wNaM with widths of 1 to 16 bits, but found 'fc=w17'

func.func @twelve(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[1.0, -4.0, 2.0, 1.0]]> : tensor<1x4xf32>
  %o = qnn.observe %x as "x" : tensor<1x4xf32>, #qnn.int<12, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = 0.0, max = 4.0, lo = 0.0, hi = 4.0, count = 4, method = "min-max">
  %y = nn.linear %o, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("fc")
  return %y : tensor<1x1xf32>
}

// -----

func.func @sixteen(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[1.0, -4.0, 2.0, 1.0]]> : tensor<1x4xf32>
  %o = qnn.observe %x as "x" : tensor<1x4xf32>, #qnn.int<16, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = 0.0, max = 4.0, lo = 0.0, hi = 4.0, count = 4, method = "min-max">
  %y = nn.linear %o, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("fc")
  return %y : tensor<1x1xf32>
}
