//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Level table and host detection by CPUID and XGETBV.
//
//===----------------------------------------------------------------------===//

#include "quantc/Kernels/Levels.h"

#include <cpuid.h>

using namespace quantc::kernels;

namespace {

constexpr LevelInfo infos[numLevels] = {
    {Level::Portable, "portable", "portable", "x86-64", "", false, 1, 1, 1, 1},
    {Level::V2, "x86-64-v2", "v2", "x86-64-v2", "", false, 1, 1, 4, 4},
    {Level::V3, "x86-64-v3", "v3", "x86-64-v3", "", true, 2, 1, 4, 6},
    {Level::V3Vnni, "x86-64-v3-vnni", "v3_vnni", "x86-64-v3", "+avxvnni", true, 2, 1, 6, 6},
    {Level::V4, "x86-64-v4", "v4", "x86-64-v4", "", true, 4, 2, 12, 14},
    {Level::V4Vnni, "x86-64-v4-vnni", "v4_vnni", "x86-64-v4", "+avx512vnni", true, 4, 2, 14, 14},
};

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d))
    return {};
  return r;
}

/// Which register state the operating system saves.
uint64_t enabledState(const Registers &leaf1) {
  if (!(leaf1.c & bit_OSXSAVE))
    return 0;
  uint32_t lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (uint64_t(hi) << 32) | lo;
}

bool all(unsigned value, unsigned mask) { return (value & mask) == mask; }

/// The most demanding of v1, v2, v3, v4 and the two VNNI extensions.
struct Host {
  bool v2, v3, v4, avxVnni, avx512Vnni;
};

Host detect() {
  constexpr uint64_t ymmState = 0x6, zmmState = 0xe6;
  Registers l1 = cpuid(1, 0), l7 = cpuid(7, 0), l71 = cpuid(7, 1), ext = cpuid(0x80000001, 0);
  uint64_t state = enabledState(l1);
  Host host;
  host.v2 =
      all(l1.c, bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B) &&
      all(ext.c, bit_LAHF_LM);
  host.v3 = host.v2 && (state & ymmState) == ymmState &&
            all(l1.c, bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) &&
            all(l7.b, bit_AVX2 | bit_BMI | bit_BMI2) && all(ext.c, bit_LZCNT);
  host.v4 = host.v3 && (state & zmmState) == zmmState &&
            all(l7.b, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL);
  host.avxVnni = host.v3 && (l71.a & (1u << 4));
  host.avx512Vnni = host.v4 && (l7.c & (1u << 11));
  return host;
}

} // namespace

const LevelInfo &quantc::kernels::levelInfo(Level level) { return infos[static_cast<int>(level)]; }

std::optional<Level> quantc::kernels::parseLevel(std::string_view name) {
  for (const LevelInfo &info : infos)
    if (name == info.name)
      return info.level;
  return std::nullopt;
}

bool quantc::kernels::hostSupports(Level level) {
  static const Host host = detect();
  switch (level) {
  case Level::Portable:
    return true;
  case Level::V2:
    return host.v2;
  case Level::V3:
    return host.v3;
  case Level::V3Vnni:
    return host.avxVnni;
  case Level::V4:
    return host.v4;
  case Level::V4Vnni:
    return host.avx512Vnni;
  }
  return false;
}

Level quantc::kernels::bestHostLevel() {
  // AVX-VNNI on 256 bits multiplies twice as fast as AVX-512 without VNNI.
  for (Level level : {Level::V4Vnni, Level::V3Vnni, Level::V4, Level::V3, Level::V2})
    if (hostSupports(level))
      return level;
  return Level::Portable;
}
