// What forbids the certificate, each with its node's name.

// RUN: quant-opt %s --allow-unregistered-dialect --verify-integer-only --split-input-file --verify-diagnostics

// A float op, and the pair of conversions around it.
func.func @main(%x: tensor<3xui8>, %s: tensor<f32>, %z: tensor<ui8>, %t: tensor<256xui8>) -> tensor<3xui8> {
  %0 = dyad.lookup %x, %t : (tensor<3xui8>, tensor<256xui8>) -> tensor<3xui8>
  // expected-error @unknown {{expected no float op between the first quantize and the last dequantize, but found 'qnn.dequantize' of node 'dq_first'}}
  %1 = qnn.dequantize %0, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32> loc("dq_first")
  // expected-error @unknown {{but found 'nn.relu' of node 'act'}}
  %2 = nn.relu %1 : tensor<3xf32> loc("act")
  // expected-error @unknown {{but found 'qnn.quantize' of node 'q_first'}}
  %3 = qnn.quantize %2, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8> loc("q_first")
  return %3 : tensor<3xui8>
}

// -----

// Requantization in float: no float op but the two conversions themselves.
func.func @main(%x: tensor<3xf32>, %s: tensor<f32>, %u: tensor<f32>, %z: tensor<ui8>) -> tensor<3xf32> {
  %0 = qnn.quantize %x, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8>
  %1 = dyad.reshape %0 : (tensor<3xui8>) -> tensor<3xui8>
  // expected-error @unknown {{but found 'qnn.dequantize' of node 'dq_second'}}
  %2 = qnn.dequantize %1, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32> loc("dq_second")
  // expected-error @unknown {{but found 'qnn.quantize' of node 'q_second'}}
  %3 = qnn.quantize %2, %u, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8> loc("q_second")
  %4 = qnn.dequantize %3, %u, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32>
  return %4 : tensor<3xf32>
}

// -----

// A float branch beside the integers.
func.func @main(%x: tensor<3xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<3xf32> {
  %0 = qnn.quantize %x, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8>
  %1 = dyad.reshape %0 : (tensor<3xui8>) -> tensor<3xui8>
  %2 = qnn.dequantize %1, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32>
  // expected-error @unknown {{expected no float op beside the integer ops, but found 'nn.relu' of node 'branch'}}
  %3 = nn.relu %x : tensor<3xf32> loc("branch")
  %4 = nn.add %2, %3 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %4 : tensor<3xf32>
}

// -----

// A skip connection that meets the integers again.
func.func @main(%x: tensor<3xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<3xui8> {
  %0 = qnn.quantize %x, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8>
  // expected-error @unknown {{but found 'qnn.dequantize' of node 'dq_fourth'}}
  %1 = qnn.dequantize %0, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32> loc("dq_fourth")
  // expected-error @unknown {{but found 'nn.add' of node 'skip'}}
  %2 = nn.add %1, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> loc("skip")
  // expected-error @unknown {{but found 'qnn.quantize' of node 'q_fourth'}}
  %3 = qnn.quantize %2, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8> loc("q_fourth")
  %4 = dyad.reshape %3 : (tensor<3xui8>) -> tensor<3xui8>
  return %4 : tensor<3xui8>
}

// -----

// An op with a region is what happens inside it.
func.func @main(%x: tensor<3xui8>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<3xui8> {
  %0 = dyad.reshape %x : (tensor<3xui8>) -> tensor<3xui8>
  %1 = "other.region"(%0) ({
    // expected-error @unknown {{but found 'qnn.dequantize' of node 'inner_dq_fifth'}}
    %2 = qnn.dequantize %0, %s, %z : (tensor<3xui8>, tensor<f32>, tensor<ui8>) -> tensor<3xf32> loc("inner_dq_fifth")
    // expected-error @unknown {{but found 'qnn.quantize' of node 'inner_q_fifth'}}
    %3 = qnn.quantize %2, %s, %z : (tensor<3xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8> loc("inner_q_fifth")
    "other.yield"(%3) : (tensor<3xui8>) -> ()
  }) : (tensor<3xui8>) -> tensor<3xui8>
  return %1 : tensor<3xui8>
}

// -----

// Nothing to certify.
// expected-error @+1 {{expected integer ops to certify, but found none}}
module {
  func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
    // expected-error @+1 {{expected no float op beside the integer ops, but found 'nn.relu'}}
    %0 = nn.relu %x : tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
