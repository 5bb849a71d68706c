// RUN: not quant-opt %s --qnn-fuse-grouped-linear=activation-bits=9 2>&1 | FileCheck %s

// CHECK: expected activation bits 0, 2 to 8 or 16, but found 9
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  return %x : tensor<1xf32>
}
