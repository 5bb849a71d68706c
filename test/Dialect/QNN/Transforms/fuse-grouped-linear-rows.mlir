// How rows become codes: clip and groups of activations, the scales of weights spread over smaller groups, and what is refused.

// RUN: quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-clip=0.75 activation-group=8" | FileCheck %s
// RUN: quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-clip=0.75 activation-group=8" "--qnn-fuse-grouped-linear=activation-bits=4 activation-clip=0.75 activation-group=8" | FileCheck %s
// RUN: quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-clip=0.75" | FileCheck %s --check-prefix=ROW
// RUN: quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=16 activation-clip=0.75 activation-group=8" | FileCheck %s --check-prefix=FLOAT
// RUN: quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-group=16" --remarks-filter=qnn-fuse-grouped-linear --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: not quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-clip=0" 2>&1 | FileCheck %s --check-prefix=CLIP
// RUN: not quant-opt %s "--qnn-fuse-grouped-linear=activation-bits=4 activation-group=12" 2>&1 | FileCheck %s --check-prefix=GROUP

// REMARK: its groups are larger than those of activations and no multiple of them
// CLIP: expected an activation clip in (0, 1] and an activation group of a multiple of 8, but found {{0.*}} and 0
// GROUP: expected an activation clip in (0, 1] and an activation group of a multiple of 8, but found {{1.*}} and 12

func.func @main(%x: tensor<5x32xf32>) -> (tensor<5x2xf32>, tensor<5x2xf32>) {
  %c = nn.constant dense<35> : tensor<2x16xui8>
  // A scale a row is a scale for each of its groups.
  // CHECK: nn.constant dense<{{\[}}[5.000000e-01, 5.000000e-01, 5.000000e-01, 5.000000e-01], [3.000000e-01, 3.000000e-01, 3.000000e-01, 3.000000e-01]]> : tensor<2x4xf32>
  // CHECK: qnn.grouped_linear {{.*}} group 8 bits 4 of {{.*}} {activation_clip = 7.500000e-01 : f32, activation_groups}
  // ROW: qnn.grouped_linear {{.*}} group 32 bits 4 of {{.*}} {activation_clip = 7.500000e-01 : f32} :
  // FLOAT: qnn.grouped_linear {{.*}} group 32 bits 16 of {{[^{]*}}:
  %s0 = nn.constant dense<[0.5, 0.3]> : tensor<2xf32>
  %w0 = qnn.decode %c, %s0 as <"int4:channel:sym:f32"> : (tensor<2x16xui8>, tensor<2xf32>) -> tensor<2x32xf32>
  %y0 = nn.linear %x, %w0 : (tensor<5x32xf32>, tensor<2x32xf32>) -> tensor<5x2xf32>
  // Groups of 24 inputs, 24 and 8.
  // CHECK: nn.constant dense<{{\[}}[1.000000e+00, 1.000000e+00, 1.000000e+00, 2.000000e+00], [3.000000e+00, 3.000000e+00, 3.000000e+00, 4.000000e+00]]> : tensor<2x4xf32>
  // CHECK: qnn.grouped_linear {{.*}} group 8 bits 4 of
  // ROW: qnn.grouped_linear {{.*}} group 24 bits 4 of
  // FLOAT: qnn.grouped_linear {{.*}} group 24 bits 16 of
  %s1 = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %w1 = qnn.decode %c, %s1 as <"int4:g24:sym:f32"> : (tensor<2x16xui8>, tensor<2x2xf32>) -> tensor<2x32xf32>
  %y1 = nn.linear %x, %w1 : (tensor<5x32xf32>, tensor<2x32xf32>) -> tensor<5x2xf32>
  return %y0, %y1 : tensor<5x2xf32>, tensor<5x2xf32>
}
