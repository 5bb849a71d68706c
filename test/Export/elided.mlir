// RUN: not quant-translate --export-onnx %s -o %t.onnx 2>&1 | FileCheck %s

// Weights that were left out when the module was printed cannot be written.

module attributes {onnx.ir_version = 8 : i64, onnx.opset_imports = [#onnx.opset<17, "">]} {
  func.func @main() -> (tensor<4000xf32> {onnx.name = "w"}) {
    // CHECK: error: initializer 'w': the elements of resource '__elided__' are missing: the module was printed without them
    %0 = onnx.constant "w" dense_resource<__elided__> : tensor<4000xf32>
    return %0 : tensor<4000xf32>
  }
}
