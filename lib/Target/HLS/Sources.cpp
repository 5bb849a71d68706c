//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sources of the design: configurations, ROMs, the top function.
//
//===----------------------------------------------------------------------===//

#include "Project.h"
#include "mlir/Dialect/EmitC/IR/EmitC.h"
#include "mlir/Target/Cpp/CppEmitter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

//===----------------------------------------------------------------------===//
// defines.h, top.h
//===----------------------------------------------------------------------===//

static std::string wordType(StreamType type) {
  return "qhls::word<" + elementName(type.getElement()) + ", " + std::to_string(type.getLanes()) +
         ">";
}

void Project::writeDefines(llvm::raw_ostream &os) {
  writeBanner(os, "//", info, "Types of streams, and shape and folding of every unit.");
  os << "#ifndef DEFINES_H\n#define DEFINES_H\n\n#include \"qhls/qhls.h\"\n\n";
  auto typedefOf = [&](Value stream) {
    os << "typedef " << wordType(cast<StreamType>(stream.getType())) << " " << typeName(stream)
       << ";\n";
  };
  for (const NamedPort &port : inputs)
    typedefOf(port.op->getResult(0));
  for (const NamedUnit &unit : units)
    for (Value result : unit.op->getResults())
      typedefOf(result);
  for (const NamedUnit &unit : units) {
    UnitOpInterface op = unit.op;
    UnitText text = op.describe();
    if (text.config.empty())
      continue;
    os << "\nstruct " << unit.config() << " {\n";
    for (auto &[name, value] : text.config)
      os << "  static const int " << name << " = " << value << ";\n";
    os << "};\n";
  }
  os << "\n#endif // DEFINES_H\n";
}

/// "hls::stream<x_t> &x, hls::stream<y_t> &y".
static std::string parameters(const Project &project) {
  std::string text;
  for (const std::vector<NamedPort> *ports : {&project.inputs, &project.outputs})
    for (const NamedPort &port : *ports)
      text += (text.empty() ? "" : ", ") + ("hls::stream<" + port.id + "_t> &" + port.id);
  return text;
}

void Project::writeTopHeader(llvm::raw_ostream &os) {
  writeBanner(os, "//", info, "The top function: one call is one frame.");
  os << "#ifndef TOP_H\n#define TOP_H\n\n#include \"defines.h\"\n\nvoid " << top << "("
     << parameters(*this) << ");\n\n#endif // TOP_H\n";
}

//===----------------------------------------------------------------------===//
// top.cpp
//===----------------------------------------------------------------------===//

namespace {
/// Builds the EmitC module of the top function.
class TopBuilder {
public:
  TopBuilder(Project &project, ModuleOp module)
      : project(project), builder(module.getBodyRegion()) {}

  void build();

private:
  void line(const Twine &text) {
    emitc::VerbatimOp::create(builder, builder.getUnknownLoc(), builder.getStringAttr(text));
  }
  void unit(const NamedUnit &unit);

  Project &project;
  OpBuilder builder;
};
} // namespace

void TopBuilder::unit(const NamedUnit &unit) {
  UnitOpInterface op = unit.op;
  UnitText text = op.describe();
  SmallVector<std::string> templateArgs, args;
  if (!text.config.empty())
    templateArgs.push_back(unit.config());
  for (int64_t value : text.templateArgs)
    templateArgs.push_back(std::to_string(value));
  for (Value operand : op->getOperands())
    args.push_back(project.streamName(operand).str());
  for (Value result : op->getResults())
    args.push_back(project.streamName(result).str());
  llvm::append_range(args, text.literals);
  for (const RomText &rom : text.roms)
    args.push_back(unit.id + "_" + rom.suffix);
  // The call is an argument of a macro, which emitc.call_opaque cannot stand in.
  std::string types = templateArgs.empty() ? "" : "<" + llvm::join(templateArgs, ", ") + ">";
  line("  QHLS_PROCESS(\"" + unit.process + "\", qhls::" + text.unit + types + "(" +
       llvm::join(args, ", ") + ");)");
}

void TopBuilder::build() {
  emitc::IncludeOp::create(builder, builder.getUnknownLoc(), "top.h", false);
  for (const NamedUnit &unit : project.units) {
    UnitOpInterface op = unit.op;
    if (!op.describe().roms.empty())
      emitc::IncludeOp::create(builder, builder.getUnknownLoc(), "weights/" + unit.id + ".h",
                               false);
  }
  line("");
  line("void " + project.top + "(" + parameters(project) + ") {");
  for (const std::vector<NamedPort> *ports : {&project.inputs, &project.outputs})
    for (const NamedPort &port : *ports)
      line("  QHLS_INTERFACE_AXIS(" + port.id + ")");
  line("  QHLS_CONTROL_NONE()");
  line("  QHLS_DATAFLOW()");
  for (const NamedUnit &unit : project.units) {
    UnitOpInterface op = unit.op;
    auto depths = op->getAttrOfType<DenseI64ArrayAttr>("depths");
    for (OpResult result : op->getResults()) {
      if (isa<OutputOp>(*result.user_begin()))
        continue;
      int64_t depth = depths ? depths[result.getResultNumber()] : 2;
      line("  QHLS_STREAM(" + project.typeName(result) + ", " + project.streamName(result) + ", " +
           Twine(depth) + ")");
    }
  }
  for (const NamedUnit &named : project.units)
    unit(named);
  line("  QHLS_DATAFLOW_END()");
  line("}");
}

llvm::Error Project::writeTop(llvm::raw_ostream &os, MLIRContext *context) {
  context->loadDialect<emitc::EmitCDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  TopBuilder(*this, *module).build();
  writeBanner(os, "//", info, "The dataflow region: streams and one call per unit.");
  if (failed(emitc::translateToCpp(*module, os)))
    return llvm::createStringError("cannot print the top function");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// ROMs
//===----------------------------------------------------------------------===//

/// Values in nested braces, innermost dimension on one line.
static void writeValues(llvm::raw_ostream &os, ArrayRef<int64_t> dims, const int64_t *&value) {
  if (dims.empty()) {
    os << *value++;
    return;
  }
  os << "{";
  for (int64_t i = 0; i < dims[0]; ++i) {
    if (i != 0)
      os << (dims.size() > 1 ? ",\n" : ",");
    writeValues(os, dims.drop_front(), value);
  }
  os << "}";
}

bool Project::writeRoms(const NamedUnit &unit, llvm::raw_ostream &os) {
  UnitOpInterface op = unit.op;
  UnitText text = op.describe();
  if (text.roms.empty())
    return false;
  std::string guard = "WEIGHTS_" + unit.id + "_H";
  writeBanner(os, "//", info, "Constants of " + unit.process + ".");
  os << "#ifndef " << guard << "\n#define " << guard << "\n\n#include \"qhls/qhls.h\"\n";
  for (const RomText &rom : text.roms) {
    os << "\nstatic const " << rom.type << " " << unit.id << "_" << rom.suffix;
    if (rom.array)
      for (int64_t d : rom.fields.front().dims)
        os << "[" << d << "]";
    os << " = ";
    if (!rom.array)
      os << "{";
    for (auto [i, field] : llvm::enumerate(rom.fields)) {
      const int64_t *value = field.values.data();
      os << (i ? ",\n" : "");
      writeValues(os, field.dims, value);
    }
    os << (rom.array ? ";\n" : "};\n");
  }
  os << "\n#endif // " << guard << "\n";
  return true;
}
