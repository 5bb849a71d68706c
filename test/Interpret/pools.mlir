// Meaning of the pools by example.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// Padding never wins, not even against the least value; it adds nothing to a sum.
// CHECK-LABEL: func.func @padding(
// CHECK-NEXT: %[[M:.*]] = dyad.constant dense<-128> : tensor<1x1x2xsi8>
// CHECK-NEXT: %[[S:.*]] = dyad.constant dense<-118> : tensor<1x1x2xsi32>
// CHECK-NEXT: return %[[M]], %[[S]]
func.func @padding() -> (tensor<1x1x2xsi8>, tensor<1x1x2xsi32>) {
  %x = dyad.constant dense<-128> : tensor<1x1x2xsi8>
  %z = dyad.constant dense<-10> : tensor<si8>
  %0 = dyad.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>}
    : (tensor<1x1x2xsi8>) -> tensor<1x1x2xsi8>
  %1 = dyad.sum_pool %x, %z {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>}
    : (tensor<1x1x2xsi8>, tensor<si8>) -> tensor<1x1x2xsi32>
  return %0, %1 : tensor<1x1x2xsi8>, tensor<1x1x2xsi32>
}

// CHECK-LABEL: func.func @reduce(
// CHECK-NEXT: dyad.constant dense<{{\[\[}}1], [-5]]> : tensor<2x1xsi32>
func.func @reduce() -> tensor<2x1xsi32> {
  %x = dyad.constant dense<[[1, 2, 7], [0, 0, 4]]> : tensor<2x3xui8>
  %z = dyad.constant dense<3> : tensor<ui8>
  %0 = dyad.reduce_sum %x, %z {axes = array<i64: 1>, keepdims = true} : (tensor<2x3xui8>, tensor<ui8>) -> tensor<2x1xsi32>
  return %0 : tensor<2x1xsi32>
}
