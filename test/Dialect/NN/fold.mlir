// Identities disappear, movement of constants happens at compile time, arithmetic stays.

// RUN: quant-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @identities(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]]
func.func @identities(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.concat %1 {axis = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.pad %2 {pads = array<i64: 0, 0, 0, 0>, value = 1.0 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.reduce_mean %3 {axes = array<i64>, keepdims = true} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.cast %4 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %5 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @reshape_there_and_back(
// CHECK-NEXT: return %arg0
func.func @reshape_there_and_back(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %0 = nn.reshape %x : (tensor<?x6xf32>) -> tensor<?x2x3xf32>
  %1 = nn.reshape %0 : (tensor<?x2x3xf32>) -> tensor<?x6xf32>
  return %1 : tensor<?x6xf32>
}

// CHECK-LABEL: func.func @last_reshape_counts(
// CHECK-NEXT: nn.reshape %arg0 : (tensor<4x6xf32>) -> tensor<24xf32>
// CHECK-NEXT: return
func.func @last_reshape_counts(%x: tensor<4x6xf32>) -> tensor<24xf32> {
  %0 = nn.reshape %x : (tensor<4x6xf32>) -> tensor<8x3xf32>
  %1 = nn.reshape %0 : (tensor<8x3xf32>) -> tensor<24xf32>
  return %1 : tensor<24xf32>
}

// The first reshape also says that the batch is 2; that must not be lost.
// CHECK-LABEL: func.func @check_of_the_batch_is_kept(
// CHECK: nn.reshape %arg0 : (tensor<?x6xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: nn.reshape {{.*}} : (tensor<2x6xf32>) -> tensor<?x4xf32>
func.func @check_of_the_batch_is_kept(%x: tensor<?x6xf32>) -> tensor<?x4xf32> {
  %0 = nn.reshape %x : (tensor<?x6xf32>) -> tensor<2x6xf32>
  %1 = nn.reshape %0 : (tensor<2x6xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// Here the last one says it, too.
// CHECK-LABEL: func.func @static_result_checks(
// CHECK-NEXT: nn.reshape %arg0 : (tensor<?x6xf32>) -> tensor<12xf32>
// CHECK-NEXT: return
func.func @static_result_checks(%x: tensor<?x6xf32>) -> tensor<12xf32> {
  %0 = nn.reshape %x : (tensor<?x6xf32>) -> tensor<2x6xf32>
  %1 = nn.reshape %0 : (tensor<2x6xf32>) -> tensor<12xf32>
  return %1 : tensor<12xf32>
}

// CHECK-LABEL: func.func @constants(
// CHECK-DAG: nn.constant dense<{{\[}}[1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
// CHECK-DAG: nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<6xf32>
// CHECK-NEXT: return
func.func @constants() -> (tensor<3x2xf32>, tensor<6xf32>) {
  %0 = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %2 = nn.reshape %0 : (tensor<2x3xf32>) -> tensor<6xf32>
  return %1, %2 : tensor<3x2xf32>, tensor<6xf32>
}

// Axes behind the last one that moves are copied as runs.
// CHECK-LABEL: func.func @transpose_runs(
// CHECK: nn.constant dense<{{\[}}{{\[}}[1, 2], [5, 6]], {{\[}}[3, 4], [7, 8]]]> : tensor<2x2x2xsi8>
func.func @transpose_runs() -> tensor<2x2x2xsi8> {
  %0 = nn.constant dense<[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]> : tensor<2x2x2xsi8>
  %1 = nn.transpose %0 {permutation = array<i64: 1, 0, 2>} : (tensor<2x2x2xsi8>) -> tensor<2x2x2xsi8>
  return %1 : tensor<2x2x2xsi8>
}

// CHECK-LABEL: func.func @three_axes(
// CHECK: nn.constant dense<{{\[}}{{\[}}[0, 4], [2, 6]], {{\[}}[1, 5], [3, 7]]]> : tensor<2x2x2xsi8>
func.func @three_axes() -> tensor<2x2x2xsi8> {
  %0 = nn.constant dense<[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]> : tensor<2x2x2xsi8>
  %1 = nn.transpose %0 {permutation = array<i64: 2, 1, 0>} : (tensor<2x2x2xsi8>) -> tensor<2x2x2xsi8>
  return %1 : tensor<2x2x2xsi8>
}

// A blob is shared by its reshaped form, which keeps its name.
// CHECK-LABEL: func.func @blobs(
// CHECK: nn.constant dense_resource<w> : tensor<4xf32>
func.func @blobs() -> tensor<4xf32> {
  %0 = nn.constant dense_resource<w> : tensor<2x2xf32>
  %1 = nn.reshape %0 : (tensor<2x2xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @arithmetic_stays(
// CHECK: nn.add
func.func @arithmetic_stays() -> tensor<1xf32> {
  %0 = nn.constant dense<1.0> : tensor<1xf32>
  %1 = nn.add %0, %0 : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  return %1 : tensor<1xf32>
}

{-#
  dialect_resources: { builtin: { w: "0x040000000000803F000000400000404000008040" } }
#-}
