//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sliding windows. `window` sends one beat of some channels per tap; `window_parallel` a whole
// window per beat. Taps outside of the image hold a value given by the caller, so padding needs no
// memory, and a window may reach past the border by any amount (ceil_mode).
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_WINDOW_H
#define QHLS_WINDOW_H

#include "latency.h"
#include "types.h"

namespace qhls {

namespace detail {
constexpr int clamp_int(long long v, int lo, int hi) {
  return v < lo ? lo : v > hi ? hi : static_cast<int>(v);
}
constexpr int larger(int a, int b) { return a > b ? a : b; }

template <class T, int LANES> word<T, LANES> filled(T value) {
  QHLS_INLINE()
  word<T, LANES> beat;
  for (int l = 0; l < LANES; ++l) {
    QHLS_UNROLL()
    beat.set(l, value);
  }
  return beat;
}

/// The beats of an output row, in the order in which they are sent.
template <class CFG> struct window_cursor {
  enum { parts = CFG::channels / CFG::lanes / CFG::groups };
  int ox = 0, group = 0, ky = 0, kx = 0, part = 0;

  int row(int oy) const { return oy * CFG::stride_h - CFG::pad_top + ky * CFG::dilation_h; }
  int column() const { return ox * CFG::stride_w - CFG::pad_left + kx * CFG::dilation_w; }

  /// True behind the row's last beat, and the first one is next again.
  bool step() {
    QHLS_INLINE()
    if (++part < parts)
      return false;
    part = 0;
    if (++kx < CFG::kernel_w)
      return false;
    kx = 0;
    if (++ky < CFG::kernel_h)
      return false;
    ky = 0;
    if (++group < CFG::groups)
      return false;
    group = 0;
    if (++ox < CFG::out_width)
      return false;
    ox = 0;
    return true;
  }
};
} // namespace detail

/// Members of CFG, all static const int: height, width, channels, lanes, kernel_h, kernel_w,
/// stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, out_height, out_width, groups.
template <class CFG> struct window_shape {
  static_assert(CFG::channels % (CFG::lanes * CFG::groups) == 0,
                "lanes divide the channels of a group");
  enum {
    extent_h = (CFG::kernel_h - 1) * CFG::dilation_h + 1,
    folds = CFG::channels / CFG::lanes,
    row_beats = CFG::width * folds,  ///< of the input
    rows = extent_h + CFG::stride_h, ///< kept: those of one output row, and the next ones
    emit = CFG::out_width * CFG::kernel_h * CFG::kernel_w * folds, ///< beats sent per output row
  };
  /// Rows that must be there before output row `oy` starts.
  static constexpr int rows_for(int oy) {
    return detail::clamp_int(static_cast<long long>(oy) * CFG::stride_h - CFG::pad_top + extent_h,
                             0, CFG::height);
  }
  /// Rows that arrive before output row 0, during an output row, and during the last one.
  enum {
    first_rows = detail::clamp_int(static_cast<long long>(extent_h) - CFG::pad_top, 0, CFG::height),
    last_needed = detail::clamp_int(static_cast<long long>(CFG::out_height - 1) * CFG::stride_h -
                                        CFG::pad_top + extent_h,
                                    0, CFG::height),
    fill_cycles = first_rows * row_beats,
    row_cycles = detail::larger(emit, CFG::stride_h *row_beats),
    last_cycles = detail::larger(emit, (CFG::height - last_needed) * row_beats),
    first_top = (rows - CFG::pad_top % rows) % rows,
    cycles = fill_cycles + (CFG::out_height - 1) * row_cycles + last_cycles,
  };
};
template <class CFG> struct window_cycles {
  enum { value = window_shape<CFG>::cycles };
};

/// Rows fill a ring of `extent + stride` rows while the output row before is sent, one beat in and
/// one out a cycle.
template <class CFG, class T>
void window(hls::stream<word<T, CFG::lanes>> &in, hls::stream<word<T, CFG::lanes>> &out, T pad) {
  QHLS_INLINE_OFF()
  typedef window_shape<CFG> shape;
  QHLS_UNIT(latency::window);

  word<T, CFG::lanes> ring[shape::rows][shape::row_beats];
  QHLS_LINE_MEMORY(ring)
  QHLS_NO_DEPENDENCE(ring)
  int arrived = 0, slot = 0, column = 0; // input: rows complete, ring row and beat being filled
  int phase = -1, cycle = 0,
      phase_cycles = shape::fill_cycles; // phase: output row, or -1 while the first rows arrive
  int limit = shape::first_rows;         // rows that may arrive in this phase
  int top = shape::first_top;            // ring row of input row oy * stride - pad
  detail::window_cursor<CFG> at;
  bool sending = false;
  // Without rows to wait for, the first phase is output row 0.
  if (shape::fill_cycles == 0) {
    phase = 0;
    phase_cycles = CFG::out_height == 1 ? shape::last_cycles : shape::row_cycles;
    limit = CFG::out_height == 1 ? CFG::height : shape::rows_for(1);
    sending = true;
  }
  for (int i = 0; i < shape::cycles; ++i) {
    QHLS_PIPELINE()
    if (arrived < limit) {
      word<T, CFG::lanes> x = in.read();
      if (arrived < shape::last_needed)
        ring[slot][column] = x;
      if (++column == shape::row_beats) {
        column = 0;
        ++arrived;
        slot = slot + 1 == shape::rows ? 0 : slot + 1;
      }
    }
    if (sending) {
      int y = at.row(phase), x = at.column(), row = top + at.ky * CFG::dilation_h;
      if (y >= 0 && y < CFG::height && x >= 0 && x < CFG::width)
        out.write(ring[row >= shape::rows ? row - shape::rows : row]
                      [x * shape::folds + at.group * at.parts + at.part]);
      else
        out.write(detail::filled<T, CFG::lanes>(pad));
      sending = !at.step();
    }
    if (++cycle == phase_cycles) {
      cycle = 0;
      if (phase >= 0)
        top = top + CFG::stride_h >= shape::rows ? top + CFG::stride_h - shape::rows
                                                 : top + CFG::stride_h;
      ++phase;
      sending = phase < CFG::out_height;
      phase_cycles = phase == CFG::out_height - 1 ? shape::last_cycles : shape::row_cycles;
      limit = phase == CFG::out_height - 1 ? CFG::height : shape::rows_for(phase + 1);
    }
    QHLS_TICK();
  }
}

template <class CFG> struct window_parallel_shape {
  static_assert(CFG::channels == CFG::lanes, "a parallel window takes a pixel per beat");
  enum {
    extent_h = (CFG::kernel_h - 1) * CFG::dilation_h + 1,
    extent_w = (CFG::kernel_w - 1) * CFG::dilation_w + 1,
    lines = extent_h > 1 ? extent_h - 1 : 1,
    // The padded image: all of the input, and all that windows reach.
    rows = detail::larger(CFG::pad_top + CFG::height,
                          (CFG::out_height - 1) * CFG::stride_h + extent_h),
    columns =
        detail::larger(CFG::pad_left + CFG::width, (CFG::out_width - 1) * CFG::stride_w + extent_w),
    lanes = CFG::kernel_h * CFG::kernel_w * CFG::channels,
    cycles = rows * columns,
  };
};
template <class CFG> struct window_parallel_cycles {
  enum { value = window_parallel_shape<CFG>::cycles };
};

namespace detail {
/// A pixel of the padded image comes into the window, with those above it; the lines keep column x.
template <class SHAPE, class P>
void shift_in(const P &pixel, P (&lines)[SHAPE::lines][SHAPE::columns],
              P (&registers)[SHAPE::extent_h][SHAPE::extent_w], int x, int y) {
  QHLS_INLINE()
  for (int r = 0; r < SHAPE::extent_h; ++r) {
    QHLS_UNROLL()
    for (int c = 0; c + 1 < SHAPE::extent_w; ++c) {
      QHLS_UNROLL()
      registers[r][c] = registers[r][c + 1];
    }
    registers[r][SHAPE::extent_w - 1] =
        r == SHAPE::extent_h - 1 || y < SHAPE::extent_h - 1 - r ? pixel : lines[r][x];
  }
  for (int r = 0; r + 1 < SHAPE::extent_h; ++r) {
    QHLS_UNROLL()
    lines[r][x] = registers[r + 1][SHAPE::extent_w - 1];
  }
}
} // namespace detail

/// Walks over the padded image, one pixel a cycle, with the lines above in memories and the window
/// in registers.
template <class CFG, class T>
void window_parallel(hls::stream<word<T, CFG::lanes>> &in,
                     hls::stream<word<T, window_parallel_shape<CFG>::lanes>> &out, T pad) {
  QHLS_INLINE_OFF()
  typedef window_parallel_shape<CFG> shape;
  typedef word<T, CFG::lanes> pixel_t;
  QHLS_UNIT(latency::window);

  pixel_t lines[shape::lines][shape::columns];
  pixel_t registers[shape::extent_h][shape::extent_w] = {};
  QHLS_PARTITION(lines, 1)
  QHLS_NO_DEPENDENCE(lines)
  QHLS_PARTITION(registers, 0)
  int x = 0, y = 0;
  int next_x = shape::extent_w - 1, next_y = shape::extent_h - 1; // where the next window ends
  int sent_x = 0, sent_y = 0;
  for (int i = 0; i < shape::cycles; ++i) {
    QHLS_PIPELINE()
    pixel_t pixel;
    if (y >= CFG::pad_top && y < CFG::pad_top + CFG::height && x >= CFG::pad_left &&
        x < CFG::pad_left + CFG::width)
      pixel = in.read();
    else
      pixel = detail::filled<T, CFG::lanes>(pad);
    detail::shift_in<shape>(pixel, lines, registers, x, y);
    if (y == next_y && x == next_x && sent_y < CFG::out_height && sent_x < CFG::out_width) {
      word<T, shape::lanes> beat;
      for (int l = 0; l < shape::lanes; ++l) {
        QHLS_UNROLL()
        const int tap = l / CFG::channels;
        beat.set(
            l,
            registers[tap / CFG::kernel_w * CFG::dilation_h][tap % CFG::kernel_w * CFG::dilation_w]
                .get(l % CFG::channels));
      }
      out.write(beat);
      next_x += CFG::stride_w;
      ++sent_x;
    }
    if (++x == shape::columns) {
      x = 0;
      next_x = shape::extent_w - 1;
      sent_x = 0;
      if (y == next_y) {
        next_y += CFG::stride_h;
        ++sent_y;
      }
      ++y;
    }
    QHLS_TICK();
  }
}

} // namespace qhls

#endif // QHLS_WINDOW_H
