//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-expand-qoperators: an operator on codes is its float form between DequantizeLinear and
// QuantizeLinear. Each row of the table says where the codes, scales and zero points stand.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/StringMap.h"

namespace quantc::onnx {
#define GEN_PASS_DEF_ONNXEXPANDQOPERATORS
#include "quantc/Dialect/ONNX/Transforms/Passes.h.inc"
} // namespace quantc::onnx

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// The opset in which QuantizeLinear and DequantizeLinear got scales along an axis.
static constexpr int64_t leastOpset = 13;
static constexpr StringLiteral contribDomain = "com.microsoft";

namespace {
/// Three inputs that say one quantized tensor.
struct Triple {
  Value codes, scale, zeroPoint; ///< `zeroPoint` may be null: 0
};

/// One node on its way.
class Expansion {
public:
  Expansion(NodeOp node, int64_t opset) : node(node), builder(node), opset(opset) {}

  NodeOp node;
  Value in(unsigned index) { return node.getOptionalInput(index); }
  /// Whether the type of the result's codes is known: from the zero point, or declared.
  bool knowsCodes(unsigned zeroPoint) {
    auto type = dyn_cast<TensorType>(node.getResult(0).getType());
    return in(zeroPoint) || (type && isa<IntegerType>(type.getElementType()));
  }
  Triple triple(unsigned codes) { return {in(codes), in(codes + 1), in(codes + 2)}; }

  /// The float tensor of codes; scales of more than one element lie along `axis`. Null when scale
  /// or zero point are not constant.
  Value dequantize(Triple tensor, int64_t axis = 0);
  /// A bias in 32 bits with scale x * w.
  Value dequantizeBias(Value bias, Value xScale, Value wScale);
  Value make(StringRef type, ValueRange operands, ArrayRef<NamedAttribute> attributes = {});
  /// `result` quantized takes the place of the node.
  void finish(Value result, Value scale, Value zeroPoint);
  void finish(Value result);
  NamedAttribute integer(StringRef name, int64_t value) {
    return builder.getNamedAttr(
        name, IntegerAttr::get(builder.getIntegerType(64, /*isSigned=*/true), value));
  }
  /// The node's own attributes but those named.
  SmallVector<NamedAttribute> attributes(ArrayRef<StringRef> without = {});

private:
  Value create(StringRef type, ValueRange operands, Type result, StringRef name,
               ArrayRef<NamedAttribute> attributes);
  Value constant(Type type, ElementsAttr elements);
  Value scalarOrVector(Value parameter);

  OpBuilder builder;
  int64_t opset;
};
} // namespace

Value Expansion::create(StringRef type, ValueRange operands, Type result, StringRef name,
                        ArrayRef<NamedAttribute> attributes) {
  SmallVector<NamedAttribute> fields = {
      builder.getNamedAttr("op_type", builder.getStringAttr(type)),
      builder.getNamedAttr("opset", builder.getI64IntegerAttr(opset))};
  if (!name.empty())
    fields.push_back(builder.getNamedAttr("node_name", builder.getStringAttr(name)));
  if (!attributes.empty())
    fields.push_back(builder.getNamedAttr("onnx_attrs", builder.getDictionaryAttr(attributes)));
  OperationState state(node.getLoc(), NodeOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(result);
  state.addAttributes(fields);
  return builder.create(state)->getResult(0);
}

/// The float node keeps the name. Its type is for shape inference to find.
Value Expansion::make(StringRef type, ValueRange operands, ArrayRef<NamedAttribute> attributes) {
  return create(type, operands, UnknownType::get(builder.getContext()),
                node.getNodeName().value_or(""), attributes);
}

SmallVector<NamedAttribute> Expansion::attributes(ArrayRef<StringRef> without) {
  SmallVector<NamedAttribute> kept;
  if (DictionaryAttr all = node.getOnnxAttrsAttr())
    for (NamedAttribute attribute : all)
      if (!llvm::is_contained(without, attribute.getName().getValue()))
        kept.push_back(attribute);
  return kept;
}

Value Expansion::constant(Type type, ElementsAttr elements) {
  return ConstantOp::create(builder, node.getLoc(), type, builder.getStringAttr(""), elements,
                            /*is_input=*/UnitAttr(), ValueInfoAttr(), DictionaryAttr())
      .getResult();
}

/// A parameter of one element as a scalar, whatever its rank. Null when it is not constant.
Value Expansion::scalarOrVector(Value parameter) {
  ElementsAttr elements = getConstantElements(parameter);
  if (!elements)
    return {};
  auto type = cast<RankedTensorType>(elements.getShapedType());
  if (type.getNumElements() != 1 || type.getRank() == 0)
    return parameter;
  std::optional<std::vector<char>> bytes = readBytes(elements);
  if (!bytes)
    return {};
  auto scalar = RankedTensorType::get({}, type.getElementType());
  return constant(scalar, DenseElementsAttr::getFromRawBuffer(scalar, *bytes));
}

Value Expansion::dequantize(Triple tensor, int64_t axis) {
  if (!tensor.codes || !tensor.scale)
    return {};
  Value scale = scalarOrVector(tensor.scale);
  SmallVector<Value> operands = {tensor.codes, scale};
  if (tensor.zeroPoint)
    operands.push_back(scalarOrVector(tensor.zeroPoint));
  if (llvm::is_contained(operands, Value()))
    return {};
  return create("DequantizeLinear", operands, UnknownType::get(builder.getContext()), "",
                integer("axis", axis));
}

Value Expansion::dequantizeBias(Value bias, Value xScale, Value wScale) {
  auto x = readFloats(getConstantElements(xScale)), w = readFloats(getConstantElements(wScale));
  if (!x || !w || x->size() != 1)
    return {};
  for (float &scale : *w)
    scale *= x->front();
  SmallVector<int64_t> shape;
  if (w->size() > 1)
    shape.push_back(static_cast<int64_t>(w->size()));
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  Value scale = constant(type, DenseElementsAttr::get(type, ArrayRef<float>(*w)));
  return dequantize({bias, scale, {}});
}

void Expansion::finish(Value result, Value scale, Value zeroPoint) {
  SmallVector<Value> operands = {result, scalarOrVector(scale)};
  auto type = dyn_cast<TensorType>(node.getResult(0).getType());
  auto element = type ? dyn_cast<IntegerType>(type.getElementType()) : IntegerType();
  if (zeroPoint) {
    operands.push_back(scalarOrVector(zeroPoint));
  } else if (element) { // without one, codes would be unsigned
    auto scalar = RankedTensorType::get({}, element);
    operands.push_back(
        constant(scalar, DenseElementsAttr::get(scalar, builder.getIntegerAttr(element, 0))));
  }
  finish(create("QuantizeLinear", operands, node.getResult(0).getType(), "", {}));
}

void Expansion::finish(Value result) {
  result.setType(node.getResult(0).getType());
  node.getResult(0).replaceAllUsesWith(result);
  node.erase();
}

//===----------------------------------------------------------------------===//
// The operators
//===----------------------------------------------------------------------===//

/// Each leaves the node alone, and false, when it has no such form: parameters that only a run
/// knows, for one.
using Expand = bool (*)(Expansion &);

/// All of the last `count` inputs from `first` on must be constants where they are there.
static bool areConstant(Expansion &e, std::initializer_list<unsigned> inputs) {
  return llvm::all_of(inputs, [&](unsigned index) {
    Value value = e.in(index);
    return !value || getConstantElements(value);
  });
}

static bool expandConv(Expansion &e) {
  if (!e.in(6) || !areConstant(e, {1, 2, 4, 5, 6, 7, 8}))
    return false;
  SmallVector<Value> operands = {e.dequantize(e.triple(0)), e.dequantize(e.triple(3))};
  if (Value bias = e.in(8))
    operands.push_back(e.dequantizeBias(bias, e.in(1), e.in(4)));
  if (llvm::is_contained(operands, Value()))
    return false;
  e.finish(e.make("Conv", operands, e.attributes()), e.in(6), e.in(7));
  return true;
}

/// Scales of the right matrix lie along its columns.
static int64_t columnAxis(Value matrix) {
  auto type = dyn_cast<RankedTensorType>(matrix.getType());
  return type ? std::max<int64_t>(type.getRank() - 1, 0) : 0;
}

static bool expandMatMul(Expansion &e) {
  if (!e.in(6) || !areConstant(e, {1, 2, 4, 5, 6, 7}))
    return false;
  Value a = e.dequantize(e.triple(0)), b = e.dequantize(e.triple(3), columnAxis(e.in(3)));
  if (!a || !b)
    return false;
  e.finish(e.make("MatMul", {a, b}), e.in(6), e.in(7));
  return true;
}

/// com.microsoft QGemm; without an output scale the result is float.
static bool expandGemm(Expansion &e) {
  if (!areConstant(e, {1, 2, 4, 5, 6, 7, 8}))
    return false;
  int64_t columns = e.node.getInt("transB").value_or(0) ? 0 : 1;
  SmallVector<Value> operands = {e.dequantize(e.triple(0)), e.dequantize(e.triple(3), columns)};
  if (Value bias = e.in(6))
    operands.push_back(e.dequantizeBias(bias, e.in(1), e.in(4)));
  if (llvm::is_contained(operands, Value()))
    return false;
  Value result = e.make("Gemm", operands, e.attributes());
  if (e.in(7))
    e.finish(result, e.in(7), e.in(8));
  else
    e.finish(result);
  return true;
}

static bool expandBinary(Expansion &e, StringRef type) {
  if (!e.in(6) || !e.knowsCodes(7) || !areConstant(e, {1, 2, 4, 5, 6, 7}))
    return false;
  Value a = e.dequantize(e.triple(0)), b = e.dequantize(e.triple(3));
  if (!a || !b)
    return false;
  e.finish(e.make(type, {a, b}), e.in(6), e.in(7));
  return true;
}
static bool expandAdd(Expansion &e) { return expandBinary(e, "Add"); }
static bool expandMul(Expansion &e) { return expandBinary(e, "Mul"); }

static bool expandUnary(Expansion &e, StringRef type, ArrayRef<StringRef> without = {}) {
  if (!e.in(3) || !e.knowsCodes(4) || !areConstant(e, {1, 2, 3, 4}))
    return false;
  Value x = e.dequantize(e.triple(0));
  if (!x)
    return false;
  e.finish(e.make(type, x, e.attributes(without)), e.in(3), e.in(4));
  return true;
}
static bool expandSigmoid(Expansion &e) { return expandUnary(e, "Sigmoid"); }
static bool expandLeakyRelu(Expansion &e) { return expandUnary(e, "LeakyRelu"); }
static bool expandSoftmax(Expansion &e) {
  // The attribute says whose Softmax it is; before 13 it coerced to a matrix.
  return e.node.getInt("opset").value_or(0) >= 13 && expandUnary(e, "Softmax", {"opset"});
}
static bool expandPool(Expansion &e, StringRef type) {
  return e.node.getInt("channels_last").value_or(0) == 0 && expandUnary(e, type, {"channels_last"});
}
static bool expandAveragePool(Expansion &e) { return expandPool(e, "AveragePool"); }
static bool expandGlobalAveragePool(Expansion &e) { return expandPool(e, "GlobalAveragePool"); }

static bool expandConcat(Expansion &e) {
  unsigned count = e.node.getInputs().size();
  if (count < 5 || (count - 2) % 3 != 0 || !e.knowsCodes(1) || !areConstant(e, {0, 1}))
    return false;
  for (unsigned i = 2; i < count; i += 3)
    if (!e.in(i) || !areConstant(e, {i + 1, i + 2}))
      return false;
  SmallVector<Value> operands;
  for (unsigned i = 2; i < count; i += 3)
    operands.push_back(e.dequantize(e.triple(i)));
  if (llvm::is_contained(operands, Value()))
    return false;
  e.finish(e.make("Concat", operands, e.attributes()), e.in(0), e.in(1));
  return true;
}

static constexpr struct {
  StringLiteral domain, opType;
  Expand expand;
} expansions[] = {
    {"", "QLinearConv", expandConv},
    {"", "QLinearMatMul", expandMatMul},
    {contribDomain, "QGemm", expandGemm},
    {contribDomain, "QLinearAdd", expandAdd},
    {contribDomain, "QLinearAveragePool", expandAveragePool},
    {contribDomain, "QLinearConcat", expandConcat},
    {contribDomain, "QLinearGlobalAveragePool", expandGlobalAveragePool},
    {contribDomain, "QLinearLeakyRelu", expandLeakyRelu},
    {contribDomain, "QLinearMul", expandMul},
    {contribDomain, "QLinearSigmoid", expandSigmoid},
    {contribDomain, "QLinearSoftmax", expandSoftmax},
};

std::vector<std::pair<StringRef, StringRef>> quantc::onnx::qOperators() {
  std::vector<std::pair<StringRef, StringRef>> ops;
  for (const auto &row : expansions)
    ops.emplace_back(row.domain, row.opType);
  return ops;
}

static Expand expansionOf(NodeOp node) {
  for (const auto &row : expansions)
    if (row.domain == node.getNormalizedDomain() && row.opType == node.getOpType())
      return row.expand;
  return nullptr;
}

/// The version of the default domain that the file imports, at least that of the pairs.
static int64_t opsetOf(ModuleOp module) {
  int64_t opset = leastOpset;
  if (auto imports = module->getAttrOfType<ArrayAttr>(opsetImportsAttr))
    for (auto import : imports.getAsRange<OpsetAttr>())
      if (!import.getDomain() || import.getDomain().getValue().empty() ||
          import.getDomain().getValue() == "ai.onnx")
        opset = std::max(opset, import.getVersion());
  return opset;
}

namespace {
struct ExpandPass : quantc::onnx::impl::ONNXExpandQOperatorsBase<ExpandPass> {
  void runOnOperation() override {
    int64_t opset = opsetOf(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (NodeOp node : llvm::make_early_inc_range(function.getOps<NodeOp>()))
        if (Expand expand = expansionOf(node); expand && node.getNumResults() == 1) {
          Expansion expansion(node, opset);
          (void)expand(expansion);
        }
  }
};
} // namespace
