//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-gradient: reverse mode over the ops of @main (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "Blocks.h"
#include "Losses.h"
#include "Model.h"
#include "Targets.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

void quantc::nn::registerGradients(DialectRegistry &registry) {
  registry.insert<NNDialect, onnx::ONNXDialect, qnn::QNNDialect>();
  registry.addExtension(+[](MLIRContext *context, NNDialect *) {
    attachElementwiseGradients(context);
    attachContractionGradients(context);
    attachNormalizationGradients(context);
    attachMovementGradients(context);
    attachPoolingGradients(context);
  });
  registry.addExtension(
      +[](MLIRContext *context, onnx::ONNXDialect *) { attachNodeGradients(context); });
  registry.addExtension(
      +[](MLIRContext *context, qnn::QNNDialect *) { attachQuantizationGradients(context); });
}

namespace {
class Differentiator {
public:
  Differentiator(func::FuncOp main, const GradientOptions &options)
      : main(main), options(options), builder(main.getContext()) {}

  FailureOr<GradientSignature> run();

private:
  LogicalResult resolve();
  LogicalResult findPath();
  bool markActive(Operation *op);
  LogicalResult pull(Operation *op, Operation *copy);
  LogicalResult pullAll();
  void accumulate(Value value, Value gradient);
  Value emitLossPart();
  Value gradientOf(const Target &target);
  void finish(Value loss);
  std::string unusedName(StringRef name);

  func::FuncOp main;
  const GradientOptions &options;
  OpBuilder builder;
  GradientSignature signature;
  std::vector<Target> targets;
  llvm::DenseSet<Operation *> stops;
  unsigned outputIndex = 0;
  Value output;

  llvm::DenseSet<Value> active;  ///< depends on a target
  llvm::DenseSet<Value> needed;  ///< active, and the output depends on it
  std::vector<Operation *> path; ///< ops with a needed result, in order
  llvm::DenseMap<Value, Value> cotangents;
  llvm::DenseMap<OpOperand *, Value> operandGradients; ///< of targets; null before
};
} // namespace

LogicalResult Differentiator::resolve() {
  FailureOr<unsigned> index = findOutput(main, options);
  if (failed(index))
    return failure();
  FailureOr<std::vector<Target>> found = findTargets(main, options);
  if (failed(found))
    return failure();
  FailureOr<llvm::DenseSet<Operation *>> stopped = findStops(main, options);
  if (failed(stopped))
    return failure();
  outputIndex = *index;
  output = main.getBody().front().getTerminator()->getOperand(outputIndex);
  targets = std::move(*found);
  stops = std::move(*stopped);
  auto type = dyn_cast<RankedTensorType>(output.getType());
  if (!type || !isa<FloatType>(type.getElementType()) || !lossArgumentType(options.loss, type))
    return main.emitError("nn-gradient: expected an output of floats with rows, but found ")
           << output.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// The path from targets to the output
//===----------------------------------------------------------------------===//

/// Whether results of `op` depend on a target.
bool Differentiator::markActive(Operation *op) {
  if (stops.contains(op))
    return false;
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    bool reached = active.contains(operand.get()) || operandGradients.contains(&operand);
    if (reached && (!differentiable || differentiable.carriesGradient(operand.getOperandNumber())))
      return true;
  }
  return false;
}

LogicalResult Differentiator::findPath() {
  for (const Target &target : targets) {
    if (target.operand)
      operandGradients[target.operand] = {};
    else
      active.insert(target.value);
  }
  Block &block = main.getBody().front();
  for (Operation &op : block.without_terminator())
    if (markActive(&op))
      for (Value result : op.getResults())
        // What an unknown op makes of floats, as a mask, has no derivative.
        if (isa<DifferentiableOpInterface>(op) ||
            isa<FloatType>(getElementTypeOrSelf(result.getType())))
          active.insert(result);
  if (active.contains(output))
    needed.insert(output);
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (stops.contains(&op) ||
        llvm::none_of(op.getResults(), [&](Value result) { return needed.contains(result); }))
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    bool inner = false;
    for (OpOperand &operand : op.getOpOperands()) {
      if (differentiable && !differentiable.carriesGradient(operand.getOperandNumber()))
        continue;
      bool reached = active.contains(operand.get());
      if (reached)
        needed.insert(operand.get());
      inner |= reached || operandGradients.contains(&operand);
    }
    if (!inner) // a target itself
      continue;
    if (!differentiable)
      return op.emitError("node '") << getNodeName(&op) << "' (" << op.getName()
                                    << ") has no derivative, and the loss depends on what the "
                                       "gradient is asked of through it";
    for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
      if (auto shaped = dyn_cast<ShapedType>(type); shaped && !shaped.hasStaticShape())
        return op.emitError("node '")
               << getNodeName(&op) << "': expected static shapes, but found " << type;
    path.push_back(&op);
  }
  std::reverse(path.begin(), path.end());
  return success();
}

//===----------------------------------------------------------------------===//
// The way back
//===----------------------------------------------------------------------===//

void Differentiator::accumulate(Value value, Value gradient) {
  Value &sum = cotangents[value];
  sum = sum ? Value(AddOp::create(builder, gradient.getLoc(), sum, gradient)) : gradient;
}

/// `copy` is `op`, or computes the same again.
LogicalResult Differentiator::pull(Operation *op, Operation *copy) {
  SmallVector<Value> results;
  for (Value result : op->getResults())
    results.push_back(cotangents.lookup(result));
  if (llvm::none_of(results, [](Value value) { return bool(value); }))
    return success();
  auto differentiable = cast<DifferentiableOpInterface>(copy);
  llvm::BitVector wanted(op->getNumOperands());
  for (OpOperand &operand : op->getOpOperands())
    if (differentiable.carriesGradient(operand.getOperandNumber()))
      wanted[operand.getOperandNumber()] =
          needed.contains(operand.get()) || operandGradients.contains(&operand);
  SmallVector<Value> gradients(op->getNumOperands());
  if (failed(differentiable.vjp(builder, results, wanted, gradients)))
    return failure();
  for (auto [operand, gradient] : llvm::zip_equal(op->getOpOperands(), gradients)) {
    if (!gradient || !wanted[operand.getOperandNumber()])
      continue;
    assert(gradient.getType() == cotangentType(operand.get().getType()));
    if (auto target = operandGradients.find(&operand); target != operandGradients.end())
      target->second = gradient;
    if (needed.contains(operand.get()))
      accumulate(operand.get(), gradient);
  }
  return success();
}

LogicalResult Differentiator::pullAll() {
  std::vector<size_t> begins = {0};
  if (options.recompute)
    begins = chooseBlocks(path);
  signature.blocks = static_cast<unsigned>(begins.size()) - 1;
  size_t end = path.size();
  for (size_t begin : llvm::reverse(begins)) {
    ArrayRef<Operation *> block = ArrayRef(path).slice(begin, end - begin);
    // The last block's tensors are still there.
    IRMapping mapping;
    bool again = end != path.size();
    for (Operation *op : block)
      if (again)
        builder.clone(*op, mapping)->setLoc(partLocation(op, recomputedPart));
    for (Operation *op : llvm::reverse(block))
      if (failed(pull(op, again ? mapping.lookup(op) : op)))
        return failure();
    end = begin;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Border
//===----------------------------------------------------------------------===//

std::string Differentiator::unusedName(StringRef name) {
  llvm::StringSet<> used;
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (auto text = main.getArgAttrOfType<StringAttr>(i, "onnx.name"))
      used.insert(text);
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (auto text = main.getResultAttrOfType<StringAttr>(i, "onnx.name"))
      used.insert(text);
  std::string result = name.str();
  for (int suffix = 2; used.contains(result); ++suffix)
    result = (name + "_" + Twine(suffix)).str();
  return result;
}

static DictionaryAttr nameAttribute(MLIRContext *context, const Twine &name) {
  Builder builder(context);
  return builder.getDictionaryAttr(builder.getNamedAttr("onnx.name", builder.getStringAttr(name)));
}

/// Adds the argument; returns the loss, and has its cotangent in `cotangents`.
Value Differentiator::emitLossPart() {
  auto type = cast<RankedTensorType>(output.getType());
  signature.argument = main.getNumArguments();
  std::string name = unusedName(lossArgumentName(options.loss));
  Location loc = NameLoc::get(builder.getStringAttr(name));
  if (failed(main.insertArgument(signature.argument, lossArgumentType(options.loss, type),
                                 nameAttribute(main.getContext(), name), loc)))
    llvm_unreachable("an argument behind the last one is always possible");
  Emitter e(builder, NameLoc::get(builder.getStringAttr("loss")));
  LossParts parts = emitLoss(e, options, output, main.getArgument(signature.argument));
  if (needed.contains(output))
    cotangents[output] = parts.cotangent;
  return parts.loss;
}

Value Differentiator::gradientOf(const Target &target) {
  Value gradient =
      target.operand ? operandGradients.lookup(target.operand) : cotangents.lookup(target.value);
  if (gradient)
    return gradient;
  main.emitRemark("nn-gradient: the loss does not depend on '")
      << target.name << "': its gradient is zero";
  Emitter e(builder, NameLoc::get(builder.getStringAttr(target.name + gradientPart)));
  return e.splat(cotangentType(target.type()), 0.0);
}

void Differentiator::finish(Value loss) {
  Operation *terminator = main.getBody().front().getTerminator();
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attributes;
  for (unsigned i = 0; options.keepOutputs && i < main.getNumResults(); ++i) {
    results.push_back(terminator->getOperand(i));
    DictionaryAttr own = main.getResultAttrDict(i);
    attributes.push_back(own ? own : builder.getDictionaryAttr({}));
  }
  signature.loss = static_cast<unsigned>(results.size());
  results.push_back(loss);
  attributes.push_back(nameAttribute(main.getContext(), unusedName("loss")));
  for (const Target &target : targets) {
    Value gradient = gradientOf(target);
    signature.gradients.push_back({target.name, static_cast<unsigned>(results.size()),
                                   cast<RankedTensorType>(gradient.getType())});
    results.push_back(gradient);
    attributes.push_back(nameAttribute(main.getContext(), target.name + gradientPart));
  }
  terminator->setOperands(results);
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(), TypeRange(ValueRange(results))));
  main.setAllResultAttrs(attributes);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

FailureOr<GradientSignature> Differentiator::run() {
  if (failed(resolve()) || failed(findPath()))
    return failure();
  builder.setInsertionPoint(main.getBody().front().getTerminator());
  Value loss = emitLossPart();
  if (failed(pullAll()))
    return failure();
  finish(loss);
  return std::move(signature);
}

FailureOr<GradientSignature> quantc::nn::buildGradient(ModuleOp module,
                                                       const GradientOptions &options) {
  DialectRegistry registry;
  registerGradients(registry);
  module.getContext()->appendDialectRegistry(registry);
  module.getContext()->loadDialect<NNDialect, onnx::ONNXDialect>();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return module.emitError("expected a function '@main' of one block");
  return Differentiator(main, options).run();
}
