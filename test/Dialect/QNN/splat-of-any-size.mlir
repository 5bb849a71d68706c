// The verifier looks at a splat's one scale, however many its type claims.

// RUN: quant-opt %s | FileCheck %s

// CHECK: qnn.quantize
func.func @scales(%x: tensor<1000000000000xf32>, %z: tensor<1000000000000xsi8>) -> tensor<1000000000000xsi8> {
  %s = nn.constant dense<0.5> : tensor<1000000000000xf32>
  %0 = qnn.quantize %x, %s, %z {axis = 0 : i64} : (tensor<1000000000000xf32>, tensor<1000000000000xf32>, tensor<1000000000000xsi8>) -> tensor<1000000000000xsi8>
  return %0 : tensor<1000000000000xsi8>
}
