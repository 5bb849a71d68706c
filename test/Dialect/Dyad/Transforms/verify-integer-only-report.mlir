// With report-only the same findings are warnings and the pass succeeds; integers in and out need no
// conversion at all.

// RUN: quant-opt %s --verify-integer-only=report-only=true --split-input-file --verify-diagnostics

func.func @main(%x: tensor<3xui8>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<3xui8> {
  %0 = dyad.reshape %x : (tensor<3xui8>) -> tensor<3xui8>
  // expected-warning @unknown {{but found 'qnn.dequantize' of node 'dq_first'}}
  %1 = qnn.dequantize %0, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32> loc("dq_first")
  // expected-warning @unknown {{but found 'qnn.quantize' of node 'q_first'}}
  %2 = qnn.quantize %1, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8> loc("q_first")
  return %2 : tensor<3xui8>
}

// -----

func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
  %0 = dyad.reshape %x : (tensor<3xui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}
