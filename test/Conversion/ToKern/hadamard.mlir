// Rotations become one kernel call each, on rows of one transformed vector; signs are a product before
// it, or behind the inverse. Compiled code gives the interpreter's bits at every level.

// RUN: quant-opt %s --convert-to-kern=level=x86-64-v3 | FileCheck %s
// RUN: not quant-opt %s --convert-to-kern=level=cuda:sm_80 2>&1 | FileCheck %s --check-prefix=GPU
// RUN: %python -c "import numpy as np; r = np.random.default_rng(1); x = 3 * r.standard_normal((7, 3, 2, 48)); x[:, :, 0, 5] *= 100; c = r.integers(0, 256, (7, 2, 1040, 1, 2)); np.savez(r'%t.npz', x=x.astype(np.float32), u=c.astype(np.uint8), s=(c[:, :, :96] - 128).astype(np.int8))"
// RUN: quant-run %s --interpret --inputs %t.npz --compare %s --exact
// RUN: quant-run %s --interpret --inputs %t.npz --compare %s --exact --cpu portable
// RUN: quant-run %s --interpret --inputs %t.npz --compare %s --exact --cpu x86-64-v3 --threads 2

// GPU: error: no kernel for 'qnn.hadamard' on this target
// GPU: error: no kernel for 'dyad.hadamard' on this target
func.func @main(%x: tensor<3x2x48xf32> {onnx.name = "x"}, %u: tensor<2x1040x1x2xui8> {onnx.name = "u"}, %s: tensor<2x96x1x2xsi8> {onnx.name = "s"})
    -> (tensor<3x2x48xf32> {onnx.name = "blocks"}, tensor<3x2x48xf32> {onnx.name = "heads"}, tensor<3x2x48xf32> {onnx.name = "back"},
        tensor<4x1040xui8> {onnx.name = "product"}, tensor<2x96x1x2xsi32> {onnx.name = "image"}) {
  // CHECK: kern.hadamard_f32 {{.*}} {inner = 1 : i64, length = 16 : i64, orders = array<i64: 1, 1, 1>, scale = 2.500000e-01 : f32} : memref<18x16xf32
  %0 = qnn.hadamard %x {size = 16 : i64} : tensor<3x2x48xf32>
  // CHECK: kern.binary_f32 {{.*}}function = 2
  // CHECK: kern.hadamard_f32 {{.*}} {inner = 2 : i64, length = 2 : i64, orders = array<i64: 12, 1, 1>
  %1 = qnn.hadamard %0 {size = 24 : i64, inner = 2 : i64, sign_seed = 7 : i64} : tensor<3x2x48xf32>
  // CHECK: kern.hadamard_f32
  // CHECK: kern.binary_f32 {{.*}}function = 2
  %2 = qnn.hadamard %1 {size = 24 : i64, inner = 2 : i64, sign_seed = 7 : i64, inverse} : tensor<3x2x48xf32>

  // Two dense factors, the last one first.
  %zu = dyad.constant dense<100> : tensor<ui8>
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<9000001> : tensor<si32>
  %sh = dyad.constant dense<28> : tensor<si32>
  %r = dyad.reshape %u : (tensor<2x1040x1x2xui8>) -> tensor<4x1040xui8>
  // CHECK: kern.hadamard_u8 {{.*}} {inner = 1 : i64, length = 1 : i64, orders = array<i64: 52, 20, 1>, zero_point = 100 : i64} : memref<4x1040xi32
  // CHECK: kern.requantize_i32
  %3 = dyad.hadamard %r, %zu {size = 1040 : i64} : (tensor<4x1040xui8>, tensor<ui8>) -> tensor<4x1040xsi32>
  %4 = dyad.requantize %3, %zi, %m, %sh, %zu {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<4x1040xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<4x1040xui8>

  // Signed codes in an image, whose last axis is not the innermost in memory; sums that leave the function.
  // CHECK: kern.hadamard_u8 {{.*}}zero_point = 121 : i64
  %zs = dyad.constant dense<-7> : tensor<si8>
  %5 = dyad.hadamard %s, %zs {size = 2 : i64, inverse} : (tensor<2x96x1x2xsi8>, tensor<si8>) -> tensor<2x96x1x2xsi32>
  return %0, %1, %2, %4, %5 : tensor<3x2x48xf32>, tensor<3x2x48xf32>, tensor<3x2x48xf32>, tensor<4x1040xui8>, tensor<2x96x1x2xsi32>
}
