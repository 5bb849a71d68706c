//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass convert-to-kern: signature, borders, dispatch to the handlers, outputs.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "quantc/Conversion/ToKern/ToKern.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

namespace quantc {
#define GEN_PASS_DEF_CONVERTTOKERN
#include "quantc/Conversion/ToKern/Passes.h.inc"
} // namespace quantc

static const HandlerMap &handlerMap() {
  static const HandlerMap map = [] {
    HandlerMap handlers;
    addDyadContractions(handlers);
    addDyadElementwise(handlers);
    addFloatOps(handlers);
    addFloatContractions(handlers);
    addGroupedLinear(handlers);
    addHadamard(handlers);
    addMatMul(handlers);
    addMovement(handlers);
    addNodes(handlers);
    addQuantization(handlers);
    return handlers;
  }();
  return map;
}

/// Tensors become dense row-major buffers of the same shape at the function's border.
static Type borderType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return {};
  Type element = storageType(tensor.getElementType());
  return element ? MemRefType::get(tensor.getShape(), element) : Type();
}

void Lowering::flipSigns(Value to, Value from) {
  std::vector<uint8_t> table(256);
  for (unsigned i = 0; i < 256; ++i)
    table[i] = uint8_t(i ^ 0x80);
  int64_t count = cast<MemRefType>(to.getType()).getNumElements();
  kern::LookupOp::create(builder, function.getLoc(), reshape(to, {1, count}),
                         reshape(from, {1, count}), constant(builder.getI8Type(), table),
                         kern::PartitionAttr());
}

/// Arguments keep their indices; results are appended as arguments. The old block arguments stay in
/// `places` under their tensor values until the tensor ops are gone.
LogicalResult Lowering::convertSignature() {
  Block &block = function.getBody().front();
  SmallVector<Type> types;
  auto check = [&](Type type, StringRef what, unsigned index) -> LogicalResult {
    if (Type converted = borderType(type)) {
      types.push_back(converted);
      return success();
    }
    return function.emitError("expected a static tensor of numbers as ")
           << what << " " << index << ", but found " << type;
  };
  for (auto [i, type] : llvm::enumerate(function.getFunctionType().getInputs()))
    if (failed(check(type, "input", i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(function.getFunctionType().getResults()))
    if (failed(check(type, "output", i)))
      return failure();
  unsigned numInputs = block.getNumArguments();
  for (unsigned i = 0; i < types.size(); ++i) {
    BlockArgument argument = block.addArgument(types[i], function.getLoc());
    if (i >= numInputs) {
      outputs.push_back(argument);
      continue;
    }
    Value tensor = block.getArgument(i);
    builder.setInsertionPoint(block.getTerminator());
    Value memory = argument;
    if (isSignedByte(tensor)) {
      memory = buffer(cast<MemRefType>(argument.getType()).getShape(), builder.getI8Type());
      flipSigns(memory, argument);
    }
    Value placed = isImage(tensor.getType()) ? transposed(memory, {0, 2, 3, 1}) : memory;
    places[tensor] = {placed, nullptr, {}};
  }
  return success();
}

/// What ops want around their inputs, so that producers leave room for it.
void Lowering::collectBorders(ArrayRef<Operation *> ops) {
  for (Operation *op : ops) {
    auto handler = handlerMap().find(op->getName().getStringRef());
    if (handler == handlerMap().end() || !handler->second.border)
      continue;
    std::optional<WantedBorder> want = handler->second.border(*this, op);
    if (!want || want->pads.size() != 4)
      continue;
    Border &border = wanted[want->input];
    if (!border.empty() && border.byte != want->byte)
      continue; // the second consumer copies
    ArrayRef<int64_t> pads = want->pads;
    border = {std::max(border.top, pads[0]), std::max(border.left, pads[1]),
              std::max(border.bottom, pads[2]), std::max(border.right, pads[3]), want->byte};
  }
}

LogicalResult Lowering::writeOutputs(func::ReturnOp returnOp) {
  for (auto [i, tensor] : llvm::enumerate(returnOp.getOperands())) {
    Value source = stridedInput(tensor);
    if (!source)
      return returnOp.emitError("expected output ") << i << " to be computed";
    if (direct.lookup(tensor) == outputs[i])
      if (Place place = places[tensor];
          !place.buffer && place.view &&
          (place.view == outputs[i] || place.view.getDefiningOp<kern::ViewOp>()))
        if (place.view == outputs[i] ||
            place.view.getDefiningOp<kern::ViewOp>().getSource() == outputs[i])
          continue;
    if (isSignedByte(tensor)) {
      flipSigns(outputs[i], rowMajorInput(tensor));
      continue;
    }
    Value target = isImage(tensor.getType()) ? transposed(outputs[i], {0, 2, 3, 1}) : outputs[i];
    kern::CopyOp::create(builder, tensor.getLoc(), target, source, kern::PartitionAttr());
  }
  return success();
}

/// The op's ONNX node, for messages.
static LogicalResult reject(Operation *op) {
  return op->emitError("no kernel for '") << op->getName() << "' on this target";
}

/// Buffers and kernels hold codes in bytes.
static LogicalResult rejectWideCodes(func::FuncOp function) {
  WalkResult walk = function.walk([](Operation *op) {
    if (isa<onnx::NodeOp, func::ReturnOp>(op))
      return WalkResult::skip(); // a node's elements are numbers, not codes
    for (TypeRange types : {TypeRange(op->getResultTypes()), TypeRange(op->getOperandTypes())})
      for (Type type : types)
        if (auto element = dyn_cast<IntegerType>(getElementTypeOrSelf(type));
            element && element.getWidth() == 16 && !op->hasTrait<OpTrait::ConstantLike>()) {
          op->emitError("no kernel for '")
              << op->getName()
              << "' on this target: expected activations and weights of at most 8 bits, but found "
              << type << "; an FPGA takes up to 16 (--target hls:PART)";
          return WalkResult::interrupt();
        }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// Kernels know float32, bytes and 32-bit accumulators; other numbers go from node to node.
static bool hasKernelTypes(Operation *op) {
  auto fits = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    Type element = tensor ? tensor.getElementType() : Type();
    return element && (element.isF32() || element.isInteger(8) || element.isInteger(32));
  };
  return llvm::all_of(op->getResultTypes(), fits) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return getConstantElements(operand) || fits(operand.getType());
         });
}

LogicalResult Lowering::run() {
  if (failed(rejectWideCodes(function)))
    return failure();
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected one block");
  Block &block = function.getBody().front();
  auto returnOp = cast<func::ReturnOp>(block.getTerminator());
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  collectBorders(ops);
  if (failed(convertSignature()))
    return failure();
  for (auto [i, tensor] : llvm::enumerate(returnOp.getOperands()))
    if (tensor.hasOneUse() && !isSignedByte(tensor))
      direct[tensor] = outputs[i];

  bool ok = true;
  for (Operation *op : ops) {
    builder.setInsertionPoint(returnOp);
    if (op->hasTrait<OpTrait::ConstantLike>())
      continue;
    auto handler = handlerMap().find(op->getName().getStringRef());
    bool ours = isa<onnx::NodeOp, onnx::NoneOp>(op) || hasKernelTypes(op);
    if (handler == handlerMap().end() || !ours)
      ok &= succeeded(reject(op));
    else
      ok &= succeeded(handler->second.lower(*this, op));
  }
  builder.setInsertionPoint(returnOp);
  if (!ok || failed(writeOutputs(returnOp)))
    return failure();

  unsigned numInputs = function.getFunctionType().getNumInputs();
  SmallVector<DictionaryAttr> attributes;
  for (unsigned i = 0; i < numInputs; ++i)
    attributes.push_back(function.getArgAttrDict(i));
  for (unsigned i = 0; i < outputs.size(); ++i)
    attributes.push_back(function.getResultAttrDict(i));
  // The memref loses the signedness of integers; what the model's user sees is the tensor.
  SmallVector<Type> tensors(function.getFunctionType().getInputs());
  llvm::append_range(tensors, function.getFunctionType().getResults());
  for (auto [dictionary, type] : llvm::zip_equal(attributes, tensors)) {
    NamedAttrList list(dictionary ? dictionary : builder.getDictionaryAttr({}));
    list.set("kern.type", TypeAttr::get(type));
    dictionary = list.getDictionary(builder.getContext());
  }
  func::ReturnOp::create(builder, returnOp.getLoc());
  returnOp.erase();
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  block.eraseArguments(0, numInputs);
  SmallVector<Type> types(block.getArgumentTypes());
  function.setFunctionType(builder.getFunctionType(types, {}));
  function.removeResAttrsAttr();
  function.setAllArgAttrs(attributes);
  function->setAttr("kern.num_inputs", builder.getI64IntegerAttr(numInputs));
  return success();
}

namespace {
struct ConvertToKern : quantc::impl::ConvertToKernBase<ConvertToKern> {
  using ConvertToKernBase::ConvertToKernBase;

  void runOnOperation() override {
    kernels::Level target = kernels::bestHostLevel();
    // The chip is the next pass's business; no part of a GPU's schedule depends on it here.
    bool gpu = StringRef(level).starts_with("cuda:");
    if (gpu)
      target = kernels::Level::V3;
    else if (level != "native") {
      std::optional<kernels::Level> parsed = kernels::parseLevel(level);
      if (!parsed) {
        getOperation().emitError("unknown level '") << level << "'";
        return signalPassFailure();
      }
      target = *parsed;
    }
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || function.isExternal()) {
      getOperation().emitError("expected a function '@main'");
      return signalPassFailure();
    }
    const kernels::LevelInfo &info = kernels::levelInfo(target);
    Lowering lowering(function, info, strict, /*natural=*/gpu);
    if (failed(lowering.run()))
      return signalPassFailure();
    getOperation()->setAttr("kern.level",
                            StringAttr::get(&getContext(), gpu ? level.getValue() : info.name));
  }
};
} // namespace
