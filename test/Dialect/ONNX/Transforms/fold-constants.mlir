// Arithmetic and movement on small tensors.

// RUN: quant-opt %s --split-input-file --onnx-fold-constants | FileCheck %s

// Division truncates, the remainder has the divisor's sign, sums wrap.
// CHECK-LABEL: func.func @integers(
// CHECK-DAG: %[[D:.*]] = onnx.constant "d" dense<[-3, 3]> : tensor<2xsi64>
// CHECK-DAG: %[[M:.*]] = onnx.constant "m" dense<[1, -1]> : tensor<2xsi64>
// CHECK-DAG: %[[W:.*]] = onnx.constant "w" dense<-128> : tensor<si8>
// CHECK: return %[[D]], %[[M]], %[[W]]
func.func @integers() -> (!onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %a = onnx.constant "a" dense<[-7, 7]> : tensor<2xsi64>
  %b = onnx.constant "b" dense<2> : tensor<si64>
  %c = onnx.constant "c" dense<[2, -2]> : tensor<2xsi64>
  %x = onnx.constant "x" dense<127> : tensor<si8>
  %y = onnx.constant "y" dense<1> : tensor<si8>
  %d = onnx.node "Div"(%a, %b) {opset = 13 : i64, result_names = ["d"]} : (tensor<2xsi64>, tensor<si64>) -> !onnx.unknown
  %m = onnx.node "Mod"(%a, %c) {opset = 13 : i64, result_names = ["m"]} : (tensor<2xsi64>, tensor<2xsi64>) -> !onnx.unknown
  %w = onnx.node "Add"(%x, %y) {opset = 14 : i64, result_names = ["w"]} : (tensor<si8>, tensor<si8>) -> !onnx.unknown
  return %d, %m, %w : !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// Division by zero, and the quotient that does not fit.
// CHECK-LABEL: func.func @division(
// CHECK: onnx.node "Div"
// CHECK: onnx.constant "w" dense<-9223372036854775808>
func.func @division() -> (!onnx.unknown, !onnx.unknown) {
  %a = onnx.constant "a" dense<-9223372036854775808> : tensor<si64>
  %zero = onnx.constant "zero" dense<0> : tensor<si64>
  %minus = onnx.constant "minus" dense<-1> : tensor<si64>
  %d = onnx.node "Div"(%a, %zero) {opset = 13 : i64} : (tensor<si64>, tensor<si64>) -> !onnx.unknown
  %w = onnx.node "Div"(%a, %minus) {opset = 13 : i64, result_names = ["w"]} : (tensor<si64>, tensor<si64>) -> !onnx.unknown
  return %d, %w : !onnx.unknown, !onnx.unknown
}

// -----

// One rounding for each operation: 1/3 in f32.
// CHECK-LABEL: func.func @floats(
// CHECK: onnx.constant "q" dense<0.333333343> : tensor<f32>
// CHECK: onnx.constant "r" dense<1.41421354> : tensor<f32>
// CHECK: onnx.constant "i" dense<2> : tensor<si32>
func.func @floats() -> (!onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %one = onnx.constant "one" dense<1.0> : tensor<f32>
  %three = onnx.constant "three" dense<3.0> : tensor<f32>
  %two = onnx.constant "two" dense<2.0> : tensor<f32>
  %x = onnx.constant "x" dense<2.9> : tensor<f32>
  %q = onnx.node "Div"(%one, %three) {opset = 13 : i64, result_names = ["q"]} : (tensor<f32>, tensor<f32>) -> !onnx.unknown
  %r = onnx.node "Sqrt"(%two) {opset = 13 : i64, result_names = ["r"]} : (tensor<f32>) -> !onnx.unknown
  %i = onnx.node "Cast"(%x) {opset = 13 : i64, result_names = ["i"], onnx_attrs = {to = 6 : si64}} : (tensor<f32>) -> !onnx.unknown
  return %q, %r, %i : !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// A cast out of range has no defined result.
// CHECK-LABEL: func.func @out_of_range(
// CHECK: onnx.node "Cast"
func.func @out_of_range() -> !onnx.unknown {
  %x = onnx.constant "x" dense<1.0e20> : tensor<f32>
  %i = onnx.node "Cast"(%x) {opset = 13 : i64, onnx_attrs = {to = 6 : si64}} : (tensor<f32>) -> !onnx.unknown
  return %i : !onnx.unknown
}

// -----

// CHECK-LABEL: func.func @slices(
// CHECK: onnx.constant "a" dense<[3, 2]> : tensor<2xsi64>
// CHECK: onnx.constant "b" dense<[3, 2, 1, 0]> : tensor<4xsi64>
// CHECK: onnx.constant "c" dense<[1, 2]> : tensor<2xsi64>
// CHECK: onnx.constant "e" dense<> : tensor<0xsi64>
func.func @slices() -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %x = onnx.constant "x" dense<[0, 1, 2, 3]> : tensor<4xsi64>
  %last = onnx.constant "last" dense<-1> : tensor<1xsi64>
  %one = onnx.constant "one" dense<1> : tensor<1xsi64>
  %far = onnx.constant "far" dense<9223372036854775807> : tensor<1xsi64>
  %low = onnx.constant "low" dense<-9223372036854775808> : tensor<1xsi64>
  %axis = onnx.constant "axis" dense<0> : tensor<1xsi64>
  %a = onnx.node "Slice"(%x, %last, %one, %axis, %last) {opset = 13 : i64, result_names = ["a"]} : (tensor<4xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>) -> !onnx.unknown
  %b = onnx.node "Slice"(%x, %far, %low, %last, %last) {opset = 13 : i64, result_names = ["b"]} : (tensor<4xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>, tensor<1xsi64>) -> !onnx.unknown
  %c = onnx.node "Slice"(%x) {opset = 9 : i64, result_names = ["c"], onnx_attrs = {starts = array<i64: 1>, ends = array<i64: -1>}} : (tensor<4xsi64>) -> !onnx.unknown
  %e = onnx.node "Slice"(%x, %far, %far) {opset = 13 : i64, result_names = ["e"]} : (tensor<4xsi64>, tensor<1xsi64>, tensor<1xsi64>) -> !onnx.unknown
  return %a, %b, %c, %e : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// CHECK-LABEL: func.func @made(
// CHECK: onnx.constant "r" dense<[5, 3, 1]> : tensor<3xsi64>
// CHECK: onnx.constant "f" dense<7> : tensor<2x2xsi32>
// CHECK: onnx.constant "z" dense<0.000000e+00> : tensor<1000x1000xf32>
// CHECK: onnx.constant "e" dense<{{\[}}[1, 1], [2, 2]]> : tensor<2x2xsi64>
// CHECK: onnx.constant "g" dense<{{\[}}[3], [1]]> : tensor<2x1xsi64>
// CHECK: onnx.constant "w" dense<[1, 9]> : tensor<2xsi64>
func.func @made() -> (!onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %five = onnx.constant "five" dense<5> : tensor<si64>
  %zero = onnx.constant "zero" dense<0> : tensor<si64>
  %step = onnx.constant "step" dense<-2> : tensor<si64>
  %two = onnx.constant "two" dense<2> : tensor<2xsi64>
  %big = onnx.constant "big" dense<1000> : tensor<2xsi64>
  %column = onnx.constant "column" dense<[[1], [2]]> : tensor<2x1xsi64>
  %row = onnx.constant "row" dense<[1, 2, 3]> : tensor<3xsi64>
  %indices = onnx.constant "indices" dense<[[-1], [0]]> : tensor<2x1xsi64>
  %choice = onnx.constant "choice" dense<[true, false]> : tensor<2xi1>
  %nine = onnx.constant "nine" dense<9> : tensor<si64>
  %one = onnx.constant "one" dense<1> : tensor<2xsi64>
  %r = onnx.node "Range"(%five, %zero, %step) {opset = 11 : i64, result_names = ["r"]} : (tensor<si64>, tensor<si64>, tensor<si64>) -> !onnx.unknown
  %f = onnx.node "ConstantOfShape"(%two) {opset = 9 : i64, result_names = ["f"], onnx_attrs = {value = #onnx.tensor<dense<7> : tensor<1xsi32>>}} : (tensor<2xsi64>) -> !onnx.unknown
  %z = onnx.node "ConstantOfShape"(%big) {opset = 9 : i64, result_names = ["z"]} : (tensor<2xsi64>) -> !onnx.unknown
  %e = onnx.node "Expand"(%column, %two) {opset = 13 : i64, result_names = ["e"]} : (tensor<2x1xsi64>, tensor<2xsi64>) -> !onnx.unknown
  %g = onnx.node "Gather"(%row, %indices) {opset = 13 : i64, result_names = ["g"]} : (tensor<3xsi64>, tensor<2x1xsi64>) -> !onnx.unknown
  %w = onnx.node "Where"(%choice, %one, %nine) {opset = 13 : i64, result_names = ["w"]} : (tensor<2xi1>, tensor<2xsi64>, tensor<si64>) -> !onnx.unknown
  return %r, %f, %z, %e, %g, %w : !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// A Dropout in training and one whose mask is used stay.
// CHECK-LABEL: func.func @dropouts(
// CHECK: onnx.node "Dropout"
// CHECK: onnx.node "Dropout"
// CHECK-NOT: onnx.node
func.func @dropouts(%x: tensor<2xf32>) -> (!onnx.unknown, !onnx.unknown, !onnx.unknown) {
  %ratio = onnx.constant "ratio" dense<0.5> : tensor<f32>
  %on = onnx.constant "on" dense<true> : tensor<i1>
  %a = onnx.node "Dropout"(%x, %ratio, %on) {opset = 13 : i64} : (tensor<2xf32>, tensor<f32>, tensor<i1>) -> !onnx.unknown
  %b, %mask = onnx.node "Dropout"(%x) {opset = 13 : i64} : (tensor<2xf32>) -> (!onnx.unknown, !onnx.unknown)
  %c = onnx.node "Dropout"(%x, %ratio) {opset = 13 : i64} : (tensor<2xf32>, tensor<f32>) -> !onnx.unknown
  return %a, %mask, %c : !onnx.unknown, !onnx.unknown, !onnx.unknown
}

// -----

// A target that says 0 for an axis that has 0 elements is left alone.
// CHECK-LABEL: func.func @zero_size(
// CHECK: onnx.node "Reshape"(%{{.*}}, %{{.*}}) {{.*}} -> tensor<0x3xf32>
func.func @zero_size(%x: tensor<0x3xf32>) -> !onnx.unknown {
  %s = onnx.node "Shape"(%x) {opset = 13 : i64, result_names = ["s"]} : (tensor<0x3xf32>) -> !onnx.unknown
  %r = onnx.node "Reshape"(%x, %s) {opset = 14 : i64, onnx_attrs = {allowzero = 1 : si64}} : (tensor<0x3xf32>, !onnx.unknown) -> !onnx.unknown
  return %r : !onnx.unknown
}
