// A rotation has a representation of its own in front and behind.

// RUN: quant-opt %s --qnn-insert-observers | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK: %[[X:.*]] = qnn.observe %arg0
// CHECK: %[[H:.*]] = qnn.hadamard %[[X]]
// CHECK: qnn.observe %[[H]]
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = qnn.hadamard %x {size = 8 : i64} : tensor<2x8xf32>
  %1 = nn.add %0, %0 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}
