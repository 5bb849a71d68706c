//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the lowering, the partitioner and the planner ask of a scheduled op.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_KERN_IR_KERNELOPINTERFACE_TD
#define QUANTC_DIALECT_KERN_IR_KERNELOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::quantc::kern";
  let description = [{
    One call of a microkernel on buffers. The op's attributes and memref types
    determine every argument, so a lowering prints the call and decides nothing.
  }];
  let methods = [
    InterfaceMethod<"The kernel, independent of the ISA level.",
      "::quantc::kernels::KernelId", "getKernelId", (ins)>,
    InterfaceMethod<"The arguments in the kernel's parameter order (quantc/Kernels/*.def).",
      "void", "getArguments", (ins "::llvm::SmallVectorImpl<::quantc::kern::KernelArg> &":$arguments)>,
    InterfaceMethod<"Sizes of the unit axes that the kernel's [begin, end) ranges walk, at most two.",
      "::llvm::SmallVector<int64_t>", "getUnits", (ins)>,
    InterfaceMethod<"Multiples at which splitting a unit axis is cheap.",
      "int64_t", "getUnitAlignment", (ins "unsigned":$axis), [{}], [{ return 1; }]>,
    InterfaceMethod<"Operations of one execution; decides how many workers are worth their start.",
      "int64_t", "getWork", (ins)>,
    InterfaceMethod<"Bytes of the constants that one execution reads.", "int64_t", "getConstantBytes", (ins), [{}],
      [{ return ::quantc::kern::constantBytes($_op); }]>
  ];
}

#endif // QUANTC_DIALECT_KERN_IR_KERNELOPINTERFACE_TD
