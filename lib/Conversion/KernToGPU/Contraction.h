//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction's shape, its tile, and the constants that its kernel reads.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_KERNTOGPU_CONTRACTION_H
#define QUANTC_LIB_CONVERSION_KERNTOGPU_CONTRACTION_H

#include "Program.h"

namespace quantc::togpu {

/// Where the bytes of a pixel's window lie: runs of adjacent bytes, each rounded up to chunks.
struct Window {
  int64_t runs = 1;                  ///< runs a pixel
  int64_t run = 0;                   ///< bytes of a run
  int64_t chunk = 16;                ///< bytes copied at once: 16, 8, 4, or 1
  llvm::SmallVector<int64_t> starts; ///< of the runs, relative to the pixel's first byte
  int64_t padded() const { return roundUp(run, chunk); }
  int64_t depth() const { return runs * padded(); }
};

struct Contraction {
  Image in, out;
  int64_t groups, groupC, groupN, kernelH, kernelW;
  int64_t rowStep, pixelStep; ///< of the input, between neighbouring output pixels
  Window window;
  Tile tile;
  Rescale rescale;
  bool oneMultiplier = false;
  int64_t storeBytes = 1; ///< adjacent outputs written at once

  int64_t rows() const { return out.pixels(); }
  int64_t steps() const { return ceilDiv(window.depth(), tile.depth); }
  int64_t columnTiles() const { return ceilDiv(groupN, tile.columns); }
  int64_t paddedColumns() const { return columnTiles() * tile.columns; }
  bool raw() const { return rescale.kind == kern::Epilogue::Raw; }
};

/// The window of `c`, whose input starts at a multiple of `alignment` bytes.
Window describeWindow(kern::ConvOp op, const Contraction &c, int64_t alignment);

/// Weights in natural order packed as the lanes of a warp hold them.
std::vector<int8_t> packWeights(const Contraction &c, llvm::ArrayRef<char> natural);

/// Offsets of the chunks of a window (of the bytes, for chunks of 1); chunks past its end repeat
/// the first.
std::vector<int32_t> offsetTable(const Contraction &c);

/// Per-channel data of every group, padded to whole tiles.
std::vector<int32_t> padChannels(const Contraction &c, llvm::ArrayRef<int32_t> values,
                                 int32_t fill);

/// Adjacent outputs that one store may write: they lie in one group, aligned.
int64_t storeWidth(const Contraction &c, int64_t outAlignment);

} // namespace quantc::togpu

#endif // QUANTC_LIB_CONVERSION_KERNTOGPU_CONTRACTION_H
