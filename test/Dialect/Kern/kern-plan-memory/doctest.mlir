// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(kern-plan-memory))' | FileCheck %s
// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(kern-plan-memory,kern-plan-memory))' | FileCheck %s

// The third buffer takes the place of the first, which is dead by then; neighbours are 64 bytes apart.

// CHECK-LABEL: func.func @main
// CHECK-SAME: kern.arena_bytes = 448 : i64
// CHECK: kern.buffer at 64 : memref<128xi8>
// CHECK: kern.buffer at 256 : memref<128xi8>
// CHECK: kern.buffer at 64 : memref<128xi8>
func.func @main(%in: memref<128xi8>, %out: memref<128xi8>) {
  %a = kern.buffer : memref<128xi8>
  kern.copy %a, %in : memref<128xi8>, memref<128xi8>
  %b = kern.buffer : memref<128xi8>
  kern.copy %b, %a : memref<128xi8>, memref<128xi8>
  %c = kern.buffer : memref<128xi8>
  kern.copy %c, %b : memref<128xi8>, memref<128xi8>
  kern.copy %out, %c : memref<128xi8>, memref<128xi8>
  return
}
