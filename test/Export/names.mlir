// RUN: quant-translate --export-onnx %s -o %t.onnx
// RUN: quant-translate --import-onnx %t.onnx | FileCheck %s

// Values keep their names; values without one, and second values of one name, get new ones; an output that is an
// argument under another name gets an Identity.

module attributes {onnx.ir_version = 8 : i64, onnx.opset_imports = [#onnx.opset<17, "">]} {
  // CHECK: func.func @main(%{{.*}}: tensor<4xf32> {onnx.name = "x"}, %{{.*}}: tensor<4xf32> {onnx.name = "input_1"})
  // CHECK-SAME: -> (tensor<4xf32> {onnx.name = "y"}, tensor<4xf32> {onnx.name = "copy"}, tensor<4xf32> {onnx.name = "output_2"})
  func.func @main(%x: tensor<4xf32> {onnx.name = "x"}, %u: tensor<4xf32>)
      -> (tensor<4xf32> {onnx.name = "y"}, tensor<4xf32> {onnx.name = "copy"}, tensor<4xf32>) {
    // CHECK: onnx.constant "value_[[C:[0-9]+]]" dense<1.0
    %c = onnx.constant "" dense<1.0> : tensor<4xf32>
    // CHECK: onnx.node "Add"{{.*}}result_names = ["same"]
    %0 = onnx.node "Add"(%x, %c) {opset = 17 : i64, result_names = ["same"]} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // CHECK: onnx.node "Mul"{{.*}}result_names = ["same_{{[0-9]+}}"]
    %1 = onnx.node "Mul"(%0, %u) {opset = 17 : i64, result_names = ["same"]} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // CHECK: onnx.node "Neg"{{.*}}result_names = ["y"]
    %2 = onnx.node "Neg"(%1) {opset = 17 : i64, result_names = ["other"]} : (tensor<4xf32>) -> tensor<4xf32>
    // CHECK: onnx.node "Identity"(%arg0){{.*}}result_names = ["copy"]
    // CHECK: onnx.node "Identity"{{.*}}result_names = ["output_2"]
    return %2, %x, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}
