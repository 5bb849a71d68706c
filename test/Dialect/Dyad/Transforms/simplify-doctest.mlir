// The example of dyad-simplify: moves that cancel, and a product of constants.

// RUN: quant-opt %s --dyad-simplify | FileCheck %s

// CHECK-LABEL: func.func @moves_that_cancel(
func.func @moves_that_cancel(%acc: tensor<4xsi32>) -> tensor<4xui2> {
  %zi = dyad.constant dense<0> : tensor<si32>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<25> : tensor<si32>
  %z = dyad.constant dense<1> : tensor<ui2>
  // CHECK: %[[R:.*]] = dyad.requantize
  // CHECK-SAME: {clamp_hi = 2 : i32, clamp_lo = 1 : i32}
  // CHECK-NEXT: return %[[R]]
  %0 = dyad.requantize %acc, %zi, %m, %s, %z {clamp_lo = 1 : i32, clamp_hi = 2 : i32}
    : (tensor<4xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui2>) -> tensor<4xui2>
  %1 = dyad.reshape %0 : (tensor<4xui2>) -> tensor<2x2xui2>
  %2 = dyad.reshape %1 : (tensor<2x2xui2>) -> tensor<4xui2>
  return %2 : tensor<4xui2>
}

// CHECK-LABEL: func.func @constants(
// CHECK-NEXT: %[[C:.*]] = dyad.constant dense<[15, -10]> : tensor<2xsi32>
// CHECK-NEXT: return %[[C]]
func.func @constants() -> tensor<2xsi32> {
  %x = dyad.constant dense<[13, 8]> : tensor<2xui8>
  %y = dyad.constant dense<5> : tensor<si8>
  %zx = dyad.constant dense<10> : tensor<ui8>
  %zy = dyad.constant dense<0> : tensor<si8>
  %0 = dyad.mul %x, %y, %zx, %zy : (tensor<2xui8>, tensor<si8>, tensor<ui8>, tensor<si8>) -> tensor<2xsi32>
  return %0 : tensor<2xsi32>
}
