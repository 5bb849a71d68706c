// RUN: not quant-opt %s --nn-rotate="kind=givens" 2>&1 | FileCheck %s

// CHECK: error: nn-rotate: expected kind hadamard or orthogonal, but found 'givens'
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
