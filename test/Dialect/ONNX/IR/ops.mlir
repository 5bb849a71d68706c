// RUN: quant-opt %s | quant-opt | FileCheck %s
// RUN: quant-opt %s --emit-bytecode | quant-opt | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

// Every op, type and attribute of the dialect prints and parses back, as text, bytecode and in the generic form.

// CHECK: module attributes {onnx.ir_version = 8 : i64, onnx.metadata = {{\[\[}}"key", "value"{{\]\]}}, onnx.opset_imports = [#onnx.opset<17, "">, #onnx.opset<1, "f">, #onnx.opset<2>]}
module attributes {onnx.ir_version = 8 : i64, onnx.metadata = [["key", "value"]],
                   onnx.opset_imports = [#onnx.opset<17, "">, #onnx.opset<1, "f">, #onnx.opset<2>]} {
  // CHECK-LABEL: func.func @main(
  // CHECK-SAME: tensor<?x!onnx.string>
  // CHECK-SAME: !onnx.opaque<"\08\01">
  // CHECK-SAME: !onnx.unknown {onnx.declared = #onnx.value_info<name = "u", type = !onnx.unknown, proto = "bytes">
  func.func @main(%s: tensor<?x!onnx.string> {onnx.name = "s", onnx.dims = ["N"]}, %o: !onnx.opaque<"\08\01">,
                  %u: !onnx.unknown {onnx.name = "u", onnx.declared = #onnx.value_info<name = "u", type = !onnx.unknown, proto = "bytes">})
      -> tensor<2xf32> {
    // CHECK: %w = onnx.constant "w" {info = {storage = "typed"}, input_info = #onnx.value_info<name = "w", type = tensor<2xf32>>, is_input} dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
    %0 = onnx.constant "w" {is_input, input_info = #onnx.value_info<name = "w", type = tensor<2xf32>>, info = {storage = "typed"}}
        dense<[1.0, 2.0]> : tensor<2xf32>
    // CHECK: onnx.sparse_constant "sp" "\08" : tensor<4xf32>
    %1 = onnx.sparse_constant "sp" "\08" : tensor<4xf32>
    // CHECK: %[[NONE:.*]] = onnx.none
    %2 = onnx.none
    // CHECK: %r:2 = onnx.node "Op"(%w, %[[NONE]], %arg2) graphs {
    // CHECK: ^bb0(%[[A:.*]]: tensor<f32>):
    // CHECK: onnx.return %[[A]] : tensor<f32>
    // CHECK: } {attribute_info = {int = {doc = "text"}}, attribute_order = ["int", "float"]
    // CHECK-SAME: doc = "node", domain = "d", node_name = "op"
    // CHECK-SAME: empty = #onnx.list<tensors, []>
    // CHECK-SAME: float = 1.000000e+00 : f32
    // CHECK-SAME: floats = array<f32: 1.000000e+00>
    // CHECK-SAME: graph = #onnx.graph<0, [#onnx.value_info<name = "a", type = tensor<f32>, dims = [], doc = "d">] -> [#onnx.value_info<name = "a", type = tensor<f32>>], {name = "g"}>
    // CHECK-SAME: int = -1 : si64
    // CHECK-SAME: ints = array<i64>
    // CHECK-SAME: proto = #onnx.proto<type_proto, "\08">
    // CHECK-SAME: ref = #onnx.ref<floats, "alpha">
    // CHECK-SAME: string = "\00\FF"
    // CHECK-SAME: strings = ["a"]
    // CHECK-SAME: tensor = #onnx.tensor<dense<1> : tensor<2xsi4>, {name = "t"}>
    // CHECK-SAME: opset = 17 : i64, overload = "o", result_names = ["r", ""]}
    %3, %4 = onnx.node "Op"(%0, %2, %u) graphs {
    ^bb0(%a: tensor<f32>):
      onnx.return %a : tensor<f32>
    } {opset = 17 : i64, domain = "d", overload = "o", node_name = "op", doc = "node", result_names = ["r", ""],
       attribute_order = ["int", "float"], attribute_info = {int = {doc = "text"}}, onnx_attrs = {
       float = 1.0 : f32, int = -1 : si64, string = "\00\FF", floats = array<f32: 1.0>, ints = array<i64>, strings = ["a"],
       tensor = #onnx.tensor<dense<1> : tensor<2xsi4>, {name = "t"}>, empty = #onnx.list<tensors, []>,
       proto = #onnx.proto<type_proto, "\08">, ref = #onnx.ref<floats, "alpha">,
       graph = #onnx.graph<0, [#onnx.value_info<name = "a", type = tensor<f32>, dims = [], doc = "d">]
                             -> [#onnx.value_info<name = "a", type = tensor<f32>>], {name = "g"}>}}
      : (tensor<2xf32>, none, !onnx.unknown) -> (tensor<2xf32>, none)
    return %3 : tensor<2xf32>
  }

  // CHECK: onnx.function attributes {defaults = {alpha = 1.000000e+00 : f32}, domain = "f", input_names = ["x"], name = "F"
  // CHECK-SAME: opset_imports = [#onnx.opset<17, "">], output_names = ["y"], parameters = ["beta"]} {
  // CHECK: ^bb0(%{{.*}}: !onnx.unknown):
  // CHECK: onnx.return
  onnx.function attributes {name = "F", domain = "f", input_names = ["x"], output_names = ["y"], parameters = ["beta"],
                            defaults = {alpha = 1.0 : f32}, opset_imports = [#onnx.opset<17, "">]} {
  ^bb0(%x: !onnx.unknown):
    onnx.return %x : !onnx.unknown
  }
}
