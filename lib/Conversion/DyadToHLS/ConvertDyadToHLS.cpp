//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass convert-dyad-to-hls: border, dispatch to the handlers, forks.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "quantc/Conversion/DyadToHLS/DyadToHLS.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

namespace quantc {
#define GEN_PASS_DEF_CONVERTDYADTOHLS
#include "quantc/Conversion/DyadToHLS/Passes.h.inc"
} // namespace quantc

static const HandlerMap &handlerMap() {
  static const HandlerMap map = [] {
    HandlerMap handlers;
    addContractions(handlers);
    addElementwise(handlers);
    addMovement(handlers);
    return handlers;
  }();
  return map;
}

//===----------------------------------------------------------------------===//
// Border
//===----------------------------------------------------------------------===//

static std::string nameOf(DictionaryAttr attributes, StringRef prefix, unsigned index) {
  if (auto name = attributes ? attributes.getAs<StringAttr>("onnx.name") : StringAttr())
    return name.getValue().str();
  return (prefix + Twine(index)).str();
}

LogicalResult Lowering::checkBorder() {
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a function of one block, but found several");
  for (BlockArgument argument : function.getArguments())
    if (auto tensor = dyn_cast<RankedTensorType>(argument.getType());
        argument.use_empty() && tensor && !isIntegerTensor(tensor)) {
      ok = false;
      function.emitError("expected inputs that something reads, but found the unused float input '")
          << nameOf(function.getArgAttrDict(argument.getArgNumber()), "input_",
                    argument.getArgNumber())
          << "'; take it out of the model";
    }
  if (!ok)
    return failure();
  auto check = [&](Type type, StringRef what, unsigned index) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && isIntegerTensor(tensor) && imageOf(tensor.getShape()))
      return;
    ok = false;
    function.emitError("expected a static integer tensor of one batch and at most two spatial axes "
                       "as ")
        << what << " " << index << ", but found " << type;
  };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    check(type, "input", i);
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    check(type, "output", i);
  return success(ok);
}

static int64_t zeroPointOf(DictionaryAttr attributes) {
  auto zeroPoint = attributes ? attributes.getAs<IntegerAttr>("quantc.zero_point") : IntegerAttr();
  return zeroPoint ? zeroPoint.getInt() : 0;
}

void Lowering::addInputs(hls::DesignOp design) {
  builder.setInsertionPointToStart(&design.getBody().front());
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    DictionaryAttr attributes = function.getArgAttrDict(index);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(argument.getType()).getShape();
    Image image = *imageOf(shape);
    auto scale = attributes ? attributes.getAs<FloatAttr>("quantc.scale") : FloatAttr();
    auto input = hls::InputOp::create(
        builder, argument.getLoc(), streamType(elementOf(argument), image.elements()),
        builder.getStringAttr(nameOf(attributes, "input_", index)),
        builder.getDenseI64ArrayAttr(shape), scale,
        builder.getI64IntegerAttr(zeroPointOf(attributes)), DenseI64ArrayAttr());
    set(argument, input.getResult(), image);
  }
}

void Lowering::addOutputs() {
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned index = operand.getOperandNumber();
    FailureOr<Place> found = ordered(terminator, operand.get());
    if (failed(found))
      continue;
    DictionaryAttr attributes = function.getResultAttrDict(index);
    DenseF32ArrayAttr scales;
    int64_t axis = 0;
    if (attributes) {
      if (auto scale = attributes.getAs<FloatAttr>("quantc.scale"))
        scales = builder.getDenseF32ArrayAttr({scale.getValue().convertToFloat()});
      if (auto many = attributes.getAs<DenseF32ArrayAttr>("quantc.scales"))
        scales = many;
      if (auto at = attributes.getAs<IntegerAttr>("quantc.axis"))
        axis = at.getInt();
    }
    hls::OutputOp::create(
        builder, terminator->getLoc(), found->stream,
        builder.getStringAttr(nameOf(attributes, "output_", index)),
        builder.getDenseI64ArrayAttr(cast<RankedTensorType>(operand.get().getType()).getShape()),
        scales, builder.getI64IntegerAttr(axis),
        builder.getI64IntegerAttr(zeroPointOf(attributes)));
  }
}

//===----------------------------------------------------------------------===//
// Streams with no reader or several
//===----------------------------------------------------------------------===//

/// Readers of the last copy may be a further fork.
void Lowering::fork(Value stream, Image image) {
  constexpr size_t mostCopies = 4;
  SmallVector<OpOperand *> readers;
  for (OpOperand &use : stream.getUses())
    readers.push_back(&use);
  if (readers.size() == 1)
    return;
  auto type = cast<hls::StreamType>(stream.getType());
  Location loc = stream.getLoc();
  builder.setInsertionPointAfterValue(stream);
  if (readers.empty()) {
    hls::DiscardOp::create(builder, loc, stream, image.pixels(), image.channels, 1,
                           DenseI64ArrayAttr());
    return;
  }
  std::reverse(readers.begin(), readers.end()); // uses are listed last first
  size_t copies = std::min(readers.size(), mostCopies);
  auto duplicate = hls::DuplicateOp::create(builder, loc, SmallVector<Type>(copies, type), stream,
                                            image.pixels(), image.channels, 1, DenseI64ArrayAttr());
  for (auto [i, reader] : llvm::enumerate(readers))
    reader->set(duplicate.getResult(unsigned(std::min(i, copies - 1))));
  fork(duplicate.getResult(unsigned(copies - 1)), image);
}

void Lowering::connect(Block &body) {
  llvm::DenseMap<Value, Image> images;
  for (auto &[tensor, found] : places)
    images[found.stream] = found.image;
  SmallVector<Value> streams;
  for (Operation &op : body)
    llvm::append_range(streams, op.getResults());
  for (Value stream : streams) {
    // What is no tensor's stream has one reader.
    if (auto image = images.find(stream); image != images.end())
      fork(stream, image->second);
  }
}

//===----------------------------------------------------------------------===//
// Driver
//===----------------------------------------------------------------------===//

LogicalResult Lowering::lowerOps() {
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>())
      continue;
    auto handler = handlerMap().find(op.getName().getStringRef());
    if (handler == handlerMap().end()) {
      ok = false;
      (void)reject(&op, "expected an integer op");
      continue;
    }
    bool shaped = llvm::all_of(op.getResultTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && imageOf(tensor.getShape());
    });
    if (!shaped) {
      (void)reject(&op, "expected a static result of one batch and at most two spatial axes");
      continue;
    }
    (void)handler->second(*this, &op);
  }
  return success(ok);
}

LogicalResult Lowering::run() {
  if (failed(checkBorder()))
    return failure();
  planTypes();
  builder.setInsertionPoint(function);
  NamedAttribute name = builder.getNamedAttr("sym_name", builder.getStringAttr("model"));
  auto design = hls::DesignOp::create(builder, function.getLoc(), TypeRange(), ValueRange(), name);
  Block *body = builder.createBlock(&design.getBody());
  addInputs(design);
  if (succeeded(lowerOps()))
    addOutputs();
  if (!ok) {
    design.erase();
    return failure();
  }
  connect(*body);
  function.erase();
  return success();
}

namespace {
struct ConvertDyadToHLS : quantc::impl::ConvertDyadToHLSBase<ConvertDyadToHLS> {
  using ConvertDyadToHLSBase::ConvertDyadToHLSBase;

  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || function.isExternal()) {
      getOperation().emitError("expected a function '@main'");
      return signalPassFailure();
    }
    if (thresholdBits > 4) {
      getOperation().emitError("expected threshold-bits of at most 4, but found ")
          << thresholdBits.getValue();
      return signalPassFailure();
    }
    Lowering lowering(function, thresholdBits);
    if (failed(lowering.run()))
      signalPassFailure();
  }
};
} // namespace
