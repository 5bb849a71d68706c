// Nodes that no derivative is known of, or whose axes and lists fit no tensor, are refused by name. Lists longer than the rank and axes out of range
// were read past the end of shapes, and the matrix of a long Resize took all memory.
// RUN: not quant-opt %s --split-input-file --nn-gradient="wrt=x" 2>&1 | FileCheck %s

// CHECK: node 'starts' (Slice, opset 17): no derivative: expected an axis in [-2, 2), but found 2
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x2xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<[0, 1, 0]> : tensor<3xsi64>
  %e = nn.constant dense<[4, 3, 0]> : tensor<3xsi64>
  %y = onnx.node "Slice"(%x, %s, %e) {node_name = "starts", opset = 17 : i64} : (tensor<4x4xf32>, tensor<3xsi64>, tensor<3xsi64>) -> tensor<4x2xf32> loc("starts")
  return %y : tensor<4x2xf32>
}

// -----

// CHECK: node 'axes' (Slice, opset 17): no derivative: expected starts, axes and steps of one length
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x2xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<[0, 1]> : tensor<2xsi64>
  %e = nn.constant dense<[4, 3]> : tensor<2xsi64>
  %a = nn.constant dense<[0]> : tensor<1xsi64>
  %y = onnx.node "Slice"(%x, %s, %e, %a) {node_name = "axes", opset = 17 : i64} : (tensor<4x4xf32>, tensor<2xsi64>, tensor<2xsi64>, tensor<1xsi64>) -> tensor<4x2xf32> loc("axes")
  return %y : tensor<4x2xf32>
}

// -----

// CHECK: node 'twice' (Slice, opset 17): no derivative: expected each axis once
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x2xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<[0, 1]> : tensor<2xsi64>
  %e = nn.constant dense<[2, 3]> : tensor<2xsi64>
  %a = nn.constant dense<[1, -1]> : tensor<2xsi64>
  %y = onnx.node "Slice"(%x, %s, %e, %a) {node_name = "twice", opset = 17 : i64} : (tensor<4x4xf32>, tensor<2xsi64>, tensor<2xsi64>, tensor<2xsi64>) -> tensor<4x2xf32> loc("twice")
  return %y : tensor<4x2xf32>
}

// -----

// CHECK: node 'outside' (Slice, opset 17): no derivative: expected a result of the shape that starts, ends and steps give
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x2xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<[0, 3]> : tensor<2xsi64>
  %e = nn.constant dense<[4, 5]> : tensor<2xsi64>
  %y = onnx.node "Slice"(%x, %s, %e) {node_name = "outside", opset = 17 : i64} : (tensor<4x4xf32>, tensor<2xsi64>, tensor<2xsi64>) -> tensor<4x2xf32> loc("outside")
  return %y : tensor<4x2xf32>
}

// -----

// CHECK: node 'computed' (Slice, opset 17): no derivative: expected starts, axes and steps that are constant
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}, %s: tensor<1xsi64> {onnx.name = "s"}) -> (tensor<2x4xf32> {onnx.name = "y"}) {
  %e = nn.constant dense<[4]> : tensor<1xsi64>
  %y = onnx.node "Slice"(%x, %s, %e) {node_name = "computed", opset = 17 : i64} : (tensor<4x4xf32>, tensor<1xsi64>, tensor<1xsi64>) -> tensor<2x4xf32> loc("computed")
  return %y : tensor<2x4xf32>
}

// -----

// CHECK: node 'norm' (LpNormalization, opset 17): no derivative: expected an axis in [-2, 2), but found 7000000
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x4xf32> {onnx.name = "y"}) {
  %y = onnx.node "LpNormalization"(%x) {node_name = "norm", opset = 17 : i64, onnx_attrs = {axis = 7000000 : si64}} : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("norm")
  return %y : tensor<4x4xf32>
}

// -----

// CHECK: node 'gather' (Gather, opset 17): no derivative: expected an axis in [-2, 2), but found -3
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}, %i: tensor<2xsi64> {onnx.name = "i"}) -> (tensor<4x2xf32> {onnx.name = "y"}) {
  %y = onnx.node "Gather"(%x, %i) {node_name = "gather", opset = 17 : i64, onnx_attrs = {axis = -3 : si64}} : (tensor<4x4xf32>, tensor<2xsi64>) -> tensor<4x2xf32> loc("gather")
  return %y : tensor<4x2xf32>
}

// -----

// CHECK: node 'reduced' (ReduceL2, opset 17): no derivative: expected an axis in [-2, 2), but found 5
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x1xf32> {onnx.name = "y"}) {
  %y = onnx.node "ReduceL2"(%x) {node_name = "reduced", opset = 17 : i64, onnx_attrs = {axes = array<i64: 5>}} : (tensor<4x4xf32>) -> tensor<4x1xf32> loc("reduced")
  return %y : tensor<4x1xf32>
}

// -----

// CHECK: node 'inner' (LogSoftmax, opset 12): no derivative: expected the last axis before opset 13
func.func @main(%x: tensor<4x4x2xf32> {onnx.name = "x"}) -> (tensor<4x4x2xf32> {onnx.name = "y"}) {
  %y = onnx.node "LogSoftmax"(%x) {node_name = "inner", opset = 12 : i64} : (tensor<4x4x2xf32>) -> tensor<4x4x2xf32> loc("inner")
  return %y : tensor<4x4x2xf32>
}

// -----

// CHECK: node 'erf' (Gelu, opset 20): no derivative: expected the approximation tanh
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %y = onnx.node "Gelu"(%x) {node_name = "erf", opset = 20 : i64} : (tensor<4xf32>) -> tensor<4xf32> loc("erf")
  return %y : tensor<4xf32>
}

// -----

// CHECK: node 'scales' (Resize, opset 17): no derivative: expected a scale or a size for each axis
func.func @main(%x: tensor<1x1x4x4xf32> {onnx.name = "x"}) -> (tensor<1x1x8x8xf32> {onnx.name = "y"}) {
  %n = onnx.none
  %s = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = onnx.node "Resize"(%x, %n, %s) {node_name = "scales", opset = 17 : i64} : (tensor<1x1x4x4xf32>, none, tensor<2xf32>) -> tensor<1x1x8x8xf32> loc("scales")
  return %y : tensor<1x1x8x8xf32>
}

// -----

// CHECK: node 'named' (Resize, opset 18): no derivative: expected an axis in [-4, 4), but found 4
func.func @main(%x: tensor<1x1x4x4xf32> {onnx.name = "x"}) -> (tensor<1x1x4x8xf32> {onnx.name = "y"}) {
  %n = onnx.none
  %s = nn.constant dense<[2.0]> : tensor<1xf32>
  %y = onnx.node "Resize"(%x, %n, %s) {node_name = "named", opset = 18 : i64, onnx_attrs = {axes = array<i64: 4>}} : (tensor<1x1x4x4xf32>, none, tensor<1xf32>) -> tensor<1x1x4x8xf32> loc("named")
  return %y : tensor<1x1x4x8xf32>
}

// -----

// CHECK: node 'long' (Resize, opset 17): no derivative: expected matrices along axis 2 of at most 16777216 elements, but found sizes 100000 and 200000
func.func @main(%x: tensor<1x1x100000xf32> {onnx.name = "x"}) -> (tensor<1x1x200000xf32> {onnx.name = "y"}) {
  %n = onnx.none
  %s = nn.constant dense<[1.0, 1.0, 2.0]> : tensor<3xf32>
  %y = onnx.node "Resize"(%x, %n, %s) {node_name = "long", opset = 17 : i64} : (tensor<1x1x100000xf32>, none, tensor<3xf32>) -> tensor<1x1x200000xf32> loc("long")
  return %y : tensor<1x1x200000xf32>
}

// -----

// CHECK: node 'old' (Resize, opset 10): no derivative: expected opset 11 or more
func.func @main(%x: tensor<1x4xf32> {onnx.name = "x"}) -> (tensor<1x8xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = onnx.node "Resize"(%x, %s) {node_name = "old", opset = 10 : i64} : (tensor<1x4xf32>, tensor<2xf32>) -> tensor<1x8xf32> loc("old")
  return %y : tensor<1x8xf32>
}

// -----

// CHECK: node 'crop' (Resize, opset 17): no derivative: expected opset 11 or more, constant scales, and neither a crop nor a kept ratio
func.func @main(%x: tensor<1x4xf32> {onnx.name = "x"}) -> (tensor<1x8xf32> {onnx.name = "y"}) {
  %r = nn.constant dense<[0.0, 0.0, 1.0, 0.5]> : tensor<4xf32>
  %s = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = onnx.node "Resize"(%x, %r, %s) {node_name = "crop", opset = 17 : i64, onnx_attrs = {coordinate_transformation_mode = "tf_crop_and_resize"}} : (tensor<1x4xf32>, tensor<4xf32>, tensor<2xf32>) -> tensor<1x8xf32> loc("crop")
  return %y : tensor<1x8xf32>
}

// -----

// CHECK: node 'ratio' (Resize, opset 18): no derivative: expected opset 11 or more, constant scales, and neither a crop nor a kept ratio
func.func @main(%x: tensor<2x4xf32> {onnx.name = "x"}) -> (tensor<4x8xf32> {onnx.name = "y"}) {
  %n = onnx.none
  %s = nn.constant dense<[4, 9]> : tensor<2xsi64>
  %y = onnx.node "Resize"(%x, %n, %n, %s) {node_name = "ratio", opset = 18 : i64, onnx_attrs = {keep_aspect_ratio_policy = "not_larger"}} : (tensor<2x4xf32>, none, none, tensor<2xsi64>) -> tensor<4x8xf32> loc("ratio")
  return %y : tensor<4x8xf32>
}

// -----

// It had no axes to be a window over, and the pass ended the program.
// CHECK: node 'flat' (ConvTranspose, opset 17): no derivative: expected an input, a weight and a result of one rank of 3 or more
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2x3xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<1.0> : tensor<2x3xf32>
  %y = onnx.node "ConvTranspose"(%x, %w) {node_name = "flat", opset = 17 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32> loc("flat")
  return %y : tensor<2x3xf32>
}

// -----

// The result that it lacks was read.
// CHECK: node 'placeless' (TopK, opset 17): no derivative: expected values and places as results
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2x2xf32> {onnx.name = "y"}) {
  %k = nn.constant dense<2> : tensor<1xsi64>
  %y = onnx.node "TopK"(%x, %k) {node_name = "placeless", opset = 17 : i64} : (tensor<2x3xf32>, tensor<1xsi64>) -> tensor<2x2xf32> loc("placeless")
  return %y : tensor<2x2xf32>
}

// -----

// Nodes with too few inputs, which no file has: operands were read past the end.
// CHECK: node 'power' (Pow, opset 17): no derivative: expected input 1, but it is absent
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %y = onnx.node "Pow"(%x) {node_name = "power", opset = 17 : i64} : (tensor<4xf32>) -> tensor<4xf32> loc("power")
  return %y : tensor<4xf32>
}

// -----

// CHECK: node 'choice' (Where, opset 17): no derivative: expected input 2, but it is absent
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %c = nn.constant dense<true> : tensor<4xi1>
  %y = onnx.node "Where"(%c, %x) {node_name = "choice", opset = 17 : i64} : (tensor<4xi1>, tensor<4xf32>) -> tensor<4xf32> loc("choice")
  return %y : tensor<4xf32>
}

// -----

// CHECK: node 'scatter' (ScatterElements, opset 17): no derivative: expected input 2, but it is absent
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %i = nn.constant dense<[0, 1]> : tensor<2xsi64>
  %y = onnx.node "ScatterElements"(%x, %i) {node_name = "scatter", opset = 17 : i64} : (tensor<4xf32>, tensor<2xsi64>) -> tensor<4xf32> loc("scatter")
  return %y : tensor<4xf32>
}
