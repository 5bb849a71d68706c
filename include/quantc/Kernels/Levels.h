//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ISA levels for which kernels exist, what each needs from a CPU, and the
// LLVM bitcode of its kernels.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_KERNELS_LEVELS_H
#define QUANTC_KERNELS_LEVELS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quantc::kernels {

/// Ordered from the least to the most demanding.
enum class Level { Portable, V2, V3, V3Vnni, V4, V4Vnni };

inline constexpr int numLevels = 6;
inline constexpr Level allLevels[numLevels] = {Level::Portable, Level::V2, Level::V3,
                                               Level::V3Vnni,   Level::V4, Level::V4Vnni};

/// Facts about a level that the compiler needs.
struct LevelInfo {
  Level level;
  /// As users write it: "x86-64-v3-vnni"; "portable" for Portable.
  const char *name;
  /// Suffix of kernel symbols: "v3_vnni".
  const char *suffix;
  /// LLVM target-cpu and target-features that the bitcode's functions carry;
  /// emitted callers must carry the same or a superset.
  const char *cpu;
  const char *features;
  /// Whether Epilogue::Fma32 is offered and float kernels use FMA.
  bool hasFma;
  /// 128-bit lanes of the vectors that depthwise kernels use: 1, 2 or 4. The
  /// order of channels in packed depthwise constants depends on it (Packing.h).
  int64_t depthwiseLanes;
  /// Output rows that one pass of the fast depthwise kernel makes: row splits
  /// at multiples of it are cheapest.
  int64_t depthwiseRows;
  /// Largest number of output pixels that a tile of conv_u8s8 (conv_f32)
  /// covers. A row of outW pixels is cut into ceil(outW / tile) tiles whose
  /// sizes differ by at most one.
  int64_t convTileI8;
  int64_t convTileF32;
};

const LevelInfo &levelInfo(Level level);

/// Finds a level by LevelInfo::name.
std::optional<Level> parseLevel(std::string_view name);

/// Whether this machine (CPU and operating system) can run the level.
bool hostSupports(Level level);

/// The fastest level that this machine can run: the most demanding one, except that
/// V3Vnni goes before V4, whose byte products take four instructions.
Level bestHostLevel();

/// LLVM bitcode of all kernels of a level, embedded in the library; 4-byte
/// aligned, lives for ever.
struct Blob {
  const char *data;
  size_t size;
};
Blob kernelBitcode(Level level);

} // namespace quantc::kernels

#endif // QUANTC_KERNELS_LEVELS_H
