//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Indices, memory and control flow of the emitter; scalars are in Scalars.cpp.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Index
//===----------------------------------------------------------------------===//

Index::Index(Emitter &emitter, Value value) : owner(&emitter) {
  if (auto op = value.getDefiningOp<arith::ConstantIndexOp>())
    number = op.value();
  else
    run = value;
}

std::optional<int64_t> Index::constant() const {
  return run ? std::nullopt : std::optional(number);
}

Value Index::value(Emitter &emitter) const {
  return run ? run : arith::ConstantIndexOp::create(emitter.b, emitter.loc, number).getResult();
}

template <typename Op> static Index emitIndex(Index a, Index b) {
  Emitter &e = a.emitter() ? *a.emitter() : *b.emitter();
  return Index(e, Op::create(e.b, e.loc, a.value(e), b.value(e)).getResult());
}

static bool bothKnown(const Index &a, const Index &b) { return a.constant() && b.constant(); }

Index quantc::toloops::operator+(Index a, Index b) {
  if (bothKnown(a, b))
    return *a.constant() + *b.constant();
  return a.is(0) ? b : b.is(0) ? a : emitIndex<arith::AddIOp>(a, b);
}

Index quantc::toloops::operator-(Index a, Index b) {
  if (bothKnown(a, b))
    return *a.constant() - *b.constant();
  return b.is(0) ? a : emitIndex<arith::SubIOp>(a, b);
}

Index quantc::toloops::operator*(Index a, Index b) {
  if (bothKnown(a, b))
    return *a.constant() * *b.constant();
  if (a.is(0) || b.is(0))
    return 0;
  return a.is(1) ? b : b.is(1) ? a : emitIndex<arith::MulIOp>(a, b);
}

Index quantc::toloops::operator/(Index a, Index b) {
  if (bothKnown(a, b) && !b.is(0))
    return *a.constant() / *b.constant();
  return b.is(1) ? a : emitIndex<arith::DivSIOp>(a, b);
}

Index quantc::toloops::operator%(Index a, Index b) {
  if (bothKnown(a, b) && !b.is(0))
    return *a.constant() % *b.constant();
  return b.is(1) ? Index(0) : emitIndex<arith::RemSIOp>(a, b);
}

Index quantc::toloops::floorDiv(Index a, Index b) {
  if (bothKnown(a, b) && !b.is(0)) {
    int64_t x = *a.constant(), y = *b.constant();
    return x / y - ((x % y != 0) && ((x < 0) != (y < 0)));
  }
  return b.is(1) ? a : emitIndex<arith::FloorDivSIOp>(a, b);
}

Index quantc::toloops::ceilDiv(Index a, Index b) { return floorDiv(a + b - 1, b); }

Index quantc::toloops::min(Index a, Index b) {
  if (bothKnown(a, b))
    return std::min(*a.constant(), *b.constant());
  return emitIndex<arith::MinSIOp>(a, b);
}

Index quantc::toloops::max(Index a, Index b) {
  if (bothKnown(a, b))
    return std::max(*a.constant(), *b.constant());
  return emitIndex<arith::MaxSIOp>(a, b);
}

Index quantc::toloops::product(IndexRef sizes) {
  Index result = 1;
  for (Index size : sizes)
    result = result * size;
  return result;
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

Type quantc::toloops::storageType(DType type, MLIRContext *context) {
  switch (type) {
  case DType::F32:
    return Float32Type::get(context);
  case DType::F64:
    return Float64Type::get(context);
  default:
    return IntegerType::get(context, std::max(8u, bitWidth(type)));
  }
}

Tensor::Tensor(Emitter &emitter, Value memref, DType type)
    : owner(&emitter), buffer(memref), elementType(type) {
  auto shape = cast<MemRefType>(memref.getType());
  for (int64_t axis = 0; axis < shape.getRank(); ++axis)
    if (shape.isDynamicDim(axis))
      sizes.push_back(
          Index(emitter, memref::DimOp::create(emitter.b, emitter.loc, memref, axis).getResult()));
    else
      sizes.push_back(shape.getDimSize(axis));
}

static SmallVector<Value> values(Emitter &e, IndexRef indices) {
  return llvm::map_to_vector(indices, [&](const Index &index) { return index.value(e); });
}

Value Tensor::loadRaw(IndexRef position) const {
  Emitter &e = *owner;
  return memref::LoadOp::create(e.b, e.loc, buffer, values(e, position));
}

void Tensor::storeRaw(Value value, IndexRef position) const {
  Emitter &e = *owner;
  memref::StoreOp::create(e.b, e.loc, value, buffer, values(e, position));
}

/// Static and dynamic sizes as ops want them.
static void split(Emitter &e, IndexRef sizes, SmallVector<int64_t> &shape,
                  SmallVector<Value> &dynamic) {
  for (const Index &size : sizes) {
    shape.push_back(size.constant().value_or(ShapedType::kDynamic));
    if (!size.constant())
      dynamic.push_back(size.value(e));
  }
}

Tensor Emitter::view(Tensor tensor, IndexRef sizes) {
  SmallVector<OpFoldResult> shape, strides(sizes.size());
  for (const Index &size : sizes)
    shape.push_back(size.constant() ? OpFoldResult(b.getIndexAttr(*size.constant()))
                                    : OpFoldResult(size.value(*this)));
  Index stride = 1;
  SmallVector<int64_t> dims, dimStrides(sizes.size());
  for (size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = stride.constant() ? OpFoldResult(b.getIndexAttr(*stride.constant()))
                                      : OpFoldResult(stride.value(*this));
    stride = stride * sizes[axis];
  }
  for (const Index &size : sizes)
    dims.push_back(size.constant().value_or(ShapedType::kDynamic));
  auto element = cast<MemRefType>(tensor.memref().getType()).getElementType();
  auto type = MemRefType::get(dims, element);
  // The identity layout is what the computed strides are; the op wants them spelled out.
  SmallVector<int64_t> staticStrides;
  for (OpFoldResult s : strides)
    staticStrides.push_back(isa<Attribute>(s) ? cast<IntegerAttr>(cast<Attribute>(s)).getInt()
                                              : ShapedType::kDynamic);
  auto strided = MemRefType::get(
      dims, element, StridedLayoutAttr::get(b.getContext(), /*offset=*/0, staticStrides));
  Value result = memref::ReinterpretCastOp::create(b, loc, strided, tensor.memref(),
                                                   OpFoldResult(b.getIndexAttr(0)), shape, strides);
  if (strided != type)
    result = memref::CastOp::create(b, loc, type, result);
  return Tensor(*this, result, tensor.type(), sizes);
}

Tensor Tensor::reshaped(IndexRef newSizes) const { return owner->view(*this, newSizes); }

Tensor Emitter::allocate(IndexRef sizes, DType type) {
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  split(*this, sizes, shape, dynamic);
  auto memref = MemRefType::get(shape, storageType(type, b.getContext()));
  return Tensor(*this, memref::AllocOp::create(b, loc, memref, dynamic), type, sizes);
}

void Emitter::copy(Tensor from, Tensor to) {
  Tensor source = from.flat(), target = to.flat();
  loop(source.count(), [&](Index i) { target.storeRaw(source.loadRaw({i}), {i}); });
}

void Emitter::fill(Tensor tensor, Scalar value) {
  Tensor flat = tensor.flat();
  loop(flat.count(), [&](Index i) { flat.store(value, {i}); });
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

static SmallVector<Value> values(ArrayRef<Scalar> scalars) {
  return llvm::map_to_vector(scalars, [](const Scalar &s) { return s.value; });
}

static Scalars rewrap(ArrayRef<Scalar> like, ValueRange values) {
  Scalars result;
  for (auto [old, value] : llvm::zip_equal(like, values))
    result.push_back({old.emitter, value, old.kind});
  return result;
}

Scalars Emitter::fold(Index count, ArrayRef<Scalar> initial,
                      llvm::function_ref<Scalars(Index, ArrayRef<Scalar>)> body) {
  if (count.is(1))
    return body(0, initial);
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForOp::create(b, loc, Index(0).value(*this), count.value(*this),
                                 Index(1).value(*this), values(initial));
  b.setInsertionPointToStart(loop.getBody());
  Scalars next =
      body(Index(*this, loop.getInductionVar()), rewrap(initial, loop.getRegionIterArgs()));
  if (!initial.empty())
    scf::YieldOp::create(b, loc, values(next));
  return rewrap(initial, loop.getResults());
}

void Emitter::loop(Index count, llvm::function_ref<void(Index)> body) {
  fold(count, {}, [&](Index i, ArrayRef<Scalar>) {
    body(i);
    return Scalars();
  });
}

void Emitter::loops(IndexRef sizes, llvm::function_ref<void(IndexRef)> body) {
  foldOver(sizes, {}, [&](IndexRef position, ArrayRef<Scalar>) {
    body(position);
    return Scalars();
  });
}

static Scalars foldNest(Emitter &e, IndexRef sizes, Indices &position, ArrayRef<Scalar> initial,
                        llvm::function_ref<Scalars(IndexRef, ArrayRef<Scalar>)> body) {
  if (position.size() == sizes.size())
    return body(position, initial);
  return e.fold(sizes[position.size()], initial, [&](Index i, ArrayRef<Scalar> carried) {
    position.push_back(i);
    Scalars next = foldNest(e, sizes, position, carried, body);
    position.pop_back();
    return next;
  });
}

Scalars Emitter::foldOver(IndexRef sizes, ArrayRef<Scalar> initial,
                          llvm::function_ref<Scalars(IndexRef, ArrayRef<Scalar>)> body) {
  Indices position;
  return foldNest(*this, sizes, position, initial, body);
}

Scalars Emitter::whileLoop(ArrayRef<Scalar> initial,
                           llvm::function_ref<Scalar(ArrayRef<Scalar>)> condition,
                           llvm::function_ref<Scalars(ArrayRef<Scalar>)> body) {
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::WhileOp::create(
      b, loc, ValueRange(values(initial)).getTypes(), values(initial),
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        b.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
        Scalar go = condition(rewrap(initial, arguments));
        scf::ConditionOp::create(b, loc, go.value, arguments);
      },
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        b.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
        scf::YieldOp::create(b, loc, values(body(rewrap(initial, arguments))));
      });
  return rewrap(initial, loop.getResults());
}

void Emitter::ifThen(Scalar condition, llvm::function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  auto branch = scf::IfOp::create(b, loc, condition.value, /*withElseRegion=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

Scalars Emitter::ifElse(Scalar condition, ArrayRef<Compute> kinds,
                        llvm::function_ref<Scalars()> yes, llvm::function_ref<Scalars()> no) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Type> types =
      llvm::map_to_vector(kinds, [&](Compute kind) { return registerType(kind, b.getContext()); });
  auto branch = scf::IfOp::create(b, loc, types, condition.value, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, values(yes()));
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, values(no()));
  Scalars results;
  for (auto [kind, value] : llvm::zip_equal(kinds, branch.getResults()))
    results.push_back({this, value, kind});
  return results;
}

void Emitter::check(Scalar condition, const llvm::Twine &message) {
  APInt known;
  if (matchPattern(condition.value, m_ConstantInt(&known)) && known.isOne())
    return;
  messages.push_back((nodeName + ": " + message).str());
  Value number = arith::ConstantIntOp::create(b, loc, int64_t(messages.size()) - 1, 32);
  ifThen(!condition, [&] { call("qrt_loops_fail", Type(), {number}); });
}

Value Emitter::address(const Tensor &tensor) {
  if (!tensor)
    return i64(0).value;
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, tensor.memref());
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
}

Value Emitter::call(StringRef name, Type result, ArrayRef<Value> arguments) {
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    auto type = FunctionType::get(b.getContext(), ValueRange(arguments).getTypes(),
                                  result ? TypeRange(result) : TypeRange());
    auto function = func::FuncOp::create(top, loc, name, type);
    function.setPrivate();
  }
  auto call =
      func::CallOp::create(b, loc, name, result ? TypeRange(result) : TypeRange(), arguments);
  return result ? call.getResult(0) : Value();
}
