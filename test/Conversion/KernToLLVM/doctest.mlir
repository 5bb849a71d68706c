// RUN: quant-opt %s --convert-kern-to-llvm | FileCheck %s

// One function a step; the worker's share of eight rows is computed, all else is immediate.

// CHECK: module attributes {{.*}}quantc.arena_bytes = 256 : i64
// CHECK: llvm.func @qk_copy_nd_v3(
// CHECK: llvm.func @qc_step_0(%[[ARENA:.*]]: !llvm.ptr, %[[IO:.*]]: !llvm.ptr, %[[WORKER:.*]]: i64, %[[WORKERS:.*]]: i64)
// CHECK-SAME: quantc.max_workers = 2 : i64
// CHECK-SAME: quantc.step_kind = "copy_nd"
// CHECK-SAME: quantc.step_name = "Copy_0"
// CHECK: llvm.mul {{.*}}, %[[WORKER]]
// CHECK: llvm.sdiv {{.*}}, %[[WORKERS]]
// CHECK: llvm.getelementptr %[[IO]][1]
// CHECK: llvm.call @qk_copy_nd_v3(
module attributes {kern.level = "x86-64-v3"} {
  func.func @main(%in: memref<8x16xi8> {kern.type = tensor<8x16xui8>}, %out: memref<8x16xi8> {kern.type = tensor<8x16xui8>})
      attributes {kern.arena_bytes = 256 : i64, kern.num_inputs = 1 : i64} {
    kern.copy %out, %in {partition = #kern.partition<axis = 0, units = 8, align = 1, workers = 2>} : memref<8x16xi8>, memref<8x16xi8> loc("Copy_0")
    return
  }
}
