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
#include "quantc/Dialect/ONNX/Utils/Equation.h"
#include <map>

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

static LogicalResult einsum(NodeLowering &n) {
  SmallVector<Tensor> operands = n.inputs();
  if (operands.empty())
    return n.refuse(Refusal::Operand, "expected an input");
  SmallVector<int64_t> ranks;
  for (const Tensor &operand : operands)
    ranks.push_back(operand.rank());
  auto equation = onnx::readEquation(n.attr("equation", ""), ranks);
  if (!equation)
    return n.refuse(Refusal::AttributeValue, llvm::toString(equation.takeError()));
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
