// Accumulators that may overflow, and options out of range.

// RUN: quant-opt %s --dyad-prove-accumulators --split-input-file --verify-diagnostics
// RUN: not quant-opt %s --dyad-prove-accumulators=bits=33 --split-input-file 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not quant-opt %s --dyad-prove-accumulators=bits=16 --split-input-file 2>&1 | FileCheck %s --check-prefix=NARROW

// BITS: expected an accumulator width of 2 to 32 bits, but found 33

// 65794 products of 255 and -128 pass 2^31.
func.func @too_deep(%x: tensor<1x65794xui8>) -> tensor<1x2xsi32> {
  %w = dyad.constant dense<-128> : tensor<2x65794xsi8>
  %b = dyad.constant dense<0> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @+1 {{'dyad.linear' op expected accumulators that fit 32 bits, but found partial sums in [-2147516160, 2147516160], widest in channel 0 of node}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x65794xui8>, tensor<2x65794xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
  return %0 : tensor<1x2xsi32>
}

// -----

// One product less fits.
func.func @deep_enough(%x: tensor<1x65793xui8>) -> tensor<1x1xsi32> {
  %w = dyad.constant dense<-128> : tensor<1x65793xsi8>
  %b = dyad.constant dense<0> : tensor<1xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x65793xui8>, tensor<1x65793xsi8>, tensor<1xsi32>, tensor<ui8>) -> tensor<1x1xsi32>
  return %0 : tensor<1x1xsi32>
}

// -----

// A large bias in the second channel only.
func.func @bias(%x: tensor<1x1xui8>) -> tensor<1x2xsi32> {
  %w = dyad.constant dense<1> : tensor<2x1xsi8>
  %b = dyad.constant dense<[0, 2147483600]> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  // NARROW: partial sums in [-2147483855, 2147483855], widest in channel 1 of node 'fc7' [NUM-ACC-2]
  // expected-error @unknown {{widest in channel 1 of node 'fc7' [NUM-ACC-2]}}
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x1xui8>, tensor<2x1xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32> loc("fc7")
  return %0 : tensor<1x2xsi32>
}

// -----

// The same bias is harmless behind a range that a clamp has made small.
func.func @clamped(%x: tensor<1x1xui8>) -> tensor<1x2xsi32> {
  %w = dyad.constant dense<1> : tensor<2x1xsi8>
  %b = dyad.constant dense<[0, 2147483600]> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %m = dyad.constant dense<8388609> : tensor<si32>
  %s = dyad.constant dense<23> : tensor<si32>
  %c = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 47 : i32}
    : (tensor<1x1xui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<1x1xui8>
  %0 = dyad.linear %c, %w, %b, %z : (tensor<1x1xui8>, tensor<2x1xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
  return %0 : tensor<1x2xsi32>
}

// -----

// Nothing is known about how many elements a dynamic axis has.
func.func @dynamic_sum(%x: tensor<1x?xui8>) -> tensor<1xsi32> {
  %z = dyad.constant dense<0> : tensor<ui8>
  // expected-error @+1 {{expected accumulators that fit 32 bits}}
  %0 = dyad.reduce_sum %x, %z {axes = array<i64: 1>, keepdims = false} : (tensor<1x?xui8>, tensor<ui8>) -> tensor<1xsi32>
  return %0 : tensor<1xsi32>
}

// -----

// Weights at run time have the range of their type.
func.func @run_time_weights(%x: tensor<1x3xui8>, %w: tensor<2x3xsi8>, %v: tensor<2x3xsi32>) -> (tensor<1x2xsi32>, tensor<1x2xsi32>) {
  %b = dyad.constant dense<0> : tensor<2xsi32>
  %z = dyad.constant dense<0> : tensor<ui8>
  %0 = dyad.linear %x, %w, %b, %z : (tensor<1x3xui8>, tensor<2x3xsi8>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
  // expected-error @+1 {{expected accumulators that fit 32 bits}}
  %1 = dyad.linear %x, %v, %b, %z : (tensor<1x3xui8>, tensor<2x3xsi32>, tensor<2xsi32>, tensor<ui8>) -> tensor<1x2xsi32>
  return %0, %1 : tensor<1x2xsi32>, tensor<1x2xsi32>
}
