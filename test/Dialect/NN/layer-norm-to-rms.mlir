// Streams whose mean somebody sees stay, and a remark names the reader; producers without parameters lose their mean at run time.

// RUN: quant-opt %s --nn-layer-norm-to-rms --split-input-file --verify-diagnostics | FileCheck %s
// RUN: quant-opt %s --nn-layer-norm-to-rms --split-input-file -o %t.mlir 2> %t.remarks
// RUN: quant-opt %t.mlir --nn-layer-norm-to-rms --split-input-file 2> %t.again | diff %t.mlir -

// CHECK-LABEL: func.func @seen_by_another_reader(
// CHECK: nn.layer_norm
func.func @seen_by_another_reader(%i: tensor<3xsi64>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %t = nn.constant dense<1.0> : tensor<4x2xf32>
  %e = nn.embedding %t, %i : (tensor<4x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  // expected-remark @unknown {{norm 'norm' stays a layer_norm: 'act' (nn.gelu): it is not linear}}
  %n = nn.layer_norm %e {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x2xf32>) -> tensor<3x2xf32> loc("norm")
  %g = nn.gelu %e : tensor<3x2xf32> loc("act")
  return %n, %g : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// A bias is folded first.
// CHECK-LABEL: func.func @with_bias(
// CHECK: nn.constant dense<1.000000e+00> : tensor<4x2xf32>
// CHECK-NOT: nn.constant dense<0.0
// CHECK: nn.layer_norm
func.func @with_bias(%i: tensor<3xsi64>) -> tensor<3x2xf32> {
  %t = nn.constant dense<1.0> : tensor<4x2xf32>
  %b = nn.constant dense<1.0> : tensor<2xf32>
  %e = nn.embedding %t, %i : (tensor<4x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  // expected-remark @unknown {{norm 'norm' stays a layer_norm: it has a bias}}
  %n = nn.layer_norm %e, %b, %b {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32> loc("norm")
  return %n : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @input_of_the_graph(
// CHECK: %[[M:.*]] = nn.reduce_mean %arg0 {axes = array<i64: 1>, keepdims = true}
// CHECK: %[[C:.*]] = nn.sub %arg0, %[[M]]
// CHECK: nn.rms_norm %[[C]]
func.func @input_of_the_graph(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %n = nn.layer_norm %x {epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return %n : tensor<3x2xf32>
}
