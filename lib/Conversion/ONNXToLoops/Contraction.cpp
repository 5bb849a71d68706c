//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matrix products and convolutions: float ones and integer ones with zero points.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Fusion.h"
#include "Operands.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

FailureOr<MatrixProduct> quantc::toloops::matrixProduct(NodeLowering &n, Tensor a, Tensor b) {
  MatrixProduct m;
  if (a.rank() == 0 || b.rank() == 0)
    return n.refuse(Refusal::Rank, "expected rank 1 or more");
  bool rowless = a.rank() == 1, columnless = b.rank() == 1;
  m.a = rowless ? a.reshaped({1, a.dim(0)}) : a;
  m.b = columnless ? b.reshaped({b.dim(0), 1}) : b;
  n.e.check(n.e.equal(m.a.dim(-1), m.b.dim(-2)), "the inner sizes differ");
  m.batch = broadcast(n.e, {m.a.dims().drop_back(2), m.b.dims().drop_back(2)});
  m.full = m.batch;
  m.full.append({m.a.dim(-2), m.b.dim(-1)});
  m.sizes = m.batch;
  if (!rowless)
    m.sizes.push_back(m.a.dim(-2));
  if (!columnless)
    m.sizes.push_back(m.b.dim(-1));
  return m;
}

/// Position of element (row, column) of the matrix that belongs to a place of the batch.
static Indices matrixPosition(Emitter &e, const Tensor &t, IndexRef batch, Index row,
                              Index column) {
  Indices own;
  size_t lead = batch.size() - (t.rank() - 2);
  for (int64_t axis = 0; axis < t.rank() - 2; ++axis)
    own.push_back(broadcastIndex(e, t.dim(axis), batch[lead + axis]));
  own.append({row, column});
  return own;
}

void quantc::toloops::emitProduct(Emitter &e, const MatrixProduct &m, Scalar zero,
                                  llvm::function_ref<Scalar(const Tensor &, IndexRef)> element,
                                  llvm::function_ref<void(IndexRef, Scalar)> store) {
  e.loops(m.full, [&](IndexRef p) {
    IndexRef batch = p.drop_back(2);
    Index row = p[p.size() - 2], column = p[p.size() - 1];
    Scalar sum = e.fold(m.a.dim(-1), {zero}, [&](Index k, ArrayRef<Scalar> so) {
      Scalar x = element(m.a, matrixPosition(e, m.a, batch, row, k));
      Scalar y = element(m.b, matrixPosition(e, m.b, batch, k, column));
      return Scalars{so[0] + x * y};
    })[0];
    store(p, sum);
  });
}

static Value addressAt(Emitter &e, const MatrixView &m) {
  return arith::AddIOp::create(e.b, e.loc, e.address(m.data), e.argument(m.start * 4));
}

Tensor quantc::toloops::gemmScratch(Emitter &e, Index inner) {
  Index columns = Index(131072) / max(inner, 1) / 64 * 64; // FloatKernels.def
  return e.allocate({inner * max(min(columns, 512), 64)}, DType::F32);
}

void quantc::toloops::emitGemm(Emitter &e, const MatrixView &out, const MatrixView &a,
                               const MatrixView &b, const Tensor &scratch, Index rows,
                               Index columns, Index inner, bool transB) {
  auto n = [&](Index index) { return e.argument(index); };
  e.call("qrt_loops_gemm_f32", Type(),
         {addressAt(e, out), addressAt(e, a), addressAt(e, b), e.address(scratch), n(rows),
          n(columns), n(inner), n(a.stride), n(b.stride), n(out.stride), n(transB)});
}

/// What a Transpose of the last two axes made the node's right operand from, if one did.
static Tensor turnedOperand(NodeLowering &n) {
  auto source = n.node.getOptionalInput(1).getDefiningOp<onnx::NodeOp>();
  if (!source || !source.isOp("Transpose") || source->getBlock() != n.node->getBlock())
    return {};
  NodeLowering transpose(source, n.e, n.scope, n.lowerBody);
  Tensor operand = transpose.in(0);
  auto order = transpose.intsAttr("perm");
  if (!operand || operand.rank() < 2 || (!order && operand.rank() > 2))
    return {};
  size_t rank = size_t(operand.rank());
  SmallVector<int64_t> turned = llvm::to_vector(llvm::seq<int64_t>(operand.rank()));
  std::swap(turned[rank - 2], turned[rank - 1]);
  return !order || *order == turned ? operand : Tensor();
}

/// One product a place of the batch; where b is one matrix, the batch is rows. `turned`, if it is
/// there, holds b with its last two axes exchanged.
static void fastProduct(Emitter &e, const MatrixProduct &m, Tensor turned, const Tensor &out) {
  Index rows = m.a.dim(-2), inner = m.a.dim(-1), columns = m.b.dim(-1);
  Tensor scratch = gemmScratch(e, inner), b = turned ? turned : m.b;
  bool transB(turned);
  Index stride = transB ? inner : columns;
  if (b.rank() == 2)
    return emitGemm(e, {out, 0, columns}, {m.a, 0, inner}, {b, 0, stride}, scratch,
                    product(m.a.dims().drop_back(1)), columns, inner, transB);
  auto at = [&](const Tensor &t, IndexRef batch, Index size, Index stride) {
    Index place = 0; // of the matrix
    size_t lead = batch.size() - (t.rank() - 2);
    for (int64_t axis = 0; axis < t.rank() - 2; ++axis)
      place = place * t.dim(axis) + broadcastIndex(e, t.dim(axis), batch[lead + axis]);
    return MatrixView{t, place * size, stride};
  };
  e.loops(m.batch, [&](IndexRef batch) {
    emitGemm(e, at(out, batch, rows * columns, columns), at(m.a, batch, rows * inner, inner),
             at(b, batch, inner * columns, stride), scratch, rows, columns, inner, transB);
  });
}

static LogicalResult matMul(NodeLowering &n) {
  FailureOr<MatrixProduct> m = matrixProduct(n, n.in(0), n.in(1));
  if (failed(m))
    return failure();
  DType type = n.in(0).type();
  Tensor out = n.result(0, m->sizes, type).reshaped(m->full);
  if (type == DType::F32) {
    fastProduct(n.e, *m, turnedOperand(n), out);
    return success();
  }
  emitProduct(
      n.e, *m, n.e.constant(0, computeOf(type)),
      [](const Tensor &t, IndexRef p) { return t.load(p); },
      [&](IndexRef p, Scalar sum) { out.store(sum, p); });
  return success();
}

static LogicalResult gemm(NodeLowering &n) {
  Tensor a = n.in(0), b = n.in(1), c = n.in(2);
  double alpha = n.attr("alpha", 1.0), beta = n.attr("beta", 1.0);
  bool transA = n.attr("transA", int64_t(0)) != 0, transB = n.attr("transB", int64_t(0)) != 0;
  if (a.rank() != 2 || b.rank() != 2)
    return n.refuse(Refusal::Rank, "expected matrices");
  Emitter &e = n.e;
  Index rows = a.dim(transA ? 1 : 0), inner = a.dim(transA ? 0 : 1);
  Index columns = b.dim(transB ? 0 : 1);
  e.check(e.equal(inner, b.dim(transB ? 1 : 0)), "the inner sizes differ");
  Tensor out = n.result(0, {rows, columns}, a.type());
  if (c && c.rank() > 2)
    return n.refuse(Refusal::Rank, "expected C to broadcast to a matrix");
  if (c)
    (void)broadcast(e, {c.dims(), out.dims()});
  Tensor products;
  if (a.type() == DType::F32 && !transA) {
    products = e.allocate(out.dims(), DType::F32);
    emitGemm(e, {products, 0, columns}, {a, 0, inner}, {b, 0, transB ? inner : columns},
             gemmScratch(e, inner), rows, columns, inner, transB);
  }
  e.loops(out.dims(), [&](IndexRef p) {
    Scalar zero = e.constant(0, a.kind());
    Scalar sum =
        products ? products.load(p) : e.fold(inner, {zero}, [&](Index k, ArrayRef<Scalar> so) {
          Scalar x = a.load(transA ? IndexRef({k, p[0]}) : IndexRef({p[0], k}));
          Scalar y = b.load(transB ? IndexRef({p[1], k}) : IndexRef({k, p[1]}));
          return Scalars{so[0] + x * y};
        })[0];
    auto scaled = [&](Scalar x, double factor) { // factors are floats also beside integers
      if (factor == 1)
        return x;
      return isFloat(x.kind) ? x * factor : convert(convert(x, Compute::F64) * factor, x.kind);
    };
    Scalar value = scaled(sum, alpha);
    if (c && beta != 0)
      value = value + scaled(c.load(broadcastPosition(e, c, p, out.dims())), beta);
    out.store(value, p);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

FailureOr<Convolution> quantc::toloops::readConvolution(NodeLowering &n, Tensor input,
                                                        Tensor weight) {
  Convolution c{input, weight, {}, {}, {}, n.attr("group", int64_t(1))};
  if (input.rank() < 3 || input.rank() != weight.rank() || c.groups < 1)
    return n.refuse(Refusal::Rank, "expected input and weight of one rank of 3 or more");
  c.spatial.assign(input.dims().begin() + 2, input.dims().end());
  FailureOr<Window> window =
      readWindow(n, c.spatial, Indices(weight.dims().begin() + 2, weight.dims().end()));
  if (failed(window))
    return failure();
  c.window = *window;
  n.e.check(n.e.equal(weight.dim(1) * c.groups, input.dim(1)),
            "the weight has another number of input channels");
  for (auto [given, own] : llvm::zip_equal(c.window.kernel, weight.dims().drop_front(2)))
    n.e.check(n.e.equal(given, own), "kernel_shape differs from the weight's");
  c.sizes = {input.dim(0), weight.dim(0)};
  c.sizes.append(c.window.out.begin(), c.window.out.end());
  return c;
}

void quantc::toloops::emitConvolution(Emitter &e, const Convolution &c,
                                      llvm::function_ref<Scalar(IndexRef)> start,
                                      llvm::function_ref<Scalar(const Tensor &, IndexRef)> element,
                                      llvm::function_ref<void(IndexRef, Scalar)> store) {
  Index perGroup = c.weight.dim(1), outPerGroup = c.weight.dim(0) / c.groups;
  e.loops(c.sizes, [&](IndexRef p) {
    Index firstChannel = c.groups == 1 ? Index(0) : p[1] / max(outPerGroup, 1) * perGroup;
    Scalars sum =
        foldWindow(e, c.window, c.spatial, p.drop_front(2), {start(p)},
                   [&](IndexRef tap, IndexRef at, ArrayRef<Scalar> so) {
                     return e.fold(perGroup, so, [&](Index k, ArrayRef<Scalar> inner) {
                       Indices x = {p[0], firstChannel + k}, w = {p[1], k};
                       x.append(at.begin(), at.end());
                       w.append(tap.begin(), tap.end());
                       return Scalars{inner[0] + element(c.input, x) * element(c.weight, w)};
                     });
                   });
    store(p, sum[0]);
  });
}

/// One or two spatial axes in float32, by the kernel.
static void fastConvolution(Emitter &e, const Convolution &c, const ChannelEpilogue &epilogue,
                            const Tensor &out) {
  const Window &w = c.window;
  bool flat = c.spatial.size() == 1;
  auto both = [&](auto &&list, Index absent) {
    return std::pair<Index, Index>(flat ? absent : Index(list[0]), Index(list[flat ? 0 : 1]));
  };
  auto [height, width] = both(c.spatial, 1);
  auto [outH, outW] = both(w.out, 1);
  auto [kernelH, kernelW] = both(w.kernel, 1);
  auto [strideH, strideW] = both(w.strides, 1);
  auto [dilH, dilW] = both(w.dilations, 1);
  auto [top, left] = both(w.before, 0);
  Index taps = c.weight.dim(1) * kernelH * kernelW;
  for (const Tensor &perChannel : {epilogue.scale, epilogue.shift})
    if (perChannel)
      e.check(e.equal(perChannel.count(), c.weight.dim(0)),
              "bias or BatchNormalization have another number of channels");
  Index elements = (taps + c.weight.dim(0) / c.groups) * 64 + 6144; // FloatKernels.def
  if (c.groups > 1) {
    Index rows = (kernelH - 1) * dilH + strideH * 7 + 1;
    Index pitch = (outW + (kernelW - 1) * dilW + 30) / 16 * 16;
    elements = max(elements, rows * strideW * pitch);
  }
  Tensor scratch = e.allocate({elements}, DType::F32);
  SmallVector<Value> arguments = {e.address(out),
                                  e.address(c.input),
                                  e.address(c.weight),
                                  e.address(epilogue.scale),
                                  e.address(epilogue.shift),
                                  e.address(scratch),
                                  e.f32(epilogue.lo).value,
                                  e.f32(epilogue.hi).value};
  for (Index index : {c.input.dim(0), c.input.dim(1), height, width, c.weight.dim(0), outH, outW,
                      kernelH, kernelW, strideH, strideW, dilH, dilW, top, left, Index(c.groups)})
    arguments.push_back(e.argument(index));
  e.call("qrt_loops_conv_nchw_f32", Type(), arguments);
}

static LogicalResult conv(NodeLowering &n) {
  FailureOr<Convolution> c = readConvolution(n, n.in(0), n.in(1));
  if (failed(c))
    return failure();
  Tensor bias = n.in(2), out = n.result(0, c->sizes, c->input.type());
  if (failed(expectVectors(n, {bias}, c->weight.dim(0))))
    return failure();
  if (out.type() == DType::F32 && c->spatial.size() <= 2) {
    fastConvolution(n.e, *c, fuseEpilogue(n, bias, out), out);
    return success();
  }
  emitConvolution(
      n.e, *c, [&](IndexRef p) { return bias ? bias.load({p[1]}) : n.e.constant(0, out.kind()); },
      [](const Tensor &t, IndexRef at) { return t.load(at); },
      [&](IndexRef p, Scalar sum) { out.store(sum, p); });
  return success();
}

/// Padding and result sizes of ConvTranspose: output_shape decides the padding where it is given.
static LogicalResult readTransposedSizes(NodeLowering &n, Window &w, IndexRef spatial) {
  size_t axes = spatial.size();
  SmallVector<int64_t> more = n.intsAttr("output_padding").value_or(SmallVector<int64_t>(axes, 0));
  auto wanted = n.intsAttr("output_shape");
  std::string autoPad = n.attr("auto_pad", "NOTSET");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (more.size() != axes || (wanted && wanted->size() < axes))
    return n.refuse(Refusal::AttributeValue, "expected a value for each spatial axis");
  SmallVector<int64_t> pads = n.intsAttr("pads").value_or(SmallVector<int64_t>(2 * axes, 0));
  for (size_t i = 0; i < axes; ++i) {
    Index extent = (w.kernel[i] - 1) * w.dilations[i] + 1;
    Index full = (spatial[i] - 1) * w.strides[i] + more[i] + extent;
    if (!wanted && !same) {
      w.before[i] = autoPad == "NOTSET" ? pads[i] : 0;
      w.out[i] = full - w.before[i] - (autoPad == "NOTSET" ? pads[axes + i] : 0);
      continue;
    }
    w.out[i] = wanted ? Index((*wanted)[wanted->size() - axes + i]) : spatial[i] * w.strides[i];
    Index total = max(full - w.out[i], 0);
    w.before[i] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
  }
  return success();
}

/// Adds the products of one tap of a channel to the results that they belong to.
static void addTap(Emitter &e, const Tensor &products, IndexRef tap, const Window &window,
                   IndexRef spatial, const Tensor &out, IndexRef plane) {
  Indices first, counts, shift;
  for (auto [i, size] : llvm::enumerate(spatial)) { // those whose place lies in the result
    shift.push_back(tap[1 + i] * window.dilations[i] - window.before[i]);
    first.push_back(max(ceilDiv(Index(0) - shift[i], window.strides[i]), 0));
    Index end = floorDiv(out.dim(2 + int64_t(i)) - 1 - shift[i], window.strides[i]) + 1;
    counts.push_back(max(min(end, size) - first[i], 0));
  }
  e.loops(counts, [&](IndexRef pixel) {
    Indices from(tap), to(plane);
    for (size_t i = 0; i < spatial.size(); ++i) {
      from.push_back(first[i] + pixel[i]);
      to.push_back((first[i] + pixel[i]) * window.strides[i] + shift[i]);
    }
    out.store(out.load(to) + products.load(from), to);
  });
}

/// In float32: products of all inputs of a group with all its taps by the kernel, which are then
/// added to the results that they belong to.
static void fastTranspose(Emitter &e, const Tensor &x, const Tensor &w, const Window &window,
                          IndexRef spatial, int64_t groups, const Tensor &out) {
  Index taps = product(window.kernel), pixels = product(spatial), perGroup = w.dim(1);
  Index rows = perGroup * taps, inner = x.dim(1) / groups;
  Tensor turned = e.allocate({groups, rows, inner}, DType::F32);
  Tensor weights = w.reshaped({groups, inner, rows});
  e.loops(turned.dims(),
          [&](IndexRef p) { turned.storeRaw(weights.loadRaw({p[0], p[2], p[1]}), p); });
  Indices outer = {perGroup};
  outer.append(window.kernel);
  Indices sizes = outer;
  sizes.append(spatial.begin(), spatial.end());
  Tensor products = e.allocate(sizes, DType::F32);
  Tensor scratch = gemmScratch(e, inner);
  e.loops({x.dim(0), groups}, [&](IndexRef p) {
    emitGemm(e, {products, 0, pixels}, {turned, p[1] * rows * inner, inner},
             {x, (p[0] * groups + p[1]) * inner * pixels, pixels}, scratch, rows, pixels, inner,
             false);
    e.loops(outer, [&](IndexRef tap) {
      addTap(e, products, tap, window, spatial, out, {p[0], p[1] * perGroup + tap[0]});
    });
  });
}

/// out[o] sums x[i] * w[k] over all i * stride + k * dilation - before == o.
static LogicalResult convTranspose(NodeLowering &n) {
  Tensor x = n.in(0), w = n.in(1), bias = n.in(2);
  int64_t groups = n.attr("group", int64_t(1));
  if (x.rank() < 3 || x.rank() != w.rank() || groups < 1)
    return n.refuse(Refusal::Rank, "expected input and weight of one rank of 3 or more");
  Emitter &e = n.e;
  Indices spatial(x.dims().begin() + 2, x.dims().end());
  FailureOr<Window> window = readWindow(n, spatial, Indices(w.dims().begin() + 2, w.dims().end()));
  if (failed(window) || failed(readTransposedSizes(n, *window, spatial)))
    return failure();
  e.check(e.equal(x.dim(1), w.dim(0)), "the weight has another number of input channels");
  Index perGroup = w.dim(1), inPerGroup = x.dim(1) / groups;
  Indices sizes = {x.dim(0), perGroup * groups};
  for (Index size : window->out)
    sizes.push_back(max(size, 0));
  if (bias)
    e.check(e.equal(bias.count(), sizes[1]), "the bias has another number of channels");
  e.check(e.equal(inPerGroup * groups, x.dim(1)), "the groups do not cover the channels");
  Tensor out = n.result(0, sizes, x.type());
  if (x.type() == DType::F32) {
    e.loops(sizes, [&](IndexRef p) {
      out.store(bias ? bias.load({p[1]}) : e.constant(0, out.kind()), p);
    });
    fastTranspose(e, x, w, *window, spatial, groups, out);
    return success();
  }
  e.loops(sizes, [&](IndexRef p) {
    Index group = p[1] / max(perGroup, 1), channel = p[1] % max(perGroup, 1);
    Scalar start = bias ? bias.load({p[1]}) : e.constant(0, x.kind());
    Scalars sum = e.foldOver(window->kernel, {start}, [&](IndexRef tap, ArrayRef<Scalar> so) {
      Indices at;
      Scalar hits = e.boolean(true);
      for (size_t i = 0; i < spatial.size(); ++i) {
        Index reach = p[2 + i] + window->before[i] - tap[i] * window->dilations[i];
        at.push_back(floorDiv(reach, window->strides[i]));
        hits = hits & e.equal(at[i] * window->strides[i], reach) & !e.less(at[i], 0) &
               e.less(at[i], spatial[i]);
      }
      return e.ifElse(
          hits, {x.kind()},
          [&] {
            return e.fold(inPerGroup, so, [&](Index k, ArrayRef<Scalar> inner) {
              Index from = group * inPerGroup + k;
              Indices px = {p[0], from}, pw = {from, channel};
              px.append(at.begin(), at.end());
              pw.append(tap.begin(), tap.end());
              return Scalars{inner[0] + x.load(px) * w.load(pw)};
            });
          },
          [&] { return Scalars(so); });
    });
    out.store(sum[0], p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Conv", 1, latestOpset, conv},
    {"ConvTranspose", 1, latestOpset, convTranspose},
    {"Gemm", 7, latestOpset, gemm},
    {"MatMul", 1, latestOpset, matMul},
};

ArrayRef<LoweringRow> quantc::toloops::contractionLowerings() { return rows; }
