// Which stored weights linear layers compute on, and why others stay; the result keeps every bit; a second run changes nothing.

// RUN: quant-opt %s --qnn-fuse-grouped-linear | FileCheck %s
// RUN: quant-opt %s --qnn-fuse-grouped-linear --qnn-fuse-grouped-linear | FileCheck %s
// RUN: quant-opt %s --qnn-fuse-grouped-linear --qnn-fuse-grouped-linear=activation-bits=8 | FileCheck %s --check-prefix=EIGHT
// RUN: quant-opt %s --qnn-fuse-grouped-linear --remarks-filter=qnn-fuse-grouped-linear --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: quant-opt %s --qnn-fuse-grouped-linear -o %t.mlir
// RUN: %python -c "import numpy as np; np.savez(r'%t.npz', x=np.random.default_rng(3).normal(size=(5, 12)).astype(np.float32))"
// RUN: quant-run %s --interpret --inputs=%t.npz --compare=%t.mlir --exact

// REMARK-DAG: its codes are no integers of 4 bits
// REMARK-DAG: its weight is not stored in integers
// REMARK-DAG: expected groups of a multiple of 8 inputs
// REMARK-DAG: expected float scales and integer zero points

// CHECK-LABEL: func.func @main
// EIGHT-LABEL: func.func @main
func.func @main(%x: tensor<5x12xf32> {onnx.name = "x"}) -> (tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>) {
  %b = nn.constant dense<[1.5, -2.5]> : tensor<2xf32>
  %c = nn.constant dense<"0x13579BDF02468ACE13579BDF"> : tensor<2x6xui8>

  // A scale a row, unsigned codes without zero points: theirs is 8.
  // CHECK: nn.constant dense<8> : tensor<2x1xsi8>
  // CHECK: qnn.grouped_linear %arg0, %{{.*}}, %{{.*}} zeros(%{{.*}}) bias(%{{.*}}) group 12 bits 16 of <4, signed = false, symmetric = false, narrow = false>
  // EIGHT: qnn.grouped_linear {{.*}} group 12 bits 8 of
  %s0 = nn.constant dense<[0.5, 0.3]> : tensor<2xf32>
  %w0 = qnn.decode %c, %s0 as <"uint4:channel:sym:f32"> : (tensor<2x6xui8>, tensor<2xf32>) -> tensor<2x12xf32>
  %y0 = nn.linear %x, %w0, %b : (tensor<5x12xf32>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<5x2xf32>

  // Zero points of groups, the second of four inputs.
  // CHECK: nn.constant dense<{{\[}}[1, 15], [7, 0]]> : tensor<2x2xsi8>
  // CHECK: qnn.grouped_linear {{.*}} group 8 bits 16 of <4, signed = false
  // EIGHT: qnn.grouped_linear {{.*}} group 8 bits 8 of
  %s1 = nn.constant dense<[[0.5, 0.3], [0.25, 7.0]]> : tensor<2x2xf32>
  %z1 = nn.constant dense<[[1, 15], [7, 0]]> : tensor<2x2xui8>
  %w1 = qnn.decode %c, %s1 zeros(%z1) as <"uint4:g8:asym:f32"> : (tensor<2x6xui8>, tensor<2x2xf32>, tensor<2x2xui8>) -> tensor<2x12xf32>
  %y1 = nn.linear %x, %w1 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>

  // A quantized file's codes, one scale for all.
  // CHECK: nn.constant dense<{{\[}}[161, 67, 101, 135, 25, 50], [244, 62, 153, 153, 153, 153]]> : tensor<2x6xui8>
  // CHECK: nn.constant dense<0.699999988> : tensor<2x1xf32>
  // CHECK: qnn.grouped_linear {{.*}} group 12 bits 16 of <4, signed = true, symmetric = true, narrow = false>
  // EIGHT: qnn.grouped_linear {{.*}} group 12 bits 8 of
  %q2 = nn.constant dense<[[1, -6, 3, 4, 5, 6, 7, -8, -7, 1, 2, 3], [4, -1, -2, 3, -7, -7, -7, -7, -7, -7, -7, -7]]> : tensor<2x12xsi4>
  %s2 = nn.constant dense<0.7> : tensor<f32>
  %z2 = nn.constant dense<0> : tensor<si4>
  %w2 = qnn.dequantize %q2, %s2, %z2 : (tensor<2x12xsi4>, tensor<f32>, tensor<si4>) -> tensor<2x12xf32>
  %y2 = nn.linear %x, %w2 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>

  // What stays.
  // CHECK: qnn.decode {{.*}} as <"int8
  // CHECK: nn.linear
  %c3 = nn.constant dense<3> : tensor<2x12xui8>
  %w3 = qnn.decode %c3, %s0 as <"int8:channel:sym:f32"> : (tensor<2x12xui8>, tensor<2xf32>) -> tensor<2x12xf32>
  %y3 = nn.linear %x, %w3 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>
  // CHECK: qnn.decode {{.*}} as <"uint4:g4
  // CHECK: nn.linear
  %s4 = nn.constant dense<0.5> : tensor<2x3xf32>
  %w4 = qnn.decode %c, %s4 as <"uint4:g4:sym:f32"> : (tensor<2x6xui8>, tensor<2x3xf32>) -> tensor<2x12xf32>
  %y4 = nn.linear %x, %w4 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>
  // CHECK: nn.linear
  %w5 = nn.constant dense<0.25> : tensor<2x12xf32>
  %y5 = nn.linear %x, %w5 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>
  // CHECK: nn.linear
  %w6 = qnn.decode %c, %s0 zeros(%s0) as <"uint4:channel:asym-float:f32"> : (tensor<2x6xui8>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x12xf32>
  %y6 = nn.linear %x, %w6 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>

  // The first weight again.
  // CHECK: qnn.grouped_linear {{.*}} group 12 bits 16 of <4, signed = false
  %y7 = nn.linear %x, %w0 : (tensor<5x12xf32>, tensor<2x12xf32>) -> tensor<5x2xf32>
  return %y0, %y1, %y2, %y3, %y4, %y5, %y6, %y7 : tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>, tensor<5x2xf32>
}
