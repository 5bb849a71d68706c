// RUN: quant-opt %s --convert-kern-to-gpu --split-input-file --verify-diagnostics

// expected-error @+1 {{unknown chip 'sm_70'; expected one of sm_80, sm_86, sm_89, sm_90}}
module attributes {kern.level = "cuda:sm_70"} {
  func.func @main() attributes {kern.arena_bytes = 64 : i64, kern.num_inputs = 0 : i64} {
    return
  }
}

// -----

// A CPU's schedule is no GPU's.
// expected-error @+1 {{expected a function '@main' and an attribute 'kern.level' that names a chip, such as "cuda:sm_80"}}
module attributes {kern.level = "x86-64-v3"} {
  func.func @main() attributes {kern.arena_bytes = 64 : i64, kern.num_inputs = 0 : i64} {
    return
  }
}

// -----

// Offsets in kernels have 32 bits.
module attributes {kern.level = "cuda:sm_80"} {
  func.func @main(%in: memref<65536x65536xi8> {kern.type = tensor<65536x65536xui8>}, %out: memref<65536x65536xi8> {kern.type = tensor<65536x65536xui8>})
      attributes {kern.arena_bytes = 64 : i64, kern.num_inputs = 1 : i64} {
    // expected-error @+1 {{expected tensors below 2 GiB, but found 'memref<65536x65536xi8>'}}
    kern.copy %out, %in : memref<65536x65536xi8>, memref<65536x65536xi8>
    return
  }
}

// -----

// Weights that convert-to-kern packed for a CPU.
module attributes {kern.level = "cuda:sm_80"} {
  func.func @main(%in: memref<1x1x4x4xi8> {kern.type = tensor<1x4x1x4xui8>}, %out: memref<1x1x4x16xi8> {kern.type = tensor<1x16x1x4xui8>})
      attributes {kern.arena_bytes = 64 : i64, kern.num_inputs = 1 : i64} {
    %w = kern.constant dense<1> : tensor<64xi8> : memref<64xi8>
    %b = kern.constant dense<1> : tensor<16xi32> : memref<16xi32>
    %m = kern.constant dense<1.0> : tensor<16xf32> : memref<16xf32>
    // expected-error @+1 {{expected constants in natural order and no epilogue in fp64: run convert-to-kern with a GPU level}}
    kern.conv %out, %in, %w, %b, %m, %b {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64,
      epilogue = 0 : i64, zero_point = 0 : i64, clamp_lo = 0 : i64, clamp_hi = 255 : i64, acc_lo = -2147483648 : i64, acc_hi = 2147483647 : i64}
      : memref<1x1x4x16xi8>, memref<1x1x4x4xi8>, memref<64xi8>, memref<16xi32>, memref<16xf32>, memref<16xi32>
    return
  }
}
