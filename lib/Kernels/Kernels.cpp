//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, parameters and addresses of the kernels, all from the .def files.
//
//===----------------------------------------------------------------------===//

#include "quantc/Kernels/Kernels.h"

using namespace quantc::kernels;

namespace {

struct KernelText {
  const char *name, *params;
};

constexpr KernelText texts[] = {
#define QK_TEXT(NAME, PARAMS) {#NAME, #PARAMS},
    QK_FOR_EACH_KERNEL(QK_TEXT)
#undef QK_TEXT
};

#define QK_ADDRESS(NAME, SUFFIX) qk_##NAME##_##SUFFIX,
#define QK_ADDRESS_PORTABLE(NAME, PARAMS) QK_ADDRESS(NAME, portable)
#define QK_ADDRESS_V2(NAME, PARAMS) QK_ADDRESS(NAME, v2)
#define QK_ADDRESS_V3(NAME, PARAMS) QK_ADDRESS(NAME, v3)
#define QK_ADDRESS_V3_VNNI(NAME, PARAMS) QK_ADDRESS(NAME, v3_vnni)
#define QK_ADDRESS_V4(NAME, PARAMS) QK_ADDRESS(NAME, v4)
#define QK_ADDRESS_V4_VNNI(NAME, PARAMS) QK_ADDRESS(NAME, v4_vnni)

const KernelTable tables[numLevels] = {
    {QK_FOR_EACH_KERNEL(QK_ADDRESS_PORTABLE)}, {QK_FOR_EACH_KERNEL(QK_ADDRESS_V2)},
    {QK_FOR_EACH_KERNEL(QK_ADDRESS_V3)},       {QK_FOR_EACH_KERNEL(QK_ADDRESS_V3_VNNI)},
    {QK_FOR_EACH_KERNEL(QK_ADDRESS_V4)},       {QK_FOR_EACH_KERNEL(QK_ADDRESS_V4_VNNI)},
};

} // namespace

const char *quantc::kernels::kernelName(KernelId kernel) {
  return texts[static_cast<int>(kernel)].name;
}

std::string quantc::kernels::kernelSymbol(KernelId kernel, Level level) {
  return std::string("qk_") + kernelName(kernel) + "_" + levelInfo(level).suffix;
}

std::vector<KernelParam> quantc::kernels::kernelParams(KernelId kernel) {
  std::string_view text = texts[static_cast<int>(kernel)].params;
  text = text.substr(1, text.size() - 2); // the parentheses
  std::vector<KernelParam> params;
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(one.size() == text.size() ? one.size() : one.size() + 1);
    size_t nameAt = one.find_last_of(" *") + 1;
    KernelParam::Kind kind = one.find('*') != one.npos       ? KernelParam::Pointer
                             : one.find("float") != one.npos ? KernelParam::Float32
                                                             : KernelParam::Int64;
    params.push_back({kind, std::string(one.substr(nameAt))});
  }
  return params;
}

const KernelTable &quantc::kernels::kernelTable(Level level) {
  return tables[static_cast<int>(level)];
}
