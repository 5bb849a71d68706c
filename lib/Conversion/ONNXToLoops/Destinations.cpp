//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions that write their results to trailing arguments; see Destinations.h.
//
//===----------------------------------------------------------------------===//

#include "Destinations.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace quantc;

/// A constant in memory in place of an argument.
static LogicalResult becomeGlobal(func::FuncOp function, ModuleOp module, unsigned index,
                                  ElementsAttr elements) {
  auto type = cast<MemRefType>(function.getArgumentTypes()[index]);
  std::optional<std::vector<char>> bytes = readBytes(elements);
  if (!bytes)
    return function.emitError("the elements of a constant are missing from the module");
  auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
  OpBuilder builder(function);
  std::string name = (function.getSymName() + "_constant_" + Twine(index)).str();
  memref::GlobalOp::create(builder, function.getLoc(), name, builder.getStringAttr("private"), type,
                           DenseElementsAttr::getFromRawBuffer(tensor, *bytes), /*constant=*/true,
                           IntegerAttr());
  builder.setInsertionPointToStart(&function.getBody().front());
  Value memory = memref::GetGlobalOp::create(builder, function.getLoc(), type, name);
  function.getArgument(index).replaceAllUsesWith(memory);
  return success();
}

/// Whether the function calls the host program's generators.
static bool drawsNumbers(func::FuncOp function) {
  return function
      .walk([](func::CallOp call) {
        return call.getCallee().starts_with("qrt_loops_random_") ? WalkResult::interrupt()
                                                                 : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether the buffer is allocated for this result alone, so that the caller's can stand for it.
static bool isOwn(Value result, MemRefType type, Block &block) {
  auto alloc = result.getDefiningOp<memref::AllocOp>();
  return alloc && alloc->getBlock() == &block && alloc.getType() == type &&
         llvm::none_of(result.getUsers(), llvm::IsaPred<memref::DeallocOp>);
}

LogicalResult quantc::toloops::writeToArguments(func::FuncOp function, ModuleOp module,
                                                ArrayRef<Type> resultTypes, StringRef description) {
  if (drawsNumbers(function))
    return function.emitError() << description
                                << ": unsupported node: it draws random numbers, and libraries "
                                   "have no generator";
  Block &block = function.getBody().front();
  auto returnOp = cast<func::ReturnOp>(block.getTerminator());
  SmallVector<Value> results(returnOp.getOperands());
  OpBuilder builder(returnOp);
  for (auto [index, result] : llvm::enumerate(results)) {
    auto tensor = cast<RankedTensorType>(resultTypes[index]);
    auto type =
        MemRefType::get(tensor.getShape(), cast<MemRefType>(result.getType()).getElementType());
    Value target = block.addArgument(type, function.getLoc());
    bool twice = llvm::is_contained(ArrayRef(results).drop_front(index + 1), result);
    if (isOwn(result, type, block) && !twice) {
      Operation *alloc = result.getDefiningOp();
      result.replaceAllUsesWith(target);
      alloc->erase();
      continue;
    }
    Value source = result;
    if (source.getType() != type)
      source = memref::CastOp::create(builder, function.getLoc(), type, source);
    memref::CopyOp::create(builder, function.getLoc(), source, target);
  }
  func::ReturnOp::create(builder, returnOp.getLoc());
  returnOp.erase();

  llvm::BitVector dropped(block.getNumArguments());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto elements = function.getArgAttrOfType<ElementsAttr>(i, loopsConstantAttr)) {
      dropped.set(i);
      if (!block.getArgument(i).use_empty() && failed(becomeGlobal(function, module, i, elements)))
        return failure();
    }
  block.eraseArguments(dropped);
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
  function.setType(builder.getFunctionType(block.getArgumentTypes(), {}));
  return success();
}
