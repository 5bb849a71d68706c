//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GatherBlockQuantized: rows of a table of codes that have a scale for each block.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "Operands.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

namespace {
/// Codes of a table; in bytes several of them may share one along the last axis, low bits first.
struct BlockTable {
  Tensor data, scales, zeros; ///< zeros may be absent
  int64_t bits;               ///< of a code in a byte; 0 where the element is the code
  int64_t axis, block;        ///< a block of 0 is the whole axis

  Indices sizes() const;
  Scalar element(const Tensor &codes, Indices position) const;
  Scalar value(Emitter &e, IndexRef position) const;
};
} // namespace

Indices BlockTable::sizes() const {
  Indices sizes(data.dims());
  if (bits)
    sizes.back() = sizes.back() * (8 / bits);
  return sizes;
}

Scalar BlockTable::element(const Tensor &codes, Indices position) const {
  if (!bits)
    return convert(codes.load(position), Compute::F32);
  Index place = position.back();
  position.back() = place / (8 / bits);
  Scalar byte = codes.load(position);
  Scalar shift = convert(codes.emitter().toScalar(place % (8 / bits) * bits), byte.kind);
  Scalar code = shiftRight(byte, shift) & number(double((1 << bits) - 1), byte);
  return convert(code, Compute::F32);
}

Scalar BlockTable::value(Emitter &e, IndexRef position) const {
  Indices blocks(position), own;
  blocks[axis] = block ? position[axis] / block : Index(0);
  for (int64_t i = 0; i < scales.rank(); ++i)
    own.push_back(broadcastIndex(e, scales.dim(i), blocks[i]));
  Scalar code = element(data, Indices(position));
  if (zeros)
    code = code - element(zeros, blocks);
  else if (bits)
    code = code - double(1 << (bits - 1));
  return code * convert(scales.load(own), Compute::F32);
}

/// Sizes of scales and zero points; those of the data are positive where elements are read.
static void checkTable(Emitter &e, const BlockTable &t) {
  Indices sizes = t.sizes();
  for (int64_t i = 0; i < t.scales.rank(); ++i) {
    Index needed = i != t.axis ? sizes[i] : t.block ? ceilDiv(sizes[i], t.block) : Index(1);
    Scalar fits = e.equal(t.scales.dim(i), needed);
    e.check(i == t.axis ? fits : fits | e.equal(t.scales.dim(i), 1),
            "the scales do not cover the data");
    if (!t.zeros)
      continue;
    bool packed = t.bits && i == t.scales.rank() - 1;
    e.check(e.equal(t.zeros.dim(i), packed ? ceilDiv(needed * t.bits, 8) : needed),
            "the zero points do not cover the data");
  }
}

static FailureOr<BlockTable> readTable(NodeLowering &n) {
  BlockTable t{n.in(0), n.in(2), n.in(3), 0, 0, n.attr("block_size", int64_t(128))};
  int64_t rank = t.data.rank(), bits = n.attr("bits", int64_t(4));
  t.axis = n.axisAttr("quantize_axis", 1, rank);
  if (n.failed())
    return failure();
  if (t.scales.rank() != rank || (t.zeros && t.zeros.rank() != rank) || rank < 1)
    return n.refuse(Refusal::Rank, "expected data, scales and zero points of one rank");
  if (t.data.type() == DType::U8)
    t.bits = bits;
  bool floats = quantc::isFloat(t.data.type());
  if (!quantc::isFloat(t.scales.type()) || (t.zeros && t.zeros.type() != t.data.type()) ||
      (floats && t.zeros))
    return n.refuse(Refusal::ElementType, "expected scales of floats, and codes as zero points");
  if (t.block < 0 || (t.block == 0 && !floats) ||
      (t.data.type() == DType::U8 && bits != 2 && bits != 4 && bits != 8))
    return n.refuse(Refusal::AttributeValue, "expected block_size, and 2, 4 or 8 bits");
  checkTable(n.e, t);
  return t;
}

/// Rows of an index out of range are 0.
static LogicalResult gatherBlockQuantized(NodeLowering &n) {
  Emitter &e = n.e;
  Tensor indices = n.in(1);
  FailureOr<BlockTable> t = readTable(n);
  if (failed(t))
    return failure();
  Indices data = t->sizes(), sizes;
  int64_t axis = n.axisAttr("gather_axis", 0, t->data.rank());
  if (n.failed())
    return failure();
  if (!isInteger(indices.type()))
    return n.refuse(Refusal::ElementType, "expected indices of integers");
  sizes.append(data.begin(), data.begin() + axis);
  sizes.append(indices.dims().begin(), indices.dims().end());
  sizes.append(data.begin() + axis + 1, data.end());
  Tensor out = n.result(0, sizes, t->scales.type());
  e.loops(sizes, [&](IndexRef p) {
    Scalar index = convert(indices.load(p.slice(axis, indices.rank())), Compute::I64);
    index = toloops::select(index < 0, index + e.toScalar(data[axis]), index);
    Scalar inside = (index >= 0) & (index < e.toScalar(data[axis]));
    Scalar value = e.ifElse(
        inside, {Compute::F32},
        [&] {
          Indices at(p.take_front(axis));
          at.push_back(e.toIndex(index));
          at.append(p.begin() + axis + indices.rank(), p.end());
          return Scalars{t->value(e, at)};
        },
        [&] { return Scalars{e.f32(0)}; })[0];
    out.store(value, p);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"GatherBlockQuantized", 1, latestOpset, withInputs<3, gatherBlockQuantized>, "com.microsoft"},
};

ArrayRef<LoweringRow> quantc::toloops::contribGatherLowerings() { return rows; }
