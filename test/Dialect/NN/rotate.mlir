// What refuses a rotation is named, or rotated at run time; heads turn where both weights take it up.

// RUN: quant-opt %s --nn-rotate --split-input-file --verify-diagnostics | FileCheck %s

// The stream is a result of the graph, too: one explicit rotation, by default.
// CHECK-LABEL: func.func @explicit(
// CHECK: %[[E:.*]] = nn.embedding
// CHECK: %[[BACK:.*]] = nn.linear %[[E]], %{{.*}} : (tensor<5x2xf32>, tensor<2x2xf32>) -> tensor<5x2xf32>
// CHECK: return %{{.*}}, %[[BACK]]
func.func @explicit(%i: tensor<5xsi64>) -> (tensor<5x1xf32>, tensor<5x2xf32>) {
  %t = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  %e = nn.embedding %t, %i : (tensor<1x2xf32>, tensor<5xsi64>) -> tensor<5x2xf32>
  // expected-remark @unknown {{the stream of norm 'norm' is rotated at run time where the graph refuses: it is a result of the graph}}
  // expected-remark @unknown {{the stream of norm 'norm' is rotated: 2 channels}}
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<5x2xf32>) -> tensor<5x2xf32> loc("norm")
  %y = nn.linear %n, %w : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  return %y, %e : tensor<5x1xf32>, tensor<5x2xf32>
}

// -----

// Two places are more than one.
// CHECK-LABEL: func.func @two_places(
// CHECK: nn.constant dense<{{\[}}[3.000000e+00, 4.000000e+00]]>
func.func @two_places(%i: tensor<5xsi64>) -> (tensor<5x1xf32>, tensor<5x2xf32>, tensor<5x2xf32>) {
  %t = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %w = nn.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  %e = nn.embedding %t, %i : (tensor<1x2xf32>, tensor<5xsi64>) -> tensor<5x2xf32>
  // expected-remark @unknown {{the stream that norm 'norm' reads is not rotated: 'act' (nn.gelu): it is not linear}}
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<5x2xf32>) -> tensor<5x2xf32> loc("norm")
  %y = nn.linear %n, %w : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  %b = nn.tanh %e : tensor<5x2xf32> loc("other")
  %a = nn.gelu %e : tensor<5x2xf32> loc("act")
  return %y, %a, %b : tensor<5x1xf32>, tensor<5x2xf32>, tensor<5x2xf32>
}

// -----

// A norm with a gain is no place to begin, and stops a rotation.
// CHECK-LABEL: func.func @gain(
// CHECK: nn.constant dense<{{\[}}[3.000000e+00, 4.000000e+00]]>
func.func @gain(%i: tensor<5xsi64>) -> tensor<5x1xf32> {
  %t = nn.constant dense<[[3.0, 4.0]]> : tensor<1x2xf32>
  %g = nn.constant dense<[2.0, 1.0]> : tensor<2xf32>
  %w = nn.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  %e = nn.embedding %t, %i : (tensor<1x2xf32>, tensor<5xsi64>) -> tensor<5x2xf32>
  // expected-remark@+1 {{reads is not rotated: its gain scales each channel by itself; fold it first}}
  %n = nn.rms_norm %e, %g {epsilon = 1.0e-5 : f32} : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  %y = nn.linear %n, %w : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  return %y : tensor<5x1xf32>
}

// -----

// Values of attention, one head: the map that makes them and the one that reads them; scores are no place for it.
// CHECK-LABEL: func.func @heads(
// CHECK-DAG: nn.constant dense<{{\[}}[{{-?}}4.94974756], [{{-?}}0.707106769]]> : tensor<2x1xf32>
// CHECK-DAG: nn.constant dense<{{\[}}[{{-?}}0.707106769, {{-?}}0.707106769]]> : tensor<1x2xf32>
func.func @heads(%x: tensor<5x1xf32>, %s: tensor<5x5xf32>) -> tensor<5x1xf32> {
  %wv = nn.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %wo = nn.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  %p = nn.softmax %s {axis = 1 : i64} : tensor<5x5xf32>
  %v = nn.linear %x, %wv : (tensor<5x1xf32>, tensor<2x1xf32>) -> tensor<5x2xf32>
  // expected-remark @unknown {{the heads of 'mixed' are rotated: 2 channels, Hadamard 2}}
  %m = nn.matmul %p, %v : (tensor<5x5xf32>, tensor<5x2xf32>) -> tensor<5x2xf32> loc("mixed")
  %y = nn.linear %m, %wo : (tensor<5x2xf32>, tensor<1x2xf32>) -> tensor<5x1xf32>
  return %y : tensor<5x1xf32>
}

// -----

// No op rotates channels that lie along two axes: the stream stays, and so does the graph.
// CHECK-LABEL: func.func @along_two_axes(
// CHECK: nn.constant dense<{{\[}}[3.000000e+00, 4.000000e+00, 0.000000e+00, 0.000000e+00]]>
func.func @along_two_axes(%i: tensor<5xsi64>) -> (tensor<5x1xf32>, tensor<5x2x2xf32>) {
  %t = nn.constant dense<[[3.0, 4.0, 0.0, 0.0]]> : tensor<1x4xf32>
  %w = nn.constant dense<1.0> : tensor<1x4xf32>
  %e = nn.embedding %t, %i : (tensor<1x4xf32>, tensor<5xsi64>) -> tensor<5x4xf32>
  // expected-remark @unknown {{the stream that norm 'norm' reads is not rotated: it is a result of the graph}}
  %n = nn.rms_norm %e {epsilon = 1.0e-5 : f32} : (tensor<5x4xf32>) -> tensor<5x4xf32> loc("norm")
  %y = nn.linear %n, %w : (tensor<5x4xf32>, tensor<1x4xf32>) -> tensor<5x1xf32>
  %r = nn.reshape %e : (tensor<5x4xf32>) -> tensor<5x2x2xf32>
  return %y, %r : tensor<5x1xf32>, tensor<5x2x2xf32>
}
