//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of nodes that sum products (docs/Autodiff.md).
//
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "quantc/Dialect/ONNX/Utils/Equation.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {
struct Term {
  Value operand;
  SmallVector<int> labels;
};
} // namespace

static constexpr StringLiteral letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static std::string spell(ArrayRef<int> labels) {
  std::string text;
  for (int label : labels)
    text += letters[label];
  return text;
}

/// The Einsum of terms; each label of the result is one of some term's, where an axis of size 1 is
/// read again and again.
static Value einsum(Emitter &e, ArrayRef<Term> terms, ArrayRef<int> result) {
  if (terms.size() == 1 && ArrayRef<int>(terms[0].labels) == result)
    return terms[0].operand;
  SmallVector<int64_t> shape(result.size(), 1);
  SmallVector<Value> operands;
  std::string equation;
  for (const Term &term : terms) {
    equation += (operands.empty() ? "" : ",") + spell(term.labels);
    operands.push_back(term.operand);
    for (auto [label, size] : llvm::zip_equal(term.labels, shapeOf(term.operand)))
      if (size_t place = llvm::find(result, label) - result.begin();
          place < result.size() && size != 1)
        shape[place] = size;
  }
  equation += "->" + spell(result);
  Type type = tensorType(operands.front()).clone(shape);
  return e.node("Einsum", operands, type, e.text("equation", equation)).front();
}

static Value identity(Emitter &e, RankedTensorType like, int64_t size) {
  Type element = like.getElementType();
  SmallVector<Attribute> values(size * size, e.builder.getFloatAttr(element, 0.0));
  for (int64_t i = 0; i < size; ++i)
    values[i * (size + 1)] = e.builder.getFloatAttr(element, 1.0);
  return e.constant(DenseElementsAttr::get(like.clone({size, size}), values));
}

/// With labels from 0 on, at the letters' places.
static FailureOr<SmallVector<Term>> readTerms(onnx::NodeOp op) {
  SmallVector<int64_t> ranks;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      return refuse(op, "tensors as operands");
    ranks.push_back(rankOf(operand));
  }
  auto equation = onnx::readEquation(op.getString("equation").value_or(""), ranks);
  if (!equation)
    return refuse(op, "an equation of its operands: " + llvm::toString(equation.takeError()));
  if (rankOf(op->getResult(0)) != static_cast<int64_t>(equation->result.size()))
    return refuse(op, "a result with an axis for each label");
  SmallVector<int> known;
  auto number = [&](ArrayRef<int> labels) {
    SmallVector<int> numbers;
    for (int label : labels) {
      auto place = llvm::find(known, label);
      numbers.push_back(static_cast<int>(place - known.begin()));
      if (place == known.end())
        known.push_back(label);
    }
    return numbers;
  };
  SmallVector<Term> terms = {{Value(), number(equation->result)}};
  for (auto [operand, labels] : llvm::zip_equal(op->getOperands(), equation->operands))
    terms.push_back({operand, number(labels)});
  return terms;
}

/// The gradient of an operand is the Einsum of the cotangent and the other operands. Where a label
/// stands at two of its axes, it is a diagonal: the product with an identity. What the operand is
/// summed over alone has no place in the others: it gets the same all along.
static FailureOr<Value> pullEinsumOperand(onnx::NodeOp op, Emitter &e, SmallVector<Term> terms,
                                          unsigned index) {
  const Term own = terms[index + 1];
  terms.erase(terms.begin() + index + 1);
  int next = 0;
  SmallVector<int64_t> sizes(letters.size(), 1);
  for (const Term &term : llvm::concat<const Term>(ArrayRef(terms), ArrayRef(own)))
    for (auto [label, size] : llvm::zip_equal(term.labels, shapeOf(term.operand))) {
      next = std::max(next, label + 1);
      if (size != 1 && label < static_cast<int>(letters.size()))
        sizes[label] = size;
    }
  const int most = static_cast<int>(letters.size());
  if (next > most)
    return refuse(op, "no more labels than letters");
  SmallVector<int> target;
  for (int label : own.labels) {
    target.push_back(label);
    if (llvm::count(target, label) == 1)
      continue;
    target.back() = next++;
    if (sizes[label] > largestMatrix / std::max<int64_t>(sizes[label], 1))
      return refuse(op, "a diagonal of at most " + Twine(largestMatrix) + " elements");
    terms.push_back({identity(e, tensorType(own.operand), sizes[label]), {label, target.back()}});
  }
  if (next > most)
    return refuse(op, "no more labels than letters");
  SmallVector<int> read;
  for (int label : target)
    if (llvm::any_of(terms, [&](const Term &t) { return llvm::is_contained(t.labels, label); }))
      read.push_back(label);
  Value sum = einsum(e, terms, read);
  SmallVector<int64_t> shape, whole;
  size_t from = 0;
  for (auto [label, size] : llvm::zip_equal(target, shapeOf(own.operand))) {
    shape.push_back(llvm::is_contained(read, label) ? shapeOf(sum)[from++] : 1);
    whole.push_back(shape.back() == 1 ? size : shape.back());
  }
  return e.sumTo(e.expand(e.reshape(sum, shape), whole), shapeOf(own.operand));
}

static LogicalResult pullEinsum(onnx::NodeOp op, Pullback &p) {
  FailureOr<SmallVector<Term>> terms = readTerms(op);
  if (failed(terms))
    return failure();
  terms->front().operand = p.cotangent;
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    if (!p.wants(i))
      continue;
    FailureOr<Value> gradient = pullEinsumOperand(op, p.e, *terms, i);
    if (failed(gradient))
      return failure();
    p.gradients[i] = *gradient;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ConvTranspose
//===----------------------------------------------------------------------===//

namespace {
/// Of a convolution whose gradient with respect to its input the node is.
struct TransposedWindow {
  SmallVector<int64_t> strides, dilations, before, after;
};
} // namespace

/// Padding as the standard derives it; what the result has more than windows reach is padding
/// behind, too, negative where windows reach further.
static FailureOr<TransposedWindow> readWindow(onnx::NodeOp op) {
  const int64_t rank = rankOf(op->getOperand(0));
  if (rank < 3 || rankOf(op->getOperand(1)) != rank || rankOf(op->getResult(0)) != rank)
    return refuse(op, "an input, a weight and a result of one rank of 3 or more");
  ArrayRef<int64_t> in = shapeOf(op->getOperand(0)).drop_front(2);
  ArrayRef<int64_t> kernel = shapeOf(op->getOperand(1)).drop_front(2);
  ArrayRef<int64_t> out = shapeOf(op->getResult(0)).drop_front(2);
  const size_t axes = in.size();
  auto list = [&](StringRef name, size_t count, int64_t absent) {
    auto given = op.getInts(name);
    return given ? SmallVector<int64_t>(*given) : SmallVector<int64_t>(count, absent);
  };
  TransposedWindow w{list("strides", axes, 1), list("dilations", axes, 1), {}, {}};
  SmallVector<int64_t> pads = list("pads", 2 * axes, 0), more = list("output_padding", axes, 0);
  StringRef mode = op.getString("auto_pad").value_or("NOTSET");
  const bool derived = mode.starts_with("SAME") || op.getInts("output_shape");
  if (kernel.size() != axes || w.strides.size() != axes || w.dilations.size() != axes ||
      pads.size() != 2 * axes || more.size() != axes ||
      op.getInts("kernel_shape").value_or(kernel) != kernel)
    return refuse(op, "a kernel as its weight, with strides, dilations and pads for each axis");
  const int64_t groups = op.getInt("group").value_or(1);
  ArrayRef<int64_t> x = shapeOf(op->getOperand(0)), weight = shapeOf(op->getOperand(1));
  ArrayRef<int64_t> y = shapeOf(op->getResult(0));
  if (groups < 1 || weight[0] % groups != 0 || x[1] != weight[0] || y[1] != weight[1] * groups ||
      y[0] != x[0])
    return refuse(op, "channels of its weight, in groups, and a result of as many images");
  for (size_t i = 0; i < axes; ++i) {
    const int64_t reach = (in[i] - 1) * w.strides[i] + (kernel[i] - 1) * w.dilations[i] + 1;
    const int64_t spare = std::max<int64_t>(reach + more[i] - out[i], 0);
    int64_t first = mode == "NOTSET" ? pads[i] : 0;
    if (derived)
      first = mode == "SAME_UPPER" ? spare / 2 : spare - spare / 2;
    const int64_t behind = mode == "NOTSET" ? pads[axes + i] : 0;
    if (first < 0 || (!derived && (behind < 0 || out[i] != reach + more[i] - first - behind)))
      return refuse(op, "a result of the shape that its attributes give");
    w.before.push_back(first);
    w.after.push_back(reach - first - out[i]);
  }
  return w;
}

/// Backwards it is the convolution, whose gradient with respect to its input it is.
static LogicalResult pullConvTranspose(onnx::NodeOp op, Pullback &p) {
  Emitter &e = p.e;
  Value x = op->getOperand(0), weight = op->getOperand(1);
  const FailureOr<TransposedWindow> w = readWindow(op);
  if (failed(w))
    return failure();
  const int64_t groups = op.getInt("group").value_or(1);
  if (p.wants(0) || p.wants(1)) {
    SmallVector<int64_t> before = {0, 0}, after = {0, 0};
    llvm::append_range(before, w->before);
    llvm::append_range(after, w->after);
    // What is cut behind may be more than the cotangent has.
    const SmallVector<int64_t> nowhere(before.size(), 0), none(2 * w->strides.size(), 0);
    Value dy = e.pad(e.pad(p.cotangent, before, nowhere), nowhere, after);
    if (p.wants(0))
      p.gradients[0] = convolve(e, dy, weight, w->strides, w->dilations, none, groups);
    if (p.wants(1))
      p.gradients[1] =
          pullConvWeight(e, x, dy, shapeOf(weight), w->strides, w->dilations, none, groups);
  }
  if (op->getNumOperands() > 2 && p.wants(2))
    p.gradients[2] = pullChannelBias(e, p.cotangent);
  return success();
}

const Row *quantc::nn::contractionRow(StringRef type) {
  static const llvm::StringMap<Row> rows = {
      {"ConvTranspose", {pullConvTranspose, 0b111}},
      {"Einsum", {pullEinsum, ~0u}},
  };
  auto row = rows.find(type);
  return row == rows.end() ? nullptr : &row->second;
}
