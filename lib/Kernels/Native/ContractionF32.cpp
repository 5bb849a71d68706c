//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// fp32 products and convolutions of plain arrays whose sizes only a run knows: nothing is packed
// beforehand. 32 columns at a time of the right operand (for a convolution: the windows of 32
// pixels) are copied side by side, and matmul_f32 multiplies them by all rows of the left one.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

namespace {

constexpr int64_t Panel = 32;
constexpr int64_t FewRows = 8;

QK_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// panel[i][j] = b[i][j] (b[j][i] where transposed) for j < width, 0 beyond.
void copyPanel(float *panel, const float *b, int64_t k, int64_t width, int64_t ldb,
               bool transposed) {
  for (int64_t i = 0; i < k; ++i) {
    float *row = panel + i * Panel;
    if (!transposed && width == Panel) {
      std::memcpy(row, b + i * ldb, Panel * sizeof(float));
      continue;
    }
    for (int64_t j = 0; j < width; ++j)
      row[j] = transposed ? b[j * ldb + i] : b[i * ldb + j];
    for (int64_t j = width; j < Panel; ++j)
      row[j] = 0.0f;
  }
}

struct Image {
  int64_t height, width, kernelH, kernelW, strideH, strideW, dilH, dilW, padTop, padLeft, outW;
};

/// One tap of `count` pixels from (y, x) on, which lie in one row of the result.
QK_INLINE void copyTap(float *to, const float *plane, const Image &s, int64_t y, int64_t x,
                       int64_t ky, int64_t kx, int64_t count) {
  const int64_t row = y * s.strideH + ky * s.dilH - s.padTop;
  const int64_t column = x * s.strideW + kx * s.dilW - s.padLeft;
  if (row < 0 || row >= s.height) {
    std::memset(to, 0, size_t(count) * sizeof(float));
    return;
  }
  const float *from = plane + row * s.width;
  if (s.strideW == 1 && column >= 0 && column + count <= s.width) {
    std::memcpy(to, from + column, size_t(count) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = column + i * s.strideW;
    to[i] = at >= 0 && at < s.width ? from[at] : 0.0f;
  }
}

/// What a channel's results become.
struct Epilogue {
  const float *scale, *shift;
  float lo, hi;

  Epilogue from(int64_t channel) const {
    return {scale ? scale + channel : nullptr, shift ? shift + channel : nullptr, lo, hi};
  }
};

/// to[i] = limited(from[i] * scale + shift); `to` may be `from`.
QK_INLINE void finish(float *to, const float *from, int64_t count, const Epilogue &e) {
  const float scale = e.scale ? *e.scale : 1.0f, shift = e.shift ? *e.shift : 0.0f;
  for (int64_t i = 0; i < count; ++i) {
    float v = e.scale ? (QK_FMA ? __builtin_fmaf(from[i], scale, shift) : from[i] * scale + shift)
                      : from[i] + shift;
    v = v < e.lo ? e.lo : v;
    to[i] = v > e.hi ? e.hi : v;
  }
}

/// The windows of `count` pixels from number `first` on: panel[(c, ky, kx)][pixel].
void copyWindows(float *panel, const float *in, const Image &s, int64_t channels, int64_t first,
                 int64_t count) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t ky = 0; ky < s.kernelH; ++ky)
      for (int64_t kx = 0; kx < s.kernelW; ++kx, panel += Panel) {
        for (int64_t done = 0; done < count;) {
          const int64_t y = (first + done) / s.outW, x = (first + done) % s.outW;
          const int64_t run = least(count - done, s.outW - x);
          copyTap(panel + done, in + c * s.height * s.width, s, y, x, ky, kx, run);
          done += run;
        }
      }
}

/// A panel for the rows of one group: columns are pixels of as many images as it takes. `images`
/// is the distance of two images in elements; columns beyond `count` are not written.
void copyColumns(float *panel, const float *in, const Image &s, int64_t channels, int64_t images,
                 int64_t pixels, int64_t first, int64_t count) {
  for (int64_t done = 0; done < count;) {
    const int64_t image = (first + done) / pixels, pixel = (first + done) % pixels;
    const int64_t run = least(count - done, pixels - pixel);
    copyWindows(panel + done, in + image * images, s, channels, pixel, run);
    done += run;
  }
}

/// One channel with its own filter, a row of the result at a time.
void depthwisePlane(float *out, const float *in, const float *weights, const Epilogue &epilogue,
                    const Image &s, int64_t outH) {
  for (int64_t y = 0; y < outH; ++y) {
    float *row = out + y * s.outW;
    for (int64_t x = 0; x < s.outW; ++x)
      row[x] = 0.0f;
    for (int64_t ky = 0; ky < s.kernelH; ++ky) {
      const int64_t from = y * s.strideH + ky * s.dilH - s.padTop;
      if (from < 0 || from >= s.height)
        continue;
      for (int64_t kx = 0; kx < s.kernelW; ++kx) {
        const float w = weights[ky * s.kernelW + kx];
        const int64_t shift = kx * s.dilW - s.padLeft;
        // Pixels whose tap lies inside: 0 <= x * stride + shift < width.
        const int64_t begin = shift >= 0 ? 0 : (-shift + s.strideW - 1) / s.strideW;
        const int64_t room = s.width - 1 - shift;
        const int64_t end = room < 0 ? 0 : least(s.outW, room / s.strideW + 1);
        const float *source = in + from * s.width + shift;
        if (s.strideW == 1) {
          for (int64_t x = begin; x < end; ++x)
            row[x] = QK_FMA ? __builtin_fmaf(w, source[x], row[x]) : row[x] + w * source[x];
        } else {
          for (int64_t x = begin; x < end; ++x)
            row[x] = QK_FMA ? __builtin_fmaf(w, source[x * s.strideW], row[x])
                            : row[x] + w * source[x * s.strideW];
        }
      }
    }
    finish(row, row, s.outW, epilogue);
  }
}

} // namespace

extern "C" {

void QK_NAME(matmul_f32)(float *, const float *, const float *, int64_t, int64_t, int64_t, int64_t,
                         int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                         int64_t);

void QK_NAME(gemm_f32)(float *out, const float *a, const float *b, float *scratch, int64_t m,
                       int64_t n, int64_t k, int64_t lda, int64_t ldb, int64_t ldc,
                       int64_t transB) {
  // For a few rows, copying b costs more than reading it in place does; its last columns are
  // copied, because a vector may reach behind them.
  if (!transB && m <= FewRows && n >= Panel) {
    const int64_t whole = n / Panel * Panel;
    QK_NAME(matmul_f32)(out, a, b, 0, m, 0, whole / Panel, m, whole, k, lda, ldb, ldc, 0, 0, 0);
    out += whole;
    b += whole;
    n -= whole;
  }
  for (int64_t c = 0; c < n; c += Panel) {
    const int64_t width = least(Panel, n - c);
    copyPanel(scratch, transB ? b + c * ldb : b + c, k, width, ldb, transB != 0);
    QK_NAME(matmul_f32)(out + c, a, scratch, 0, m, 0, 1, m, width, k, lda, Panel, ldc, 0, 0, 0);
  }
}

void QK_NAME(conv_nchw_f32)(float *out, const float *in, const float *weights, const float *scale,
                            const float *shift, float *scratch, float lo, float hi, int64_t batch,
                            int64_t channels, int64_t height, int64_t width, int64_t outChannels,
                            int64_t outH, int64_t outW, int64_t kernelH, int64_t kernelW,
                            int64_t strideH, int64_t strideW, int64_t dilH, int64_t dilW,
                            int64_t padTop, int64_t padLeft, int64_t groups) {
  const Image s = {height, width, kernelH, kernelW, strideH, strideW,
                   dilH,   dilW,  padTop,  padLeft, outW};
  const Epilogue epilogue = {scale, shift, lo, hi};
  const int64_t inGroup = channels / groups, outGroup = outChannels / groups;
  const int64_t k = inGroup * kernelH * kernelW, pixels = outH * outW;
  const int64_t imageIn = channels * height * width, imageOut = outChannels * pixels;
  float *tile = scratch + k * Panel;
  for (int64_t group = 0; group < groups; ++group) {
    const float *x = in + group * inGroup * height * width, *w = weights + group * outGroup * k;
    float *y = out + group * outGroup * pixels;
    const Epilogue own = epilogue.from(group * outGroup);
    if (inGroup == 1 && outGroup <= 4) {
      for (int64_t image = 0; image < batch; ++image)
        for (int64_t o = 0; o < outGroup; ++o)
          depthwisePlane(y + image * imageOut + o * pixels, x + image * imageIn, w + o * k,
                         own.from(o), s, outH);
      continue;
    }
    for (int64_t first = 0; first < batch * pixels; first += Panel) {
      const int64_t count = least(Panel, batch * pixels - first);
      copyColumns(scratch, x, s, inGroup, imageIn, pixels, first, count);
      QK_NAME(matmul_f32)(tile, w, scratch, 0, outGroup, 0, 1, outGroup, count, k, k, Panel, Panel,
                          0, 0, 0);
      for (int64_t done = 0; done < count;) {
        const int64_t image = (first + done) / pixels, pixel = (first + done) % pixels;
        const int64_t run = least(count - done, pixels - pixel);
        for (int64_t o = 0; o < outGroup; ++o)
          finish(y + image * imageOut + o * pixels + pixel, tile + o * Panel + done, run,
                 own.from(o));
        done += run;
      }
    }
  }
}

} // extern "C"
