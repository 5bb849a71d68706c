//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ledger as text and JSON; see Ledger.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Ledger.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantc;
using llvm::StringRef;

StringRef quantc::ledgerClassName(LedgerClass kind) {
  constexpr StringRef names[] = {"integer", "float", "folded", "unsupported"};
  return names[static_cast<size_t>(kind)];
}

static StringRef codeOf(onnx::Refusal kind) {
  switch (kind) {
  case onnx::Refusal::UnknownOp:
    return "unknown-op";
  case onnx::Refusal::Opset:
    return "opset";
  case onnx::Refusal::AttributeKind:
    return "attribute-kind";
  case onnx::Refusal::AttributeValue:
    return "attribute-value";
  case onnx::Refusal::Operand:
    return "operand";
  case onnx::Refusal::DynamicOperand:
    return "dynamic-operand";
  case onnx::Refusal::Output:
    return "output";
  case onnx::Refusal::ElementType:
    return "element-type";
  case onnx::Refusal::Rank:
    return "rank";
  case onnx::Refusal::Shape:
    return "shape";
  }
  llvm_unreachable("all refusals are listed");
}

StringRef LedgerReason::code() const {
  constexpr StringRef codes[] = {
      "integer-form", "constant",      "identity", "unused",   "inlined",
      "fused",        "only-in-loops", "in-body",  "excluded", "no-integer-form",
      "float-tail",   "not-quantized", "stops",    "border"};
  return kind ? codeOf(*kind) : codes[own];
}

//===----------------------------------------------------------------------===//
// Totals
//===----------------------------------------------------------------------===//

LedgerClass Ledger::countsAs(const LedgerNode &node) const {
  const LedgerNode *at = &node;
  for (size_t steps = 0; at->into && steps < nodes.size(); ++steps)
    at = &nodes[*at->into];
  return at->kind;
}

LedgerTotals Ledger::totals() const {
  LedgerTotals totals;
  int64_t *counts[] = {&totals.integer, &totals.floating, &totals.folded, &totals.unsupported};
  for (const LedgerNode &node : nodes) {
    ++*counts[static_cast<size_t>(node.kind)];
    totals.border += node.reason == LedgerReason::Border;
    totals.unknownMacs += !node.macs;
    totals.macs += node.macs.value_or(0);
    totals.weightBytes += node.weightBytes;
    if (countsAs(node) == LedgerClass::Integer) {
      totals.integerMacs += node.macs.value_or(0);
      totals.integerWeightBytes += node.weightBytes;
    }
  }
  return totals;
}

std::vector<const LedgerNode *> Ledger::largestFloat() const {
  std::vector<const LedgerNode *> found;
  for (const LedgerNode &node : nodes)
    if ((node.kind == LedgerClass::Float || node.kind == LedgerClass::Unsupported) &&
        node.reason != LedgerReason::Border)
      found.push_back(&node);
  auto key = [](const LedgerNode *node) {
    return std::pair(node->macs.value_or(0), node->weightBytes);
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const LedgerNode *a, const LedgerNode *b) { return key(a) > key(b); });
  return found;
}

static bool isFloatType(StringRef type) { return type.contains("float"); }

/// What helps against a node's reason; empty where nothing is known.
static StringRef adviceFor(const LedgerNode &node) {
  if (node.reason == LedgerReason::Excluded)
    return "take them out of the recipe's 'exclude'";
  if (node.reason == LedgerReason::FloatTail)
    return "set quantize-outputs=true, which stores what they read in integers";
  switch (node.reason.refusal().value_or(onnx::Refusal::UnknownOp)) {
  case onnx::Refusal::DynamicOperand:
    return "make the operand that their text names a constant; where it depends on sizes, --dim";
  case onnx::Refusal::ElementType:
    // Integers at run time are sizes and indices; nothing makes them 8-bit codes.
    return llvm::any_of(node.outputs, [](auto &output) { return isFloatType(output.type); })
               ? "export the model in float32"
               : "";
  case onnx::Refusal::Rank:
  case onnx::Refusal::Shape:
    return "give sizes with --dim, or declare the shapes of what unknown ops make in the file";
  case onnx::Refusal::Opset:
    return "convert the file to an opset that docs/SupportedOps.md lists";
  default:
    return "";
  }
}

std::vector<std::string> Ledger::advice() const {
  struct Line {
    LedgerReason reason;
    StringRef text;
    int64_t nodes;
  };
  std::vector<Line> lines;
  for (const LedgerNode *node : largestFloat()) {
    StringRef text = adviceFor(*node);
    if (text.empty())
      continue;
    auto found = llvm::find_if(lines, [&](Line &line) { return line.reason == node->reason; });
    if (found == lines.end())
      lines.push_back({node->reason, text, 1});
    else
      ++found->nodes;
  }
  std::vector<std::string> texts;
  for (const Line &line : lines)
    texts.push_back(llvm::formatv("{0} {1}: {2}", line.nodes, line.reason.code(), line.text).str());
  return texts;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static llvm::json::Value numberOrNull(std::optional<int64_t> number) {
  return number ? llvm::json::Value(*number) : llvm::json::Value(nullptr);
}

static llvm::json::Object nodeToJSON(const LedgerNode &node, llvm::ArrayRef<LedgerNode> nodes) {
  llvm::json::Array outputs;
  for (const LedgerOutput &output : node.outputs) {
    llvm::json::Value shape = nullptr;
    if (output.shape)
      shape = llvm::json::Array(llvm::map_range(*output.shape, [](int64_t size) {
        return numberOrNull(size < 0 ? std::nullopt : std::optional(size));
      }));
    llvm::json::Value type = nullptr;
    if (!output.type.empty())
      type = output.type;
    outputs.push_back(
        llvm::json::Object{{"name", output.name}, {"type", type}, {"shape", std::move(shape)}});
  }
  llvm::json::Object object{{"name", node.name},
                            {"op", node.op},
                            {"domain", node.domain},
                            {"opset", node.opset},
                            {"class", ledgerClassName(node.kind)},
                            {"reason", node.reason.code()},
                            {"text", node.text},
                            {"macs", numberOrNull(node.macs)},
                            {"weight_bytes", node.weightBytes},
                            {"outputs", std::move(outputs)}};
  if (node.into)
    object["into"] = nodes[*node.into].name;
  if (!node.position.empty())
    object["position"] = node.position;
  return object;
}

llvm::json::Value Ledger::toJSON() const {
  LedgerTotals sum = totals();
  llvm::json::Array list;
  for (const LedgerNode &node : nodes)
    list.push_back(nodeToJSON(node, nodes));
  llvm::json::Object sizes;
  for (const auto &[name, value] : dims)
    sizes[name] = value;
  llvm::json::Object total{{"nodes", int64_t(nodes.size())},
                           {"integer", sum.integer},
                           {"float", sum.floating},
                           {"border", sum.border},
                           {"folded", sum.folded},
                           {"unsupported", sum.unsupported},
                           {"macs", sum.macs},
                           {"integer_macs", sum.integerMacs},
                           {"nodes_of_unknown_macs", sum.unknownMacs},
                           {"weight_bytes", sum.weightBytes},
                           {"integer_weight_bytes", sum.integerWeightBytes}};
  return llvm::json::Object{{"format", "quantc-ledger"},
                            {"version", 1},
                            {"model", model},
                            {"recipe", recipe},
                            {"dims", std::move(sizes)},
                            {"compiles", stops == 0},
                            {"stopping_nodes", stops},
                            {"totals", std::move(total)},
                            {"advice", llvm::json::Array(advice())},
                            {"nodes", std::move(list)}};
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string shapeText(const LedgerOutput &output) {
  if (output.type.empty() && !output.shape)
    return "?";
  std::string text = output.type.empty() ? "?" : output.type;
  if (!output.shape)
    return text + "[...]";
  std::vector<std::string> sizes;
  for (int64_t size : *output.shape)
    sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return text + "[" + llvm::join(sizes, ",") + "]";
}

static std::string opText(const LedgerNode &node) {
  return node.domain.empty() ? node.op : node.domain + "." + node.op;
}

static std::string macsText(const LedgerNode &node) {
  return node.macs ? std::to_string(*node.macs) : "?";
}

static void printTable(llvm::raw_ostream &os, llvm::ArrayRef<LedgerNode> nodes) {
  using Row = std::vector<std::string>;
  std::vector<Row> rows = {{"class", "op", "node", "MACs", "weights", "output", "reason"}};
  for (const LedgerNode &node : nodes) {
    std::string reason = node.reason.code().str();
    if (!node.text.empty())
      reason += ": " + node.text;
    rows.push_back({ledgerClassName(node.kind).str(), opText(node), node.name, macsText(node),
                    std::to_string(node.weightBytes),
                    node.outputs.empty() ? "" : shapeText(node.outputs.front()), reason});
  }
  constexpr size_t columns = 7;
  constexpr bool right[columns] = {false, false, false, true, true, false, false};
  size_t widths[columns] = {};
  for (const Row &row : rows)
    for (size_t c = 0; c < columns; ++c)
      widths[c] = std::max(widths[c], row[c].size());
  for (const Row &row : rows) {
    for (size_t c = 0; c + 1 < columns; ++c)
      os << (right[c] ? llvm::right_justify(row[c], widths[c])
                      : llvm::left_justify(row[c], widths[c]))
         << "  ";
    os << row.back() << "\n";
  }
  os << "\n";
}

static std::string share(int64_t part, int64_t whole) {
  return whole == 0 ? "none" : llvm::formatv("{0:F2} % integer", 100.0 * part / whole).str();
}

void Ledger::print(llvm::raw_ostream &os, bool table) const {
  if (table)
    printTable(os, nodes);
  LedgerTotals sum = totals();
  os << "model         " << model << ", recipe " << recipe;
  for (const auto &[name, value] : dims)
    os << ", " << name << "=" << value;
  os << "\nnodes         " << nodes.size() << ": " << sum.integer << " integer, " << sum.floating
     << " float, " << sum.folded << " folded, " << sum.unsupported << " unsupported\n";
  os << "work          " << sum.macs << " multiply-adds a run, "
     << share(sum.integerMacs, sum.macs);
  if (sum.unknownMacs)
    os << "; and those of " << sum.unknownMacs << " nodes, which are not known";
  os << "\nweights       " << sum.weightBytes << " bytes, "
     << share(sum.integerWeightBytes, sum.weightBytes) << "\n";
  std::vector<const LedgerNode *> largest = largestFloat();
  constexpr size_t mostListed = 5;
  for (size_t i = 0; i < largest.size() && i < mostListed; ++i)
    os << (i == 0 ? "largest float " : "              ") << largest[i]->name << " ("
       << opText(*largest[i]) << "): " << macsText(*largest[i]) << " multiply-adds, "
       << largest[i]->weightBytes << " bytes, " << largest[i]->reason.code() << "\n";
  if (stops)
    os << "compilation   stops at " << stops
       << " nodes; what the table says of others holds when those are computed elsewhere\n";
  for (const std::string &line : advice())
    os << "to gain       " << line << "\n";
}
