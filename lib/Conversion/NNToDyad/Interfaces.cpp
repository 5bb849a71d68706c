//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `io-type=int8`: functions take and return the integer tensors; the first quantize and the last
// dequantize go away, and their parameters become attributes of arguments and results.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

/// The attributes that describe the integer tensor.
static void describe(const Affine &affine, Builder &builder,
                     llvm::function_ref<void(StringRef, Attribute)> set) {
  if (affine.isPerTensor()) {
    set("quantc.scale", builder.getF32FloatAttr(affine.scale()));
  } else {
    set("quantc.scales", builder.getDenseF32ArrayAttr(affine.scales));
    set("quantc.axis", builder.getI64IntegerAttr(affine.axis));
  }
  if (affine.bits != 0)
    set("quantc.bits", builder.getI64IntegerAttr(affine.bits));
  set("quantc.zero_point", builder.getI64IntegerAttr(affine.zeroPoint()));
}

static bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// The parameters that every use of the argument agrees on.
static std::optional<Affine> argumentAffine(BlockArgument argument) {
  std::optional<Affine> common;
  for (Operation *user : argument.getUsers()) {
    auto quantize = dyn_cast<qnn::QuantizeOp>(user);
    std::optional<Affine> affine = quantize ? readAffine(quantize) : std::nullopt;
    if (!affine || !affine->hasOneZeroPoint() || (common && !(*common == *affine)))
      return std::nullopt;
    common = std::move(affine);
  }
  return common;
}

static LogicalResult convertArguments(func::FuncOp function) {
  Builder builder(function.getContext());
  for (BlockArgument argument : function.getArguments()) {
    if (!isFloatTensor(argument) || argument.use_empty())
      continue;
    std::optional<Affine> affine = argumentAffine(argument);
    unsigned index = argument.getArgNumber();
    if (!affine) {
      for (Operation *user : argument.getUsers())
        if (!isa<qnn::QuantizeOp>(user))
          return user->emitError("expected integers, but found '")
                 << user->getName() << "' reading float input " << index
                 << "; it has no integer form";
      return function.emitError("expected every use of float input ")
             << index << " to be the same quantization, but found others; it has no integer form";
    }
    argument.setType(cast<RankedTensorType>(argument.getType()).clone(affine->storage));
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      user->getResult(0).replaceAllUsesWith(argument);
      user->erase();
    }
    describe(*affine, builder,
             [&](StringRef name, Attribute value) { function.setArgAttr(index, name, value); });
  }
  return success();
}

/// What keeps an output float, and what would help.
static std::string whyFloat(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return "it is a float input";
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable)
    return ("'" + op->getName().getStringRef() +
            "' has no integer form; end the model in front of it and leave it to the host")
        .str();
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (quantizable.getOperandRole(index) != OperandRole::Activation)
      continue;
    std::optional<Quantized> source = quantizedSource(operand);
    if (!source)
      return isa_and_nonnull<nn::NNDialect>(
                 operand.getDefiningOp() ? operand.getDefiningOp()->getDialect() : nullptr)
                 ? whyFloat(operand)
                 : "an operand of it is float";
    if (source->affine.storage.getWidth() == 32)
      return "it reads 32-bit accumulators; with quantize-outputs=true they are codes that it "
             "takes";
  }
  return "it has no integer form";
}

static LogicalResult convertResults(func::FuncOp function) {
  Builder builder(function.getContext());
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    if (!isFloatTensor(operand.get()))
      continue;
    unsigned index = operand.getOperandNumber();
    std::optional<Quantized> source = quantizedSource(operand.get());
    if (!source || !source->affine.hasOneZeroPoint())
      return mlir::emitError(operand.get().getLoc(), "expected an integer tensor with one zero "
                                                     "point as output ")
             << index << ", but found float: " << whyFloat(operand.get());
    Operation *dequantize = operand.get().getDefiningOp();
    operand.set(source->value);
    describe(source->affine, builder,
             [&](StringRef name, Attribute value) { function.setResultAttr(index, name, value); });
    if (dequantize->use_empty())
      dequantize->erase();
  }
  return success();
}

LogicalResult nntodyad::convertInterfaces(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a function of one block, but found several");
    if (failed(convertArguments(function)) || failed(convertResults(function)))
      return failure();
    Block &body = function.getBody().front();
    function.setFunctionType(FunctionType::get(function.getContext(), body.getArgumentTypes(),
                                               body.getTerminator()->getOperandTypes()));
  }
  return success();
}
