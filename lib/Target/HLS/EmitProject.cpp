//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, and the folder of files.
//
//===----------------------------------------------------------------------===//

#include "Project.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

// A tensor or node may have any name, and the emitted code includes headers that nobody can list.
// So no identifier is a name from the model alone: each ends in the suffix of what it is, and no
// keyword, macro or library name does. Suffixes of different kinds are never the end of one
// another:
//
// - streams `x_in`, `y_out`, `conv1_mvau_out`; their types add `_t`, their ports in the testbench
//   `_port`;
// - host conversions `write_x_in`, `read_y_out`;
// - shape and folding of a unit `conv1_mvau_config`;
// - ROMs `conv1_mvau_weights`, `conv1_mvau_epilogue`; `conv1_mvau.h` is the file.

/// The longest part of a name that identifiers take: files are named after them.
static constexpr size_t identifierLength = 80;

std::string hls::identifier(StringRef text) {
  std::string id;
  for (char c : text.take_back(identifierLength))
    if (llvm::isAlnum(c))
      id += c;
    else if (!id.empty() && id.back() != '_') // two underscores are reserved
      id += '_';
  StringRef trimmed = StringRef(id).rtrim('_');
  if (trimmed.empty() || llvm::isDigit(trimmed.front()))
    return ("n" + trimmed).str();
  return trimmed.str();
}

std::string Project::unique(StringRef base, StringRef suffix) {
  std::string name = (base + "_" + suffix).str();
  // Names become files too, and some file systems take upper and lower case for the same.
  for (int i = 1; !used.insert(StringRef(name).lower()).second; ++i)
    name = (base + "_" + Twine(i) + "_" + suffix).str();
  return name;
}

std::string hls::printable(StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isPrint(c) && c != '"' && c != '\\' ? c : '_';
  return result;
}

Project::Project(DesignOp design, const DataflowEstimate &estimate, const ProjectInfo &info)
    : info(info), estimate(estimate),
      part(design.getPart() ? findPart(*design.getPart()) : nullptr) {
  top = design.getSymName().str();
  for (Operation &op : design.getBody().front()) {
    if (auto input = dyn_cast<InputOp>(op)) {
      streams[input.getResult()] = unique(identifier(input.getName()), "in");
      inputs.push_back({&op, streams[input.getResult()],
                        cast<StreamType>(input.getResult().getType()), input.getShape()});
    } else if (auto output = dyn_cast<OutputOp>(op)) {
      // The stream in front of an output is the output.
      streams[output.getInput()] = unique(identifier(output.getName()), "out");
      outputs.push_back({&op, streams[output.getInput()],
                         cast<StreamType>(output.getInput().getType()), output.getShape()});
    }
  }
  llvm::StringMap<int> labels;
  for (Operation &op : design.getBody().front()) {
    auto unit = dyn_cast<UnitOpInterface>(op);
    if (!unit)
      continue;
    std::string node = getNodeName(&op);
    StringRef kind = op.getName().stripDialect();
    std::string id = unique(identifier(node), kind);
    for (Value result : op.getResults())
      if (!streams.contains(result))
        streams[result] = unique(id, "out");
    // Reports find a process by its label, so none is given twice: several converters may belong
    // to one node, and printable() makes some names equal.
    std::string label = printable(node) + "." + kind.str();
    if (int times = ++labels[label]; times > 1)
      label += "#" + std::to_string(times);
    units.push_back({unit, id, label});
  }
}

void hls::writeBanner(llvm::raw_ostream &os, StringRef comment, const ProjectInfo &info,
                      StringRef what) {
  os << comment << " " << what << "\n"
     << comment << " Written by quantc " << info.version << " from " << printable(info.model)
     << ", recipe " << printable(info.recipe) << ".\n";
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
class Folder {
public:
  explicit Folder(StringRef path) : root(path) {}

  /// Remembers the first problem; later files are not written.
  template <typename Fn> void write(const Twine &name, Fn content) {
    if (problem)
      return;
    SmallString<256> path(root);
    llvm::sys::path::append(path, name);
    if (std::error_code code =
            llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path))) {
      problem = llvm::createStringError("cannot make the folder of '" + path.str() +
                                        "': " + code.message());
      return;
    }
    std::error_code code;
    llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_None);
    if (code) {
      problem = llvm::createStringError("cannot write '" + path.str() + "': " + code.message());
      return;
    }
    content(file.os());
    file.keep();
  }
  void fail(llvm::Error error) {
    if (problem)
      llvm::consumeError(std::move(error));
    else
      problem = std::move(error);
  }
  llvm::Error take() { return std::move(problem); }

private:
  std::string root;
  llvm::Error problem = llvm::Error::success();
};
} // namespace

/// Files of an earlier project in this folder that the new one may not write again: a ROM of a unit
/// that is gone would be compiled by nobody and read by people. Nothing is touched in a folder
/// without a project's report.
static void removeStaleFiles(StringRef root) {
  SmallString<256> report(root);
  llvm::sys::path::append(report, "report.json");
  if (!llvm::sys::fs::exists(report))
    return;
  for (auto [folder, extension] : {std::pair("weights", ".h"), std::pair("tb/golden", ".hex")}) {
    SmallString<256> path(root);
    llvm::sys::path::append(path, folder);
    std::error_code code;
    for (llvm::sys::fs::directory_iterator file(path, code), end; !code && file != end;
         file.increment(code))
      if (llvm::sys::path::extension(file->path()) == extension)
        llvm::sys::fs::remove(file->path());
  }
}

using Frames = std::vector<std::vector<int64_t>>;

static Frames framesOf(const std::vector<GoldenFrame> &golden, bool outputs, size_t index) {
  Frames frames;
  for (const GoldenFrame &frame : golden)
    frames.push_back((outputs ? frame.outputs : frame.inputs)[index]);
  return frames;
}

llvm::Error hls::emitProject(DesignOp design, const DataflowEstimate &estimate,
                             const std::vector<GoldenFrame> &golden, const ProjectInfo &info,
                             StringRef path) {
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_directory(path))
    return llvm::createStringError("expected a folder for the project, but found the file '" +
                                   path + "'");
  Project project(design, estimate, info);
  removeStaleFiles(path);
  Folder folder(path);
  using OS = llvm::raw_ostream;
  for (const EmbeddedFile &file : embeddedFiles())
    folder.write(file.path, [&](OS &os) { os << file.text; });
  folder.write("defines.h", [&](OS &os) { project.writeDefines(os); });
  folder.write("top.h", [&](OS &os) { project.writeTopHeader(os); });
  folder.write("top.cpp", [&](OS &os) {
    if (llvm::Error error = project.writeTop(os, design.getContext()))
      folder.fail(std::move(error));
  });
  for (const NamedUnit &unit : project.units) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (project.writeRoms(unit, os))
      folder.write("weights/" + unit.id + ".h", [&](OS &file) { file << text; });
  }
  folder.write("host.h", [&](OS &os) { project.writeHost(os); });
  folder.write("tb/main.cpp", [&](OS &os) { project.writeTestbench(os); });
  for (auto [i, port] : llvm::enumerate(project.inputs))
    folder.write("tb/golden/" + port.id + ".hex", [&, &port = port, i = i](OS &os) {
      project.writeGolden(port, framesOf(golden, false, i), os);
    });
  for (auto [i, port] : llvm::enumerate(project.outputs))
    folder.write("tb/golden/" + port.id + ".hex", [&, &port = port, i = i](OS &os) {
      project.writeGolden(port, framesOf(golden, true, i), os);
    });
  folder.write("scripts/vitis_hls.tcl", [&](OS &os) { project.writeVitisScript(os); });
  folder.write("scripts/vivado_hls.tcl", [&](OS &os) { project.writeVivadoScript(os); });
  folder.write("scripts/bambu.sh", [&](OS &os) { project.writeBambuScript(os); });
  folder.write("report.json", [&](OS &os) { project.writeReport(os); });
  return folder.take();
}
