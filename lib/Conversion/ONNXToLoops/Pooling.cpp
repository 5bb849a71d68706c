//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows that do not multiply: maxima, means and norms.
//
//===----------------------------------------------------------------------===//

#include "Windows.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Input and output as [N, C, spatial...], and the window.
struct Pool {
  Tensor in;
  Indices spatial;
  Window window;
  Indices sizes; ///< of the result

  Indices position(IndexRef place, IndexRef at) const {
    Indices p = {place[0], place[1]};
    p.append(at.begin(), at.end());
    return p;
  }
};
} // namespace

static FailureOr<Pool> readPool(NodeLowering &n) {
  Pool pool;
  pool.in = n.in(0);
  if (pool.in.rank() < 3)
    return n.refuse(Refusal::Rank, "expected rank 3 or more");
  pool.spatial.assign(pool.in.dims().begin() + 2, pool.in.dims().end());
  FailureOr<Window> window = readWindow(n, pool.spatial);
  if (failed(window))
    return failure();
  pool.window = *window;
  pool.sizes = {pool.in.dim(0), pool.in.dim(1)};
  pool.sizes.append(window->out.begin(), window->out.end());
  return pool;
}

static Scalar lowest(Emitter &e, Compute kind) {
  if (isFloat(kind))
    return e.constant(-HUGE_VAL, kind);
  return kind == Compute::I64 ? e.i64(INT64_MIN) : e.constant(0, kind);
}

static LogicalResult maxPool(NodeLowering &n) {
  FailureOr<Pool> pool = readPool(n);
  if (failed(pool))
    return failure();
  Emitter &e = n.e;
  Tensor in = pool->in, out = n.result(0, pool->sizes, in.type());
  Tensor indices = n.wants(1) ? n.result(1, pool->sizes, DType::I64) : Tensor();
  bool columns = n.attr("storage_order", int64_t(0)) == 1;
  if (!indices) { // the place need not be carried on
    e.loops(pool->sizes, [&](IndexRef place) {
      Scalars best =
          foldWindow(e, pool->window, pool->spatial, place.drop_front(2), {lowest(e, in.kind())},
                     [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                       Scalar x = in.load(pool->position(place, at));
                       return Scalars{select((x > so[0]) | isNaN(x), x, so[0])};
                     });
      out.store(best[0], place);
    });
    return success();
  }
  e.loops(pool->sizes, [&](IndexRef place) {
    Scalars best = {lowest(e, in.kind()), e.i64(-1)};
    best = foldWindow(e, pool->window, pool->spatial, place.drop_front(2), best,
                      [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                        Scalar x = in.load(pool->position(place, at));
                        // Row-major, or column-major over the spatial axes.
                        Index flat = 0;
                        for (size_t i = 0; i < at.size(); ++i) {
                          size_t axis = columns ? at.size() - 1 - i : i;
                          flat = flat * pool->spatial[axis] + at[axis];
                        }
                        Scalar takes = (x > so[0]) | (so[1] < 0) | isNaN(x);
                        return Scalars{select(takes, x, so[0]),
                                       select(takes, e.toScalar(flat), so[1])};
                      });
    out.store(best[0], place);
    Index base = (place[0] * in.dim(1) + place[1]) * product(pool->spatial);
    indices.store(best[1] + e.toScalar(base), place);
  });
  return success();
}

static LogicalResult averagePool(NodeLowering &n) {
  FailureOr<Pool> pool = readPool(n);
  if (failed(pool))
    return failure();
  Emitter &e = n.e;
  Tensor in = pool->in, out = n.result(0, pool->sizes, in.type());
  bool countPads = n.attr("count_include_pad", int64_t(0)) != 0;
  e.loops(pool->sizes, [&](IndexRef place) {
    Scalar zero = e.constant(0, in.kind());
    Scalars sums = foldWindow(e, pool->window, pool->spatial, place.drop_front(2), {zero, zero},
                              [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                                Scalar x = in.load(pool->position(place, at));
                                return Scalars{so[0] + x, so[1] + 1.0};
                              });
    Scalar count = sums[1];
    if (countPads) { // taps inside the padded input; what ceil_mode adds behind it does not count
      Index all = 1;
      for (size_t i = 0; i < pool->window.axes(); ++i) {
        const Window &w = pool->window;
        Index start = place[2 + i] * w.strides[i];
        Index room = pool->spatial[i] + w.before[i] + w.after[i] - start;
        all = all * min(w.kernel[i], ceilDiv(room, w.dilations[i]));
      }
      count = convert(e.toScalar(all), in.kind());
    }
    out.store(sums[0] / count, place);
  });
  return success();
}

static LogicalResult lpPool(NodeLowering &n) {
  FailureOr<Pool> pool = readPool(n);
  if (failed(pool))
    return failure();
  Emitter &e = n.e;
  Tensor in = pool->in, out = n.result(0, pool->sizes, in.type());
  double p = double(n.attr("p", int64_t(2)));
  e.loops(pool->sizes, [&](IndexRef place) {
    Scalar zero = e.constant(0, in.kind());
    Scalars sums = foldWindow(e, pool->window, pool->spatial, place.drop_front(2), {zero},
                              [&](IndexRef, IndexRef at, ArrayRef<Scalar> so) {
                                Scalar x = abs(in.load(pool->position(place, at)));
                                return Scalars{so[0] + math("pow", x, number(p, x))};
                              });
    out.store(math("pow", sums[0], number(1 / p, sums[0])), place);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"AveragePool", 7, latestOpset, averagePool},
    {"LpPool", 7, latestOpset, lpPool},
    {"MaxPool", 1, latestOpset, maxPool},
};

ArrayRef<LoweringRow> quantc::toloops::poolingLowerings() { return rows; }
