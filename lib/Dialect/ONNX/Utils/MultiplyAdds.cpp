//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How many multiply-adds a node needs: a formula for each op that multiplies and adds; see
// MultiplyAdds.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/MultiplyAdds.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// Sizes that may be unknown
//===----------------------------------------------------------------------===//

namespace {
/// A number of elements; nullopt when a size is unknown or the number too large.
struct Count {
  std::optional<int64_t> value;

  Count() = default;
  Count(int64_t n) : value(n < 0 ? std::optional<int64_t>() : n) {}

  Count operator*(Count o) const {
    int64_t product = 0;
    if (!value || !o.value || llvm::MulOverflow(*value, *o.value, product))
      return {};
    return product;
  }
  Count operator+(Count o) const {
    int64_t sum = 0;
    if (!value || !o.value || llvm::AddOverflow(*value, *o.value, sum))
      return {};
    return sum;
  }
  Count operator/(Count o) const {
    return value && o.value && *o.value > 0 ? Count(*value / *o.value) : Count();
  }
};
} // namespace

static RankedTensorType typeOf(Value value) {
  return value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
}

static Count product(ArrayRef<int64_t> sizes) {
  Count count(1);
  for (int64_t size : sizes)
    count = count * (ShapedType::isDynamic(size) ? Count() : Count(size));
  return count;
}

static Count elements(Value value) {
  RankedTensorType type = typeOf(value);
  return type ? product(type.getShape()) : Count();
}

/// A size counted from the front, or from the back when negative.
static Count size(Value value, int64_t axis) {
  RankedTensorType type = typeOf(value);
  if (!type)
    return {};
  axis = axis < 0 ? axis + type.getRank() : axis;
  if (axis < 0 || axis >= type.getRank())
    return {};
  return product(type.getShape().slice(axis, 1));
}

static Count result(NodeOp node) {
  return node.getNumResults() == 0 ? Count() : elements(node.getResult(0));
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

/// One slice of the weight for each output.
template <unsigned weight> static Count convolution(NodeOp node) {
  Value w = node.getOptionalInput(weight);
  return result(node) * elements(w) / size(w, 0);
}

/// One slice of the weight [input channels, output channels, ...] for each input.
static Count transposedConvolution(NodeOp node) {
  Value w = node.getOptionalInput(1);
  return elements(node.getOptionalInput(0)) * elements(w) / size(w, 0);
}

static Count matrixProduct(NodeOp node) {
  if (node.getInt("transBatchA").value_or(0) || node.getInt("transBatchB").value_or(0))
    return {};
  return result(node) * size(node.getOptionalInput(0), node.getInt("transA").value_or(0) ? -2 : -1);
}

static Count blockedProduct(NodeOp node) {
  return result(node) * Count(node.getInt("K").value_or(-1));
}

/// Both weights once a step and sample.
static Count recurrence(NodeOp node) {
  Value x = node.getOptionalInput(0);
  return size(x, 0) * size(x, 1) *
         (elements(node.getOptionalInput(1)) + elements(node.getOptionalInput(2)));
}

/// Scores, then their product with the values: each query and each result meets every key.
static Count attention(NodeOp node) {
  Count keys = size(node.getOptionalInput(1), -2);
  if (Value past = node.getOptionalInput(4))
    keys = keys + size(past, -2);
  return keys * (elements(node.getOptionalInput(0)) + result(node));
}

/// One multiplication for each operand behind the first and each combination of labels.
static Count einsum(NodeOp node) {
  StringRef terms = node.getString("equation").value_or("").split("->").first;
  if (terms.contains('.'))
    return {};
  llvm::StringSet<> seen;
  Count count(1);
  for (Value input : node.getInputs()) {
    auto [term, rest] = terms.split(',');
    terms = rest;
    int64_t axis = 0;
    for (size_t i = 0; i < term.size(); ++i) {
      if (term[i] == ' ')
        continue;
      if (seen.insert(term.substr(i, 1)).second)
        count = count * size(input, axis);
      ++axis;
    }
  }
  int64_t operands = node.getInputs().size();
  return operands < 2 ? Count(0) : count * Count(operands - 1);
}

static Count unknown(NodeOp) { return {}; }

using Formula = Count (*)(NodeOp);

static const llvm::StringMap<Formula> &formulas() {
  static const llvm::StringMap<Formula> table = {
      {":Conv", convolution<1>},
      {":ConvInteger", convolution<1>},
      {":QLinearConv", convolution<3>},
      {":DeformConv", convolution<1>},
      {":CausalConvWithState", convolution<1>},
      {"com.microsoft:CausalConvWithState", convolution<1>},
      {"com.microsoft:FusedConv", convolution<1>},
      {"com.microsoft:QLinearConv", convolution<3>},
      {":ConvTranspose", transposedConvolution},
      {":MatMul", matrixProduct},
      {":MatMulInteger", matrixProduct},
      {":QLinearMatMul", matrixProduct},
      {":Gemm", matrixProduct},
      {"com.microsoft:FusedMatMul", matrixProduct},
      {"com.microsoft:FusedGemm", matrixProduct},
      {"com.microsoft:TransposeMatMul", matrixProduct},
      {"com.microsoft:DynamicQuantizeMatMul", matrixProduct},
      {"com.microsoft:MatMulInteger16", matrixProduct},
      {"com.microsoft:MatMulIntegerToFloat", matrixProduct},
      {"com.microsoft:QGemm", matrixProduct},
      {"com.microsoft:MatMulBnb4", blockedProduct},
      {"com.microsoft:MatMulNBits", blockedProduct},
      {"com.microsoft:DynamicQuantizeLSTM", recurrence},
      {":RNN", recurrence},
      {":GRU", recurrence},
      {":LSTM", recurrence},
      {":Einsum", einsum},
      {":Attention", attention},
      {":FlexAttention", unknown},
      {":LinearAttention", unknown},
      {"com.microsoft:Attention", unknown},
      {"com.microsoft:LinearAttention", unknown},
      {"com.microsoft:QAttention", unknown},
      {"com.microsoft:MultiHeadAttention", unknown},
      {"com.microsoft:GroupQueryAttention", unknown},
  };
  return table;
}

std::optional<int64_t> onnx::multiplyAdds(NodeOp node) {
  Formula formula = formulas().lookup((node.getNormalizedDomain() + ":" + node.getOpType()).str());
  return formula ? formula(node).value : 0;
}
