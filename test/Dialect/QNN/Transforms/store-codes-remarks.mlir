// RUN: %python -c "import numpy; numpy.savez('%t.npz')"
// RUN: not quant-opt %s --split-input-file --qnn-store-codes="codes=%t.npz weight-bits=4 node-bits=sign=w1" 2>&1 | FileCheck %s

func.func @one_bit(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %o = qnn.observe %x as "x" : tensor<1x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[0.25, -0.5]]> : tensor<1x2xf32>
  // CHECK: remark: {{.*}}node 'sign': weights are rounded to nearest: codes of 1 bit have no choice but their sign
  %l = nn.linear %o, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("sign")
  return %l : tensor<1x1xf32>
}

// -----

func.func @no_range(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[0.25, -0.5]]> : tensor<1x2xf32>
  // CHECK: remark: {{.*}}weights are rounded to nearest: its input has no calibrated range
  %l = nn.linear %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %l : tensor<1x1xf32>
}

// -----

func.func @no_codes(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %o = qnn.observe %x as "x" : tensor<1x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[0.25, -0.5]]> : tensor<1x2xf32>
  // CHECK: error: {{.*}}expected codes, but found none
  %l = nn.linear %o, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %l : tensor<1x1xf32>
}
