//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass convert-kern-to-gpu; see Program.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/KernToGPU/KernToGPU.h"
#include "Program.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;

namespace quantc {
#define GEN_PASS_DEF_CONVERTKERNTOGPU
#include "quantc/Conversion/KernToGPU/Passes.h.inc"
} // namespace quantc

llvm::SmallVector<llvm::StringRef> quantc::gpuChipNames() { return togpu::chipNames(); }
void quantc::describeGPUTables(llvm::raw_ostream &os) { togpu::describeTables(os); }

namespace {
struct ConvertKernToGPU : quantc::impl::ConvertKernToGPUBase<ConvertKernToGPU> {
  using ConvertKernToGPUBase::ConvertKernToGPUBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto level = module->getAttrOfType<StringAttr>("kern.level");
    auto main = module.lookupSymbol<func::FuncOp>("main");
    StringRef name = level ? level.getValue() : StringRef();
    if (!name.consume_front("cuda:") || !main || main.isExternal()) {
      module.emitError("expected a function '@main' and an attribute 'kern.level' that names a "
                       "chip, such as \"cuda:sm_80\"");
      return signalPassFailure();
    }
    const togpu::Chip *chip = togpu::findChip(name);
    if (!chip) {
      module.emitError("unknown chip '")
          << name << "'; expected one of " << llvm::join(togpu::chipNames(), ", ");
      return signalPassFailure();
    }
    std::optional<togpu::Tile> forced;
    if (!tile.empty()) {
      forced = togpu::makeTile(tile);
      if (!forced) {
        module.emitError("expected tile=rows,columns,warp-rows,warp-columns,stages with warps of "
                         "multiples of 16 that divide the tile and at most 1024 threads");
        return signalPassFailure();
      }
    }
    if (failed(togpu::Program(module, *chip, forced).run(main)))
      signalPassFailure();
  }
};
} // namespace
