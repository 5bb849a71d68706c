//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scheduling passes on `kern`.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"kern-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "give every buffer its place in one arena";
  let description = [{
    A buffer lives from its first to its last use. Buffers are placed largest
    first, each at the lowest 64-byte aligned offset where it meets no buffer that
    is alive at the same time; 64 bytes of slack lie between neighbours and at both
    ends, because kernels may read that far. The function's attribute
    `kern.arena_bytes` receives the total. The plan depends on the function alone.
    A remark of category `kern-plan-memory` gives the total and the sum of all
    buffers. Running the pass again changes nothing.

    Example: see test/Dialect/Kern/kern-plan-memory/doctest.mlir.
  }];
}

def Partition : Pass<"kern-partition", "::mlir::func::FuncOp"> {
  let summary = "spread the units of kernel calls over workers";
  let description = [{
    Sets `partition` on every kernel call: the unit axis to split, its size, the
    multiple at which splitting is cheap, and the largest number of workers that is
    worth their start (`min-work` operations each). Weights that outweigh the
    activations are split by output panels, so that each core reads its share once;
    everything else by rows. Each output element is computed by one worker in a
    fixed order, so results do not depend on the number of workers.

    Example: see test/Dialect/Kern/kern-partition/doctest.mlir.
  }];
  let options = [
    Option<"minWork", "min-work", "int64_t", "200000",
      "operations that pay for a worker's start; at least 1; default 200000">
  ];
}

#endif // QUANTC_DIALECT_KERN_TRANSFORMS_PASSES_TD
