//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TfIdfVectorizer: counts of known n-grams, with gaps.
//
//===----------------------------------------------------------------------===//

#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
struct Gram {
  SmallVector<int64_t> items;
  int64_t column; ///< of the result
  double weight;
};
} // namespace

static FailureOr<SmallVector<Gram>> readGrams(NodeLowering &n) {
  auto pool = n.intsAttr("pool_int64s"), starts = n.intsAttr("ngram_counts"),
       columns = n.intsAttr("ngram_indexes");
  if (!pool || !starts || !columns)
    return n.refuse(Refusal::AttributeValue,
                    "expected pool_int64s, ngram_counts and ngram_indexes");
  auto weights = n.floatsAttr("weights");
  int64_t least = n.attr("min_gram_length", int64_t(1)),
          most = n.attr("max_gram_length", int64_t(1));
  SmallVector<Gram> grams;
  size_t number = 0; // of the n-gram, in the order of the pool
  for (size_t size = 1; size <= starts->size(); ++size) {
    int64_t end = size < starts->size() ? (*starts)[size] : int64_t(pool->size());
    for (int64_t at = (*starts)[size - 1]; at >= 0 && at + int64_t(size) <= end;
         at += int64_t(size), ++number) {
      if (end > int64_t(pool->size()) || number >= columns->size() || (*columns)[number] < 0 ||
          (weights && number >= weights->size()))
        return n.refuse(Refusal::AttributeValue, "the pool and its indexes differ in size");
      if (int64_t(size) < least || int64_t(size) > most)
        continue;
      auto items = ArrayRef(*pool).slice(size_t(at), size);
      grams.push_back({SmallVector<int64_t>(items), (*columns)[number],
                       weights ? double((*weights)[number]) : 1.0});
    }
  }
  return grams;
}

/// How often a gram stands in a row, its items `gap` apart.
static Scalar occurrences(Emitter &e, const Tensor &x, Index row, const Gram &gram, int64_t gap) {
  Index reach = int64_t(gram.items.size() - 1) * gap;
  return e.fold(max(x.dim(1) - reach, 0), {e.i64(0)}, [&](Index start, ArrayRef<Scalar> so) {
    Scalar same = e.boolean(true);
    for (auto [i, item] : llvm::enumerate(gram.items)) {
      Scalar found = convert(x.load({row, start + int64_t(i) * gap}), Compute::I64);
      same = same & (found == e.i64(item));
    }
    return Scalars{select(same, so[0] + 1.0, so[0])};
  })[0];
}

static LogicalResult tfIdfVectorizer(NodeLowering &n) {
  Tensor in = n.in(0);
  Emitter &e = n.e;
  FailureOr<SmallVector<Gram>> grams = readGrams(n);
  std::string mode = n.attr("mode", "");
  if (failed(grams))
    return failure();
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return n.refuse(Refusal::AttributeValue, "expected mode TF, IDF or TFIDF");
  if (in.rank() < 1 || in.rank() > 2 || !isInteger(in.type()))
    return n.refuse(Refusal::ElementType, "expected integers of rank 1 or 2");
  int64_t width = 0, skips = n.attr("max_skip_count", int64_t(0));
  for (int64_t column : n.intsAttr("ngram_indexes").value_or(SmallVector<int64_t>()))
    width = std::max(width, column + 1);
  bool batched = in.rank() == 2;
  Tensor x = batched ? in : in.reshaped({1, in.dim(0)});
  Tensor out = n.result(0, batched ? Indices{in.dim(0), width} : Indices{width}, DType::F32)
                   .reshaped({x.dim(0), width});
  e.fill(out, e.f32(0));
  e.loop(x.dim(0), [&](Index row) {
    for (const Gram &gram : *grams) {
      Scalar count = e.i64(0);
      for (int64_t gap = 1; gap <= (gram.items.size() > 1 ? skips + 1 : 1); ++gap)
        count = count + occurrences(e, x, row, gram, gap);
      Scalar value = convert(count, Compute::F32);
      if (mode == "IDF")
        value = select(count > 0, e.f32(1), e.f32(0));
      if (mode != "TF")
        value = value * gram.weight;
      out.store(out.load({row, gram.column}) + value, {row, gram.column});
    }
  });
  return success();
}

static const LoweringRow rows[] = {
    {"TfIdfVectorizer", 9, latestOpset, withInputs<1, tfIdfVectorizer>},
};

ArrayRef<LoweringRow> quantc::toloops::tfIdfLowerings() { return rows; }
