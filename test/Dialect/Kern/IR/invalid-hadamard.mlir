// One violation of each constraint of the Walsh-Hadamard kernels.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @types(%out: memref<2x12xf32>, %in: memref<2x12xi8>, %c: memref<36xi8>) {
  // expected-error @below {{expected f32 in and out}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 1 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x12xf32>, memref<2x12xi8>, memref<36xi8>
  return
}

// -----

func.func @sums(%out: memref<2x12xi8>, %in: memref<2x12xi8>, %c: memref<36xi8>) {
  // expected-error @below {{expected bytes in and 32-bit integers out}}
  kern.hadamard_u8 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 1 : i64, inner = 1 : i64, zero_point = 0 : i64} : memref<2x12xi8>, memref<2x12xi8>, memref<36xi8>
  return
}

// -----

func.func @dense(%out: memref<2x12xf32>, %in: memref<2x12xf32, strided<[24, 1]>>, %c: memref<36xi8>) {
  // expected-error @below {{expected dense buffers of one shape of rank 2}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 1 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x12xf32>, memref<2x12xf32, strided<[24, 1]>>, memref<36xi8>
  return
}

// -----

func.func @three(%out: memref<2x12xf32>, %in: memref<2x12xf32>, %c: memref<36xi8>) {
  // expected-error @below {{expected three orders, but found 1}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12>, length = 1 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x12xf32>, memref<2x12xf32>, memref<36xi8>
  return
}

// -----

func.func @length(%out: memref<2x36xf32>, %in: memref<2x36xf32>, %c: memref<36xi8>) {
  // expected-error @below {{expected a length that is a power of two, but found 3}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 3 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x36xf32>, memref<2x36xf32>, memref<36xi8>
  return
}

// -----

// The kernel's scratch ends there.
func.func @order(%out: memref<2x1028xf32>, %in: memref<2x1028xf32>, %c: memref<264196xi8>) {
  // expected-error @below {{expected orders that are 1 or multiples of 4 up to 1024, but found 1028}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 1028, 1, 1>, length = 1 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x1028xf32>, memref<2x1028xf32>, memref<264196xi8>
  return
}

// -----

func.func @row(%out: memref<2x36xf32>, %in: memref<2x36xf32>, %c: memref<36xi8>) {
  // expected-error @below {{expected rows of length * orders * inner elements, but found 36}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 2 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x36xf32>, memref<2x36xf32>, memref<36xi8>
  return
}

// -----

// A product of sizes that would wrap to 12.
func.func @wrap(%out: memref<2x12xf32>, %in: memref<2x12xf32>, %c: memref<36xi8>) {
  // expected-error @below {{expected rows of length * orders * inner elements, but found 12}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 4611686018427387904 : i64, inner = 4611686018427387905 : i64, scale = 1.0 : f32} : memref<2x12xf32>, memref<2x12xf32>, memref<36xi8>
  return
}

// -----

func.func @codes(%out: memref<2x12xf32>, %in: memref<2x12xf32>, %c: memref<35xi8>) {
  // expected-error @below {{expected 36 bytes of codes, but found 'memref<35xi8>'}}
  kern.hadamard_f32 %out, %in, %c {orders = array<i64: 12, 1, 1>, length = 1 : i64, inner = 1 : i64, scale = 1.0 : f32} : memref<2x12xf32>, memref<2x12xf32>, memref<35xi8>
  return
}
