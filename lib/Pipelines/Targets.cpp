//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of target families; see Targets.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Targets.h"
#include "quantc/Conversion/KernToGPU/KernToGPU.h"
#include "quantc/Dialect/HLS/IR/Parts.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantc;
using llvm::StringRef;

static std::vector<StringRef> cpuLevels() {
  std::vector<StringRef> names;
  for (kernels::Level level : kernels::allLevels)
    names.push_back(kernels::levelInfo(level).name);
  return names;
}

static void describeCPU(llvm::raw_ostream &os) {
  os << "A shared library for x86-64 with the C interface of quantc/Runtime/ModelABI.h. The "
        "instruction sets come from\n"
        "`--cpu LEVEL`, never from the machine that compiles (`native` asks it once); every level "
        "gives the same integers. A library\n"
        "refuses a CPU that lacks its level, by name. Kernels: lib/Kernels; emission: "
        "lib/Target/CPU.\n\n"
        "Columns: what LLVM is told; whether float kernels fuse multiply and add; 128-bit lanes of "
        "depthwise vectors; output pixels\n"
        "that one tile of a convolution covers.\n\n"
        "| level | LLVM cpu | features | FMA | depthwise lanes | int8 tile | f32 tile |\n"
        "|---|---|---|---|---|---|---|\n";
  for (kernels::Level level : kernels::allLevels) {
    const kernels::LevelInfo &info = kernels::levelInfo(level);
    os << "| " << info.name << " | " << info.cpu << " | " << info.features << " | "
       << (info.hasFma ? "yes" : "no") << " | " << info.depthwiseLanes << " | " << info.convTileI8
       << " | " << info.convTileF32 << " |\n";
  }
}

static std::vector<StringRef> gpuChips() {
  llvm::SmallVector<StringRef> names = gpuChipNames();
  return {names.begin(), names.end()};
}

static void describeGPU(llvm::raw_ostream &os) {
  os << "One shared library with the CPU library's C interface; PTX text, made by LLVM alone, that "
        "later chips take too.\n"
        "[GPU.md](GPU.md) has the design; tables: lib/Conversion/KernToGPU/Tiles.cpp.\n\n";
  describeGPUTables(os);
}

static std::vector<StringRef> fpgaParts() {
  std::vector<StringRef> names;
  for (const hls::Part &part : hls::parts())
    names.push_back(part.name);
  return names;
}

static void describeFPGA(llvm::raw_ostream &os) {
  os << "A folder with a C++ project for high-level synthesis that any compiler simulates. A "
        "design that needs more than\n"
        "`hls-utilization` percent of the part is refused before emission. [HLS.md](HLS.md) has "
        "the design; table:\n"
        "include/quantc/Dialect/HLS/IR/Parts.def.\n\n"
        "| part | vendor's name | LUTs | flip-flops | DSP slices | block RAMs of 18 kbit |\n"
        "|---|---|---|---|---|---|\n";
  for (const hls::Part &part : hls::parts())
    os << "| " << part.name << " | " << part.vendorName << " | " << part.lut << " | " << part.ff
       << " | " << part.dsp << " | " << part.bram18 << " |\n";
}

static std::vector<StringRef> noDevices() { return {}; }

static void describeONNX(llvm::raw_ostream &os) {
  os << "The quantized model as an ONNX file of opset 17: QuantizeLinear and DequantizeLinear "
        "around float ops, weights and biases as\n"
        "integers behind a DequantizeLinear. Runtimes find their integer kernels in it, and quantc "
        "reads it back without data.\n"
        "Activations have 8 bits. The accumulators of a last linear map have no form in ONNX: its "
        "result is float, or with\n"
        "`quantize-outputs` 8 bits. Biases are those before bias correction, which works on "
        "integers; a warning says so.\n"
        "Conversion: lib/Conversion/NNToONNX.\n";
}

static constexpr StringRef cpuEmits[] = {"so", "obj", "llvm", "mlir", "mlirbc"};
static constexpr StringRef gpuEmits[] = {"so", "ptx", "obj", "llvm", "mlir", "mlirbc"};
static constexpr StringRef fpgaEmits[] = {"project", "mlir", "mlirbc"};
static constexpr StringRef onnxEmits[] = {"onnx", "mlir", "mlirbc"};

static const TargetFamily families[] = {
    {"cpu", "", Stage::Lowered, cpuEmits, cpuLevels, describeCPU},
    {"cuda", "CHIP", Stage::Lowered, gpuEmits, gpuChips, describeGPU},
    {"hls", "PART", Stage::Dataflow, fpgaEmits, fpgaParts, describeFPGA},
    {"onnx", "", Stage::Exported, onnxEmits, noDevices, describeONNX},
};

static std::string spelling(const TargetFamily &family) {
  return (family.prefix + (family.device.empty() ? "" : ":") + family.device).str();
}

llvm::Expected<Target> quantc::parseTarget(StringRef name) {
  auto [prefix, device] = name.split(':');
  std::vector<StringRef> known;
  std::vector<std::string> forms;
  for (const TargetFamily &family : families) {
    known.push_back(family.prefix);
    forms.push_back(spelling(family));
    if (family.prefix != prefix || (family.device.empty() && name.contains(':')))
      continue;
    std::vector<StringRef> devices = family.devices();
    if (family.device.empty() || llvm::is_contained(devices, device))
      return Target{&family, device.str()};
    return llvm::createStringError("--target: expected " + spelling(family) + " with " +
                                   family.device + " of " + llvm::join(devices, ", ") +
                                   ", but found '" + name + "'" +
                                   didYouMean(device, llvm::ArrayRef(devices)));
  }
  return llvm::createStringError("--target: expected " + llvm::join(forms, ", ") + ", but found '" +
                                 name + "'" + didYouMean(prefix, llvm::ArrayRef(known)));
}

void quantc::describeTargets(llvm::raw_ostream &os) {
  os << "# Targets\n\n"
        "`quantc --list-targets` prints this page from the compiler's own tables; a test compares "
        "the two. What every target computes is\n"
        "[Numerics](Numerics.md), bit for bit. A new row or family: [Add a "
        "target](Guides/AddATarget.md).\n";
  for (const TargetFamily &family : families) {
    os << "\n## `--target " << spelling(family) << "`\n\n";
    family.describe(os);
    os << "\n`--emit`: " << llvm::join(family.emits, ", ")
       << "; the first is the default. Last stage: `" << stageName(family.lastStage) << "`.\n";
  }
}
