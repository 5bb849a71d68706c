//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-nn-to-onnx: a writer for each op, and the walk.
//
// Legal afterwards: func, onnx.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/NNToONNX/NNToONNX.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace quantc {
#define GEN_PASS_DEF_CONVERTNNTOONNX
#include "quantc/Conversion/NNToONNX/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;

static constexpr int64_t exportOpset = 17;
static constexpr int64_t exportIRVersion = 8;

namespace {
using Attributes = SmallVector<NamedAttribute>;

/// Writes the ops of one function. Operands are looked up in `values`: ops are visited in order.
class Writer {
public:
  explicit Writer(func::FuncOp function) : builder(function.getContext()), function(function) {}

  LogicalResult run();

private:
  LogicalResult write(Operation *op);
  LogicalResult writeLinear(nn::LinearOp op);
  LogicalResult writeMean(nn::ReduceMeanOp op);
  LogicalResult writeGelu(nn::GeluOp op);
  LogicalResult writeClip(nn::ClipOp op);
  LogicalResult writePad(nn::PadOp op);
  LogicalResult writeReshape(nn::ReshapeOp op);
  LogicalResult writeMaxPool(nn::MaxPoolOp op);
  LogicalResult writeAveragePool(nn::AvgPoolOp op);
  LogicalResult writeKept(onnx::NodeOp op);
  LogicalResult writePair(qnn::QuantizeOp op);
  LogicalResult refuse(Operation *op, const Twine &reason) {
    return op->emitError() << "node '" << getNodeName(op) << "' (" << op->getName()
                           << ") has no form in ONNX: " << reason.str();
  }

  Value value(Value old) { return values.lookup(old); }
  /// Nodes of one name came from one node; ONNX wants names that differ.
  std::string uniqueName(std::string name) {
    std::string unique = name;
    while (!names.try_emplace(unique, 0).second)
      unique = name + "_" + std::to_string(++names[name]);
    return unique;
  }
  Value constant(ElementsAttr elements);
  /// A node of one result, named after the op that it stands for.
  Value node(StringRef type, ValueRange operands, Type result, const Attributes &attributes = {});
  LogicalResult replace(Operation *op, StringRef type, const Attributes &attributes = {},
                        ValueRange more = {});

  NamedAttribute ints(StringRef name, ArrayRef<int64_t> list) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(list));
  }
  NamedAttribute integer(StringRef name, int64_t number) {
    return onnx::intAttribute(builder, name, number);
  }
  NamedAttribute real(StringRef name, const APFloat &number) {
    return builder.getNamedAttr(name, builder.getF32FloatAttr(number.convertToFloat()));
  }
  ElementsAttr vectorOf(ArrayRef<int64_t> list) { return onnx::int64Elements(builder, list); }
  /// Of the element type of `like`.
  ElementsAttr scalarOf(double number, Value like) {
    Type element = cast<RankedTensorType>(like.getType()).getElementType();
    return DenseElementsAttr::get(RankedTensorType::get({}, element),
                                  Attribute(builder.getFloatAttr(element, number)));
  }

  OpBuilder builder;
  func::FuncOp function;
  Operation *current = nullptr;
  llvm::DenseMap<Value, Value> values;
  llvm::StringMap<int> names; ///< of nodes so far, and the last number behind each
};
} // namespace

Value Writer::constant(ElementsAttr elements) {
  return onnx::ConstantOp::create(builder, current->getLoc(), elements.getShapedType(),
                                  builder.getStringAttr(""), elements, /*is_input=*/UnitAttr(),
                                  onnx::ValueInfoAttr(), DictionaryAttr());
}

Value Writer::node(StringRef type, ValueRange operands, Type result, const Attributes &attributes) {
  std::string name = getNodeName(current);
  if (isa<qnn::QNNDialect>(current->getDialect()))
    name += ("_" + type).str();
  return onnx::createNode(builder, current->getLoc(), uniqueName(std::move(name)), type,
                          exportOpset, operands, result, attributes)
      ->getResult(0);
}

LogicalResult Writer::replace(Operation *op, StringRef type, const Attributes &attributes,
                              ValueRange more) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(value(operand));
  operands.append(more.begin(), more.end());
  values[op->getResult(0)] = node(type, operands, op->getResult(0).getType(), attributes);
  return success();
}

//===----------------------------------------------------------------------===//
// Ops that are no single node
//===----------------------------------------------------------------------===//

/// The weight as [K, N]: integers are moved, so that the DequantizeLinear stays next to the MatMul.
LogicalResult Writer::writeLinear(nn::LinearOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  if (input.getRank() == 2)
    return replace(op, "Gemm", {integer("transB", 1)});
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  auto turnedType =
      RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType());
  Value weight;
  auto stored = op.getWeight().getDefiningOp<qnn::DequantizeOp>();
  ElementsAttr elements = getConstantElements(stored ? stored.getInput() : op.getWeight());
  if (elements)
    elements = nn::transposeElements(elements, {1, 0}, "transposed");
  if (elements && stored) {
    Attributes axis;
    if (cast<RankedTensorType>(stored.getScale().getType()).getRank() == 1)
      axis.push_back(integer("axis", 1 - stored.getAxis()));
    SmallVector<Value> operands = {constant(elements), value(stored.getScale()),
                                   value(stored.getZeroPoint())};
    weight = node("DequantizeLinear", operands, turnedType, axis);
  } else if (elements) {
    weight = constant(elements);
  } else {
    weight = node("Transpose", value(op.getWeight()), turnedType, {ints("perm", {1, 0})});
  }
  Value product = node("MatMul", {value(op.getInput()), weight}, op.getType());
  values[op.getResult()] =
      op.getBias() ? node("Add", {product, value(op.getBias())}, op.getType()) : product;
  return success();
}

LogicalResult Writer::writeMean(nn::ReduceMeanOp op) {
  int64_t rank = cast<RankedTensorType>(op.getInput().getType()).getRank();
  auto spatial = llvm::to_vector(llvm::seq<int64_t>(2, std::max<int64_t>(rank, 2)));
  if (op.getKeepdims() && rank > 2 && op.getAxes() == ArrayRef<int64_t>(spatial))
    return replace(op, "GlobalAveragePool");
  if (op.getAxes().empty())
    return replace(op, "Identity");
  return replace(op, "ReduceMean",
                 {ints("axes", op.getAxes()), integer("keepdims", op.getKeepdims())});
}

/// Opset 17 has no Gelu yet.
LogicalResult Writer::writeGelu(nn::GeluOp op) {
  Value x = value(op.getInput());
  auto scalar = [&](double number) { return constant(scalarOf(number, op.getInput())); };
  auto make = [&](StringRef type, ValueRange operands) {
    return node(type, operands, op.getType());
  };
  Value erf = make("Erf", make("Mul", {x, scalar(std::sqrt(0.5))}));
  Value gate = make("Add", {erf, scalar(1.0)});
  values[op.getResult()] = make("Mul", {make("Mul", {x, scalar(0.5)}), gate});
  return success();
}

/// A node that `nn` does not hold (docs/Nodes.md). Operators changed by additions only between
/// opsets 13 and 17.
LogicalResult Writer::writeKept(onnx::NodeOp op) {
  if (!op.getNormalizedDomain().empty())
    return refuse(op, "an operator of domain '" + op.getNormalizedDomain() + "'");
  if (op.getOpset() < 13 || op.getOpset() > exportOpset)
    return refuse(op, "an operator of opset " + Twine(op.getOpset()) + ", where files have " +
                          Twine(exportOpset));
  IRMapping mapping;
  for (auto [old, now] : values)
    mapping.map(old, now);
  auto copy = cast<onnx::NodeOp>(builder.clone(*op, mapping));
  if (std::optional<StringRef> name = op.getNodeName(); name && !name->empty())
    copy.setNodeName(uniqueName(name->str()));
  copy.setOpset(exportOpset);
  for (auto [old, now] : llvm::zip_equal(op->getResults(), copy->getResults()))
    values[old] = now;
  return success();
}

/// Accumulators in 32 bits are not stored: the float passes through to the dequantize.
LogicalResult Writer::writePair(qnn::QuantizeOp op) {
  auto element = cast<IntegerType>(cast<RankedTensorType>(op.getType()).getElementType());
  if (element.getWidth() == 32) {
    for (Operation *user : op->getUsers()) {
      auto dequantize = dyn_cast<qnn::DequantizeOp>(user);
      if (!dequantize || dequantize.getInput() != op.getResult())
        return refuse(op, "accumulators that something else than a dequantize reads");
      values[dequantize.getResult()] = value(op.getInput());
    }
    return success();
  }
  if (element.getWidth() != 8 || op.getCodeBits() != 8)
    return refuse(op, "activations of " + Twine(op.getCodeBits()) + " bits");
  return replace(op, "QuantizeLinear", {integer("axis", op.getAxis())});
}

//===----------------------------------------------------------------------===//
// Ops that are one node
//===----------------------------------------------------------------------===//

/// The operator of the same operands and no attributes; empty for other ops.
static StringRef plainOperator(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<nn::MatMulOp>([](auto) { return "MatMul"; })
      .Case<nn::AddOp>([](auto) { return "Add"; })
      .Case<nn::SubOp>([](auto) { return "Sub"; })
      .Case<nn::MulOp>([](auto) { return "Mul"; })
      .Case<nn::DivOp>([](auto) { return "Div"; })
      .Case<nn::ReluOp>([](auto) { return "Relu"; })
      .Case<nn::SigmoidOp>([](auto) { return "Sigmoid"; })
      .Case<nn::TanhOp>([](auto) { return "Tanh"; })
      .Case<nn::ExpOp>([](auto) { return "Exp"; })
      .Case<nn::AbsOp>([](auto) { return "Abs"; })
      .Case<nn::NegOp>([](auto) { return "Neg"; })
      .Case<nn::SqrtOp>([](auto) { return "Sqrt"; })
      .Case<nn::ReciprocalOp>([](auto) { return "Reciprocal"; })
      .Case<nn::ErfOp>([](auto) { return "Erf"; })
      .Case<nn::HardSwishOp>([](auto) { return "HardSwish"; })
      .Default(StringRef());
}

LogicalResult Writer::writeClip(nn::ClipOp op) {
  Value lo = constant(scalarOf(op.getLo().convertToDouble(), op.getInput()));
  Value hi = constant(scalarOf(op.getHi().convertToDouble(), op.getInput()));
  return replace(op, "Clip", {}, {lo, hi});
}

LogicalResult Writer::writePad(nn::PadOp op) {
  Value pads = constant(vectorOf(op.getPads()));
  Value filler = constant(scalarOf(op.getValue().convertToDouble(), op.getInput()));
  return replace(op, "Pad", {}, {pads, filler});
}

LogicalResult Writer::writeReshape(nn::ReshapeOp op) {
  SmallVector<int64_t> sizes(op.getType().getShape());
  llvm::replace(sizes, ShapedType::kDynamic, int64_t(-1));
  return replace(op, "Reshape", {integer("allowzero", 1)}, {constant(vectorOf(sizes))});
}

LogicalResult Writer::writeMaxPool(nn::MaxPoolOp op) {
  return replace(op, "MaxPool",
                 {ints("kernel_shape", op.getKernel()), ints("strides", op.getStrides()),
                  ints("pads", op.getPads()), integer("ceil_mode", op.getCeilMode()),
                  ints("dilations", op.getDilations())});
}

LogicalResult Writer::writeAveragePool(nn::AvgPoolOp op) {
  if (!llvm::all_of(op.getDilations(), [](int64_t d) { return d == 1; }))
    return refuse(op, "an AveragePool with dilations, before opset 19");
  return replace(op, "AveragePool",
                 {ints("kernel_shape", op.getKernel()), ints("strides", op.getStrides()),
                  ints("pads", op.getPads()), integer("ceil_mode", op.getCeilMode()),
                  integer("count_include_pad", op.getCountIncludePad())});
}

LogicalResult Writer::write(Operation *op) {
  current = op;
  if (StringRef plain = plainOperator(op); !plain.empty())
    return replace(op, plain);
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<nn::ConstantOp>([&](auto c) {
        values[c.getResult()] = constant(c.getValue());
        return success();
      })
      .Case<nn::ConvOp>([&](auto c) {
        return replace(c, "Conv",
                       {ints("strides", c.getStrides()), ints("dilations", c.getDilations()),
                        ints("pads", c.getPads()), integer("group", c.getGroups())});
      })
      .Case<nn::LinearOp>([&](auto l) { return writeLinear(l); })
      .Case<nn::BatchNormOp>([&](auto b) {
        return replace(b, "BatchNormalization", {real("epsilon", b.getEpsilon())});
      })
      .Case<nn::GeluOp>([&](auto o) { return writeGelu(o); })
      .Case<nn::LeakyReluOp>(
          [&](auto o) { return replace(o, "LeakyRelu", {real("alpha", o.getAlpha())}); })
      .Case<nn::HardSigmoidOp>([&](auto o) {
        return replace(o, "HardSigmoid", {real("alpha", o.getAlpha()), real("beta", o.getBeta())});
      })
      .Case<nn::ClipOp>([&](auto o) { return writeClip(o); })
      .Case<nn::MaxPoolOp>([&](auto p) { return writeMaxPool(p); })
      .Case<nn::AvgPoolOp>([&](auto p) { return writeAveragePool(p); })
      .Case<nn::ReduceMeanOp>([&](auto r) { return writeMean(r); })
      .Case<nn::SoftmaxOp>(
          [&](auto s) { return replace(s, "Softmax", {integer("axis", s.getAxis())}); })
      .Case<nn::ReshapeOp>([&](auto r) { return writeReshape(r); })
      .Case<nn::TransposeOp>(
          [&](auto t) { return replace(t, "Transpose", {ints("perm", t.getPermutation())}); })
      .Case<nn::ConcatOp>(
          [&](auto c) { return replace(c, "Concat", {integer("axis", c.getAxis())}); })
      .Case<nn::PadOp>([&](auto p) { return writePad(p); })
      .Case<qnn::QuantizeOp>([&](auto q) { return writePair(q); })
      .Case<qnn::DequantizeOp>([&](auto d) {
        if (values.contains(d.getResult()))
          return success();
        return replace(d, "DequantizeLinear", {integer("axis", d.getAxis())});
      })
      .Case<onnx::NoneOp>([&](auto none) {
        values[none.getResult()] = builder.clone(*none)->getResult(0);
        return success();
      })
      .Case<onnx::NodeOp>([&](auto kept) { return writeKept(kept); })
      .Default([&](Operation *other) { return refuse(other, "no node stands for it"); });
}

LogicalResult Writer::run() {
  Block &block = function.getBody().front();
  for (BlockArgument argument : block.getArguments())
    values[argument] = argument;
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);
  Operation *end = block.getTerminator();
  builder.setInsertionPoint(end);
  bool good = true;
  for (Operation *op : old) {
    if (!good && llvm::any_of(op->getOperands(), [&](Value v) { return !values.contains(v); }))
      continue; // behind what was refused
    good &= succeeded(write(op));
  }
  if (!good)
    return failure();
  function->removeAttr(onnx::valueInfoAttr); // of values that are gone
  for (OpOperand &operand : end->getOpOperands())
    operand.set(value(operand.get()));
  for (Operation *op : llvm::reverse(old))
    op->erase();
  // What only the erased ops used.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

LogicalResult quantc::writeNodes(func::FuncOp function) { return Writer(function).run(); }

namespace {
struct ConvertNNToONNXPass : quantc::impl::ConvertNNToONNXBase<ConvertNNToONNXPass> {
  using ConvertNNToONNXBase::ConvertNNToONNXBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.getBody().empty() && failed(writeNodes(function)))
        return signalPassFailure();
    Builder builder(&getContext());
    Attribute opset = onnx::OpsetAttr::get(&getContext(), exportOpset, builder.getStringAttr(""));
    module->setAttr(onnx::opsetImportsAttr, builder.getArrayAttr(opset));
    module->setAttr(onnx::irVersionAttr, builder.getI64IntegerAttr(exportIRVersion));
    module->setAttr(onnx::producerNameAttr, builder.getStringAttr("quantc"));
  }
};
} // namespace
