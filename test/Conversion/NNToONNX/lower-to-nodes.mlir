// Slices name the axes that they cut; expansions the axes that they repeat; and back again they are what they were.

// RUN: quant-opt %s --lower-nn-to-nodes -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quant-opt %t.mlir --raise-nodes-to-nn | FileCheck %s --check-prefix=BACK
// RUN: quant-opt %t.mlir --lower-nn-to-nodes | diff %t.mlir -

// CHECK-LABEL: func.func @slices(
// CHECK-DAG: %[[BEGIN:.*]] = nn.constant dense<[1, 2]> : tensor<2xsi64>
// CHECK-DAG: %[[END:.*]] = nn.constant dense<[3, 8]> : tensor<2xsi64>
// CHECK-DAG: %[[AXES:.*]] = nn.constant dense<[0, 2]> : tensor<2xsi64>
// CHECK: %[[S:.*]] = onnx.node "Slice"(%arg0, %[[BEGIN]], %[[END]], %[[AXES]])
// CHECK: return %[[S]], %arg0
// BACK-LABEL: func.func @slices(
// BACK: nn.slice %arg0 {offsets = array<i64: 1, 0, 2>} : (tensor<4x5x8xf32>) -> tensor<2x5x6xf32>
func.func @slices(%x: tensor<4x5x8xf32>) -> (tensor<2x5x6xf32>, tensor<4x5x8xf32>) {
  %a = nn.slice %x {offsets = array<i64: 1, 0, 2>} : (tensor<4x5x8xf32>) -> tensor<2x5x6xf32>
  %b = nn.slice %x {offsets = array<i64: 0, 0, 0>} : (tensor<4x5x8xf32>) -> tensor<4x5x8xf32>
  return %a, %b : tensor<2x5x6xf32>, tensor<4x5x8xf32>
}

// CHECK-LABEL: func.func @expands(
// CHECK: %[[SHAPE:.*]] = nn.constant dense<[1, 4, 1]> : tensor<3xsi64>
// CHECK: onnx.node "Expand"(%arg0, %[[SHAPE]]){{.*}} : (tensor<2x1x8xf32>, tensor<3xsi64>) -> tensor<2x4x8xf32>
// CHECK: onnx.node "Expand"{{.*}} -> tensor<?x4xf32>
// BACK-LABEL: func.func @expands(
// BACK: nn.expand %arg0 : (tensor<2x1x8xf32>) -> tensor<2x4x8xf32>
func.func @expands(%x: tensor<2x1x8xf32>, %y: tensor<?x1xf32>) -> (tensor<2x4x8xf32>, tensor<?x4xf32>) {
  %a = nn.expand %x : (tensor<2x1x8xf32>) -> tensor<2x4x8xf32>
  %b = nn.expand %y : (tensor<?x1xf32>) -> tensor<?x4xf32>
  return %a, %b : tensor<2x4x8xf32>, tensor<?x4xf32>
}

// Parameters go along, of the type of the elements. Other floats than float32 are for nodes alone.
// CHECK-LABEL: func.func @norms(
// CHECK: onnx.node "LayerNormalization"(%arg0, %arg1, %arg1)
// CHECK: nn.constant dense<9.765620e-04> : tensor<f16>
// CHECK: onnx.node "Mul"(%{{.*}}, %arg3) {{.*}} : (tensor<3x4xf16>, tensor<4xf16>) -> tensor<3x4xf16>
func.func @norms(%x: tensor<3x4xf32>, %p: tensor<4xf32>, %h: tensor<3x4xf16>, %g: tensor<4xf16>) -> (tensor<3x4xf32>, tensor<3x4xf16>) {
  %a = nn.layer_norm %x, %p, %p {epsilon = 1.0e-3 : f32, operandSegmentSizes = array<i32: 1, 1, 1>}
    : (tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %b = nn.rms_norm %h, %g {epsilon = 9.765625e-04 : f32} : (tensor<3x4xf16>, tensor<4xf16>) -> tensor<3x4xf16>
  return %a, %b : tensor<3x4xf32>, tensor<3x4xf16>
}
