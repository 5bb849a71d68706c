// RUN: quant-opt %s --nn-weights-to-inputs | FileCheck %s
// RUN: quant-opt %s --nn-weights-to-inputs="nodes=second biases=true" | FileCheck %s --check-prefix=SECOND
// RUN: not quant-opt %s --nn-weights-to-inputs="nodes=secund" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// Two maps share a constant: each gets an argument of its own.

// CHECK: func.func @main(%[[X:.*]]: tensor<3x2xf32> {onnx.name = "x"}, %[[W:.*]]: tensor<2x2xf32> {onnx.name = "first:weight"}, %[[V:.*]]: tensor<2x2xf32> {onnx.name = "second:weight"})
// CHECK: %[[C:.*]] = nn.constant
// CHECK: %[[Y:.*]] = nn.linear %[[X]], %[[W]] :
// CHECK: nn.linear %[[Y]], %[[V]], %[[C]] :

// SECOND: func.func @main(%[[X:.*]]: tensor<3x2xf32> {onnx.name = "x"}, %[[V:.*]]: tensor<2x2xf32> {onnx.name = "second:weight"}, %[[C:.*]]: tensor<2xf32> {onnx.name = "second:bias"})
// SECOND: %[[W:.*]] = nn.constant
// SECOND: %[[Y:.*]] = nn.linear %[[X]], %[[W]] :
// SECOND: nn.linear %[[Y]], %[[V]], %[[C]] :

// UNKNOWN: error: nn-weights-to-inputs: no linear map is called 'secund'; did you mean 'second'?
func.func @main(%x: tensor<3x2xf32> {onnx.name = "x"}) -> tensor<3x2xf32> {
  %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = nn.constant dense<[10.0, 11.0]> : tensor<2xf32>
  %y = nn.linear %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32> loc("first")
  %z = nn.linear %y, %w, %c : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("second")
  return %z : tensor<3x2xf32>
}
