// RUN: quant-opt %s --split-input-file --nn-gradient="wrt=x loss=output" | FileCheck %s

// Straight through a pair, inside of its range: codes 0 to 15 around 3, that is -3.5 < x / s < 12.5.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<4xf32> {onnx.name = "cotangent"})
// CHECK: %[[S:.*]] = nn.constant dense<5.000000e-01>
// CHECK: %[[DQ:.*]] = nn.mul %[[C]], %[[S]]
// CHECK: %[[Q:.*]] = nn.div %arg0, %[[S]]
// CHECK-DAG: nn.constant dense<-3.500000e+00> : tensor<f32>
// CHECK-DAG: nn.constant dense<1.250000e+01> : tensor<f32>
// CHECK: %[[IN:.*]] = nn.mul
// CHECK: %[[KEPT:.*]] = nn.mul %[[DQ]], %[[IN]]
// CHECK: %[[DX:.*]] = nn.div %[[KEPT]], %[[S]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @main(%x: tensor<4xf32> {onnx.name = "x"}) -> tensor<4xf32> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %q = qnn.quantize %x, %s, %z {bits = 4 : i64} : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8> loc("q")
  %y = qnn.dequantize %q, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32> loc("d")
  return %y : tensor<4xf32>
}

// -----

// Observers are identities; a rotation is turned back.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<2x4xf32> {onnx.name = "cotangent"})
// CHECK: %[[DX:.*]] = qnn.hadamard %[[C]] {inverse, sign_seed = 5 : i64, size = 4 : i64}
// CHECK: return %{{.*}}, %[[DX]]
func.func @main(%x: tensor<2x4xf32> {onnx.name = "x"}) -> tensor<2x4xf32> {
  %o = qnn.observe %x as "x" : tensor<2x4xf32>, #qnn.int<8, signed = true, symmetric = true, narrow = false>
  %y = qnn.hadamard %o {size = 4 : i64, sign_seed = 5 : i64} : tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// Between types of floats.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<2xf64> {onnx.name = "cotangent"})
// CHECK: %[[DX:.*]] = nn.cast %[[C]] : (tensor<2xf64>) -> tensor<2xf32>
// CHECK: return %{{.*}}, %[[DX]]
func.func @main(%x: tensor<2xf32> {onnx.name = "x"}) -> tensor<2xf64> {
  %y = nn.cast %x : (tensor<2xf32>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}
