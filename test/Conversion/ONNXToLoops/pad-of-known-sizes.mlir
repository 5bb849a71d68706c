// Constant pads give a result whose sizes are known; they were run-time values once.
// RUN: quant-opt %s --convert-onnx-to-loops | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (memref<32x640xf32>
func.func @main(%x: tensor<32x576xf32>) -> tensor<?x?xf32> {
  %p = onnx.constant "p" dense<[0, 0, 0, 64]> : tensor<4xsi64>
  %y = onnx.node "Pad"(%x, %p) {opset = 16 : i64, onnx_attrs = {mode = "reflect"}, result_names = ["y"]} : (tensor<32x576xf32>, tensor<4xsi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
