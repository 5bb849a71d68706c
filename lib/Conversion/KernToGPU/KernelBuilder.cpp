//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic, memory and control of GPU kernels; see KernelBuilder.h.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace quantc::togpu;

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static bool isFloat(Val a) { return isa<FloatType>(a.type()); }

template <typename IntOp, typename FloatOp> static Val arithmetic(Val a, Val b) {
  if (isFloat(a))
    return a.kernel->emit<FloatOp>(a.value, b.value);
  return a.kernel->emit<IntOp>(a.value, b.value);
}
template <typename Op> static Val integer(Val a, Val b) {
  return a.kernel->emit<Op>(a.value, b.value);
}
static Val same(Val a, int64_t b) { return a.kernel->constant(a.type(), b); }

namespace quantc::togpu {

Val operator+(Val a, Val b) { return arithmetic<arith::AddIOp, arith::AddFOp>(a, b); }
Val operator-(Val a, Val b) { return arithmetic<arith::SubIOp, arith::SubFOp>(a, b); }
Val operator*(Val a, Val b) { return arithmetic<arith::MulIOp, arith::MulFOp>(a, b); }
// Unsigned division of what is never negative has the shorter sequence.
Val operator/(Val a, Val b) { return arithmetic<arith::DivUIOp, arith::DivFOp>(a, b); }
Val operator%(Val a, Val b) { return integer<arith::RemUIOp>(a, b); }
Val operator&(Val a, Val b) { return integer<arith::AndIOp>(a, b); }
Val operator|(Val a, Val b) { return integer<arith::OrIOp>(a, b); }
Val operator^(Val a, Val b) { return integer<arith::XOrIOp>(a, b); }
Val operator<<(Val a, Val b) { return integer<arith::ShLIOp>(a, b); }
Val operator>>(Val a, Val b) { return integer<arith::ShRSIOp>(a, b); }
Val operator+(Val a, int64_t b) { return a + same(a, b); }
Val operator-(Val a, int64_t b) { return a - same(a, b); }
Val operator*(Val a, int64_t b) { return a * same(a, b); }
Val operator/(Val a, int64_t b) { return a / same(a, b); }
Val operator%(Val a, int64_t b) { return a % same(a, b); }
Val operator&(Val a, int64_t b) { return a & same(a, b); }
Val operator|(Val a, int64_t b) { return a | same(a, b); }
Val operator^(Val a, int64_t b) { return a ^ same(a, b); }
Val operator<<(Val a, int64_t b) { return a << same(a, b); }
Val operator>>(Val a, int64_t b) { return a >> same(a, b); }

static Val compare(Val a, Val b, arith::CmpIPredicate integers, arith::CmpFPredicate floats) {
  if (isFloat(a))
    return a.kernel->emit<arith::CmpFOp>(floats, a.value, b.value);
  return a.kernel->emit<arith::CmpIOp>(integers, a.value, b.value);
}
Val operator<(Val a, Val b) {
  return compare(a, b, arith::CmpIPredicate::slt, arith::CmpFPredicate::OLT);
}
Val operator<=(Val a, Val b) {
  return compare(a, b, arith::CmpIPredicate::sle, arith::CmpFPredicate::OLE);
}
Val operator>(Val a, Val b) { return b < a; }
Val operator>=(Val a, Val b) { return b <= a; }
Val operator<(Val a, int64_t b) { return a < same(a, b); }

Val min(Val a, Val b) { return integer<arith::MinSIOp>(a, b); }
Val max(Val a, Val b) { return integer<arith::MaxSIOp>(a, b); }
Val select(Val condition, Val a, Val b) {
  return a.kernel->emit<arith::SelectOp>(condition.value, a.value, b.value);
}

} // namespace quantc::togpu

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static Type globalPointer(MLIRContext *context) {
  return LLVM::LLVMPointerType::get(context, unsigned(NVVM::NVVMMemorySpace::Global));
}
static Type sharedPointer(MLIRContext *context) {
  return LLVM::LLVMPointerType::get(context, unsigned(NVVM::NVVMMemorySpace::Shared));
}

KernelBuilder::KernelBuilder(gpu::GPUModuleOp module, Location loc, StringRef name,
                             unsigned threads, unsigned pointers, uint32_t readOnly)
    : builder(module.getContext()), loc(loc), module(module), threads(threads) {
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types(pointers, globalPointer(module.getContext()));
  auto type = builder.getFunctionType(types, {});
  function = gpu::GPUFuncOp::create(builder, loc, name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
  for (unsigned i = 0; i < pointers; ++i) {
    if (!(readOnly >> i & 1))
      continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  }
  builder.setInsertionPointToStart(&function.getBody().front());
}

gpu::GPUFuncOp KernelBuilder::finish() {
  gpu::ReturnOp::create(builder, loc);
  return function;
}

//===----------------------------------------------------------------------===//
// Constants and special registers
//===----------------------------------------------------------------------===//

Val KernelBuilder::constant(Type type, int64_t value) {
  return wrap(arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, value)));
}
Val KernelBuilder::i32(int64_t value) {
  return constant(builder.getI32Type(), int32_t(uint32_t(value)));
}
Val KernelBuilder::i64(int64_t value) { return constant(builder.getI64Type(), value); }
Val KernelBuilder::f32(float value) {
  return wrap(arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(value)));
}
Val KernelBuilder::argument(unsigned index) { return wrap(function.getArgument(index)); }

Val KernelBuilder::thread() {
  if (!threadId) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    auto range = LLVM::ConstantRangeAttr::get(builder.getContext(), APInt(32, 0),
                                              APInt(32, uint64_t(threads)));
    threadId = NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type(), range);
  }
  return wrap(threadId);
}

Val KernelBuilder::block(unsigned axis) {
  if (!blockIds[axis]) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Type type = builder.getI32Type();
    // Grids stay below 2^31, so that offsets made of them are never negative.
    auto range =
        LLVM::ConstantRangeAttr::get(builder.getContext(), APInt(32, 0), APInt(32, 0x7FFFFFFF));
    if (axis == 0)
      blockIds[0] = NVVM::BlockIdXOp::create(builder, loc, type, range);
    else if (axis == 1)
      blockIds[1] = NVVM::BlockIdYOp::create(builder, loc, type, range);
    else
      blockIds[2] = NVVM::BlockIdZOp::create(builder, loc, type, range);
  }
  return wrap(blockIds[axis]);
}

Val KernelBuilder::globalThread() { return block(0) * threads + thread(); }

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Val KernelBuilder::address(Val pointer, Val offset) {
  return wrap(LLVM::GEPOp::create(builder, loc, pointer.type(), builder.getI8Type(), pointer.value,
                                  ValueRange{offset.value}));
}
Val KernelBuilder::address(Val pointer, int64_t offset) {
  if (offset == 0)
    return pointer;
  return wrap(LLVM::GEPOp::create(builder, loc, pointer.type(), builder.getI8Type(), pointer.value,
                                  ArrayRef<LLVM::GEPArg>{int32_t(offset)}));
}

/// Alignments are always spelled out: without one, a vector has its element's.
Val KernelBuilder::load(Type type, Val pointer, int64_t align) {
  if (align == 0)
    align = type.getIntOrFloatBitWidth() / 8;
  return wrap(LLVM::LoadOp::create(builder, loc, type, pointer.value, unsigned(align)));
}
void KernelBuilder::store(Val value, Val pointer, int64_t align) {
  if (align == 0)
    align = value.type().getIntOrFloatBitWidth() / 8;
  LLVM::StoreOp::create(builder, loc, value.value, pointer.value, unsigned(align));
}

SmallVector<Val> KernelBuilder::loadWords(Val pointer, unsigned words, Type type) {
  if (!type)
    type = builder.getI32Type();
  if (words == 1)
    return {load(type, pointer, 4)};
  Val vector = load(VectorType::get({words}, type), pointer, 4 * int64_t(words));
  SmallVector<Val> result;
  for (unsigned i = 0; i < words; ++i)
    result.push_back(
        wrap(LLVM::ExtractElementOp::create(builder, loc, vector.value, i32(i).value)));
  return result;
}

void KernelBuilder::storeWords(ArrayRef<Val> words, Val pointer) {
  if (words.size() == 1)
    return store(words.front(), pointer, 4);
  Type type = VectorType::get({int64_t(words.size())}, words.front().type());
  Value vector = LLVM::PoisonOp::create(builder, loc, type);
  for (auto [i, word] : llvm::enumerate(words))
    vector = LLVM::InsertElementOp::create(builder, loc, vector, word.value, i32(i).value);
  store(wrap(vector), pointer, 4 * int64_t(words.size()));
}

SmallVector<Val> KernelBuilder::loadBytes(Val pointer, unsigned bytes) {
  SmallVector<Val> result;
  if (bytes < 4) {
    Type type = builder.getIntegerType(8 * bytes);
    Val word = emit<arith::ExtUIOp>(builder.getI32Type(), load(type, pointer).value);
    for (unsigned i = 0; i < bytes; ++i)
      result.push_back(byteOf(word, i));
    return result;
  }
  for (Val word : loadWords(pointer, bytes / 4))
    for (unsigned i = 0; i < 4; ++i)
      result.push_back(byteOf(word, i));
  return result;
}

void KernelBuilder::storeBytes(ArrayRef<Val> bytes, Val pointer) {
  if (bytes.size() < 4) {
    Type type = builder.getIntegerType(8 * bytes.size());
    return store(emit<arith::TruncIOp>(type, pack(bytes).value), pointer);
  }
  SmallVector<Val> words;
  for (size_t i = 0; i < bytes.size(); i += 4)
    words.push_back(pack(bytes.slice(i, 4)));
  storeWords(words, pointer);
}

Val KernelBuilder::shared() {
  if (sharedBase)
    return wrap(sharedBase);
  // An extern array of no size is what the launch's dynamic bytes are given to; one for a module.
  StringRef name = "qc_shared";
  OpBuilder::InsertionGuard guard(builder);
  auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
  if (!global) {
    builder.setInsertionPointToStart(module.getBody());
    global = LLVM::GlobalOp::create(
        builder, module.getLoc(), LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
        /*isConstant=*/false, LLVM::Linkage::External, name, Attribute(), /*alignment=*/128,
        unsigned(NVVM::NVVMMemorySpace::Shared));
  }
  builder.setInsertionPointToStart(&function.getBody().front());
  sharedBase = LLVM::AddressOfOp::create(builder, loc, sharedPointer(builder.getContext()), name);
  return wrap(sharedBase);
}

//===----------------------------------------------------------------------===//
// Bits and conversions
//===----------------------------------------------------------------------===//

Val KernelBuilder::byteOf(Val word, unsigned index) {
  Val shifted = index == 0 ? word : emit<arith::ShRUIOp>(word.value, i32(8 * index).value);
  return index == 3 ? shifted : shifted & 255;
}
Val KernelBuilder::signedByteOf(Val word, unsigned index) {
  return (index == 3 ? word : word << (24 - 8 * index)) >> 24;
}
Val KernelBuilder::pack(ArrayRef<Val> bytes) {
  Val word = bytes.front();
  for (size_t i = 1; i < bytes.size(); ++i)
    word = word | bytes[i] << int64_t(8 * i);
  return word;
}
Val KernelBuilder::packSaturated(Val b0, Val b1, Val b2, Val b3) {
  StringRef code = "cvt.pack.sat.u8.s32.b32 $0, $1, $2, $3;";
  auto two = [&](Val high, Val low, Val rest) {
    Value operands[] = {high.value, low.value, rest.value};
    auto op =
        LLVM::InlineAsmOp::create(builder, loc, builder.getI32Type(), operands, code, "=r,r,r,r",
                                  /*has_side_effects=*/false, /*is_align_stack=*/false,
                                  LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
    return wrap(op.getRes());
  };
  return two(b1, b0, two(b3, b2, i32(0)));
}
Val KernelBuilder::permute(Val lo, Val hi, int64_t selector) {
  return wrap(NVVM::PermuteOp::create(builder, loc, builder.getI32Type(), lo.value, hi.value,
                                      i32(selector).value, NVVM::PermuteMode::DEFAULT));
}
Val KernelBuilder::dotBytes(Val unsignedBytes, Val signedBytes, Val acc) {
  Type bytes = VectorType::get({4}, builder.getI8Type());
  Value a = LLVM::BitcastOp::create(builder, loc, bytes, unsignedBytes.value);
  Value b = LLVM::BitcastOp::create(builder, loc, bytes, signedBytes.value);
  return wrap(NVVM::DotAccumulate4WayOp::create(builder, loc, builder.getI32Type(), a,
                                                NVVM::DotAccumulateType::UNSIGNED, b,
                                                NVVM::DotAccumulateType::SIGNED, acc.value));
}
Val KernelBuilder::toFloat(Val integer) {
  return emit<arith::SIToFPOp>(builder.getF32Type(), integer.value);
}
Val KernelBuilder::widen(Val integer) {
  return emit<arith::ExtSIOp>(builder.getI64Type(), integer.value);
}
Val KernelBuilder::narrow(Val integer) {
  return emit<arith::TruncIOp>(builder.getI32Type(), integer.value);
}
Val KernelBuilder::bitsOf(Val real) {
  return emit<arith::BitcastOp>(builder.getI32Type(), real.value);
}
Val KernelBuilder::floatOf(Val bits) {
  return emit<arith::BitcastOp>(builder.getF32Type(), bits.value);
}
Val KernelBuilder::fma(Val a, Val b, Val c) {
  // math.fma would become a call into a library that is not there.
  return wrap(LLVM::FMAOp::create(builder, loc, a.value, b.value, c.value));
}
Val KernelBuilder::isNaN(Val real) {
  return emit<arith::CmpFOp>(arith::CmpFPredicate::UNO, real.value, real.value);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void KernelBuilder::ifThen(Val condition, llvm::function_ref<void()> body) {
  auto op = scf::IfOp::create(builder, loc, condition.value, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.thenBlock());
  body();
}

void KernelBuilder::guarded(bool needed, llvm::function_ref<Val()> condition,
                            llvm::function_ref<void()> body) {
  if (!needed)
    return body();
  ifThen(condition(), body);
}

SmallVector<Val>
KernelBuilder::loop(Val begin, Val end, Val step, ArrayRef<Val> initial,
                    llvm::function_ref<SmallVector<Val>(Val, ArrayRef<Val>)> body) {
  SmallVector<Value> values;
  for (Val v : initial)
    values.push_back(v.value);
  auto op = scf::ForOp::create(builder, loc, begin.value, end.value, step.value, values);
  {
    OpBuilder::InsertionGuard guard(builder);
    if (!values.empty())
      builder.setInsertionPointToStart(op.getBody());
    else
      builder.setInsertionPoint(op.getBody()->getTerminator());
    SmallVector<Val> carried, yielded;
    for (Value v : op.getRegionIterArgs())
      carried.push_back(wrap(v));
    yielded = body(wrap(op.getInductionVar()), carried);
    SmallVector<Value> results;
    for (Val v : yielded)
      results.push_back(v.value);
    if (!values.empty())
      scf::YieldOp::create(builder, loc, results);
  }
  // Without it LLVM unrolls loops of known trips fully, and the driver takes seconds to compile.
  auto off = builder.getBoolAttr(true);
  auto unroll = LLVM::LoopUnrollAttr::get(builder.getContext(), off, {}, {}, {}, {}, {}, {});
  op->setAttr("loop_annotation",
              LLVM::LoopAnnotationAttr::get(builder.getContext(), {}, {}, {}, unroll, {}, {}, {},
                                            {}, {}, {}, {}, {}, {}, {}, {}));
  SmallVector<Val> results;
  for (Value v : op.getResults())
    results.push_back(wrap(v));
  return results;
}

SmallVector<Val>
KernelBuilder::loop(int64_t begin, int64_t end, int64_t step, ArrayRef<Val> initial,
                    llvm::function_ref<SmallVector<Val>(Val, ArrayRef<Val>)> body) {
  return loop(i32(begin), i32(end), i32(step), initial, body);
}
