//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights of linear maps into number formats, and back to float constants.
//
//===----------------------------------------------------------------------===//

#include "Decodes.h"
#include "Nodes.h"
#include "mlir/IR/Remarks.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Metrics.h"
#include "quantc/Numerics/NumberFormatStorage.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/OptionText.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNENCODEWEIGHTS
#define GEN_PASS_DEF_QNNDECODEWEIGHTS
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

llvm::Expected<numerics::ScaleSearch> qnn::parseSearch(StringRef text,
                                                       const numerics::NumberFormat &format) {
  using numerics::ScaleSearch;
  const std::pair<StringRef, ScaleSearch> searches[] = {
      {"none", ScaleSearch::none()},        {"mse", ScaleSearch::clip(2.0)},
      {"output", ScaleSearch::clip(2.0)}, // without moments the same
      {"clip", ScaleSearch::clip(2.4)},     {"codes", ScaleSearch::codes(8, 2)},
      {"hqq", ScaleSearch::halfQuadratic()}};
  for (const auto &[name, search] : searches) {
    if (name != text)
      continue;
    if (std::string fault = numerics::searchFault(format, search); !fault.empty())
      return makeError(fault);
    return search;
  }
  return makeError("expected a search none, mse, clip, codes, hqq or output, but found '" + text +
                   "'");
}

void qnn::eraseUnused(Value value) {
  Operation *op = value.getDefiningOp();
  if (op && op->hasTrait<OpTrait::ConstantLike>() && op->use_empty())
    op->erase();
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {
class WeightEncoder {
public:
  WeightEncoder(NumberFormatAttr attribute, const numerics::ScaleSearch &search, StringRef pass)
      : attribute(attribute), format(attribute.getFormat()), search(search), pass(pass) {}

  /// Encodes the weight of one linear map; false, with a remark, when it stays.
  bool encode(LinearMapOpInterface op);
  void missed(Operation *op, StringRef why) const {
    remark::missed(op->getLoc(), remark::RemarkOpts::name("EncodeWeight").category(pass))
        << remark::metric("node", getNodeName(op)) << why;
  }

private:
  NumberFormatAttr attribute;
  numerics::NumberFormat format;
  numerics::ScaleSearch search;
  StringRef pass;
  DenseMap<Value, DecodeOp> done; ///< a constant may have several readers

  DecodeOp encodeConstant(LinearMapOpInterface op, RankedTensorType type, ArrayRef<float> values);
};
} // namespace

/// The constant with these bytes, or a null value for a part that the format does not have.
static Value createPart(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, Type element,
                        const std::vector<uint8_t> &bytes, StringRef part) {
  if (bytes.empty())
    return {};
  auto type = RankedTensorType::get(shape, element);
  ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  std::string name = (getLocationName(loc) + "." + part).str();
  return nn::ConstantOp::create(builder, loc, type, makeWeights(type, raw, name));
}

DecodeOp qnn::createDecode(OpBuilder &builder, Location loc, RankedTensorType type,
                           NumberFormatAttr attribute, const numerics::StoredMatrix &stored) {
  int64_t rows = type.getDimSize(0), columns = type.getNumElements() / rows;
  SmallVector<int64_t, 2> shape = attribute.getBlockShape(rows, columns);
  Type byte = builder.getIntegerType(8, /*isSigned=*/false), real = type.getElementType();
  auto count = [](const std::vector<uint8_t> &bytes) { return static_cast<int64_t>(bytes.size()); };
  Value codes =
      createPart(builder, loc, {rows, count(stored.codes) / rows}, byte, stored.codes, "codes");
  Value scales = createPart(builder, loc, shape, attribute.getScaleType(), stored.scales, "scales");
  Value zeros =
      createPart(builder, loc, shape, attribute.getZeroPointType(), stored.zeroPoints, "zeros");
  Value second =
      createPart(builder, loc, {count(stored.secondLevel) / 4}, real, stored.secondLevel, "second");
  Value tables = createPart(builder, loc, shape, byte, stored.selectors, "tables");
  return DecodeOp::create(builder, loc, type, codes, scales, zeros, second, tables, attribute);
}

DecodeOp WeightEncoder::encodeConstant(LinearMapOpInterface op, RankedTensorType type,
                                       ArrayRef<float> values) {
  auto rows = static_cast<size_t>(type.getDimSize(0)), columns = values.size() / rows;
  numerics::BlockScales scales =
      numerics::chooseScales(format, values.data(), rows, columns, search);
  OpBuilder builder(op);
  builder.setInsertionPointAfterValue(op.getWeightOperand().get()); // before every reader
  DecodeOp decode = createDecode(builder, op.getLoc(), type, attribute,
                                 numerics::storeMatrix(format, scales, values.data()));
  std::vector<float> decoded(values.size());
  numerics::fakeQuantizeMatrix(format, scales, values.data(), decoded.data());
  remark::passed(op.getLoc(), remark::RemarkOpts::name("EncodeWeight").category(pass))
      << remark::metric("node", getNodeName(op)) << remark::metric("format", attribute.getText())
      << remark::metric("bits", format.bitsPerWeight(rows, columns))
      << remark::metric("sqnr", numerics::sqnrDb(values.data(), decoded.data(), values.size()));
  return decode;
}

bool WeightEncoder::encode(LinearMapOpInterface op) {
  Value weight = op.getWeightOperand().get();
  if (weight.getDefiningOp<DecodeOp>())
    return false;
  auto type = cast<RankedTensorType>(weight.getType());
  DecodeOp &decode = done[weight];
  if (!decode) {
    if (op.getWeightOutputAxis() != 0 || type.getRank() < 2 || !type.getElementType().isF32()) {
      missed(op, "expected an f32 weight whose axis 0 counts output channels");
      return false;
    }
    std::optional<std::vector<float>> values = readFloats(getConstantElements(weight));
    if (!values || values->empty()) {
      missed(op, "expected a constant weight");
      return false;
    }
    if (!llvm::all_of(*values, [](float value) { return std::isfinite(value); })) {
      missed(op, "expected finite weights");
      return false;
    }
    decode = encodeConstant(op, type, *values);
  }
  op.getWeightOperand().set(decode);
  if (weight.use_empty()) {
    done.erase(weight);
    eraseUnused(weight);
  }
  return true;
}

namespace {
struct EncodeWeightsPass : qnn::impl::QnnEncodeWeightsBase<EncodeWeightsPass> {
  using QnnEncodeWeightsBase::QnnEncodeWeightsBase;

  LogicalResult encodeAll() {
    Location loc = getOperation().getLoc();
    numerics::ParsedNumberFormat parsed = numerics::parseNumberFormat(format.getValue());
    if (!parsed.format)
      return emitError(loc) << llvm::join(parsed.faults, "; ");
    llvm::Expected<numerics::ScaleSearch> how = parseSearch(search, *parsed.format);
    if (!how)
      return emitError(loc) << llvm::toString(how.takeError());
    llvm::Expected<Exclusions> exclusions = Exclusions::create(unescapeItems(exclude));
    if (!exclusions)
      return emitError(loc) << llvm::toString(exclusions.takeError());
    WeightEncoder encoder(NumberFormatAttr::get(&getContext(), *parsed.format), *how,
                          getArgument());
    getOperation().walk([&](LinearMapOpInterface op) {
      if (exclusions->matches(op))
        encoder.missed(op, "excluded");
      else if (encoder.encode(op)) {
        ++encoded;
        return;
      }
      ++kept;
    });
    if (std::vector<std::string> faults = exclusions->unmatched(); !faults.empty())
      return emitError(loc) << llvm::join(faults, "; ");
    releaseUnusedWeights(getOperation());
    return success();
  }

  void runOnOperation() override {
    if (failed(encodeAll()))
      signalPassFailure();
  }
};

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// The values of a decode of constants; nullopt when an operand is not constant, failure, with a
/// message, when the format does not allow them.
FailureOr<std::optional<std::vector<float>>> decodeConstants(DecodeOp op) {
  SmallVector<std::vector<char>, 5> storage;
  SmallVector<ArrayRef<uint8_t>, 5> operands;
  for (Value operand : op->getOperands()) {
    ElementsAttr constant = getConstantElements(operand);
    std::optional<std::vector<char>> bytes = constant ? readBytes(constant) : std::nullopt;
    if (!bytes)
      return std::optional<std::vector<float>>();
    storage.push_back(std::move(*bytes));
    operands.emplace_back(reinterpret_cast<const uint8_t *>(storage.back().data()),
                          storage.back().size());
  }
  std::string reason;
  std::optional<std::vector<float>> values = op.evaluate(operands, reason);
  if (!values)
    return op.emitError(reason);
  return values;
}

struct DecodeWeightsPass : qnn::impl::QnnDecodeWeightsBase<DecodeWeightsPass> {
  using QnnDecodeWeightsBase::QnnDecodeWeightsBase;

  void runOnOperation() override {
    WalkResult walk = getOperation().walk([&](DecodeOp op) {
      auto values = decodeConstants(op);
      if (failed(values))
        return WalkResult::interrupt();
      if (!*values)
        return WalkResult::advance();
      OpBuilder builder(op);
      std::string name = (getLocationName(op.getLoc()) + ".weight").str();
      op.replaceAllUsesWith(nn::ConstantOp::create(builder, op.getLoc(), op.getType(),
                                                   makeFloatWeights(op.getType(), **values, name))
                                .getResult());
      SmallVector<Value, 5> operands(op->getOperands());
      op.erase();
      for (Value operand : operands)
        eraseUnused(operand);
      ++decoded;
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();
    releaseUnusedWeights(getOperation());
  }
};
} // namespace
