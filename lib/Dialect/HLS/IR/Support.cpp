//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared checks; see Support.h.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;

namespace quantc::hls {

LogicalResult verifyUnit(UnitOpInterface op) {
  SmallVector<Port> ports = op.getPorts();
  SmallVector<Value> streams(op->getOperands());
  llvm::append_range(streams, op->getResults());
  if (ports.size() != streams.size())
    return op->emitError("[HLS-PORT-1] expected ")
           << ports.size() << " streams, but found " << streams.size();
  for (auto [i, port] : llvm::enumerate(ports)) {
    auto type = cast<StreamType>(streams[i].getType());
    if (type.getLanes() != port.lanes)
      return op->emitError("[HLS-PORT-1] expected ")
             << port.lanes << " lanes in stream " << i << ", but found " << type.getLanes();
    if (type.getBeats() != port.beats)
      return op->emitError("[HLS-PORT-2] expected ")
             << port.beats << " beats in stream " << i << ", but found " << type.getBeats();
  }
  if (auto depths = op->getAttrOfType<DenseI64ArrayAttr>("depths")) {
    if (depths.size() != op->getNumResults())
      return op->emitError("[HLS-DEPTH-1] expected one depth per result, but found ")
             << depths.size() << " for " << op->getNumResults();
    for (int64_t depth : depths.asArrayRef())
      if (depth < 1)
        return op->emitError("[HLS-DEPTH-1] expected a depth of at least 1, but found ") << depth;
  }
  return success();
}

LogicalResult verifySizes(Operation *op, ArrayRef<std::pair<StringRef, int64_t>> namesAndSizes) {
  for (auto [name, size] : namesAndSizes)
    if (size < 1 || size >= (int64_t(1) << 31))
      return op->emitError("[HLS-SIZE-1] expected ") << name << " in [1, 2^31), but found " << size;
  return success();
}

LogicalResult verifyDivides(Operation *op, StringRef partName, int64_t part, StringRef wholeName,
                            int64_t whole) {
  if (part < 1 || whole % part != 0)
    return op->emitError("[HLS-FOLD-1] expected ")
           << partName << " to divide " << wholeName << ", but found " << part << " and " << whole;
  return success();
}

LogicalResult verifySameElement(Operation *op, Value a, Value b) {
  if (elementOf(a) != elementOf(b))
    return op->emitError("[HLS-TYPE-1] expected one element type, but found ")
           << elementOf(a) << " and " << elementOf(b);
  return success();
}

LogicalResult verifyValue(Operation *op, StringRef name, int64_t value, IntegerType element) {
  if (!rangeOf(element).contains(value))
    return op->emitError("[HLS-TYPE-2] expected ")
           << name << " to be a value of " << element << ", but found " << value;
  return success();
}

LogicalResult verifyEpilogue(Operation *op, EpilogueAttrInterface epilogue, int64_t acc, Value in,
                             Value out, int64_t channels, int64_t pixels) {
  std::string problem;
  auto table = dyn_cast<TableAttr>(epilogue); // an accumulator of 0 bits makes no table
  if (table)
    problem =
        acc == 0 ? std::string() : "expected an epilogue of an accumulator, but found a table";
  else if (acc != 0 && epilogue.getAccBits() != acc)
    problem = ("expected an epilogue of " + Twine(acc) + " bits, but found " +
               Twine(epilogue.getAccBits()))
                  .str();
  if (problem.empty() && table) {
    int64_t entries = int64_t(1) << std::min<int64_t>(widthOf(in), 17);
    if (table.getEntry().getNumElements() != entries)
      problem = ("expected a table of " + Twine(entries) + " entries, but found " +
                 Twine(table.getEntry().getNumElements()))
                    .str();
  }
  if (problem.empty())
    problem = epilogue.check(elementOf(out), channels, pixels);
  if (!problem.empty())
    return op->emitError("[HLS-EPI-1] ") << problem;
  return success();
}

LogicalResult verifyWeight(Operation *op, ElementsAttr weight, int64_t rows, int64_t columns,
                           int64_t bits) {
  auto type = cast<ShapedType>(weight.getType());
  if (type.getShape() != ArrayRef<int64_t>{rows, columns})
    return op->emitError("[HLS-ROM-1] expected a weight of ")
           << rows << " x " << columns << ", but found " << weight.getType();
  if (bits < 1 || bits > 16)
    return op->emitError("[HLS-ROM-1] expected weight_bits in [1, 16], but found ") << bits;
  numerics::IntRange range = numerics::IntRange::signedType(unsigned(bits));
  if (std::optional<int64_t> value = valueOutside(weight, range))
    return op->emitError("[HLS-ROM-1] expected weights of ")
           << bits << " bits, but found " << *value;
  return success();
}

std::optional<int64_t> valueOutside(ElementsAttr attr, numerics::IntRange range) {
  auto bounds = integerBounds(attr);
  if (!bounds || range.contains({bounds->first, bounds->second}))
    return std::nullopt;
  return range.contains(bounds->first) ? bounds->second : bounds->first;
}

IntegerType elementOf(Value stream) { return cast<StreamType>(stream.getType()).getElement(); }
int64_t widthOf(Value stream) { return elementOf(stream).getWidth(); }
numerics::IntRange rangeOf(IntegerType element) {
  return numerics::IntRange::ofType(!element.isUnsigned(), element.getWidth());
}

int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    if (llvm::MulOverflow(result, size, result))
      return llvm::is_contained(sizes, 0) ? 0 : std::numeric_limits<int64_t>::max();
  return result;
}

SmallVector<Fold> laneFolds(int64_t channels) {
  SmallVector<Fold> folds;
  for (int64_t lanes : divisors(channels))
    folds.push_back(laneFold(lanes));
  return folds;
}

void setInteger(Operation *op, StringRef name, int64_t value) {
  op->setAttr(name, IntegerAttr::get(IntegerType::get(op->getContext(), 64), value));
}

std::vector<int64_t> romValues(ElementsAttr attr) {
  std::optional<std::vector<int64_t>> values = readIntegers(attr);
  return values ? std::move(*values) : std::vector<int64_t>();
}

SmallVector<int64_t> divisors(int64_t n) {
  SmallVector<int64_t> small, large;
  for (int64_t d = 1; d * d <= n; ++d) {
    if (n % d != 0)
      continue;
    small.push_back(d);
    if (d * d != n)
      large.push_back(n / d);
  }
  small.append(large.rbegin(), large.rend());
  return small;
}

std::string elementName(IntegerType element) {
  return std::string(element.isUnsigned() ? "ap_uint<" : "ap_int<") +
         std::to_string(element.getWidth()) + ">";
}

StreamType withLanes(StreamType type, int64_t lanes) {
  int64_t elements = type.getLanes() * type.getBeats();
  return StreamType::get(type.getContext(), type.getElement(), lanes, elements / lanes);
}

} // namespace quantc::hls
