//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Specialisation of symbolic dimensions; see Dimensions.h.
//
//===----------------------------------------------------------------------===//

#include "Dimensions.h"
#include "mlir/IR/Builders.h"
#include "quantc/Support/DType.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

static StringRef symbolAt(ArrayAttr dims, size_t index) {
  if (!dims || index >= dims.size())
    return "";
  auto symbol = dyn_cast<StringAttr>(dims[index]);
  return symbol ? symbol.getValue() : "";
}

static std::string listOf(ArrayRef<std::string> names) {
  return names.empty() ? "none" : llvm::join(names, ", ");
}

Dimensions::Dimensions(const ImportOptions &options, ArrayRef<ValueInfoAttr> inputs,
                       Reporter &reporter)
    : reporter(reporter) {
  std::vector<std::string> symbols, names;
  for (ValueInfoAttr input : inputs) {
    names.push_back(input.getName().str());
    if (input.getDims())
      for (size_t i = 0; i < input.getDims().size(); ++i)
        if (StringRef symbol = symbolAt(input.getDims(), i);
            !symbol.empty() && !llvm::is_contained(symbols, symbol))
          symbols.push_back(symbol.str());
  }
  for (const auto &[symbol, value] : options.dims) {
    if (!llvm::is_contained(symbols, symbol))
      reporter.error("no input has a dimension '" + symbol + "'" + didYouMean(symbol, symbols) +
                     " (symbolic dimensions: " + listOf(symbols) + ")");
    else
      bind(symbol, value);
  }
  for (const auto &[name, shape] : options.inputShapes) {
    auto input =
        llvm::find_if(inputs, [&, &name = name](auto info) { return info.getName() == name; });
    if (input == inputs.end())
      reporter.error("the model has no input '" + name + "'" + didYouMean(name, names) +
                     " (inputs: " + listOf(names) + ")");
    else
      bindShape(*input, shape);
  }
}

void Dimensions::bind(StringRef symbol, int64_t value) {
  if (value < 1) {
    reporter.error("expected a value of at least 1 for dimension '" + symbol + "', but found " +
                   Twine(value));
    return;
  }
  auto [it, inserted] = values.try_emplace(symbol, value);
  if (!inserted && it->second != value)
    reporter.error("dimension '" + symbol + "' has two values, " + Twine(it->second) + " and " +
                   Twine(value));
}

void Dimensions::bindShape(ValueInfoAttr input, ArrayRef<int64_t> shape) {
  std::string context = ("input '" + input.getName().getValue() + "': ").str();
  if (!numElements(shape)) {
    reporter.error(context + "bad shape " + shapeToString(shape));
    return;
  }
  shapes[input.getName()] = SmallVector<int64_t>(shape);
  auto type = dyn_cast<RankedTensorType>(input.getType());
  if (!type) // an unknown shape takes any
    return;
  if (type.getRank() != static_cast<int64_t>(shape.size())) {
    reporter.error(context + "expected a shape of rank " + Twine(type.getRank()) + ", but found " +
                   shapeToString(shape));
    return;
  }
  for (auto [index, size] : llvm::enumerate(shape)) {
    if (!type.isDynamicDim(index)) {
      if (type.getDimSize(index) != size)
        reporter.error(context + "expected " + Twine(type.getDimSize(index)) + " as dimension " +
                       Twine(index) + ", but found " + Twine(size));
    } else if (StringRef symbol = symbolAt(input.getDims(), index); !symbol.empty()) {
      bind(symbol, size);
    }
  }
}

ValueInfoAttr Dimensions::apply(ValueInfoAttr info, bool isInput) {
  auto tensor = dyn_cast<TensorType>(info.getType());
  if (!tensor || (values.empty() && shapes.empty()))
    return info;
  auto given = isInput ? shapes.find(info.getName()) : shapes.end();
  if (!tensor.hasRank() && given == shapes.end())
    return info;
  SmallVector<int64_t> shape =
      tensor.hasRank() ? llvm::to_vector(tensor.getShape()) : given->second;
  if (given != shapes.end() && given->second.size() == shape.size())
    shape = given->second;
  SmallVector<Attribute> symbols;
  Builder builder(info.getContext());
  bool anySymbol = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    StringRef symbol = symbolAt(info.getDims(), i);
    if (auto value = values.find(symbol); ShapedType::isDynamic(shape[i]) && value != values.end())
      shape[i] = value->second;
    symbol = ShapedType::isDynamic(shape[i]) ? symbol : "";
    anySymbol |= !symbol.empty();
    symbols.push_back(builder.getStringAttr(symbol));
  }
  SmallVector<int64_t> known =
      llvm::to_vector(llvm::make_filter_range(shape, [](int64_t size) { return size >= 0; }));
  if (!storageBytes(DType::Complex128, known)) {
    reporter.error("value '" + info.getName().getValue() +
                   "' becomes too large with these dimensions: " + shapeToString(shape));
    return {};
  }
  auto type = RankedTensorType::get(shape, tensor.getElementType());
  if (type == info.getType())
    return info;
  return ValueInfoAttr::get(info.getContext(), info.getName(), type,
                            anySymbol ? builder.getArrayAttr(symbols) : ArrayAttr(), info.getDoc(),
                            /*proto=*/nullptr);
}
