//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the processor can do, and its floating-point environment. Everything
// here, as all of the runtime, must run on the oldest x86-64: it decides
// whether the rest of the library may run at all.
//
//===----------------------------------------------------------------------===//

#include "Runtime.h"

#include <cpuid.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#if !defined(__x86_64__) || !defined(__linux__)
#error "quantc's runtime supports Linux on x86-64"
#endif

// Where CPUID reports a feature: leaf (subleaf 0 or as given), register, bit.
enum { QRT_EBX = 1, QRT_ECX = 2, QRT_EDX = 3 };
enum { QRT_LEAF_1, QRT_LEAF_7_0, QRT_LEAF_7_1, QRT_LEAF_EXT_1, QRT_LEAVES };

// The state that the operating system must save for a feature (XCR0).
enum {
  QRT_XCR0_AVX = 0x6,
  QRT_XCR0_AVX512 = 0xe6,
};

typedef struct qrt_cpu_feature {
  const char *name;
  uint8_t leaf, reg, bit, xcr0;
} qrt_cpu_feature;

// In the order of the QRT_CPU_* bits.
static const qrt_cpu_feature qrt_cpu_feature_table[QRT_CPU_FEATURE_COUNT] = {
    {"sse3", QRT_LEAF_1, QRT_ECX, 0, 0},
    {"ssse3", QRT_LEAF_1, QRT_ECX, 9, 0},
    {"sse4.1", QRT_LEAF_1, QRT_ECX, 19, 0},
    {"sse4.2", QRT_LEAF_1, QRT_ECX, 20, 0},
    {"popcnt", QRT_LEAF_1, QRT_ECX, 23, 0},
    {"cx16", QRT_LEAF_1, QRT_ECX, 13, 0},
    {"lahf", QRT_LEAF_EXT_1, QRT_ECX, 0, 0},
    {"avx", QRT_LEAF_1, QRT_ECX, 28, QRT_XCR0_AVX},
    {"avx2", QRT_LEAF_7_0, QRT_EBX, 5, QRT_XCR0_AVX},
    {"bmi1", QRT_LEAF_7_0, QRT_EBX, 3, 0},
    {"bmi2", QRT_LEAF_7_0, QRT_EBX, 8, 0},
    {"f16c", QRT_LEAF_1, QRT_ECX, 29, QRT_XCR0_AVX},
    {"fma", QRT_LEAF_1, QRT_ECX, 12, QRT_XCR0_AVX},
    {"lzcnt", QRT_LEAF_EXT_1, QRT_ECX, 5, 0},
    {"movbe", QRT_LEAF_1, QRT_ECX, 22, 0},
    {"avx-vnni", QRT_LEAF_7_1, 0, 4, QRT_XCR0_AVX},
    {"avx512f", QRT_LEAF_7_0, QRT_EBX, 16, QRT_XCR0_AVX512},
    {"avx512bw", QRT_LEAF_7_0, QRT_EBX, 30, QRT_XCR0_AVX512},
    {"avx512cd", QRT_LEAF_7_0, QRT_EBX, 28, QRT_XCR0_AVX512},
    {"avx512dq", QRT_LEAF_7_0, QRT_EBX, 17, QRT_XCR0_AVX512},
    {"avx512vl", QRT_LEAF_7_0, QRT_EBX, 31, QRT_XCR0_AVX512},
    {"avx512vnni", QRT_LEAF_7_0, QRT_ECX, 11, QRT_XCR0_AVX512},
};

// The state components that the operating system enabled; 0 without XSAVE.
static uint32_t qrt_enabled_state(const uint32_t leaf1[4]) {
  const uint32_t osxsave = 1u << 27;
  if (!(leaf1[QRT_ECX] & osxsave))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

uint32_t qrt_cpu_features(void) {
  uint32_t leaves[QRT_LEAVES][4];
  memset(leaves, 0, sizeof leaves);
  static const uint32_t numbers[QRT_LEAVES][2] = {{1, 0}, {7, 0}, {7, 1}, {0x80000001u, 0}};
  // __get_cpuid_count compares the leaf with the highest one and leaves the
  // registers alone when it is beyond; a subleaf beyond reads as zeros.
  for (int i = 0; i < QRT_LEAVES; ++i)
    __get_cpuid_count(numbers[i][0], numbers[i][1], &leaves[i][0], &leaves[i][1], &leaves[i][2],
                      &leaves[i][3]);

  uint32_t state = qrt_enabled_state(leaves[QRT_LEAF_1]);
  uint32_t features = 0;
  for (int i = 0; i < QRT_CPU_FEATURE_COUNT; ++i) {
    const qrt_cpu_feature *f = &qrt_cpu_feature_table[i];
    if ((leaves[f->leaf][f->reg] >> f->bit & 1) && (state & f->xcr0) == f->xcr0)
      features |= 1u << i;
  }
  return features;
}

void qrt_cpu_feature_names(uint32_t set, char *buffer, size_t size) {
  if (size == 0)
    return;
  size_t used = 0;
  buffer[0] = 0;
  for (int i = 0; i < 32; ++i) {
    if (!(set >> i & 1))
      continue;
    const char *name =
        i < QRT_CPU_FEATURE_COUNT ? qrt_cpu_feature_table[i].name : "an unknown feature";
    qrt_format(buffer + used, size - used, "%s%s", used ? ", " : "", name);
    used += strlen(buffer + used);
  }
}

int32_t qrt_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  int32_t count = 0;
  for (size_t i = 0; i < sizeof set; ++i)
    for (unsigned byte = ((const unsigned char *)&set)[i]; byte; byte >>= 1)
      count += byte & 1;
  return count < 1 ? 1 : count;
}

uint32_t qrt_set_float_environment(void) {
  uint32_t saved = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(0x1f80);
  return saved;
}

void qrt_restore_float_environment(uint32_t saved) { __builtin_ia32_ldmxcsr(saved); }

int64_t qrt_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
