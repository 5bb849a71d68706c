// In a model that is quantized in its file, 8 bits go to 8 bits by a table of the standard's float32 steps: 0.02 to 0.04 makes
// every odd code a tie, which goes to the even one (a dyadic number rounds all of them up).

// RUN: quant-opt %s --convert-nn-to-dyad | FileCheck %s

// CHECK-LABEL: func.func @rescale(
// CHECK: dyad.constant dense<"0x000001020202030404040506
// CHECK: dyad.lookup
// CHECK-LABEL: func.func @relu(
// CHECK: dyad.lookup
// CHECK-NOT: dyad.requantize
module attributes {qnn.quantized_in_file} {
  func.func @rescale(%x: tensor<4xui8>) -> tensor<4xui8> {
    %s = nn.constant dense<0.02> : tensor<f32>
    %t = nn.constant dense<0.04> : tensor<f32>
    %z = nn.constant dense<0> : tensor<ui8>
    %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
    %q = qnn.quantize %a, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
    return %q : tensor<4xui8>
  }
  func.func @relu(%x: tensor<4xsi8>) -> tensor<4xui8> {
    %s = nn.constant dense<0.02> : tensor<f32>
    %t = nn.constant dense<0.04> : tensor<f32>
    %i = nn.constant dense<0> : tensor<si8>
    %z = nn.constant dense<0> : tensor<ui8>
    %a = qnn.dequantize %x, %s, %i : (tensor<4xsi8>, tensor<f32>, tensor<si8>) -> tensor<4xf32>
    %b = nn.relu %a : tensor<4xf32>
    %q = qnn.quantize %b, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
    return %q : tensor<4xui8>
  }
}
