// Norms whose parameters have nowhere to go keep them, and a remark names what reads them.

// RUN: quant-opt %s --nn-fold-norms --split-input-file --verify-diagnostics | FileCheck %s
// RUN: quant-opt %s --nn-fold-norms --split-input-file -o %t.mlir 2> %t.remarks
// RUN: quant-opt %t.mlir --nn-fold-norms --split-input-file 2> %t.again | diff %t.mlir -

// The residual of a post-norm model.
// CHECK-LABEL: func.func @residual(
// CHECK: nn.rms_norm %arg0, %{{.*}} :
func.func @residual(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %g = nn.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %w = nn.constant dense<1.0> : tensor<2x2xf32>
  // expected-remark @unknown {{norm 'post' keeps its gain: it is a result of the graph}}
  %n = nn.rms_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("post")
  %y = nn.linear %n, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %z = nn.add %n, %y : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @bias_first(
// CHECK: nn.layer_norm %arg0, %{{.*}}, %{{.*}} {
func.func @bias_first(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %g = nn.constant dense<[2.0, 4.0]> : tensor<2xf32>
  // expected-remark @unknown {{norm 'pre' keeps its bias: 'act' (nn.gelu): it is not linear}}
  %n = nn.layer_norm %x, %g, %g {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("pre")
  %y = nn.gelu %n : tensor<3x2xf32> loc("act")
  return %y : tensor<3x2xf32>
}

// -----

// One weight that two maps read becomes two, each with the gain in front of it. Gains of 0 and below are folded as any.
// CHECK-LABEL: func.func @shared_weight(
// CHECK: %[[W:.*]] = nn.constant dense<1.000000e+00>
// CHECK: nn.linear %arg0, %[[W]]
// CHECK: %[[N:.*]] = nn.rms_norm %arg0 {{{.*}}} : (tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK: %[[F:.*]] = nn.constant dense<{{\[}}[0.000000e+00, -4.000000e+00], [0.000000e+00, -4.000000e+00]]>
// CHECK: nn.linear %[[N]], %[[F]]
func.func @shared_weight(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %g = nn.constant dense<[0.0, -4.0]> : tensor<2xf32>
  %w = nn.constant dense<1.0> : tensor<2x2xf32>
  %y = nn.linear %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %n = nn.rms_norm %x, %g {epsilon = 1.0e-5 : f32} : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %z = nn.linear %n, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}
