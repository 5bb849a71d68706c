// The example of verify-integer-only: float at the two borders, integers between.

// RUN: quant-opt %s --verify-integer-only --remarks-filter=verify-integer-only --remark-format=emitRemark 2>&1 | FileCheck %s

// CHECK: FloatBorder{{.*}}node=scale_input, op=nn.mul, side=before
// CHECK: FloatBorder{{.*}}node=probabilities, op=nn.softmax, side=behind
// CHECK: IntegerOnly{{.*}}dequantize_ops=1, integer_ops=1, quantize_ops=1
func.func @main(%x: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %half = nn.constant dense<0.5> : tensor<f32>
  %scale = nn.constant dense<0.25> : tensor<f32>
  %z = dyad.constant dense<128> : tensor<ui8>
  %t = dyad.constant dense<7> : tensor<256xui8>
  %0 = nn.mul %x, %half : (tensor<1x3xf32>, tensor<f32>) -> tensor<1x3xf32> loc("scale_input")
  %1 = qnn.quantize %0, %scale, %z : (tensor<1x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x3xui8>
  %2 = dyad.lookup %1, %t : (tensor<1x3xui8>, tensor<256xui8>) -> tensor<1x3xui8>
  %3 = qnn.dequantize %2, %scale, %z : (tensor<1x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3xf32>
  %4 = nn.softmax %3 {axis = 1 : i64} : tensor<1x3xf32> loc("probabilities")
  return %4 : tensor<1x3xf32>
}
