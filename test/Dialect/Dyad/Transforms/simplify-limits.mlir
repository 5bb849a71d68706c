// What folding leaves alone: results beyond the limit, dynamic results, sums that overflow.

// RUN: quant-opt %s --dyad-simplify=fold-limit=7 --split-input-file --verify-diagnostics | FileCheck %s

// Two elements of four bytes are eight.
// CHECK-LABEL: func.func @beyond_the_limit(
// CHECK: dyad.mul
func.func @beyond_the_limit() -> tensor<2xsi32> {
  %x = dyad.constant dense<[13, 8]> : tensor<2xui8>
  %z = dyad.constant dense<10> : tensor<ui8>
  %0 = dyad.mul %x, %x, %z, %z : (tensor<2xui8>, tensor<2xui8>, tensor<ui8>, tensor<ui8>) -> tensor<2xsi32>
  return %0 : tensor<2xsi32>
}

// -----

// CHECK-LABEL: func.func @dynamic(
// CHECK: dyad.reshape
func.func @dynamic() -> tensor<?xui8> {
  %x = dyad.constant dense<[13, 8]> : tensor<2xui8>
  %0 = dyad.reshape %x : (tensor<2xui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

// CHECK-LABEL: func.func @overflow(
func.func @overflow() -> tensor<1xsi32> {
  %x = dyad.constant dense<1> : tensor<2xui8>
  %w = dyad.constant dense<2147483647> : tensor<1x2xsi32>
  %b = dyad.constant dense<0> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @+1 {{expected accumulators of 32 bits, but found the sum 4294967294 in output channel 0 [NUM-ACC-1]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<2xui8>, tensor<1x2xsi32>, tensor<1xsi32>, tensor<ui8>) -> tensor<1xsi32>
  return %0 : tensor<1xsi32>
}
