// Nodes whose operands do not fit each other, or whose derivative would take all memory, are refused by name: ops of such shapes ended the process.
// RUN: not quant-opt %s --split-input-file --nn-gradient="wrt=x loss=output" 2>&1 | FileCheck %s

// CHECK: node 'gain' (LayerNormalization, opset 17): no derivative: expected a gain and a bias that broadcast to its input
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}, %g: tensor<5xf32> {onnx.name = "g"}) -> (tensor<2x3xf32> {onnx.name = "y"}) {
  %y = onnx.node "LayerNormalization"(%x, %g) {node_name = "gain", opset = 17 : i64} : (tensor<2x3xf32>, tensor<5xf32>) -> tensor<2x3xf32> loc("gain")
  return %y : tensor<2x3xf32>
}

// -----

// CHECK: node 'channels' (InstanceNormalization, opset 17): no derivative: expected a rank of 3 or more, a scale and a bias of a number for each channel
func.func @main(%x: tensor<1x3x4xf32> {onnx.name = "x"}, %g: tensor<5xf32> {onnx.name = "g"}) -> (tensor<1x3x4xf32> {onnx.name = "y"}) {
  %y = onnx.node "InstanceNormalization"(%x, %g, %g) {node_name = "channels", opset = 17 : i64} : (tensor<1x3x4xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<1x3x4xf32> loc("channels")
  return %y : tensor<1x3x4xf32>
}

// -----

// CHECK: node 'groups' (GroupNormalization, opset 18): no derivative: expected groups that cover the channels, a scale and a bias of a number for each
func.func @main(%x: tensor<1x4x4xf32> {onnx.name = "x"}, %g: tensor<3xf32> {onnx.name = "g"}) -> (tensor<1x4x4xf32> {onnx.name = "y"}) {
  %y = onnx.node "GroupNormalization"(%x, %g, %g) {node_name = "groups", opset = 18 : i64, onnx_attrs = {num_groups = 2 : si64}} : (tensor<1x4x4xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x4x4xf32> loc("groups")
  return %y : tensor<1x4x4xf32>
}

// -----

// CHECK: node 'axes' (MeanVarianceNormalization, opset 13): no derivative: expected each axis once
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x4xf32> {onnx.name = "y"}) {
  %y = onnx.node "MeanVarianceNormalization"(%x) {node_name = "axes", opset = 13 : i64, onnx_attrs = {axes = array<i64: 1, -1>}} : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("axes")
  return %y : tensor<4x4xf32>
}

// -----

// CHECK: node 'around' (LRN, opset 13): no derivative: expected a matrix of channels of at most 16777216 elements
func.func @main(%x: tensor<1x100000x1xf32> {onnx.name = "x"}) -> (tensor<1x100000x1xf32> {onnx.name = "y"}) {
  %y = onnx.node "LRN"(%x) {node_name = "around", opset = 13 : i64, onnx_attrs = {size = 3 : si64}} : (tensor<1x100000x1xf32>) -> tensor<1x100000x1xf32> loc("around")
  return %y : tensor<1x100000x1xf32>
}

// -----

// CHECK: node 'weight' (ConvTranspose, opset 11): no derivative: expected channels of its weight, in groups, and a result of as many images
func.func @main(%x: tensor<1x4x4xf32> {onnx.name = "x"}, %w: tensor<3x2x2xf32> {onnx.name = "w"}) -> (tensor<1x2x5xf32> {onnx.name = "y"}) {
  %y = onnx.node "ConvTranspose"(%x, %w) {node_name = "weight", opset = 11 : i64} : (tensor<1x4x4xf32>, tensor<3x2x2xf32>) -> tensor<1x2x5xf32> loc("weight")
  return %y : tensor<1x2x5xf32>
}

// -----

// CHECK: node 'size' (ConvTranspose, opset 11): no derivative: expected a result of the shape that its attributes give
func.func @main(%x: tensor<1x4x4xf32> {onnx.name = "x"}, %w: tensor<4x2x2xf32> {onnx.name = "w"}) -> (tensor<1x2x3xf32> {onnx.name = "y"}) {
  %y = onnx.node "ConvTranspose"(%x, %w) {node_name = "size", opset = 11 : i64} : (tensor<1x4x4xf32>, tensor<4x2x2xf32>) -> tensor<1x2x3xf32> loc("size")
  return %y : tensor<1x2x3xf32>
}

// -----

// CHECK: node 'labels' (Einsum, opset 12): no derivative: expected a result with an axis for each label
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2xf32> {onnx.name = "y"}) {
  %y = onnx.node "Einsum"(%x) {node_name = "labels", opset = 12 : i64, onnx_attrs = {equation = "ij->ji"}} : (tensor<2x3xf32>) -> tensor<2xf32> loc("labels")
  return %y : tensor<2xf32>
}

// -----

// CHECK: node 'terms' (Einsum, opset 12): no derivative: expected an equation of its operands: expected a term for each input
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2xf32> {onnx.name = "y"}) {
  %y = onnx.node "Einsum"(%x) {node_name = "terms", opset = 12 : i64, onnx_attrs = {equation = "ij,j->i"}} : (tensor<2x3xf32>) -> tensor<2xf32> loc("terms")
  return %y : tensor<2xf32>
}

// -----

// CHECK: node 'diagonal' (Einsum, opset 12): no derivative: expected a diagonal of at most 16777216 elements
func.func @main(%x: tensor<1x100000xf32> {onnx.name = "x"}) -> (tensor<100000xf32> {onnx.name = "y"}) {
  %y = onnx.node "Einsum"(%x) {node_name = "diagonal", opset = 12 : i64, onnx_attrs = {equation = "ii->i"}} : (tensor<1x100000xf32>) -> tensor<100000xf32> loc("diagonal")
  return %y : tensor<100000xf32>
}
