/*===----------------------------------------------------------------------===
 *
 * Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
 * See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===
 *
 * What one core can do at most, for the "bound" column of mobilenet_v2.py: 8-bit multiply-adds with
 * the widest instruction of the machine, and bytes read from a buffer of a given size. Compile with
 * -O3 -march=native.
 *
 *===----------------------------------------------------------------------===*/

#include <immintrin.h>
#include <stdint.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

#if defined(__AVX512VNNI__)
typedef __m512i Vector;
#define DOT(acc, a, b) acc = _mm512_dpbusd_epi32(acc, a, b)
#elif defined(__AVXVNNI__)
typedef __m256i Vector;
#define DOT(acc, a, b) acc = _mm256_dpbusd_avx_epi32(acc, a, b)
#elif defined(__AVX2__)
typedef __m256i Vector;
#define DOT(acc, a, b)                                                                             \
  acc = _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)))
#else
typedef __m128i Vector;
#define DOT(acc, a, b)                                                                             \
  acc = _mm_add_epi32(acc, _mm_madd_epi16(_mm_maddubs_epi16(a, b), _mm_set1_epi16(1)))
#endif

/* 8-bit multiply-adds a second of one core; operands stay in registers, 12 independent sums hide
 * the latency. */
double multiply_adds_per_second(void) {
  enum { Sums = 12, Rounds = 4000000 };
  Vector sums[Sums], a, b;
  for (unsigned i = 0; i < sizeof(Vector); ++i)
    ((uint8_t *)&a)[i] = i, ((uint8_t *)&b)[i] = 3 * i;
  for (int i = 0; i < Sums; ++i)
    sums[i] = a;
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    double start = now();
    for (int round = 0; round < Rounds; ++round) {
#pragma clang loop unroll(full)
      for (int i = 0; i < Sums; ++i)
        DOT(sums[i], a, b);
      __asm__ volatile("" : "+x"(a), "+x"(b)); /* the products are not loop invariants */
    }
    double rate = (double)Sums * Rounds * sizeof(Vector) / (now() - start);
    best = rate > best ? rate : best;
  }
  for (int i = 0; i < Sums; ++i)
    __asm__ volatile("" : : "x"(sums[i]));
  return best;
}

/* Bytes read a second by one core from `size` bytes at `data`, again and again. */
double bytes_per_second(const uint8_t *data, int64_t size) {
  double best = 0;
  int64_t passes = ((int64_t)1 << 30) / size + 1;
  for (int repeat = 0; repeat < 5; ++repeat) {
    Vector sums[4] = {0};
    double start = now();
    for (int64_t pass = 0; pass < passes; ++pass) {
      for (int64_t i = 0; i + 4 * (int64_t)sizeof(Vector) <= size; i += 4 * sizeof(Vector))
        for (int j = 0; j < 4; ++j)
          sums[j] ^= *(const Vector *)(data + i + j * sizeof(Vector));
      __asm__ volatile("" : : "r"(data) : "memory");
    }
    double rate = (double)passes * size / (now() - start);
    best = rate > best ? rate : best;
    for (int j = 0; j < 4; ++j)
      __asm__ volatile("" : : "x"(sums[j]));
  }
  return best;
}
