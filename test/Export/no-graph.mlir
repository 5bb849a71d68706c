// RUN: split-file %s %t
// RUN: not quant-translate --export-onnx %t/none.mlir 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not quant-translate --export-onnx %t/other.mlir 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not quant-translate --export-onnx %t/opset.mlir 2>&1 | FileCheck %s --check-prefix=OPSET

// A module must hold one graph, and nothing that a model has no place for.

// NONE: error: expected func.func @main with the model's graph, but found none
// OTHER: error: expected only func.func @main and onnx.function in a model, but found 'func.func'
// OPSET: error: expected the opsets of the model as attribute 'onnx.opset_imports'

//--- none.mlir
module {
}
//--- other.mlir
module attributes {onnx.opset_imports = [#onnx.opset<17, "">]} {
  func.func @main() {
    return
  }
  func.func @helper() {
    return
  }
}
//--- opset.mlir
func.func @main() {
  return
}
