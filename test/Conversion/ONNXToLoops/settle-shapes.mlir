// What loops know of sizes lets shape arithmetic behind them fold.

// RUN: quant-opt %s --onnx-settle-shapes | FileCheck %s

// CHECK-LABEL: func.func @main(
func.func @main(%x: tensor<2x3xf32>) -> !onnx.unknown {
  // CHECK: onnx.node "DepthToSpace"{{.*}} -> tensor<1x1x4x6xf32>
  // CHECK-NOT: "Shape"
  // CHECK: onnx.node "Reshape"({{.*}}) {{.*}} -> tensor<1x1x4x6xf32>
  %four = onnx.constant "four" dense<[1, 4, 2, 3]> : tensor<4xsi64>
  %big = onnx.node "Expand"(%x, %four) {opset = 13 : i64} : (tensor<2x3xf32>, tensor<4xsi64>) -> !onnx.unknown
  %y = onnx.node "DepthToSpace"(%big) {opset = 13 : i64, onnx_attrs = {blocksize = 2 : si64}} : (!onnx.unknown) -> !onnx.unknown
  %shape = onnx.node "Shape"(%y) {opset = 13 : i64} : (!onnx.unknown) -> !onnx.unknown
  %z = onnx.node "Reshape"(%y, %shape) {opset = 13 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
  return %z : !onnx.unknown
}
