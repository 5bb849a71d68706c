// RUN: quant-opt %s --split-input-file --verify-diagnostics

// A view stays inside its source.
func.func @main(%x: memref<8xi8>) {
  // expected-error @below {{expected a view inside 8 bytes, but it ends at byte 9}}
  %0 = kern.view %x : memref<8xi8> to memref<5xi8, strided<[1], offset: 4>>
  return
}

// -----

func.func @main() {
  // expected-error @below {{expected an offset that is a multiple of 64, but found 3}}
  %0 = kern.buffer at 3 : memref<8xi8>
  return
}

// -----

func.func @main(%out: memref<4x4xi8>, %in: memref<4x5xi8>) {
  // expected-error @below {{expected equal shapes}}
  kern.copy %out, %in : memref<4x4xi8>, memref<4x5xi8>
  return
}

// -----

func.func @main(%out: memref<4x4xi8>, %in: memref<4x4xi8>, %t: memref<255xi8>) {
  // expected-error @below {{expected a table of 256 entries}}
  kern.lookup %out, %in, %t : memref<4x4xi8>, memref<4x4xi8>, memref<255xi8>
  return
}

// -----

// A multiplier's type follows the epilogue.
func.func @main(%out: memref<4x4xi8>, %in: memref<4x4xi32>, %m: memref<1xf32>, %s: memref<1xi32>) {
  // expected-error @below {{expected a multiplier of the type of epilogue integer, but found 'f32'}}
  kern.requantize_i32 %out, %in, %m, %s {epilogue = 1 : i64, zero_point = 0 : i64, clamp_lo = 0 : i64, clamp_hi = 255 : i64, acc_lo = 0 : i64, acc_hi = 0 : i64} : memref<4x4xi8>, memref<4x4xi32>, memref<1xf32>, memref<1xi32>
  return
}
