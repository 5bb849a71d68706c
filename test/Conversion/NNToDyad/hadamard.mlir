// A rotation between two tensors of codes is sums and one rescaling by s_x / (s_y * sqrt(size)), within one step of its
// simulation: sums that are odd tie at the scale 1/2.

// RUN: quant-opt %s --convert-nn-to-dyad -o %t.integer.mlir
// RUN: FileCheck %s < %t.integer.mlir
// RUN: %python -c "import numpy as np; r = np.random.default_rng(1); x = r.standard_normal((9, 4, 96)); x[:, :, 3] *= 20; np.savez(r'%t.npz', x=x.astype(np.float32))"
// RUN: quant-run %s --interpret --inputs %t.npz --compare %t.integer.mlir --rtol 0 --atol 0.1250001

// CHECK-LABEL: func.func @main(
// CHECK: %[[A:.*]] = dyad.hadamard %{{.*}}, %{{.*}} {inner = 6 : i64, size = 16 : i64} : (tensor<4x96xui8>, tensor<ui8>) -> tensor<4x96xsi32>
// CHECK-DAG: %[[M:.*]] = dyad.constant dense<8388609> : tensor<si32>
// CHECK-DAG: %[[T:.*]] = dyad.constant dense<24> : tensor<si32>
// CHECK: dyad.requantize %[[A]], %{{.*}}, %[[M]], %[[T]], %{{.*}} {clamp_hi = 127 : i32, clamp_lo = 0 : i32}
// CHECK: dyad.hadamard %{{.*}}, %{{.*}} {inverse, size = 12 : i64} : (tensor<4x96xui8>, tensor<ui8>) -> tensor<4x96xsi32>
// CHECK-NOT: qnn.hadamard
func.func @main(%x: tensor<4x96xf32> {onnx.name = "x"}) -> (tensor<4x96xf32> {onnx.name = "relu"}, tensor<4x96xf32> {onnx.name = "back"}) {
  %s0 = nn.constant dense<0.25> : tensor<f32>
  %s1 = nn.constant dense<0.125> : tensor<f32>
  %z0 = nn.constant dense<120> : tensor<ui8>
  %z1 = nn.constant dense<0> : tensor<si8>
  %q0 = qnn.quantize %x, %s0, %z0 : (tensor<4x96xf32>, tensor<f32>, tensor<ui8>) -> tensor<4x96xui8>
  %d0 = qnn.dequantize %q0, %s0, %z0 : (tensor<4x96xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x96xf32>
  // 0.25 / (0.125 * 4) = 1/2
  %0 = qnn.hadamard %d0 {size = 16 : i64, inner = 6 : i64} : tensor<4x96xf32>
  %1 = nn.relu %0 : tensor<4x96xf32>
  %q1 = qnn.quantize %1, %s1, %z1 : (tensor<4x96xf32>, tensor<f32>, tensor<si8>) -> tensor<4x96xsi8>
  %d1 = qnn.dequantize %q1, %s1, %z1 : (tensor<4x96xsi8>, tensor<f32>, tensor<si8>) -> tensor<4x96xf32>
  %s2 = nn.constant dense<0.12> : tensor<f32>
  %2 = qnn.hadamard %d0 {size = 12 : i64, inverse} : tensor<4x96xf32>
  %q2 = qnn.quantize %2, %s2, %z1 : (tensor<4x96xf32>, tensor<f32>, tensor<si8>) -> tensor<4x96xsi8>
  %d2 = qnn.dequantize %q2, %s2, %z1 : (tensor<4x96xsi8>, tensor<f32>, tensor<si8>) -> tensor<4x96xf32>
  return %d1, %d2 : tensor<4x96xf32>, tensor<4x96xf32>
}
