//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matrix products that ONNX Runtime fuses: FusedMatMul, FusedGemm, FusedConv, MatMulNBits.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Contrib.h"
#include "Operands.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <functional>

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

Tensor quantc::toloops::convertedTo(Emitter &e, const Tensor &tensor, DType type) {
  if (tensor.type() == type)
    return tensor;
  Tensor result = e.allocate(tensor.dims(), type);
  mapUnary(e, tensor, result, [](Scalar x) { return x; });
  return result;
}

//===----------------------------------------------------------------------===//
// Activations by name
//===----------------------------------------------------------------------===//

using Activation = std::function<Scalar(Scalar)>;

/// `parameters` are the activation's, in order.
static FailureOr<Activation> readActivation(NodeLowering &n, ArrayRef<float> parameters) {
  std::string name = n.attr("activation", "");
  auto parameter = [&](size_t i, double absent) {
    return i < parameters.size() ? double(parameters[i]) : absent;
  };
  if (name.empty())
    return Activation([](Scalar x) { return x; });
  if (name == "Relu")
    return Activation([](Scalar x) { return max(x, number(0, x)); });
  if (name == "Sigmoid")
    return Activation([](Scalar x) { return math("sigmoid", x); });
  if (name == "Tanh")
    return Activation([](Scalar x) { return math("tanh", x); });
  if (name == "LeakyRelu")
    return Activation(
        [alpha = parameter(0, 0.01)](Scalar x) { return toloops::select(x < 0.0, x * alpha, x); });
  if (name == "Clip")
    return Activation([low = parameter(0, -3.4028234663852886e38),
                       high = parameter(1, 3.4028234663852886e38)](Scalar x) {
      return min(max(x, number(low, x)), number(high, x));
    });
  if (name == "HardSigmoid")
    return Activation([alpha = parameter(0, 0.2), beta = parameter(1, 0.5)](Scalar x) {
      return max(min(x * alpha + beta, number(1, x)), number(0, x));
    });
  return n.refuse(Refusal::AttributeValue, "unknown activation '" + name + "'");
}

//===----------------------------------------------------------------------===//
// Products and convolutions
//===----------------------------------------------------------------------===//

static LogicalResult checkEqualSizes(NodeLowering &n, IndexRef a, IndexRef b) {
  if (a.size() != b.size())
    return n.refuse(Refusal::Rank, "an operand has another rank than the result");
  for (auto [x, y] : llvm::zip_equal(a, b))
    n.e.check(n.e.equal(x, y), "an operand does not fit the result");
  return success();
}

Tensor quantc::toloops::transposed(Emitter &e, const Tensor &in, ArrayRef<int64_t> order) {
  Indices sizes;
  for (int64_t axis : order)
    sizes.push_back(in.dim(axis));
  Tensor out = e.allocate(sizes, in.type());
  e.loops(sizes, [&](IndexRef p) {
    Indices from(order.size(), Index(0));
    for (auto [axis, i] : llvm::zip_equal(order, p))
      from[axis] = i;
    out.storeRaw(in.loadRaw(from), p);
  });
  return out;
}

/// An operand of FusedMatMul as [batch..., rows, columns]. With transBatch the first axis stands
/// in for the one before the last.
static Tensor fusedOperand(NodeLowering &n, unsigned index, StringRef trans, StringRef transBatch) {
  Tensor t = n.in(index);
  int64_t rank = t.rank();
  bool swap = n.attr(trans, int64_t(0)) != 0, batch = n.attr(transBatch, int64_t(0)) != 0;
  if (rank < 2 || (!swap && !batch))
    return t;
  SmallVector<int64_t> order;
  for (int64_t axis = batch ? 1 : 0; axis < rank - (batch ? 1 : 2); ++axis)
    order.push_back(axis);
  order.append({batch ? 0 : rank - 2, rank - 1});
  if (swap)
    std::swap(order[rank - 1], order[rank - 2]);
  return transposed(n.e, t, order);
}

/// One call of the kernel a place of the batch.
static void batchedGemm(Emitter &e, const MatrixProduct &m, const Tensor &out) {
  Index rows = m.a.dim(-2), inner = m.a.dim(-1), columns = m.b.dim(-1);
  Tensor to = out.reshaped({product(m.batch), rows, columns});
  Tensor scratch = gemmScratch(e, inner);
  e.loops(m.batch, [&](IndexRef batch) {
    auto place = [&](const Tensor &t) {
      Index at = 0;
      size_t lead = batch.size() - (t.rank() - 2);
      for (int64_t axis = 0; axis < t.rank() - 2; ++axis)
        at = at * t.dim(axis) + e.select(e.equal(t.dim(axis), 1), 0, batch[lead + axis]);
      return at;
    };
    Index at = 0;
    for (auto [size, i] : llvm::zip_equal(m.batch, batch))
      at = at * size + i;
    emitGemm(e, {to, at * rows * columns, columns}, {m.a, place(m.a) * rows * inner, inner},
             {m.b, place(m.b) * inner * columns, columns}, scratch, rows, columns, inner, false);
  });
}

static LogicalResult fusedMatMul(NodeLowering &n) {
  double alpha = n.attr("alpha", 1.0);
  FailureOr<MatrixProduct> m = matrixProduct(n, fusedOperand(n, 0, "transA", "transBatchA"),
                                             fusedOperand(n, 1, "transB", "transBatchB"));
  if (failed(m))
    return failure();
  Emitter &e = n.e;
  Tensor out = n.result(0, m->sizes, n.in(0).type()).reshaped(m->full);
  if (out.type() == DType::F32) {
    batchedGemm(e, *m, out);
    if (alpha != 1)
      mapUnary(e, out, out, [&](Scalar x) { return x * alpha; });
    return success();
  }
  emitProduct(
      e, *m, e.constant(0, out.kind()), [](const Tensor &t, IndexRef p) { return t.load(p); },
      [&](IndexRef p, Scalar sum) { out.store(sum * alpha, p); });
  return success();
}

static LogicalResult fusedGemm(NodeLowering &n) {
  Tensor a = n.in(0), b = n.in(1), c = n.in(2);
  double alpha = n.attr("alpha", 1.0), beta = n.attr("beta", 1.0);
  SmallVector<float> parameters;
  for (StringRef name : {"activation_alpha", "activation_beta"})
    if (auto value = n.node.getFloat(name))
      parameters.push_back(*value);
  FailureOr<Activation> activation = readActivation(n, parameters);
  if (failed(activation))
    return failure();
  if (a.rank() != 2 || b.rank() != 2)
    return n.refuse(Refusal::Rank, "expected matrices");
  Emitter &e = n.e;
  FailureOr<MatrixProduct> m =
      matrixProduct(n, n.attr("transA", int64_t(0)) ? transposed(e, a, {1, 0}) : a,
                    n.attr("transB", int64_t(0)) ? transposed(e, b, {1, 0}) : b);
  if (failed(m))
    return failure();
  Tensor out = n.result(0, m->sizes, a.type());
  if (c && failed(checkEqualSizes(n, broadcast(e, {c.dims(), out.dims()}), out.dims())))
    return failure();
  emitProduct(
      e, *m, e.constant(0, out.kind()), [](const Tensor &t, IndexRef p) { return t.load(p); },
      [&](IndexRef p, Scalar sum) {
        Scalar value = sum * alpha;
        if (c)
          value = value + c.load(broadcastPosition(e, c, p, out.dims())) * beta;
        out.store((*activation)(value), p);
      });
  return success();
}

/// Conv, then the sum with a fourth operand, then an activation.
static LogicalResult fusedConv(NodeLowering &n) {
  FailureOr<Activation> activation =
      readActivation(n, n.floatsAttr("activation_params").value_or(SmallVector<float>()));
  FailureOr<Convolution> c = readConvolution(n, n.in(0), n.in(1));
  if (failed(activation) || failed(c))
    return failure();
  Emitter &e = n.e;
  Tensor bias = n.in(2), more = n.in(3), out = n.result(0, c->sizes, c->input.type());
  if (more && failed(checkEqualSizes(n, more.dims(), out.dims())))
    return failure();
  if (bias)
    e.check(e.equal(bias.count(), c->weight.dim(0)), "expected a bias for each channel");
  Tensor shifts = bias ? bias.flat() : bias;
  emitConvolution(
      e, *c, [&](IndexRef p) { return shifts ? shifts.load({p[1]}) : e.constant(0, out.kind()); },
      [](const Tensor &t, IndexRef at) { return t.load(at); },
      [&](IndexRef p, Scalar sum) {
        out.store((*activation)(more ? sum + more.load(p) : sum), p);
      });
  return success();
}

//===----------------------------------------------------------------------===//
// MatMulNBits
//===----------------------------------------------------------------------===//

namespace {
/// Weights [columns, inner] of few bits, packed from the low bits of a byte on, with a scale and a
/// zero point for each block of a row.
struct PackedWeights {
  Tensor packed, scales, zeros, groups; ///< all flat
  int64_t bits, block, columns, inner;
  int64_t blocks() const { return llvm::divideCeil(inner, block); }
  int64_t rowBytes() const { return blocks() * (block * bits / 8); }
  int64_t zeroBytes() const { return llvm::divideCeil(blocks() * bits, 8); }
};
} // namespace

static FailureOr<PackedWeights> readPackedWeights(NodeLowering &n) {
  PackedWeights w{n.in(1),
                  n.in(2),
                  n.in(3),
                  n.in(4),
                  n.attr("bits", int64_t(4)),
                  n.attr("block_size", int64_t(0)),
                  n.attr("N", int64_t(0)),
                  n.attr("K", int64_t(0))};
  if ((w.bits != 2 && w.bits != 4 && w.bits != 8) || w.block < 16 || w.block % 8 || w.columns < 1 ||
      w.inner < 1 || n.attr("weight_prepacked", int64_t(0)) != 0)
    return n.refuse(Refusal::AttributeValue,
                    "expected 2, 4 or 8 bits, N, K and block_size, not packed for a device");
  if (!w.packed || w.packed.type() != DType::U8 || !w.scales || !quantc::isFloat(w.scales.type()))
    return n.refuse(Refusal::ElementType, "expected uint8 weights and float scales");
  Emitter &e = n.e;
  e.check(e.equal(w.packed.count(), w.columns * w.rowBytes()) &
              e.equal(w.scales.count(), w.columns * w.blocks()),
          "weights or scales do not fit N, K and block_size");
  w.packed = w.packed.flat();
  w.scales = w.scales.flat();
  if (w.zeros) {
    bool packed = w.zeros.type() == DType::U8;
    e.check(e.equal(w.zeros.count(), w.columns * (packed ? w.zeroBytes() : w.blocks())),
            "zero points do not fit N, K and block_size");
    w.zeros = w.zeros.flat();
  }
  if (w.groups) {
    e.check(!e.less(w.groups.count(), w.inner), "expected a group for each input feature");
    w.groups = w.groups.flat();
  }
  return w;
}

/// `bits` of the bytes from `start` on, number `i`, as float32.
static Scalar unpack(Emitter &e, const Tensor &bytes, Index start, Index i, int64_t bits) {
  int64_t perByte = 8 / bits;
  Scalar byte = bytes.load({start + i / perByte});
  Scalar shift = convert(e.toScalar(i % perByte * bits), byte.kind);
  return convert(shiftRight(byte, shift) & number(double((1 << bits) - 1), byte), Compute::F32);
}

static Scalar dequantize(Emitter &e, const PackedWeights &w, Index column, Index k) {
  Index block = w.groups ? wrapIndex(e, w.groups.load({k}), w.blocks()) : k / w.block;
  Scalar level = unpack(e, w.packed, column * w.rowBytes(), k, w.bits);
  Scalar zero = e.f32(double(1 << (w.bits - 1)));
  if (w.zeros && w.zeros.type() == DType::U8)
    zero = unpack(e, w.zeros, column * w.zeroBytes(), block, w.bits);
  else if (w.zeros)
    zero = convert(w.zeros.load({column * w.blocks() + block}), Compute::F32);
  return (level - zero) * convert(w.scales.load({column * w.blocks() + block}), Compute::F32);
}

/// a @ weights^T + bias, with weights [columns, inner] that are dequantized a few columns at a
/// time.
static LogicalResult dequantizedProduct(NodeLowering &n, int64_t columns, int64_t inner,
                                        const Tensor &bias,
                                        llvm::function_ref<Scalar(Index column, Index k)> weight) {
  Emitter &e = n.e;
  Tensor a = n.in(0);
  if (a.rank() < 1)
    return n.refuse(Refusal::Rank, "expected rank 1 or more");
  e.check(e.equal(a.dim(-1), inner), "the last size of the input is not K");
  if (bias)
    e.check(e.equal(bias.count(), columns), "expected a bias for each column");
  Indices sizes(a.dims().drop_back());
  sizes.push_back(columns);
  Tensor result = n.result(0, sizes, a.type());
  bool plain = a.type() == DType::F32;
  Tensor out = plain ? result : e.allocate(sizes, DType::F32);
  Tensor x = convertedTo(e, a, DType::F32);
  Index rows = product(a.dims().drop_back());
  constexpr int64_t width = 64; // two panels of the kernel
  Tensor weights = e.allocate({width, inner}, DType::F32);
  Tensor scratch = gemmScratch(e, inner);
  e.loop(llvm::divideCeil(columns, width), [&](Index strip) {
    Index first = strip * width, some = min(Index(columns) - first, width);
    e.loops({some, inner}, [&](IndexRef p) { weights.store(weight(first + p[0], p[1]), p); });
    emitGemm(e, {out, first, columns}, {x, 0, inner}, {weights, 0, inner}, scratch, rows, some,
             inner, /*transB=*/true);
  });
  if (bias || !plain) {
    Tensor from = out.reshaped({rows, columns}), to = result.reshaped({rows, columns});
    Tensor shifts = bias ? bias.flat() : bias;
    e.loops(to.dims(), [&](IndexRef p) {
      Scalar value = from.load(p);
      to.store(bias ? value + convert(shifts.load({p[1]}), value.kind) : value, p);
    });
  }
  return success();
}

static LogicalResult matMulNBits(NodeLowering &n) {
  FailureOr<PackedWeights> w = readPackedWeights(n);
  if (failed(w))
    return failure();
  return dequantizedProduct(n, w->columns, w->inner, n.in(5),
                            [&](Index column, Index k) { return dequantize(n.e, *w, column, k); });
}

//===----------------------------------------------------------------------===//
// MatMulBnb4
//===----------------------------------------------------------------------===//

/// The numbers of FP4 and NF4 (QLoRA, arXiv:2305.14314, appendix E) in bitsandbytes.
static constexpr float fourBitFloats[2][16] = {
    {0.0f, 5.208333333e-03f, 0.66666667f, 1.0f, 0.33333333f, 0.5f, 0.16666667f, 0.25f, -0.0f,
     -5.208333333e-03f, -0.66666667f, -1.0f, -0.33333333f, -0.5f, -0.16666667f, -0.25f},
    {-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
     -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
     0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
     0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f}};

/// Weights of one flat list, the first of two in the high bits of a byte, each block times its
/// absmax.
static LogicalResult matMulBnb4(NodeLowering &n) {
  Emitter &e = n.e;
  int64_t columns = n.attr("N", int64_t(0)), inner = n.attr("K", int64_t(0));
  int64_t block = n.attr("block_size", int64_t(0)), kind = n.attr("quant_type", int64_t(-1));
  constexpr int64_t most = int64_t(1) << 31;
  if (columns < 1 || inner < 1 || columns > most || inner > most || block < 1 || kind < 0 ||
      kind > 1 || n.attr("transB", int64_t(1)) != 1)
    return n.refuse(Refusal::AttributeValue,
                    "expected N, K, block_size, quant_type 0 or 1, and transB 1");
  Tensor packed = n.in(1).flat(), scales = n.in(2).flat();
  if (packed.type() != DType::U8 || !quantc::isFloat(scales.type()))
    return n.refuse(Refusal::ElementType, "expected uint8 weights and float absmax");
  e.check(e.equal(packed.dim(0), llvm::divideCeil(columns * inner, 2)) &
              e.equal(scales.dim(0), llvm::divideCeil(columns * inner, block)),
          "weights or absmax do not fit N, K and block_size");
  Tensor levels = e.allocate({16}, DType::F32);
  for (int64_t i = 0; i < 16; ++i)
    levels.store(e.f32(fourBitFloats[kind][i]), {i});
  return dequantizedProduct(n, columns, inner, {}, [&](Index column, Index k) {
    Index at = column * inner + k;
    Scalar byte = packed.load({at / 2});
    Scalar code =
        shiftRight(byte, convert(e.toScalar((at + 1) % 2 * 4), byte.kind)) & number(15, byte);
    return levels.load({e.toIndex(convert(code, Compute::I64))}) *
           convert(scales.load({at / block}), Compute::F32);
  });
}

static const LoweringRow rows[] = {
    {"FusedConv", 1, latestOpset, withInputs<2, fusedConv>, "com.microsoft"},
    {"FusedGemm", 1, latestOpset, withInputs<2, fusedGemm>, "com.microsoft"},
    {"FusedMatMul", 1, latestOpset, withInputs<2, fusedMatMul>, "com.microsoft"},
    {"TransposeMatMul", 1, latestOpset, withInputs<2, fusedMatMul>, "com.microsoft"},
    {"MatMulBnb4", 1, latestOpset, withInputs<3, matMulBnb4>, "com.microsoft"},
    {"MatMulNBits", 1, latestOpset, withInputs<3, matMulNBits>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribMatMulLowerings() { return rows; }
