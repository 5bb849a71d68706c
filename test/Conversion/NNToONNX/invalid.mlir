// RUN: not quant-opt %s --convert-nn-to-onnx 2>&1 | FileCheck %s

// Both reasons are given; ops behind a refused one are not looked at.

// CHECK: node 'narrow' (qnn.quantize) has no form in ONNX: activations of 4 bits
// CHECK: node 'pool' (nn.avg_pool) has no form in ONNX: an AveragePool with dilations, before opset 19
func.func @main(%x: tensor<1x2x8x8xf32> {onnx.name = "x"}) -> (tensor<1x2x8x8xf32> {onnx.name = "y"}, tensor<1x2x6x6xf32> {onnx.name = "z"}) {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %q = qnn.quantize %x, %s, %z {bits = 4 : i64} : (tensor<1x2x8x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x8x8xui8> loc("narrow")
  %d = qnn.dequantize %q, %s, %z : (tensor<1x2x8x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x8x8xf32> loc("narrow")
  %p = nn.avg_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x6x6xf32> loc("pool")
  return %d, %p : tensor<1x2x8x8xf32>, tensor<1x2x6x6xf32>
}
