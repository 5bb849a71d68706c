// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(kern-partition{min-work=32}))' | FileCheck %s
// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(kern-partition))' | FileCheck %s --check-prefix=SMALL

// 256 operations pay for eight workers of 32; by default the copy is too small to share.

// CHECK: partition = #kern.partition<axis = 0, units = 8, align = 1, workers = 8>
// SMALL: partition = #kern.partition<axis = 0, units = 8, align = 1, workers = 1>
func.func @main(%in: memref<8x16xi8>, %out: memref<8x16xi8>) {
  kern.copy %out, %in : memref<8x16xi8>, memref<8x16xi8>
  return
}
