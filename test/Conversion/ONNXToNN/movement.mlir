// Data movement, constants, element types.

// RUN: quant-opt %s --convert-onnx-to-nn | FileCheck %s

// CHECK-LABEL: func.func @pads(
// CHECK: nn.pad %arg0 {pads = array<i64: 0, 1, 0, 2>, value = 0.000000e+00 : f32}
// CHECK: nn.pad %arg0 {pads = array<i64: 3, 0, 4, 0>, value = 1.500000e+00 : f32}
func.func @pads(%x: tensor<2x3xf32>) -> (tensor<2x6xf32>, tensor<9x3xf32>) {
  %pads = onnx.constant "pads" dense<[3, 4]> : tensor<2xsi64>
  %value = onnx.constant "value" dense<1.5> : tensor<f32>
  %axes = onnx.constant "axes" dense<-2> : tensor<1xsi64>
  %0 = onnx.node "Pad"(%x) {opset = 10 : i64, onnx_attrs = {pads = array<i64: 0, 1, 0, 2>}} : (tensor<2x3xf32>) -> tensor<2x6xf32>
  %1 = onnx.node "Pad"(%x, %pads, %value, %axes) {opset = 18 : i64} : (tensor<2x3xf32>, tensor<2xsi64>, tensor<f32>, tensor<1xsi64>) -> tensor<9x3xf32>
  return %0, %1 : tensor<2x6xf32>, tensor<9x3xf32>
}

// CHECK-LABEL: func.func @shapes(
// CHECK: nn.reshape %arg0 : (tensor<2x1x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.reshape %arg0 : (tensor<2x1x3xf32>) -> tensor<1x2x1x3x1xf32>
// CHECK: nn.reshape %arg0 : (tensor<2x1x3xf32>) -> tensor<1x6xf32>
// CHECK: nn.transpose %arg0 {permutation = array<i64: 2, 1, 0>}
// CHECK: nn.concat %arg0, %arg0 {axis = 2 : i64}
func.func @shapes(%x: tensor<2x1x3xf32>) -> (tensor<2x3xf32>, tensor<1x2x1x3x1xf32>, tensor<1x6xf32>, tensor<3x1x2xf32>, tensor<2x1x6xf32>) {
  %axes = onnx.constant "axes" dense<[-1, 0]> : tensor<2xsi64>
  %0 = onnx.node "Squeeze"(%x) {opset = 11 : i64, onnx_attrs = {axes = array<i64: -2>}} : (tensor<2x1x3xf32>) -> tensor<2x3xf32>
  %1 = onnx.node "Unsqueeze"(%x, %axes) {opset = 13 : i64} : (tensor<2x1x3xf32>, tensor<2xsi64>) -> tensor<1x2x1x3x1xf32>
  %2 = onnx.node "Flatten"(%x) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (tensor<2x1x3xf32>) -> tensor<1x6xf32>
  %3 = onnx.node "Transpose"(%x) {opset = 13 : i64} : (tensor<2x1x3xf32>) -> tensor<3x1x2xf32>
  %4 = onnx.node "Concat"(%x, %x) {opset = 13 : i64, onnx_attrs = {axis = -1 : si64}} : (tensor<2x1x3xf32>, tensor<2x1x3xf32>) -> tensor<2x1x6xf32>
  return %0, %1, %2, %3, %4 : tensor<2x3xf32>, tensor<1x2x1x3x1xf32>, tensor<1x6xf32>, tensor<3x1x2xf32>, tensor<2x1x6xf32>
}

// CHECK-LABEL: func.func @nothing_happens(
// CHECK-NEXT: return %arg0
func.func @nothing_happens(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = onnx.node "Identity"(%x) {opset = 13 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  %1, %mask = onnx.node "Dropout"(%0) {opset = 7 : i64, onnx_attrs = {ratio = 0.5 : f32}} : (tensor<2xf32>) -> (tensor<2xf32>, tensor<2xi1>)
  %2 = onnx.node "Cast"(%1) {opset = 13 : i64, onnx_attrs = {to = 1 : si64}} : (tensor<2xf32>) -> tensor<2xf32>
  return %2 : tensor<2xf32>
}

// All forms of Constant.
// CHECK-LABEL: func.func @constants(
// CHECK-DAG: nn.constant dense<1.000000e+00> : tensor<2xf32>
// CHECK-DAG: nn.constant dense<2.000000e+00> : tensor<f32>
// CHECK-DAG: nn.constant dense<[3.000000e+00, 4.000000e+00]> : tensor<2xf32>
// CHECK-DAG: nn.constant dense<5> : tensor<si64>
// CHECK-DAG: nn.constant dense<[6, 7]> : tensor<2xsi64>
func.func @constants() -> (tensor<2xf32>, tensor<f32>, tensor<2xf32>, tensor<si64>, tensor<2xsi64>) {
  %0 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value = #onnx.tensor<dense<1.0> : tensor<2xf32>>}} : () -> tensor<2xf32>
  %1 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value_float = 2.0 : f32}} : () -> tensor<f32>
  %2 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value_floats = array<f32: 3.0, 4.0>}} : () -> tensor<2xf32>
  %3 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value_int = 5 : si64}} : () -> tensor<si64>
  %4 = onnx.node "Constant"() {opset = 13 : i64, onnx_attrs = {value_ints = array<i64: 6, 7>}} : () -> tensor<2xsi64>
  return %0, %1, %2, %3, %4 : tensor<2xf32>, tensor<f32>, tensor<2xf32>, tensor<si64>, tensor<2xsi64>
}

// CHECK-LABEL: func.func @casts(
// CHECK-NEXT: nn.cast %arg0 : (tensor<2xf32>) -> tensor<2xsi32>
// CHECK-NEXT: nn.cast %arg0 : (tensor<2xf32>) -> tensor<2xi1>
func.func @casts(%x: tensor<2xf32>) -> (tensor<2xsi32>, tensor<2xi1>) {
  %0 = onnx.node "Cast"(%x) {opset = 13 : i64, onnx_attrs = {to = 6 : si64}} : (tensor<2xf32>) -> tensor<2xsi32>
  %1 = onnx.node "Cast"(%x) {opset = 13 : i64, onnx_attrs = {to = 9 : si64}} : (tensor<2xf32>) -> tensor<2xi1>
  return %0, %1 : tensor<2xsi32>, tensor<2xi1>
}

// A large initializer keeps its blob.
// CHECK-LABEL: func.func @blobs(
// CHECK-NEXT: nn.constant dense_resource<w> : tensor<2xf32>
func.func @blobs() -> tensor<2xf32> {
  %w = onnx.constant "w" dense_resource<w> : tensor<2xf32>
  return %w : tensor<2xf32>
}

{-#
  dialect_resources: { builtin: { w: "0x040000000000803F00000040" } }
#-}
