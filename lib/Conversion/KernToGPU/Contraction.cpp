//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions: convolution, linear layer and matrix product as an implicit GEMM on the int8
// tensor cores.
//
// Rows are output pixels, columns output channels, depth the taps of the window. A block makes one
// tile; its shared memory holds `stages` steps of 64 (or 32) bytes of depth, filled by cp.async
// while older ones are multiplied. Activations lie there in rows of that many bytes whose 16-byte
// chunks are permuted (swizzle), so that ldmatrix meets no bank twice. Weights are packed here in
// the order in which lanes hold them (packWeights).
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

namespace {

/// Writes the kernel.
class ContractionKernel {
public:
  ContractionKernel(KernelBuilder &k, const Contraction &c) : k(k), c(c), t(c.tile) {}
  void build();

private:
  enum { OutArg, InArg, WeightArg, BiasArg, TableArg, MultiplierArg, ShiftArg };
  using Accumulators = SmallVector<Val>; ///< [row block of 16][column group][4]

  int64_t warpColumnCount() const { return t.columns / t.warpColumns; }
  int64_t groupsOfEight() const { return t.warpColumns / 8; }
  void prepare();
  void copyStep(Val step, Val stage);
  void copyActivations(Val step, Val stage);
  void copyBytes(Val step, Val stage);
  void copyWeights(Val step, Val stage);
  Accumulators multiply(Val stage, ArrayRef<Val> accumulators);
  Accumulators initial();
  Accumulators run();
  void finish(ArrayRef<Val> accumulators);
  void storeRow(ArrayRef<Val> codes, Val address);
  void asyncCopy(Val to, Val from, int64_t bytes);
  /// What the chunks of a row are permuted by: eight rows of a chunk lie in all 32 banks.
  Val swizzle(Val row) {
    int64_t chunks = t.depth / 16;
    return row / (8 / chunks) & (chunks - 1);
  }

  KernelBuilder &k;
  const Contraction &c;
  const Tile &t;
  Val lane, warpRow, warpColumn; ///< of this thread
  Val firstRow, columnTile;      ///< of this block
  SmallVector<Val> rowSources;   ///< address of the pixels this thread copies
  SmallVector<Val> rowTargets;   ///< their place in a stage
  Val chunkInStep;               ///< the chunk (or word) of a step that this thread copies
  Val weightSource;
};

void ContractionKernel::asyncCopy(Val to, Val from, int64_t bytes) {
  // 16 bytes may bypass L1; shorter copies may not.
  NVVM::CpAsyncOp::create(
      k.builder, k.loc, to.value, from.value, k.builder.getI32IntegerAttr(int32_t(bytes)),
      NVVM::LoadCacheModifierKindAttr::get(k.builder.getContext(),
                                           bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                                                       : NVVM::LoadCacheModifierKind::CA),
      Value());
}

void ContractionKernel::prepare() {
  Val thread = k.thread();
  lane = thread & 31;
  Val warp = thread / 32;
  warpRow = warp / warpColumnCount();
  warpColumn = warp % warpColumnCount();
  firstRow = k.block(0) * t.rows;
  columnTile = k.block(1);
  Val group = k.block(2);

  int64_t unit = c.window.chunk == 1 ? 4 : c.window.chunk; // bytes one thread places at once
  int64_t across = t.depth / unit, rowsAtOnce = std::max<int64_t>(t.threads() / across, 1);
  chunkInStep = thread % across;
  Val first = thread / across, input = k.argument(InArg);
  if (c.groups > 1)
    input = k.address(input, group * c.groupC);
  for (int64_t r = 0; r < t.rows; r += rowsAtOnce) {
    Val row = first + r;
    // Rows past the end are computed from the last pixel and not stored.
    Val pixel = c.rows() % t.rows ? min(firstRow + row, k.i32(c.rows() - 1)) : firstRow + row;
    rowSources.push_back(k.address(input, pixelOffset(pixel, c.out.height, c.out.width,
                                                      c.in.batchStride, c.rowStep, c.pixelStep)));
    Val chunk16 = chunkInStep * unit / 16, inChunk = chunkInStep * unit % 16;
    rowTargets.push_back(row * t.depth + (((chunk16 ^ swizzle(row)) * 16) | inChunk));
  }
  int64_t tileBytes = c.steps() * t.columns * t.depth;
  weightSource = k.address(k.argument(WeightArg),
                           (group * c.columnTiles() + columnTile) * tileBytes + thread * 16);
}

void ContractionKernel::copyActivations(Val step, Val stage) {
  int64_t chunk = c.window.chunk;
  Val offset = step * t.depth + chunkInStep * chunk;
  if (c.window.runs > 1)
    offset = k.load(k.builder.getI32Type(),
                    k.address(k.argument(TableArg), (step * (t.depth / chunk) + chunkInStep) * 4));
  int64_t across = t.depth / chunk;
  // Few rows: the threads beyond them have nothing to copy.
  k.guarded(
      t.threads() > t.rows * across, [&] { return k.thread() < t.rows * across; },
      [&] {
        for (auto [source, target] : llvm::zip_equal(rowSources, rowTargets))
          asyncCopy(k.address(stage, target), k.address(source, offset), chunk);
      });
}

/// Windows without alignment: four bytes are gathered and stored as a word.
void ContractionKernel::copyBytes(Val step, Val stage) {
  Val first = step * t.depth + chunkInStep * 4;
  auto body = [&] {
    SmallVector<Val> offsets = k.loadWords(k.address(k.argument(TableArg), first * 4), 4);
    for (auto [source, target] : llvm::zip_equal(rowSources, rowTargets)) {
      SmallVector<Val> bytes;
      for (Val offset : offsets)
        bytes.push_back(k.loadBytes(k.address(source, offset), 1).front());
      k.store(k.pack(bytes), k.address(stage, target));
    }
  };
  int64_t across = t.depth / 4, depth = c.window.depth();
  k.guarded(
      t.threads() > t.rows * across, [&] { return k.thread() < t.rows * across; },
      [&] { k.guarded(depth % t.depth != 0, [&] { return first < depth; }, body); });
}

void ContractionKernel::copyWeights(Val step, Val stage) {
  int64_t bytes = t.columns * t.depth, atOnce = t.threads() * 16;
  Val source = k.address(weightSource, step * bytes);
  Val target = k.address(stage, k.i32(t.rows * t.depth) + k.thread() * 16);
  for (int64_t done = 0; done < bytes; done += atOnce)
    k.guarded(
        bytes - done < atOnce, [&] { return k.thread() < (bytes - done) / 16; },
        [&] { asyncCopy(k.address(target, done), k.address(source, done), 16); });
}

void ContractionKernel::copyStep(Val step, Val stage) {
  if (c.window.chunk == 1)
    copyBytes(step, stage);
  else
    copyActivations(step, stage);
  copyWeights(step, stage);
}

ContractionKernel::Accumulators ContractionKernel::multiply(Val stage, ArrayRef<Val> accumulators) {
  MLIRContext *context = k.builder.getContext();
  Type i32 = k.builder.getI32Type();
  auto four = LLVM::LLVMStructType::getLiteral(context, {i32, i32, i32, i32});
  auto part = [&](Value value, int64_t i) {
    return k.wrap(LLVM::ExtractValueOp::create(k.builder, k.loc, value, i));
  };
  Accumulators result(accumulators);
  Val row = warpRow * t.warpRows + lane % 16;
  Val permutation = swizzle(lane % 16);
  Val weights = k.address(stage, k.i32(t.rows * t.depth) +
                                     (warpColumn * (t.warpColumns / 16) * 32 + lane) * 16);
  for (int64_t half = 0; half < t.depth / 32; ++half) {
    SmallVector<SmallVector<Val>> b;
    for (int64_t pair = 0; pair < t.warpColumns / 16; ++pair)
      b.push_back(k.loadWords(k.address(weights, (half * (t.columns / 16) + pair) * 512), 4));
    Val chunk = (lane / 16 + 2 * half) ^ permutation;
    Val rows = k.address(stage, row * t.depth + chunk * 16);
    for (int64_t m = 0; m < t.warpRows / 16; ++m) {
      Val loaded = k.wrap(NVVM::LdMatrixOp::create(
          k.builder, k.loc, four, k.address(rows, m * 16 * t.depth).value, 4, NVVM::MMALayout::row,
          NVVM::LdStMatrixShapeAttr::get(context, 8, 8), NVVM::LdStMatrixEltType::B16));
      SmallVector<Value> a;
      for (int64_t i = 0; i < 4; ++i)
        a.push_back(part(loaded.value, i).value);
      for (int64_t n = 0; n < groupsOfEight(); ++n) {
        Val *acc = &result[(m * groupsOfEight() + n) * 4];
        Value bs[] = {b[n / 2][n % 2 * 2].value, b[n / 2][n % 2 * 2 + 1].value};
        Value cs[] = {acc[0].value, acc[1].value, acc[2].value, acc[3].value};
        // The sum may pass 2^31 on the way and comes back: it must wrap, not saturate.
        Value d = NVVM::MmaOp::create(
            k.builder, k.loc, four, a, bs, cs, ArrayRef<int64_t>{16, 8, 32}, std::nullopt,
            NVVM::MMAIntOverflow::wrapped,
            std::array<NVVM::MMATypes, 2>{NVVM::MMATypes::u8, NVVM::MMATypes::s8},
            std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
        for (int64_t i = 0; i < 4; ++i)
          acc[i] = part(d, i);
      }
    }
  }
  return result;
}

/// Accumulators start from the bias.
ContractionKernel::Accumulators ContractionKernel::initial() {
  int64_t lanesChannels = t.warpColumns / 4;
  Val channel = columnTile * t.columns + warpColumn * t.warpColumns + lane % 4 * lanesChannels;
  if (c.groups > 1)
    channel = channel + k.block(2) * c.paddedColumns();
  Val address = k.address(k.argument(BiasArg), channel * 4);
  SmallVector<Val> bias;
  for (int64_t i = 0; i < lanesChannels; i += 4)
    llvm::append_range(bias, k.loadWords(k.address(address, i * 4), 4));
  Accumulators result;
  for (int64_t m = 0; m < t.warpRows / 16; ++m)
    for (int64_t n = 0; n < groupsOfEight(); ++n)
      for (int64_t i = 0; i < 4; ++i)
        result.push_back(bias[2 * n + i % 2]);
  return result;
}

ContractionKernel::Accumulators ContractionKernel::run() {
  int64_t steps = c.steps(), ahead = std::min(t.stages > 1 ? t.stages - 1 : 1, steps);
  auto stageAt = [&](Val step) {
    return k.address(k.shared(), t.stages == 1 ? k.i32(0) : step % t.stages * t.stageBytes());
  };
  auto commit = [&] { NVVM::CpAsyncCommitGroupOp::create(k.builder, k.loc); };
  auto wait = [&](int64_t pending) {
    NVVM::CpAsyncWaitGroupOp::create(k.builder, k.loc,
                                     k.builder.getI32IntegerAttr(int32_t(pending)));
    NVVM::BarrierOp::create(k.builder, k.loc);
  };
  for (int64_t s = 0; s < ahead; ++s) {
    copyStep(k.i32(s), stageAt(k.i32(s)));
    commit();
  }
  Accumulators accumulators = initial();
  if (steps == 1) {
    wait(0);
    return multiply(stageAt(k.i32(0)), accumulators);
  }
  // One group is committed for every step, an empty one at the end, so that the count of pending
  // groups says which step has arrived.
  return k.loop(0, steps, 1, accumulators, [&](Val step, ArrayRef<Val> carried) {
    wait(ahead - 1);
    if (t.stages > 1) {
      if (steps > ahead)
        k.ifThen(step < steps - ahead, [&] { copyStep(step + ahead, stageAt(step + ahead)); });
      commit();
      return multiply(stageAt(step), carried);
    }
    Accumulators result = multiply(stageAt(step), carried);
    NVVM::BarrierOp::create(k.builder, k.loc);
    k.ifThen(step < steps - 1, [&] { copyStep(step + 1, stageAt(step + 1)); });
    commit();
    return result;
  });
}

void ContractionKernel::storeRow(ArrayRef<Val> codes, Val address) {
  if (c.raw()) {
    for (size_t i = 0; i < codes.size(); i += c.storeBytes)
      k.storeWords(codes.slice(i, c.storeBytes), k.address(address, int64_t(i) * 4));
    return;
  }
  for (size_t i = 0; i < codes.size(); i += c.storeBytes)
    storeLimited(k, codes.slice(i, c.storeBytes), k.address(address, int64_t(i)), c.rescale);
}

void ContractionKernel::finish(ArrayRef<Val> accumulators) {
  int64_t count = t.warpColumns / 4;
  Val inTile = warpColumn * t.warpColumns + lane % 4 * count;
  Val column = columnTile * t.columns + inTile;
  Val outColumn = column, parameter = column;
  if (c.groups > 1) {
    outColumn = column + k.block(2) * c.groupN;
    parameter = column + k.block(2) * c.paddedColumns();
  }
  SmallVector<Val> multipliers, shifts;
  bool integer = c.rescale.kind == kern::Epilogue::Integer;
  auto perChannel = [&](unsigned argument, Type type) {
    SmallVector<Val> values;
    if (c.oneMultiplier)
      return SmallVector<Val>(count, k.load(type, k.argument(argument)));
    Val address = k.address(k.argument(argument), parameter * 4);
    for (int64_t i = 0; i < count; i += 4)
      llvm::append_range(values, k.loadWords(k.address(address, i * 4), 4, type));
    return values;
  };
  if (!c.raw())
    multipliers = perChannel(MultiplierArg,
                             integer ? Type(k.builder.getI32Type()) : Type(k.builder.getF32Type()));
  if (integer)
    shifts = perChannel(ShiftArg, k.builder.getI32Type());
  int64_t width = c.raw() ? 4 : 1;
  for (int64_t m = 0; m < t.warpRows / 16; ++m)
    for (int64_t h = 0; h < 2; ++h) {
      Val row = firstRow + warpRow * t.warpRows + lane / 4 + (m * 16 + h * 8);
      auto store = [&] {
        SmallVector<Val> codes;
        for (int64_t i = 0; i < count; ++i) {
          Val acc = accumulators[(m * groupsOfEight() + i / 2) * 4 + 2 * h + i % 2];
          codes.push_back(
              c.raw() ? acc
                      : requantize(acc, multipliers[i], integer ? shifts[i] : Val(), c.rescale));
        }
        Val offset = pixelOffset(row, c.out.height, c.out.width, c.out.batchStride, c.out.rowStride,
                                 c.out.pixelStride) +
                     outColumn;
        Val address = k.address(k.argument(OutArg), offset * width);
        for (int64_t i = 0; i < count; i += c.storeBytes)
          k.guarded(
              c.groupN % t.columns != 0, [&] { return column + i < c.groupN; },
              [&] {
                storeRow(ArrayRef(codes).slice(i, c.storeBytes), k.address(address, i * width));
              });
      };
      k.guarded(c.rows() % t.rows != 0, [&] { return row < c.rows(); }, store);
    }
}

void ContractionKernel::build() {
  prepare();
  finish(run());
}

} // namespace

static LogicalResult lowerConv(Program &program, Operation *operation) {
  auto op = cast<kern::ConvOp>(operation);
  Image in(op.getInput()), out(op.getOut());
  int64_t groups = op.getGroups();
  Contraction c{in,
                out,
                groups,
                in.channels / groups,
                out.channels / groups,
                op.getKernel()[0],
                op.getKernel()[1],
                in.rowStride * op.getStrides()[0],
                in.pixelStride * op.getStrides()[1],
                {},
                {},
                {op.getEpilogue(), int64_t(op.getZeroPoint()), int64_t(op.getClampLo()),
                 int64_t(op.getClampHi()), int64_t(op.getAccLo()), int64_t(op.getAccHi())}};
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  FailureOr<std::vector<char>> weight = program.bytes(op, op.getWeight());
  FailureOr<std::vector<int32_t>> bias = program.values<int32_t>(op, op.getBias());
  FailureOr<std::vector<int32_t>> multiplier = program.values<int32_t>(op, op.getMultiplier());
  FailureOr<std::vector<int32_t>> shift = program.values<int32_t>(op, op.getShift());
  if (failed(to) || failed(from) || failed(weight) || failed(bias) || failed(multiplier) ||
      failed(shift))
    return failure();
  if (!op.getNatural() || c.rescale.kind == kern::Epilogue::Fma64)
    return op.emitError("expected constants in natural order and no epilogue in fp64: run "
                        "convert-to-kern with a GPU level");
  c.window = describeWindow(op, c, from->offset);
  c.tile = program.tileFor(c.rows(), c.groupN, c.window.depth(), groups);
  c.oneMultiplier = multiplier->size() == 1;
  c.storeBytes = storeWidth(c, to->offset);

  SmallVector<Place> arguments = {*to, *from, program.constant(packWeights(c, *weight)),
                                  program.constant(padChannels(c, *bias, 0)),
                                  program.constant(offsetTable(c))};
  if (!c.raw()) {
    // Bits of floats or integers; the kernel knows which.
    arguments.push_back(c.oneMultiplier ? program.constant(*multiplier)
                                        : program.constant(padChannels(c, *multiplier, 0)));
    arguments.push_back(c.oneMultiplier || shift->size() == 1
                            ? program.constant(*shift)
                            : program.constant(padChannels(c, *shift, 1)));
  }
  Grid grid{{ceilDiv(c.rows(), c.tile.rows), c.columnTiles(), groups},
            c.tile.threads(),
            c.tile.stages * c.tile.stageBytes()};
  if (grid.blocks[1] > 65535 || grid.blocks[2] > 65535)
    return op.emitError("expected at most 65535 column tiles and groups");
  program.launch(op, "contraction", grid, arguments,
                 [&](KernelBuilder &k) { ContractionKernel(k, c).build(); });
  return success();
}

void quantc::togpu::addContractions(HandlerMap &handlers) { handlers["kern.conv"] = lowerConv; }
