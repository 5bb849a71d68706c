//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See RowRounding.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/Transforms/RowRounding.h"
#include "Gradient/Emitter.h"
#include "Values.h"
#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

/// Of a matrix whose rows have a scale each.
static Value roundMatrix(Emitter &e, Value x, const RowRounding &rounding) {
  const auto most = float((1 << (rounding.bits - 1)) - 1);
  auto column = tensorType(x).clone({shapeOf(x)[0], 1});
  Value absolute = e.unary<AbsOp>(x);
  Value top =
      e.node("ReduceMax", {absolute}, column, {e.ints("axes", {1}), e.integer("keepdims", 1)})
          .front();
  if (rounding.clip != 1)
    top = e.scale(top, rounding.clip);
  Value scale =
      e.unary<ClipOp>(e.div(top, e.number(top, most)), APFloat(0x1p-126f), APFloat(INFINITY));
  // Clipped half a step beyond the last codes, so that what rounds to them is not clipped.
  const float low = std::nextafter(-most - 1.5f, 0.0f), high = std::nextafter(most + 0.5f, 0.0f);
  Value held = e.unary<ClipOp>(e.div(x, scale), APFloat(low), APFloat(high));
  Value codes = e.node("Round", {held}, held.getType()).front();
  return e.mul(codes, scale);
}

Value nn::roundRows(OpBuilder &builder, Location loc, Value x, const RowRounding &rounding) {
  Emitter e(builder, loc);
  SmallVector<int64_t> shape(shapeOf(x));
  Value rows = e.matrix(x);
  const int64_t count = shapeOf(rows)[0], channels = shapeOf(rows)[1];
  const int64_t group = rounding.group == 0 ? channels : std::min(rounding.group, channels);
  const int64_t missing = (group - channels % group) % group; // zeros raise no maximum
  rows = e.pad(rows, {0, 0}, {0, missing});
  const int64_t padded = channels + missing;
  Value rounded = roundMatrix(e, e.reshape(rows, {count * padded / group, group}), rounding);
  rounded = e.slice(e.reshape(rounded, {count, padded}), {0, 0}, {count, channels});
  return e.reshape(rounded, shape);
}

//===----------------------------------------------------------------------===//
// Rotations as arguments
//===----------------------------------------------------------------------===//

namespace {
class Rounder {
public:
  Rounder(func::FuncOp main, const RotatedRowsOptions &options) : main(main), options(options) {}

  void addStream(const ResidualStream &stream) {
    add({false, stream.number, stream.channels, "stream" + std::to_string(stream.number), 0, 0, {}},
        stream.inputs);
  }
  void addHeads(const HeadValues &heads) {
    add({true, heads.number, heads.channels, "heads" + std::to_string(heads.number), 0, 0, {}},
        heads.inputs);
  }
  LogicalResult run();
  /// Those with an argument.
  std::vector<RotationArgument> arguments() const {
    std::vector<RotationArgument> used;
    llvm::copy_if(rotations, std::back_inserter(used),
                  [](const RotationArgument &rotation) { return rotation.tensors > 0; });
    return used;
  }

private:
  void add(RotationArgument rotation, ArrayRef<Value> inputs) {
    for (auto [i, input] : llvm::enumerate(inputs))
      places.try_emplace(input, rotations.size(), int64_t(i));
    rotations.push_back(std::move(rotation));
  }
  FailureOr<unsigned> addArgument(const std::string &name, RankedTensorType type);
  FailureOr<Value> rotationOf(RotationArgument &rotation, Type element);
  /// Null where the graph takes up no scales.
  FailureOr<Value> scalesOf(RotationArgument &rotation, Value input, int64_t place, Type element);
  LogicalResult round(Value input, ArrayRef<LinearOp> readers);

  func::FuncOp main;
  const RotatedRowsOptions &options;
  std::vector<RotationArgument> rotations;
  llvm::DenseMap<Value, std::pair<size_t, int64_t>> places; ///< rotation, and which of its inputs
};
} // namespace

FailureOr<unsigned> Rounder::addArgument(const std::string &name, RankedTensorType type) {
  const unsigned index = main.getNumArguments();
  for (unsigned i = 0; i < index; ++i)
    if (auto other = main.getArgAttrOfType<StringAttr>(i, "onnx.name"); other && other == name)
      return main.emitError("expected no input '") << name << "' beside the learned one";
  Builder builder(main.getContext());
  DictionaryAttr attributes =
      builder.getDictionaryAttr(builder.getNamedAttr("onnx.name", builder.getStringAttr(name)));
  if (failed(main.insertArgument(index, type, attributes, main.getLoc())))
    return failure();
  return index;
}

FailureOr<Value> Rounder::rotationOf(RotationArgument &rotation, Type element) {
  if (rotation.tensors++ > 0)
    return Value(main.getArgument(rotation.argument));
  FailureOr<unsigned> index = addArgument(
      rotation.name, RankedTensorType::get({rotation.channels, rotation.channels}, element));
  if (failed(index))
    return failure();
  rotation.argument = *index;
  return Value(main.getArgument(*index));
}

FailureOr<Value> Rounder::scalesOf(RotationArgument &rotation, Value input, int64_t place,
                                   Type element) {
  if (!options.scales || !findScaleRegion(input, rotation.channels).isLegal())
    return Value();
  ScaleArgument scales{place, rotation.name + ".scales" + std::to_string(place), 0};
  FailureOr<unsigned> index =
      addArgument(scales.name, RankedTensorType::get({rotation.channels}, element));
  if (failed(index))
    return failure();
  scales.argument = *index;
  rotation.scales.push_back(std::move(scales));
  return Value(main.getArgument(*index));
}

LogicalResult Rounder::round(Value input, ArrayRef<LinearOp> readers) {
  auto type = cast<RankedTensorType>(input.getType());
  if (!type.hasStaticShape())
    return readers.front()->emitError("node '")
           << getNodeName(readers.front()) << "': expected static shapes, but found " << type;
  OpBuilder builder(readers.front());
  Location loc = NameLoc::get(builder.getStringAttr(getNodeName(readers.front()) + ":rows"));
  Emitter e(builder, loc);
  Value x = input, matrix, scales;
  if (auto found = places.find(input); found != places.end()) {
    RotationArgument &rotation = rotations[found->second.first];
    FailureOr<Value> logs = scalesOf(rotation, input, found->second.second, type.getElementType());
    FailureOr<Value> argument = rotationOf(rotation, type.getElementType());
    if (failed(argument) || failed(logs))
      return failure();
    matrix = *argument;
    const int64_t rows = type.getNumElements() / rotation.channels;
    x = e.matmul(e.reshape(x, {rows, rotation.channels}), matrix);
    if (*logs) {
      scales = e.unary<ExpOp>(*logs);
      x = e.div(x, scales);
    }
    x = e.reshape(x, type.getShape());
  }
  x = roundRows(builder, loc, x, options.rounding);
  if (matrix) {
    const int64_t channels = shapeOf(matrix)[0], rows = type.getNumElements() / channels;
    x = e.reshape(x, {rows, channels});
    if (scales)
      x = e.mul(x, scales);
    x = e.reshape(e.matmul(x, e.transposeLast(matrix)), type.getShape());
  }
  for (LinearOp reader : readers)
    reader.getInputMutable().assign(x);
  return success();
}

LogicalResult Rounder::run() {
  llvm::MapVector<Value, SmallVector<LinearOp>> readers;
  main.walk([&](LinearOp op) {
    if (getConstantElements(op.getWeight()) &&
        !llvm::is_contained(options.exclude, getNodeName(op)))
      readers[op.getInput()].push_back(op);
  });
  for (auto &[input, ops] : readers)
    if (failed(round(input, ops)))
      return failure();
  return success();
}

FailureOr<std::vector<RotationArgument>> nn::roundRotatedRows(func::FuncOp main,
                                                              const RotatedRowsOptions &options) {
  Rounder rounder(main, options);
  for (const ResidualStream &stream : findResidualStreams(main, /*maxExplicit=*/0))
    if (stream.isRotated)
      rounder.addStream(stream);
  if (options.heads)
    for (const HeadValues &values : findHeadValues(main))
      rounder.addHeads(values);
  if (failed(rounder.run()))
    return failure();
  return rounder.arguments();
}
