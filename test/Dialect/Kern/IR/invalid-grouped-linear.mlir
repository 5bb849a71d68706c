// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @main(%out: memref<2x3xf32>, %in: memref<2x20xf32>, %w: memref<383xi8>, %s: memref<96xf32>, %z: memref<1xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected 384 bytes of packed weights}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<2x3xf32>, memref<2x20xf32>, memref<383xi8>, memref<96xf32>, memref<1xi8>, memref<32xf32>
  return
}

// -----

func.func @main(%out: memref<2x3xf32>, %in: memref<2x20xf32>, %w: memref<384xi8>, %s: memref<95xf32>, %z: memref<1xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected 96 packed scales}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<2x3xf32>, memref<2x20xf32>, memref<384xi8>, memref<95xf32>, memref<1xi8>, memref<32xf32>
  return
}

// -----

func.func @main(%out: memref<2x3xf32>, %in: memref<2x20xf32>, %w: memref<384xi8>, %s: memref<96xf32>, %z: memref<9xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected one zero point, or 96 packed ones}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<2x3xf32>, memref<2x20xf32>, memref<384xi8>, memref<96xf32>, memref<9xi8>, memref<32xf32>
  return
}

// -----

func.func @main(%out: memref<2x3xf32>, %in: memref<2x20xf32>, %w: memref<384xi8>, %s: memref<96xf32>, %z: memref<1xi8>, %b: memref<3xf32>) {
  // expected-error @below {{expected a bias of 32 elements}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<2x3xf32>, memref<2x20xf32>, memref<384xi8>, memref<96xf32>, memref<1xi8>, memref<3xf32>
  return
}

// -----

func.func @main(%out: memref<2x3xf32>, %in: memref<2x20xf32>, %w: memref<384xi8>, %s: memref<96xf32>, %z: memref<1xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected a group of a multiple of 8 inputs, or of all 20, but found 9}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 9 : i64} : memref<2x3xf32>, memref<2x20xf32>, memref<384xi8>, memref<96xf32>, memref<1xi8>, memref<32xf32>
  return
}

// -----

func.func @main(%out: memref<2x3xf32>, %in: memref<3x20xf32>, %w: memref<384xi8>, %s: memref<96xf32>, %z: memref<1xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected as many rows out as in}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<2x3xf32>, memref<3x20xf32>, memref<384xi8>, memref<96xf32>, memref<1xi8>, memref<32xf32>
  return
}

// -----

// Sizes whose product does not fit into 64 bits.
func.func @main(%out: memref<1x1099511627776xf32>, %in: memref<1x1099511627776xf32>, %w: memref<384xi8>, %s: memref<96xf32>, %z: memref<1xi8>, %b: memref<32xf32>) {
  // expected-error @below {{expected 18446744073709551615 bytes of packed weights}}
  kern.grouped_linear_f32 %out, %in, %w, %s, %z, %b {group = 8 : i64} : memref<1x1099511627776xf32>, memref<1x1099511627776xf32>, memref<384xi8>, memref<96xf32>, memref<1xi8>, memref<32xf32>
  return
}

// -----

func.func @main(%out: memref<2x20xi8>, %s: memref<2xf32>, %t: memref<2x3xi32>, %in: memref<2x20xf32>) {
  // expected-error @below {{expected codes of 24 bytes a row, but found 'memref<2x20xi8>'}}
  kern.quantize_rows %out, %s, %t, %in {group = 8 : i64, most = 127 : i64} : memref<2x20xi8>, memref<2xf32>, memref<2x3xi32>, memref<2x20xf32>
  return
}

// -----

func.func @main(%out: memref<2x24xi8>, %s: memref<2xf32>, %t: memref<2x2xi32>, %in: memref<2x20xf32>) {
  // expected-error @below {{expected a scale a row or a group and a sum a group, but found 'memref<2xf32>' and 'memref<2x2xi32>'}}
  kern.quantize_rows %out, %s, %t, %in {group = 8 : i64, most = 127 : i64} : memref<2x24xi8>, memref<2xf32>, memref<2x2xi32>, memref<2x20xf32>
  return
}

// -----

func.func @main(%out: memref<2x24xi8>, %s: memref<3xf32>, %t: memref<2x3xi32>, %in: memref<2x20xf32>) {
  // expected-error @below {{expected a scale a row or a group and a sum a group, but found 'memref<3xf32>' and 'memref<2x3xi32>'}}
  kern.quantize_rows %out, %s, %t, %in {group = 8 : i64, most = 127 : i64} : memref<2x24xi8>, memref<3xf32>, memref<2x3xi32>, memref<2x20xf32>
  return
}

// -----

func.func @clip_of_nothing(%out: memref<2x24xi8>, %s: memref<2x3xf32>, %t: memref<2x3xi32>, %in: memref<2x20xf32>) {
  // expected-error @below {{expected a clip in (0, 1], but found 0.000000e+00 : f32}}
  kern.quantize_rows %out, %s, %t, %in {group = 8 : i64, most = 127 : i64, clip = 0.0 : f32} : memref<2x24xi8>, memref<2x3xf32>, memref<2x3xi32>, memref<2x20xf32>
  return
}
