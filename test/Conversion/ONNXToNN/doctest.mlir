// RUN: quant-opt %s --onnx-infer-shapes --convert-onnx-to-nn | FileCheck %s

// Two nodes of opset 13 in their one `nn` form each: absent attributes get their values, the bounds of
// Clip turn from inputs into attributes, the type between them is inferred.

// CHECK-LABEL: func.func @main
// CHECK-SAME: onnx.name = "x"
// CHECK: nn.conv
// CHECK-SAME: dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>
// CHECK-SAME: -> tensor<1x1x4x4xf32>
// CHECK: nn.clip {{.*}} {hi = 6.000000e+00 : f32, lo = 0.000000e+00 : f32}
// CHECK-NOT: onnx.node
module attributes {onnx.ir_version = 8 : i64, onnx.opset_imports = [#onnx.opset<13, "">]} {
  func.func @main(%x: tensor<1x1x4x4xf32> {onnx.name = "x"}) -> (tensor<1x1x4x4xf32> {onnx.name = "y"}) attributes {onnx.graph_name = "g"} {
    %w = onnx.constant "w" dense<1.0> : tensor<1x1x3x3xf32>
    %lo = onnx.constant "lo" dense<0.0> : tensor<f32>
    %hi = onnx.constant "hi" dense<6.0> : tensor<f32>
    %c = onnx.node "Conv"(%x, %w) {node_name = "Conv_0", onnx_attrs = {pads = array<i64: 1, 1, 1, 1>}, opset = 13 : i64, result_names = ["c"]} : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>) -> !onnx.unknown
    %y = onnx.node "Clip"(%c, %lo, %hi) {node_name = "Clip_1", opset = 13 : i64, result_names = ["y"]} : (!onnx.unknown, tensor<f32>, tensor<f32>) -> tensor<1x1x4x4xf32>
    return %y : tensor<1x1x4x4xf32>
  }
}
