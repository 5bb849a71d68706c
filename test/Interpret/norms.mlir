// Meaning of the normalisations, of lookup, slices and expansions by example.

// RUN: %python -c "import numpy as np; np.savez(r'%t.npz', x=np.array([[[1, 3, 5, 7], [0, 0, 0, 0]]], np.float32), i=np.array([[2, -1, 0]]))"
// RUN: quant-run %s --interpret --inputs %t.npz --outputs %t.out.npz
// RUN: %python %S/print_npz.py %t.out.npz | FileCheck %s

// The sum of squares is 84, their mean 21; with epsilon 4 the root is 5. A row of zeros stays.
// CHECK: rms (2, 4): 0.2 0.6 1.0 1.4 0.0 0.0 0.0 0.0
// CHECK: rms_gain (2, 4): 0.2 1.2 3.0 -1.4 0.0 0.0 0.0 0.0
// The mean is 4, the variance 5; with epsilon 4 the root is 3.
// CHECK: layer (2, 4): -1.0 -0.3333333 0.3333333 1.0 0.0 0.0 0.0 0.0
// CHECK: layer_gain_bias (2, 4): 0.0 1.333333 4.0 3.0 1.0 2.0 3.0 4.0
// CHECK: layer_bias (2, 4): 0.0 1.666667 3.333333 5.0 1.0 2.0 3.0 4.0
// Rows 2, the last and 0.
// CHECK: rows (3, 2): 5.0 6.0 7.0 8.0 1.0 2.0
// CHECK: box (1, 2): 3.0 5.0
// CHECK: copies (2, 3, 2): 1.0 2.0 1.0 2.0 1.0 2.0 3.0 4.0 3.0 4.0 3.0 4.0
func.func @main(%x: tensor<2x4xf32> {onnx.name = "x"}, %i: tensor<3xsi64> {onnx.name = "i"})
    -> (tensor<2x4xf32> {onnx.name = "rms"}, tensor<2x4xf32> {onnx.name = "rms_gain"}, tensor<2x4xf32> {onnx.name = "layer"},
        tensor<2x4xf32> {onnx.name = "layer_gain_bias"}, tensor<2x4xf32> {onnx.name = "layer_bias"}, tensor<3x2xf32> {onnx.name = "rows"},
        tensor<1x2xf32> {onnx.name = "box"}, tensor<2x3x2xf32> {onnx.name = "copies"}) {
  %gain = nn.constant dense<[1.0, 2.0, 3.0, -1.0]> : tensor<4xf32>
  %bias = nn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %table = nn.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]> : tensor<4x2xf32>
  %two = nn.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %0 = nn.rms_norm %x {epsilon = 4.0 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = nn.rms_norm %x, %gain {epsilon = 4.0 : f32} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %2 = nn.layer_norm %x {epsilon = 4.0 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = nn.layer_norm %x, %gain, %bias {epsilon = 4.0 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %4 = nn.layer_norm %x, %bias {epsilon = 4.0 : f32, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %5 = nn.embedding %table, %i : (tensor<4x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  %6 = nn.slice %x {offsets = array<i64: 0, 1>} : (tensor<2x4xf32>) -> tensor<1x2xf32>
  %7 = nn.expand %two : (tensor<2x1x2xf32>) -> tensor<2x3x2xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<3x2xf32>,
    tensor<1x2xf32>, tensor<2x3x2xf32>
}
