// RUN: quant-opt %s --convert-kern-to-gpu | FileCheck %s

// Two additions of the same shapes and parameters share a kernel; each has a launch with its own
// addresses. Inputs and outputs have places behind the planned arena.

// CHECK: module attributes {gpu.container_module
// CHECK-SAME: quantc.arena_bytes = 1024 : i64
// CHECK-SAME: quantc.chip = "sm_80"
// CHECK-SAME: quantc.inputs = [{kern.type = tensor<64xui8>, quantc.arena_offset = 512 : i64}]
// CHECK: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">]
// CHECK: gpu.func @add_0(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>) kernel
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-NOT: gpu.func
// CHECK: func.func @launches(%[[ARENA:.*]]: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>)
// CHECK: %[[IN:.*]] = llvm.getelementptr %[[ARENA]][%{{.*}}]
// CHECK: gpu.launch_func @kernels::@add_0 blocks in (%c1, %c1{{.*}}, %c1{{.*}}) threads in (%c256,
// CHECK-SAME: quantc.step_kind = "add", quantc.step_name = "Add_0"
// CHECK: gpu.launch_func @kernels::@add_0
module attributes {kern.level = "cuda:sm_80"} {
  func.func @main(%in: memref<64xi8> {kern.type = tensor<64xui8>}, %out: memref<64xi8> {kern.type = tensor<64xui8>})
      attributes {kern.arena_bytes = 256 : i64, kern.num_inputs = 1 : i64} {
    %b = kern.buffer at 64 : memref<64xi8>
    kern.add %b, %in, %in {lhs_multiplier = 524288 : i64, rhs_multiplier = 524288 : i64, shift = 20 : i64, lhs_zero_point = 3 : i64,
      rhs_zero_point = 3 : i64, zero_point = 3 : i64, clamp_lo = 0 : i64, clamp_hi = 255 : i64}
      : memref<64xi8>, memref<64xi8>, memref<64xi8> loc("Add_0")
    kern.add %out, %b, %in {lhs_multiplier = 524288 : i64, rhs_multiplier = 524288 : i64, shift = 20 : i64, lhs_zero_point = 3 : i64,
      rhs_zero_point = 3 : i64, zero_point = 3 : i64, clamp_lo = 0 : i64, clamp_hi = 255 : i64}
      : memref<64xi8>, memref<64xi8>, memref<64xi8> loc("Add_1")
    return
  }
}
