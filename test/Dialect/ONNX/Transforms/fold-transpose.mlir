// Pads that an exporter reverses with a Transpose are constants: shape inference reads them.
// RUN: quant-opt %s --onnx-fold-constants | FileCheck %s

// CHECK-LABEL: func @pads
// CHECK: onnx.constant "pads" dense<[0, 4, 1, 5, 2, 3]>
// CHECK-NOT: Transpose
func.func @pads() -> tensor<6xsi64> {
  %0 = onnx.constant "p" dense<[[0, 1, 2], [4, 5, 3]]> : tensor<2x3xsi64>
  %1 = onnx.constant "flat" dense<-1> : tensor<1xsi64>
  %2 = onnx.node "Transpose"(%0) {opset = 17 : i64, onnx_attrs = {perm = array<i64: 1, 0>}, result_names = ["t"]} : (tensor<2x3xsi64>) -> !onnx.unknown
  %3 = onnx.node "Reshape"(%2, %1) {opset = 17 : i64, result_names = ["pads"]} : (!onnx.unknown, tensor<1xsi64>) -> tensor<6xsi64>
  return %3 : tensor<6xsi64>
}
