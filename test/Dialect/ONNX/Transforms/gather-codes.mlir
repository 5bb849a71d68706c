// A table that is stored in 8 bits is read in 8 bits.

// RUN: quant-opt %s --onnx-gather-codes | FileCheck %s

// CHECK-LABEL: func.func @main(
// CHECK: %[[ROWS:.*]] = onnx.node "Gather"(%codes, %arg0) {node_name = "rows", opset = 13 : i64} : (tensor<9x2xui8>, tensor<3xsi64>) -> tensor<3x2xui8>
// CHECK: %[[FLOATS:.*]] = onnx.node "DequantizeLinear"(%[[ROWS]], %scale, %zero) {{.*}} -> tensor<3x2xf32>
// A scale for each row belongs to the row.
// CHECK: %[[TABLE:.*]] = onnx.node "DequantizeLinear"(%codes, %scales)
// CHECK: onnx.node "Gather"(%[[TABLE]], %arg0)
// CHECK: return %[[FLOATS]]
func.func @main(%ids: tensor<3xsi64>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %codes = onnx.constant "codes" dense<1> : tensor<9x2xui8>
  %scale = onnx.constant "scale" dense<0.5> : tensor<f32>
  %zero = onnx.constant "zero" dense<3> : tensor<ui8>
  %scales = onnx.constant "scales" dense<0.5> : tensor<9xf32>
  %table = onnx.node "DequantizeLinear"(%codes, %scale, %zero) {opset = 13 : i64} : (tensor<9x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<9x2xf32>
  %y = onnx.node "Gather"(%table, %ids) {node_name = "rows", opset = 13 : i64} : (tensor<9x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  %rows = onnx.node "DequantizeLinear"(%codes, %scales) {opset = 13 : i64, onnx_attrs = {axis = 0 : si64}} : (tensor<9x2xui8>, tensor<9xf32>) -> tensor<9x2xf32>
  %z = onnx.node "Gather"(%rows, %ids) {opset = 13 : i64} : (tensor<9x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}
