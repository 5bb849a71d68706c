// RUN: not quant-opt %s --qnn-fuse-grouped-linear=activation-bits=4 2>&1 | FileCheck %s

// CHECK: expected activation bits 0, 8 or 16, but found 4
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  return %x : tensor<1xf32>
}
