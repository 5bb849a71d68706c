//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Einsum, and the determinant.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Labels of the axes of each operand and of the result. Axes of an ellipsis are numbered from the
/// right: they are labels of their own.
struct Equation {
  std::vector<std::vector<int>> operands;
  std::vector<int> result;
};
constexpr int ellipsis = 1000; ///< label of its last axis; ellipsis + 1 is the one before
} // namespace

/// Labels of one term; the ellipsis stands for what the letters leave of `rank` (or `most` axes in
/// the result).
static std::optional<std::vector<int>> readTerm(StringRef term, int64_t rank) {
  std::vector<int> labels;
  size_t dots = term.find("...");
  int64_t letters = int64_t(term.size()) - (dots == StringRef::npos ? 0 : 3);
  int64_t hidden = dots == StringRef::npos ? 0 : rank - letters;
  if (hidden < 0)
    return std::nullopt;
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int64_t axis = hidden; axis-- > 0;)
        labels.push_back(ellipsis + int(axis));
      i += 2;
      continue;
    }
    if (!llvm::isAlpha(term[i]))
      return std::nullopt;
    labels.push_back(term[i]);
  }
  return labels;
}

static FailureOr<Equation> readEquation(NodeLowering &n, ArrayRef<Tensor> operands) {
  std::string text = n.attr("equation", "");
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != operands.size())
    return n.refuse(Refusal::AttributeValue, "expected a term for each input");
  Equation equation;
  std::map<int, int> counts;
  int most = 0; // axes of the longest ellipsis
  for (auto [term, operand] : llvm::zip_equal(terms, operands)) {
    auto labels = readTerm(term, operand.rank());
    if (!labels || int64_t(labels->size()) != operand.rank())
      return n.refuse(Refusal::AttributeValue, "term '" + term + "' does not fit its input");
    for (int label : *labels) {
      ++counts[label];
      if (label >= ellipsis)
        most = std::max(most, label - ellipsis + 1);
    }
    equation.operands.push_back(*labels);
  }
  if (StringRef(text).contains("->")) {
    size_t letters = right.size() - (right.contains("...") ? 3 : 0);
    auto labels = readTerm(right, int64_t(letters) + most);
    if (!labels)
      return n.refuse(Refusal::AttributeValue, "the result's term is malformed");
    equation.result = *labels;
  } else { // the ellipsis, then labels that stand once, in alphabetical order
    for (int axis = most; axis-- > 0;)
      equation.result.push_back(ellipsis + axis);
    for (auto [label, count] : counts)
      if (label < ellipsis && count == 1)
        equation.result.push_back(label);
  }
  for (int label : equation.result)
    if (!counts.count(label))
      return n.refuse(Refusal::AttributeValue, "the result has a label that no input has");
  return equation;
}

static LogicalResult einsum(NodeLowering &n) {
  SmallVector<Tensor> operands = n.inputs();
  if (operands.empty())
    return n.refuse(Refusal::Operand, "expected an input");
  FailureOr<Equation> equation = readEquation(n, operands);
  if (failed(equation))
    return failure();
  Emitter &e = n.e;
  std::map<int, Index> sizes;
  for (auto [labels, operand] : llvm::zip_equal(equation->operands, operands))
    for (auto [label, size] : llvm::zip_equal(labels, operand.dims())) {
      auto [known, isNew] = sizes.try_emplace(label, size);
      if (!isNew)
        known->second = broadcast(e, {IndexRef(known->second), IndexRef(size)}).front();
    }
  Indices outer, inner;
  SmallVector<int> summed;
  for (int label : equation->result)
    outer.push_back(sizes[label]);
  for (auto &[label, size] : sizes)
    if (!llvm::is_contained(equation->result, label)) {
      summed.push_back(label);
      inner.push_back(size);
    }
  Tensor out = n.result(0, outer, operands.front().type());
  e.loops(outer, [&](IndexRef place) {
    Scalar zero = e.constant(0, out.kind());
    Scalar sum = e.foldOver(inner, {zero}, [&](IndexRef at, ArrayRef<Scalar> so) {
      std::map<int, Index> where;
      for (auto [label, index] : llvm::zip_equal(equation->result, place))
        where[label] = index;
      for (auto [label, index] : llvm::zip_equal(summed, at))
        where[label] = index;
      std::optional<Scalar> term;
      for (auto [labels, operand] : llvm::zip_equal(equation->operands, operands)) {
        Indices position, full;
        for (int label : labels) {
          position.push_back(where[label]);
          full.push_back(sizes[label]);
        }
        Scalar value = operand.load(broadcastPosition(e, operand, position, full));
        term = term ? *term * value : value;
      }
      return Scalars{so[0] + *term};
    })[0];
    out.store(sum, place);
  });
  return success();
}

/// By elimination with the largest pivot of each column.
static LogicalResult determinant(NodeLowering &n) {
  Tensor in = n.in(0);
  if (in.rank() < 2)
    return n.refuse(Refusal::Rank, "expected rank 2 or more");
  Emitter &e = n.e;
  Index size = in.dim(-1);
  e.check(e.equal(in.dim(-2), size), "expected square matrices");
  Indices batch(in.dims().drop_back(2));
  Tensor x = in.reshaped({product(batch), size, size});
  Tensor out = n.result(0, batch, in.type()).flat();
  Tensor work = e.allocate({size, size}, in.type() == DType::F64 ? DType::F64 : DType::F32);
  e.loop(x.dim(0), [&](Index matrix) {
    e.loops({size, size}, [&](IndexRef p) { work.store(x.load({matrix, p[0], p[1]}), p); });
    Scalar one = e.constant(1, work.kind());
    Scalar result = e.fold(size, {one}, [&](Index step, ArrayRef<Scalar> so) {
      Scalars best = e.fold(size - step, {e.toScalar(step), abs(work.load({step, step}))},
                            [&](Index i, ArrayRef<Scalar> top) {
                              Scalar value = abs(work.load({step + i, step}));
                              Scalar takes = value > top[1];
                              return Scalars{select(takes, e.toScalar(step + i), top[0]),
                                             select(takes, value, top[1])};
                            });
      Index row = e.toIndex(best[0]);
      e.loop(size, [&](Index i) { // exchange rows
        Scalar a = work.load({step, i}), b = work.load({row, i});
        work.store(b, {step, i});
        work.store(a, {row, i});
      });
      Scalar pivot = work.load({step, step}), zero = number(0, pivot);
      e.loop(size - step - 1, [&](Index i) {
        Scalar factor = select(pivot == zero, zero, work.load({step + 1 + i, step}) / pivot);
        e.loop(size, [&](Index j) {
          work.store(work.load({step + 1 + i, j}) - factor * work.load({step, j}),
                     {step + 1 + i, j});
        });
      });
      Scalar moved = best[0] != e.toScalar(step);
      return Scalars{so[0] * select(moved, -pivot, pivot)};
    })[0];
    out.store(result, {matrix});
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Det", 11, latestOpset, withInputs<1, determinant>},
    {"Einsum", 12, latestOpset, withInputs<1, einsum>},
};

ArrayRef<LoweringRow> quantc::toloops::einsumLowerings() { return rows; }
