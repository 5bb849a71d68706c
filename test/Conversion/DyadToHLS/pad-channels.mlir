// Channels of padding are a constant pixel joined to every pixel, spatial padding first; a constant operand of a concatenation is a
// source of its values.

// RUN: quant-opt %s --split-input-file --convert-dyad-to-hls | FileCheck %s

// CHECK-LABEL: hls.design @model
// CHECK: %[[X:.*]] = hls.input
// CHECK: %[[P:.*]] = hls.pad %[[X]]
// CHECK: %[[A:.*]] = hls.constant
// CHECK: %[[L:.*]] = hls.concat %[[A]], %[[P]]
// CHECK: %[[B:.*]] = hls.constant
// CHECK: %[[R:.*]] = hls.concat %[[L]], %[[B]]
// CHECK: hls.output %[[R]]
func.func @main(%x: tensor<1x3x4x4xui8>) -> tensor<1x6x5x4xui8> {
  %v = dyad.constant dense<7> : tensor<ui8>
  %y = dyad.pad %x, %v {pads = array<i64: 0, 1, 1, 0, 0, 2, 0, 0>} : (tensor<1x3x4x4xui8>, tensor<ui8>) -> tensor<1x6x5x4xui8>
  return %y : tensor<1x6x5x4xui8>
}

// -----

// CHECK-LABEL: hls.design @model
// CHECK: %[[K:.*]] = hls.constant
// CHECK: hls.concat %{{.*}}, %[[K]]
func.func @main(%x: tensor<1x3xui8>) -> tensor<1x5xui8> {
  %k = dyad.constant dense<[[1, 2]]> : tensor<1x2xui8>
  %y = dyad.concat %x, %k {axis = 1 : i64} : (tensor<1x3xui8>, tensor<1x2xui8>) -> tensor<1x5xui8>
  return %y : tensor<1x5xui8>
}
