// Forms of Slice and Expand that are raised, and nodes that stay as they are.

// RUN: quant-opt %s --raise-nodes-to-nn -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quant-opt %t.mlir --raise-nodes-to-nn | diff %t.mlir -

// Starts from the end and beyond it; axes that are not named begin at 0.
// CHECK-LABEL: func.func @slices(
// CHECK: nn.slice %arg0 {offsets = array<i64: 0, 5>} : (tensor<4x8xf32>) -> tensor<4x3xf32>
// CHECK: nn.slice %arg0 {offsets = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<2x8xf32>
// CHECK: nn.slice %arg0 {offsets = array<i64: 4, 0>} : (tensor<4x8xf32>) -> tensor<0x8xf32>
func.func @slices(%x: tensor<4x8xf32>) {
  %m3 = nn.constant dense<-3> : tensor<1xsi64>
  %m1 = nn.constant dense<-1> : tensor<1xsi64>
  %one = nn.constant dense<1> : tensor<1xsi64>
  %three = nn.constant dense<3> : tensor<1xsi64>
  %far = nn.constant dense<9223372036854775807> : tensor<1xsi64>
  %a = onnx.node "Slice"(%x, %m3, %far, %m1, %one) {opset = 13 : i64}
    : (tensor<4x8xf32>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>) -> tensor<4x3xf32>
  %b = onnx.node "Slice"(%x, %one, %three) {opset = 13 : i64} : (tensor<4x8xf32>, tensor<1xsi64>, tensor<1xsi64>) -> tensor<2x8xf32>
  %c = onnx.node "Slice"(%x, %far, %far) {opset = 13 : i64} : (tensor<4x8xf32>, tensor<1xsi64>, tensor<1xsi64>) -> tensor<0x8xf32>
  return
}

// CHECK-LABEL: func.func @expands(
// CHECK: nn.expand %arg0 : (tensor<2x1x8xf32>) -> tensor<2x4x8xf32>
func.func @expands(%x: tensor<2x1x8xf32>, %shape: tensor<3xsi64>) {
  %a = onnx.node "Expand"(%x, %shape) {opset = 13 : i64} : (tensor<2x1x8xf32>, tensor<3xsi64>) -> tensor<2x4x8xf32>
  return
}

// Backwards; along the second axis; of a vector; over two axes; the third power; with more results; another domain.
// CHECK-LABEL: func.func @stay(
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.constant
// CHECK-NEXT: nn.constant
// CHECK-NEXT: onnx.node "Slice"
// CHECK-NEXT: onnx.node "Gather"
// CHECK-NEXT: onnx.node "Gather"
// CHECK-NEXT: onnx.node "LayerNormalization"
// CHECK-NEXT: onnx.node "LayerNormalization"
// CHECK-NEXT: onnx.node "Pow"
// CHECK-NEXT: onnx.node "Pow"
// CHECK-NEXT: return
func.func @stay(%x: tensor<4x8xf32>, %i: tensor<3xsi64>) {
  %zero = nn.constant dense<0> : tensor<1xsi64>
  %m1 = nn.constant dense<-1> : tensor<1xsi64>
  %gain = nn.constant dense<1.0> : tensor<8xf32>
  %three = nn.constant dense<3.0> : tensor<f32>
  %a = onnx.node "Slice"(%x, %m1, %zero, %zero, %m1) {opset = 13 : i64}
    : (tensor<4x8xf32>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>) -> tensor<3x8xf32>
  %b = onnx.node "Gather"(%x, %i) {opset = 13 : i64, onnx_attrs = {axis = 1 : si64}} : (tensor<4x8xf32>, tensor<3xsi64>) -> tensor<4x3xf32>
  %c = onnx.node "Gather"(%gain, %i) {opset = 13 : i64} : (tensor<8xf32>, tensor<3xsi64>) -> tensor<3xf32>
  %matrix = onnx.node "LayerNormalization"(%x, %x) {opset = 17 : i64, onnx_attrs = {axis = 0 : si64}}
    : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %d:2 = onnx.node "LayerNormalization"(%x, %gain) {opset = 17 : i64} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  %e = onnx.node "Pow"(%x, %three) {opset = 13 : i64} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %f = onnx.node "Pow"(%x, %three) {domain = "com.example", opset = 1 : i64} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return
}

// Types that a shape inference left wider than the op's: the node stays, where there was an error of the op.
// CHECK-LABEL: func.func @looser_types(
// CHECK-NEXT: onnx.node "Gather"
// CHECK-NEXT: onnx.node "Expand"
func.func @looser_types(%t: tensor<9x4xf32>, %i: tensor<?xsi64>, %x: tensor<?x4xf32>, %shape: tensor<2xsi64>) {
  %a = onnx.node "Gather"(%t, %i) {opset = 13 : i64} : (tensor<9x4xf32>, tensor<?xsi64>) -> tensor<3x4xf32>
  %b = onnx.node "Expand"(%x, %shape) {opset = 13 : i64} : (tensor<?x4xf32>, tensor<2xsi64>) -> tensor<3x4xf32>
  return
}
