// RUN: quant-opt %s --convert-nn-to-dyad | FileCheck %s

// Ops that move values move integers, whether or not a quantize follows.

// CHECK-LABEL: func.func @moved
// CHECK: %[[R:.*]] = dyad.reshape %arg0
// CHECK: %[[T:.*]] = dyad.transpose %[[R]] {permutation = array<i64: 1, 0>}
// CHECK: %[[V:.*]] = dyad.constant dense<3> : tensor<ui8>
// CHECK: %[[P:.*]] = dyad.pad %[[T]], %[[V]] {pads = array<i64: 0, 1, 0, 1>}
// CHECK: qnn.dequantize %[[P]]
// CHECK-NOT: nn.pad
func.func @moved(%x: tensor<8xui8>) -> tensor<2x6xf32> {
  %s = nn.constant dense<0.3> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<8xui8>, tensor<f32>, tensor<ui8>) -> tensor<8xf32>
  %r = nn.reshape %a : (tensor<8xf32>) -> tensor<4x2xf32>
  %t = nn.transpose %r {permutation = array<i64: 1, 0>} : (tensor<4x2xf32>) -> tensor<2x4xf32>
  %p = nn.pad %t {pads = array<i64: 0, 1, 0, 1>, value = 0.0 : f32} : (tensor<2x4xf32>) -> tensor<2x6xf32>
  return %p : tensor<2x6xf32>
}

// Equal scales: a copy. Other scales: a rescaling of the branch that differs.

// CHECK-LABEL: func.func @concat_equal
// CHECK-NEXT: %[[C:.*]] = dyad.concat %arg0, %arg1 {axis = 0 : i64}
// CHECK-NEXT: return %[[C]]
func.func @concat_equal(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<8xui8> {
  %s = nn.constant dense<0.3> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %b = qnn.dequantize %y, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %c = nn.concat %a, %b {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %q = qnn.quantize %c, %s, %z : (tensor<8xf32>, tensor<f32>, tensor<ui8>) -> tensor<8xui8>
  return %q : tensor<8xui8>
}

// CHECK-LABEL: func.func @concat_rescaled
// CHECK: %[[R:.*]] = dyad.requantize %arg1
// CHECK: dyad.concat %arg0, %[[R]] {axis = 0 : i64}
func.func @concat_rescaled(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<8xui8> {
  %s = nn.constant dense<0.3> : tensor<f32>
  %t = nn.constant dense<0.2> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %b = qnn.dequantize %y, %t, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %c = nn.concat %a, %b {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %q = qnn.quantize %c, %s, %z : (tensor<8xf32>, tensor<f32>, tensor<ui8>) -> tensor<8xui8>
  return %q : tensor<8xui8>
}

// A padding value that the input cannot represent takes the result's scale.

// CHECK-LABEL: func.func @pad_value
// CHECK: %[[R:.*]] = dyad.requantize %arg0
// CHECK: %[[V:.*]] = dyad.constant dense<10> : tensor<ui8>
// CHECK: dyad.pad %[[R]], %[[V]]
func.func @pad_value(%x: tensor<4xui8>) -> tensor<6xui8> {
  %s = nn.constant dense<0.3> : tensor<f32>
  %t = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %p = nn.pad %a {pads = array<i64: 1, 1>, value = 7.0 : f32} : (tensor<4xf32>) -> tensor<6xf32>
  %q = qnn.quantize %p, %t, %z : (tensor<6xf32>, tensor<f32>, tensor<ui8>) -> tensor<6xui8>
  return %q : tensor<6xui8>
}
