//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls that treat elements independently: integer add and mul, requantizations, tables,
// conversions at the border with float, copies and fills.
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

template <typename Op> static Rescale rescaleOf(Op op) {
  return {op.getEpilogue(), int64_t(op.getZeroPoint()), int64_t(op.getClampLo()),
          int64_t(op.getClampHi())};
}

/// A dyadic's multiplier as a constant of the epilogue's type.
static Val multiplierOf(KernelBuilder &k, const Rescale &rescale, int64_t multiplier,
                        int64_t shift) {
  if (rescale.kind == kern::Epilogue::Fma32)
    return k.f32(std::ldexp(float(multiplier), -int(shift))); // exact: 24 bits
  return k.i32(multiplier);
}

static LogicalResult lowerAdd(Program &program, Operation *operation) {
  auto op = cast<kern::AddOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getLhs(), op.getRhs()});
  if (!nest.isValid())
    return failure();
  int64_t ma = int64_t(op.getLhsMultiplier()), mb = int64_t(op.getRhsMultiplier()),
          shift = int64_t(op.getShift()), zp = int64_t(op.getZeroPoint());
  // [NUM-ADD-3] with the zero points and the rounding in one constant; it may wrap, the sum fits.
  int64_t constant = (int64_t(1) << (shift - 1)) - int64_t(op.getLhsZeroPoint()) * ma -
                     int64_t(op.getRhsZeroPoint()) * mb;
  Rescale limits{kern::Epilogue::Fma32, zp, int64_t(op.getClampLo()), int64_t(op.getClampHi())};
  nest.launch(op, "add", limits, [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (auto [a, b] : llvm::zip_equal(in[0], in[1]))
      out.push_back(((a * ma + b * mb + k.i32(constant)) >> shift) + zp);
    return out;
  });
  return success();
}

static LogicalResult lowerMul(Program &program, Operation *operation) {
  auto op = cast<kern::MulOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getLhs(), op.getRhs()});
  if (!nest.isValid())
    return failure();
  Rescale rescale = rescaleOf(op);
  nest.launch(op, "mul", rescale, [&](KernelBuilder &k, const LoopNest::Values &in) {
    Val m = multiplierOf(k, rescale, int64_t(op.getMultiplier()), int64_t(op.getShift()));
    SmallVector<Val> out;
    for (auto [a, b] : llvm::zip_equal(in[0], in[1])) {
      Val product = (a - int64_t(op.getLhsZeroPoint())) * (b - int64_t(op.getRhsZeroPoint()));
      out.push_back(requantize(product, m, k.i32(int64_t(op.getShift())), rescale));
    }
    return out;
  });
  return success();
}

static LogicalResult lowerRequantizeU8(Program &program, Operation *operation) {
  auto op = cast<kern::RequantizeU8Op>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  if (!nest.isValid())
    return failure();
  Rescale rescale = rescaleOf(op);
  nest.launch(op, "requantize_u8", rescale, [&](KernelBuilder &k, const LoopNest::Values &in) {
    Val m = multiplierOf(k, rescale, int64_t(op.getMultiplier()), int64_t(op.getShift()));
    SmallVector<Val> out;
    for (Val x : in[0])
      out.push_back(requantize(x - int64_t(op.getInputZeroPoint()), m,
                               k.i32(int64_t(op.getShift())), rescale));
    return out;
  });
  return success();
}

static LogicalResult lowerRequantizeI32(Program &program, Operation *operation) {
  auto op = cast<kern::RequantizeI32Op>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  FailureOr<std::vector<int32_t>> multiplier = program.values<int32_t>(op, op.getMultiplier());
  FailureOr<std::vector<int32_t>> shift = program.values<int32_t>(op, op.getShift());
  if (!nest.isValid() || failed(multiplier) || failed(shift))
    return failure();
  Rescale rescale = rescaleOf(op);
  rescale.accLo = int64_t(op.getAccLo());
  rescale.accHi = int64_t(op.getAccHi());
  if (rescale.kind == kern::Epilogue::Fma64)
    return op.emitError("expected no epilogue in fp64: run convert-to-kern with a GPU level");
  bool integer = rescale.kind == kern::Epilogue::Integer;
  Builder b(op.getContext());
  auto perColumn = [](const std::vector<int32_t> &v) {
    return SmallVector<int64_t>{0, v.size() > 1 ? 1 : 0};
  };
  nest.addInput(program.constant(*multiplier),
                integer ? Type(b.getI32Type()) : Type(b.getF32Type()), perColumn(*multiplier));
  if (integer)
    nest.addInput(program.constant(*shift), b.getI32Type(), perColumn(*shift));
  nest.launch(op, "requantize_i32", rescale, [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (size_t i = 0; i < in[0].size(); ++i)
      out.push_back(requantize(in[0][i], in[1][i], integer ? in[2][i] : Val(), rescale));
    return out;
  });
  return success();
}

static LogicalResult lowerLookup(Program &program, Operation *operation) {
  auto op = cast<kern::LookupOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  FailureOr<Place> table = program.place(op.getTable());
  if (!nest.isValid() || failed(table))
    return failure();
  nest.addInput(*table, Builder(op.getContext()).getI8Type(), {0, 0});
  nest.launch(op, "lookup", [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (Val x : in[0])
      out.push_back(k.loadBytes(k.address(k.argument(2), x), 1).front());
    return out;
  });
  return success();
}

static LogicalResult lowerQuantize(Program &program, Operation *operation) {
  auto op = cast<kern::QuantizeOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  if (!nest.isValid())
    return failure();
  int64_t zp = int64_t(op.getZeroPoint()), lo = int64_t(op.getClampLo()),
          hi = int64_t(op.getClampHi());
  float scale = op.getScale().convertToFloat();
  // [NUM-QNT-1]; what lies this far outside saturates whatever the zero point.
  constexpr float far = 65536.0f;
  nest.launch(op, "quantize", [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (Val x : in[0]) {
      Val q = x / k.f32(scale);
      Val near = select(q < k.f32(-far), k.f32(-far), select(k.f32(far) < q, k.f32(far), q));
      // Adding 1.5 * 2^23 rounds to an integer, half even.
      Val code = k.bitsOf(near + k.f32(12582912.0f)) + (zp - 0x4B400000);
      code = select(k.isNaN(x), k.i32(zp), code);
      out.push_back(min(max(code, k.i32(lo)), k.i32(hi)));
    }
    return out;
  });
  return success();
}

static LogicalResult lowerDequantize(Program &program, Operation *operation) {
  auto op = cast<kern::DequantizeOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  if (!nest.isValid())
    return failure();
  nest.launch(op, "dequantize", [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (Val x : in[0])
      out.push_back(k.toFloat(x - int64_t(op.getZeroPoint())) *
                    k.f32(op.getScale().convertToFloat()));
    return out;
  });
  return success();
}

static LogicalResult lowerDequantizeI32(Program &program, Operation *operation) {
  auto op = cast<kern::DequantizeI32Op>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  FailureOr<Place> scale = program.place(op.getScale());
  if (!nest.isValid() || failed(scale))
    return failure();
  bool one = cast<MemRefType>(op.getScale().getType()).getNumElements() == 1;
  nest.addInput(*scale, Builder(op.getContext()).getF32Type(), {0, one ? 0 : 1});
  nest.launch(op, "dequantize_i32", [&](KernelBuilder &k, const LoopNest::Values &in) {
    SmallVector<Val> out;
    for (auto [x, s] : llvm::zip_equal(in[0], in[1]))
      out.push_back(k.toFloat(x) * s);
    return out;
  });
  return success();
}

void quantc::togpu::addPointwise(HandlerMap &handlers) {
  handlers["kern.add"] = lowerAdd;
  handlers["kern.mul"] = lowerMul;
  handlers["kern.requantize_u8"] = lowerRequantizeU8;
  handlers["kern.requantize_i32"] = lowerRequantizeI32;
  handlers["kern.lookup"] = lowerLookup;
  handlers["kern.quantize"] = lowerQuantize;
  handlers["kern.dequantize"] = lowerDequantize;
  handlers["kern.dequantize_i32"] = lowerDequantizeI32;
}
