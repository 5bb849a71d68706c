//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The program that convert-kern-to-gpu builds: kernels, constants and launches; and what the
// handlers of kern calls share.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_KERNTOGPU_PROGRAM_H
#define QUANTC_LIB_CONVERSION_KERNTOGPU_PROGRAM_H

#include "KernelBuilder.h"
#include "Tiles.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "llvm/ADT/StringMap.h"
#include <array>

namespace quantc::togpu {

/// Where a buffer lies: bytes from the start of the arena or of the constants. Both are aligned to
/// 256 bytes.
struct Place {
  enum Base { Arena, Constants } base = Arena;
  int64_t offset = 0;
};

/// One launch: blocks along three axes, and what the kernel needs.
struct Grid {
  std::array<int64_t, 3> blocks = {1, 1, 1};
  int64_t threads = 128;
  int64_t sharedBytes = 0;
};

/// Blocks of `threads` threads that hold `count` threads in all.
Grid linearGrid(int64_t count, int64_t threads = 256);

class Program {
public:
  /// `forced`: the tile of every contraction instead of the table's.
  Program(mlir::ModuleOp module, const Chip &chip, std::optional<Tile> forced);

  /// Lowers @main. Every call that has no kernel is reported.
  mlir::LogicalResult run(mlir::func::FuncOp main);

  /// The place of a buffer, view, constant or argument.
  mlir::FailureOr<Place> place(mlir::Value memref);
  /// Adds constant data; equal data share a place.
  Place constant(mlir::ArrayRef<char> bytes);
  template <typename T> Place constant(const std::vector<T> &values) {
    return constant(mlir::ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                                         values.size() * sizeof(T)));
  }
  /// The bytes of a constant operand of `op`; an error on `op` when it is none.
  mlir::FailureOr<std::vector<char>> bytes(mlir::Operation *op, mlir::Value memref);
  template <typename T>
  mlir::FailureOr<std::vector<T>> values(mlir::Operation *op, mlir::Value memref) {
    mlir::FailureOr<std::vector<char>> data = bytes(op, memref);
    if (mlir::failed(data))
      return mlir::failure();
    std::vector<T> result(data->size() / sizeof(T));
    std::copy(data->begin(), data->end(), reinterpret_cast<char *>(result.data()));
    return result;
  }

  /// Builds a kernel whose arguments are addresses (or takes the one with the same code) and
  /// launches it. `readOnly`: bits of the arguments that the kernel only reads and nothing it
  /// writes overlaps; constants are marked by themselves.
  void launch(mlir::Operation *op, llvm::StringRef kind, const Grid &grid,
              mlir::ArrayRef<Place> arguments, llvm::function_ref<void(KernelBuilder &)> build);

  /// The tile of a contraction; see chooseTile.
  Tile tileFor(int64_t rows, int64_t columns, int64_t depth, int64_t groups) const {
    return forced ? *forced : chooseTile(chip, rows, columns, depth, groups);
  }

  const Chip &chip;

private:
  mlir::LogicalResult checkSizes(mlir::func::FuncOp main);
  void placeArguments(mlir::func::FuncOp main);
  mlir::gpu::GPUFuncOp uniqueKernel(KernelBuilder &kernel, llvm::StringRef kind);
  mlir::Value pointer(const Place &place);

  std::optional<Tile> forced;
  mlir::ModuleOp module;
  mlir::OpBuilder builder;
  mlir::gpu::GPUModuleOp kernels;
  mlir::func::FuncOp launches;
  std::vector<char> constantData;
  llvm::StringMap<int64_t> constantPlaces;
  llvm::StringMap<mlir::gpu::GPUFuncOp> kernelsByText;
  llvm::StringMap<int> kernelCounts;
  /// Arena offsets of the function's inputs and outputs, which have copies there.
  llvm::SmallVector<int64_t> argumentOffsets;
  int64_t arenaBytes = 0;
};

using kern::Image;

/// A point of an image by its number in (batch, y, x) order.
struct Pixel {
  Val batch, y, x;
};
Pixel splitPixel(Val index, int64_t height, int64_t width);
/// Element offset of pixel number `index` of height x width x ..., with the fewest divisions.
Val pixelOffset(Val index, int64_t height, int64_t width, int64_t batchStep, int64_t rowStep,
                int64_t pixelStep);

/// The largest power of two, at most `limit`, that divides all the values (0 is divisible).
int64_t commonPower(mlir::ArrayRef<int64_t> values, int64_t limit);

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// How an accumulator becomes a byte.
struct Rescale {
  kern::Epilogue kind = kern::Epilogue::Raw;
  int64_t zeroPoint = 0, lo = 0, hi = 255;
  int64_t accLo = INT32_MIN, accHi = INT32_MAX;
  /// Whether values that `requantize` returned still have to be limited to [lo, hi].
  bool clampsLater() const { return kind == kern::Epilogue::Fma32; }
};
/// An accumulator's code: limited to [lo, hi] already, or by `pack` later. `multiplier` is f32 or
/// i32 as the kind says; `shift` (i32) is used by the integer kind.
Val requantize(Val accumulator, Val multiplier, Val shift, const Rescale &rescale);
/// What requantize returned, limited to [lo, hi].
Val limited(Val code, const Rescale &rescale);
/// Four of them as the bytes of a word.
Val packLimited(mlir::ArrayRef<Val> codes, const Rescale &rescale);
/// 1, 2, 4, 8 or 16 of them to adjacent bytes.
void storeLimited(KernelBuilder &k, mlir::ArrayRef<Val> codes, Val pointer, const Rescale &rescale);

/// Lowers one kern call. Failure after a diagnostic.
using Handler = mlir::LogicalResult (*)(Program &, mlir::Operation *);
using HandlerMap = llvm::StringMap<Handler>;

void addContractions(HandlerMap &handlers);
void addDepthwise(HandlerMap &handlers);
void addPointwise(HandlerMap &handlers);
void addPools(HandlerMap &handlers);
void addMovement(HandlerMap &handlers);
void addFloatOps(HandlerMap &handlers);
void addFloatContractions(HandlerMap &handlers);

} // namespace quantc::togpu

#endif // QUANTC_LIB_CONVERSION_KERNTOGPU_PROGRAM_H
