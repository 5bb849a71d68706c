//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What surrounds the design: host conversions, testbench, golden vectors, tool scripts, report.
//
//===----------------------------------------------------------------------===//

#include "Project.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

//===----------------------------------------------------------------------===//
// Order of elements
//===----------------------------------------------------------------------===//

namespace {
/// Sizes of [1, C], [1, C, W] or [1, C, H, W] as channels and pixels.
struct Order {
  int64_t channels = 1, pixels = 1;

  explicit Order(ArrayRef<int64_t> shape) {
    if (shape.size() == 1)
      channels = shape[0];
    if (shape.size() >= 2)
      channels = shape[1];
    for (int64_t d : shape.drop_front(std::min<size_t>(shape.size(), 2)))
      pixels *= d;
  }
  /// Where the k-th element of the stream is in the row-major tensor.
  int64_t source(int64_t k) const { return (k % channels) * pixels + k / channels; }
};
} // namespace

/// One word as hexadecimal digits, lane 0 in the least significant bits.
static std::string hexWord(ArrayRef<int64_t> lanes, unsigned width) {
  SmallVector<bool> bits;
  for (int64_t lane : lanes)
    for (unsigned b = 0; b < width; ++b)
      bits.push_back((lane >> b) & 1);
  while (bits.size() % 4 != 0)
    bits.push_back(false);
  std::string text;
  for (size_t digit = bits.size() / 4; digit-- > 0;) {
    unsigned value = 0;
    for (unsigned b = 0; b < 4; ++b)
      value |= unsigned(bits[digit * 4 + b]) << b;
    text += llvm::hexdigit(value, /*LowerCase=*/true);
  }
  return text;
}

void Project::writeGolden(const NamedPort &port, const std::vector<std::vector<int64_t>> &frames,
                          llvm::raw_ostream &os) {
  Order order(port.shape);
  SmallVector<int64_t> lanes(static_cast<size_t>(port.type.getLanes()));
  for (const std::vector<int64_t> &frame : frames)
    for (int64_t beat = 0; beat < port.type.getBeats(); ++beat) {
      for (auto [l, lane] : llvm::enumerate(lanes))
        lane = frame[size_t(order.source(beat * port.type.getLanes() + int64_t(l)))];
      os << hexWord(lanes, port.type.getElement().getWidth()) << "\n";
    }
}

//===----------------------------------------------------------------------===//
// host.h
//===----------------------------------------------------------------------===//

static std::string floatText(float value) {
  return llvm::formatv("{0}f", llvm::format("%.9e", double(value))).str();
}

static void writeQuantize(const NamedPort &port, llvm::raw_ostream &os) {
  auto input = cast<InputOp>(port.op);
  Order order(port.shape);
  int64_t lanes = port.type.getLanes();
  IntegerType element = port.type.getElement();
  int64_t lo = element.isUnsigned() ? 0 : -(int64_t(1) << (element.getWidth() - 1));
  int64_t hi = lo + (int64_t(1) << element.getWidth()) - 1;
  bool real = bool(input.getScaleAttr());
  os << "\n/// One frame of '" << printable(input.getName()) << "', row-major.\ninline void write_"
     << port.id << "(const " << (real ? "float" : "int32_t") << " *data, hls::stream<" << port.id
     << "_t> &stream) {\n  for (int beat = 0; beat < " << port.type.getBeats()
     << "; ++beat) {\n    " << port.id << "_t word;\n    for (int lane = 0; lane < " << lanes
     << "; ++lane) {\n      int k = beat * " << lanes << " + lane;\n      const "
     << (real ? "float" : "int32_t") << " value = data[k % " << order.channels << " * "
     << order.pixels << " + k / " << order.channels << "];\n      word.set(lane, "
     << elementName(element) << "(";
  if (real)
    os << "qhls::quantize_linear(value, "
       << floatText(input.getScaleAttr().getValue().convertToFloat()) << ", "
       << input.getZeroPoint() << ", " << lo << ", " << hi << ")";
  else
    os << "value";
  os << "));\n    }\n    stream.write(word);\n  }\n}\n";
}

static void writeDequantize(const NamedPort &port, llvm::raw_ostream &os) {
  auto output = cast<OutputOp>(port.op);
  Order order(port.shape);
  int64_t lanes = port.type.getLanes();
  std::optional<ArrayRef<float>> scales = output.getScales();
  StringRef type = scales ? "float" : "int32_t";
  os << "\n/// One frame of '" << printable(output.getName()) << "', row-major.\ninline void read_"
     << port.id << "(hls::stream<" << port.id << "_t> &stream, " << type << " *data) {\n";
  int64_t inner = 1; // elements per index of the scales' axis
  if (scales && scales->size() > 1) {
    for (int64_t d : port.shape.drop_front(size_t(output.getAxis()) + 1))
      inner *= d;
    os << "  static const float scales[" << scales->size() << "] = {";
    for (auto [i, scale] : llvm::enumerate(*scales))
      os << (i ? ", " : "") << floatText(scale);
    os << "};\n";
  }
  os << "  for (int beat = 0; beat < " << port.type.getBeats() << "; ++beat) {\n    const "
     << port.id << "_t word = stream.read();\n    for (int lane = 0; lane < " << lanes
     << "; ++lane) {\n      int k = beat * " << lanes << " + lane;\n      int at = k % "
     << order.channels << " * " << order.pixels << " + k / " << order.channels
     << ";\n      int32_t code = static_cast<int32_t>(word.get(lane));\n      data[at] = ";
  if (!scales)
    os << "code";
  else if (scales->size() == 1)
    os << "qhls::dequantize_linear(code, " << floatText(scales->front()) << ", "
       << output.getZeroPoint() << ")";
  else
    os << "qhls::dequantize_linear(code, scales[at / " << inner << " % " << scales->size() << "], "
       << output.getZeroPoint() << ")";
  os << ";\n    }\n  }\n}\n";
}

void Project::writeHost(llvm::raw_ostream &os) {
  writeBanner(os, "//", info, "Host code at the border: float tensors to streams and back.");
  os << "#ifndef HOST_H\n#define HOST_H\n\n#include \"defines.h\"\n#include "
        "\"qhls/border.h\"\n";
  for (const NamedPort &port : inputs)
    writeQuantize(port, os);
  for (const NamedPort &port : outputs)
    writeDequantize(port, os);
  os << "\n#endif // HOST_H\n";
}

//===----------------------------------------------------------------------===//
// Testbench
//===----------------------------------------------------------------------===//

void Project::writeTestbench(llvm::raw_ostream &os) {
  writeBanner(os, "//", info,
              "Testbench: golden inputs through the top function, every output beat compared.");
  os << "#include \"../host.h\"\n#include \"../top.h\"\n#include \"testbench.h\"\n\n"
        "int main(int argc, char **argv) {\n  tb::options options(argc, argv);\n";
  for (const NamedPort &port : inputs)
    os << "  hls::stream<" << port.id << "_t> " << port.id << "(\"" << port.id
       << "\");\n  tb::port<" << port.id << "_t> " << port.id << "_port(" << port.id
       << ", options, \"" << port.id << "\", " << port.type.getBeats() << ");\n";
  for (const NamedPort &port : outputs)
    os << "  hls::stream<" << port.id << "_t> " << port.id << "(\"" << port.id
       << "\");\n  tb::port<" << port.id << "_t> " << port.id << "_port(" << port.id
       << ", options, \"" << port.id << "\", " << port.type.getBeats() << ");\n";
  os << "  tb::bench bench(options, " << inputs.front().id << "_port.frames());\n"
     << "  while (bench.next()) {\n";
  for (const NamedPort &port : inputs)
    os << "    " << port.id << "_port.send(bench);\n";
  os << "    " << top << "(";
  bool first = true;
  for (const std::vector<NamedPort> *ports : {&inputs, &outputs})
    for (const NamedPort &port : *ports) {
      os << (first ? "" : ", ") << port.id;
      first = false;
    }
  os << ");\n    if (!bench.check_run())\n      break;\n";
  for (const NamedPort &port : inputs)
    os << "    " << port.id << "_port.check_empty(bench);\n";
  for (const NamedPort &port : outputs)
    os << "    " << port.id << "_port.compare(bench);\n";
  os << "  }\n  return bench.finish();\n}\n";
}

//===----------------------------------------------------------------------===//
// Tool scripts
//===----------------------------------------------------------------------===//

static void writeXilinx(const Project &project, StringRef dialect, StringRef solution,
                        llvm::raw_ostream &os) {
  double period = 1000 / project.info.clockMHz;
  os << "open_project -reset build_" << dialect.lower() << "\nset_top " << project.top
     << "\nadd_files top.cpp -cflags \"-std=c++14 -I. -DQHLS_DIALECT=QHLS_" << dialect
     << "\"\nadd_files -tb tb/main.cpp -cflags \"-std=c++14 -I. -DQHLS_DIALECT=QHLS_" << dialect
     << "\"\nadd_files -tb tb/golden\n"
     << solution;
  if (project.part)
    os << "set_part " << project.part->vendorName << "\n";
  os << "create_clock -period " << llvm::format("%.3f", period)
     << "\ncsim_design -argv \"--golden=../../../../tb/golden\"\ncsynth_design\ncosim_design -argv "
        "\"--golden=../../../../tb/golden --frames=2\"\nexit\n";
}

void Project::writeVitisScript(llvm::raw_ostream &os) {
  writeBanner(os, "#", info, "vitis_hls -f scripts/vitis_hls.tcl (not run by quantc)");
  writeXilinx(*this, "VITIS", "open_solution -reset solution1 -flow_target vivado\n", os);
}

void Project::writeVivadoScript(llvm::raw_ostream &os) {
  writeBanner(os, "#", info, "vivado_hls -f scripts/vivado_hls.tcl (not run by quantc)");
  writeXilinx(*this, "VIVADO", "open_solution -reset solution1\n", os);
}

void Project::writeBambuScript(llvm::raw_ostream &os) {
  os << "#!/bin/sh\n";
  writeBanner(os, "#", info, "Bambu; run in the project's folder (not run by quantc)");
  os << "exec bambu top.cpp --top-fname=" << top
     << " -std=c++14 -I. -DQHLS_DIALECT=QHLS_BAMBU -D__SYNTHESIS__ --generate-interface=INFER "
        "--clock-period="
     << llvm::format("%.3f", 1000 / info.clockMHz) << " \"$@\"\n";
}

//===----------------------------------------------------------------------===//
// Report
//===----------------------------------------------------------------------===//

void Project::writeReport(llvm::raw_ostream &os) {
  llvm::json::Value value = toJSON(estimate);
  llvm::json::Object &report = *value.getAsObject();
  report["format"] = "quantc-hls-report";
  report["model"] = info.model;
  report["recipe"] = info.recipe;
  report["quantc"] = info.version;
  report["assumed_clock_mhz"] = info.clockMHz;
  report["frames_per_second_at_assumed_clock"] =
      info.clockMHz * 1e6 / double(std::max<int64_t>(estimate.interval, 1));
  if (part)
    report["part"] = llvm::json::Object{{"name", part->name},
                                        {"lut", part->lut},
                                        {"ff", part->ff},
                                        {"dsp", part->dsp},
                                        {"bram18", part->bram18}};
  llvm::json::Array &entries = *report.getArray("units");
  for (auto [i, unit] : llvm::enumerate(units)) {
    llvm::json::Object &entry = *entries[i].getAsObject();
    UnitOpInterface op = unit.op;
    entry["process"] = unit.process;
    Fold fold = op.getFold();
    entry["simd"] = fold.simd;
    entry["pe"] = fold.pe;
    entry["multiplier"] = stringifyMultiplier(fold.multiplier);
  }
  llvm::json::Array streamEntries;
  for (const NamedUnit &unit : units) {
    auto depths = unit.op->getAttrOfType<DenseI64ArrayAttr>("depths");
    for (OpResult result : unit.op->getResults()) {
      auto type = cast<StreamType>(result.getType());
      streamEntries.push_back(
          llvm::json::Object{{"name", streamName(result)},
                             {"bits", type.getLanes() * type.getElement().getWidth()},
                             {"beats", type.getBeats()},
                             {"first", int64_t(estimate.times.lookup(result).first)},
                             {"last", int64_t(estimate.times.lookup(result).last)},
                             {"depth", depths ? depths[result.getResultNumber()] : int64_t(2)}});
    }
  }
  report["stream_list"] = std::move(streamEntries);
  os << llvm::formatv("{0:2}\n", value);
}
