// RUN: quant-opt %s --split-input-file --verify-diagnostics --convert-kern-to-llvm

// expected-error @below {{expected a function '@main' and an attribute 'kern.level' that names an ISA level}}
module {
}

// -----

// Memory must be planned before.
module attributes {kern.level = "x86-64-v3"} {
  func.func @main(%out: memref<8xi8>) attributes {kern.arena_bytes = 64 : i64, kern.num_inputs = 0 : i64} {
    // expected-error @below {{expected an arena offset; run kern-plan-memory first}}
    %0 = kern.buffer : memref<8xi8>
    kern.copy %out, %0 : memref<8xi8>, memref<8xi8>
    return
  }
}
