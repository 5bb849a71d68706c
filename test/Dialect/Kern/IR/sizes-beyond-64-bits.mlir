// What a buffer spans is bounded, and with it every product of its sizes; attributes of windows are bounded likewise.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @size(%x: memref<4611686018427387904x4xi8>, %y: memref<8xi8>) {
  // expected-error @below {{float values within 2^40 elements, but got 'memref<4611686018427387904x4xi8>'}}
  %0 = kern.view %x : memref<4611686018427387904x4xi8> to memref<8xi8>
  return
}

// -----

func.func @offset(%x: memref<8xi8>) {
  // expected-error @below {{float values within 2^40 elements, but got 'memref<8xi8, strided<[1], offset: 9223372036854775807>>'}}
  %0 = kern.view %x : memref<8xi8> to memref<8xi8, strided<[1], offset: 9223372036854775807>>
  return
}

// -----

// Elements before the first one would lie outside of the buffer.
func.func @backwards(%x: memref<8xi8>) {
  // expected-error @below {{float values within 2^40 elements, but got 'memref<8xi8, strided<[-1]>>'}}
  %0 = kern.view %x : memref<8xi8> to memref<8xi8, strided<[-1]>>
  return
}

// -----

func.func @constant() {
  // expected-error @below {{expected as many elements of the same width}}
  %0 = kern.constant dense<(1.0, 2.0)> : tensor<2xcomplex<f32>> : memref<2xf32>
  return
}

// -----

func.func @strided_constant() {
  // expected-error @below {{expected a dense buffer}}
  %0 = kern.constant dense<[1, 2]> : tensor<2xi8> : memref<2xi8, strided<[3]>>
  return
}

// -----

func.func @window(%out: memref<1x1x4x16xi8>, %in: memref<1x1x4x4xi8>, %w: memref<64xi8>, %b: memref<16xi32>, %m: memref<16xf32>) {
  // expected-error @below {{expected positive kernel, strides and dilations below 2^22, but found 4611686018427387904}}
  kern.conv %out, %in, %w, %b, %m, %b {kernel = array<i64: 4611686018427387904, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 4, 1>, groups = 1 : i64,
    epilogue = 0 : i64, zero_point = 0 : i64, clamp_lo = 0 : i64, clamp_hi = 255 : i64, acc_lo = -2147483648 : i64, acc_hi = 2147483647 : i64}
    : memref<1x1x4x16xi8>, memref<1x1x4x4xi8>, memref<64xi8>, memref<16xi32>, memref<16xf32>, memref<16xi32>
  return
}
