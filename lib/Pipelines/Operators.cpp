//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of operators, and the page of it; see Operators.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Operators.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include <algorithm>
#include <map>

using namespace quantc;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Ranges = std::vector<std::pair<int64_t, int64_t>>;
using Key = std::pair<std::string, std::string>;

/// "7-10, 13-28": ranges that join are one. The last one of an `open` domain has no end.
static std::string text(Ranges ranges, bool open) {
  std::sort(ranges.begin(), ranges.end());
  Ranges joined;
  for (auto [first, last] : ranges)
    if (!joined.empty() && joined.back().second + 1 >= first)
      joined.back().second = std::max(joined.back().second, last);
    else
      joined.emplace_back(first, last);
  std::string result;
  for (const auto &range : joined) {
    bool newest = open && &range == &joined.back();
    result += (result.empty() ? "" : ", ") +
              (newest ? "from " + std::to_string(range.first)
                      : std::to_string(range.first) + "-" + std::to_string(range.second));
  }
  return result;
}

static std::map<Key, Ranges> integerRanges() {
  std::map<Key, Ranges> ranges;
  for (const SupportedOp &op : supportedONNXOps())
    ranges[{"", op.opType.str()}].emplace_back(op.firstOpset, op.lastOpset);
  return ranges;
}

static std::map<Key, Ranges> floatRanges() {
  std::map<Key, Ranges> ranges;
  for (const LoopsOp &op : loopsOps())
    ranges[{op.domain.str(), op.opType.str()}].emplace_back(op.firstOpset, op.lastOpset);
  return ranges;
}

std::vector<OperatorRow> quantc::operatorTable() {
  std::map<Key, OperatorRow> rows;
  for (const auto &[key, ranges] : integerRanges())
    rows[key].integerOpsets = text(ranges, !key.first.empty());
  for (const auto &[key, ranges] : floatRanges()) {
    rows[key].floatOpsets = text(ranges, !key.first.empty());
    rows[key].floatForm = "loops";
  }
  for (llvm::StringRef op : onnx::foldableOps())
    rows[{"", op.str()}].folded = true;
  for (auto [domain, op] : onnx::qOperators())
    rows[{domain.str(), op.str()}].expanded = true;
#define INTEGER_FORM(OP, BECOMES, LIMITS)                                                          \
  rows[{"", OP}].becomes = BECOMES;                                                                \
  rows[{"", OP}].integerLimits = LIMITS;
#define FLOAT_LIMITS(DOMAIN, OP, LIMITS) rows[{DOMAIN, OP}].floatLimits = LIMITS;
#define FLOAT_FORM(DOMAIN, OP, BECOMES, OPSETS)                                                    \
  rows[{DOMAIN, OP}].floatForm = BECOMES;                                                          \
  rows[{DOMAIN, OP}].floatOpsets = OPSETS;
#define NOT_COMPILED(DOMAIN, OP, REASON) rows[{DOMAIN, OP}].floatLimits = REASON;
#include "Operators.def"
  std::vector<OperatorRow> table;
  for (auto &[key, row] : rows) {
    std::tie(row.domain, row.op) = key;
    table.push_back(row);
  }
  return table;
}

//===----------------------------------------------------------------------===//
// The page
//===----------------------------------------------------------------------===//

static std::string joined(llvm::ArrayRef<std::string> parts, llvm::StringRef separator) {
  std::string result;
  for (const std::string &part : parts)
    if (!part.empty())
      result += (result.empty() ? "" : separator.str()) + part;
  return result;
}

/// The row behind the name of the op.
static std::string cells(const OperatorRow &row) {
  std::string integer = row.integerOpsets.empty() ? "" : row.becomes.empty() ? "?" : row.becomes;
  integer = joined({integer, row.folded ? "folded" : "", row.expanded ? "as QDQ" : ""}, ", ");
  auto orNone = [](const std::string &cell) { return cell.empty() ? std::string("-") : cell; };
  return "| " + orNone(integer) + " | " + joined({row.integerOpsets, row.integerLimits}, "; ") +
         " | " + orNone(row.floatForm) + " | " + joined({row.floatOpsets, row.floatLimits}, "; ") +
         " |\n";
}

static constexpr llvm::StringLiteral introduction = R"(# ONNX operators

Written by `quantc --list-ops`. Ops and opsets come from the tables that the compiler works with: the rows of lib/Conversion/ONNXToNN and
ONNXToLoops (each in the file that converts it), and the evaluations of onnx-fold-constants. What only a reader needs, the name of the
form in `nn` and the limits, stands in lib/Pipelines/Operators.def; it is no column of those tables, for an op has several rows there and
one meaning here. `test/Quantc/operators-page.test` compares this page with the compiler, asks whether all ops of the installed ONNX are listed, and
whether each row has a test that runs it.

**Integer path** (`quantc`): `nn` and `qnn` ops, which calibration and quantization know and whose arithmetic is float32 before; *folded*: evaluated at
compile time where its operands are known (shape arithmetic); *as QDQ*: its float form between DequantizeLinear and QuantizeLinear, where
scales and zero points are constants. Everything else, and what a limit refuses, stays a node of float loops beside the integers, on the CPU and with
static sizes ([Nodes](Nodes.md)). Windows over three spatial axes run in the interpreter (`quant-run --interpret`); there is no kernel for them.

**Float path** (Python's `quantc.backend`, [Loops](Loops.md)): every element type but strings and complex numbers, sizes that only a run knows.

What no path takes is refused by name, with its reason, before anything else happens (exit code 2). Functions of the model are inlined;
those that the standard defines for its own ops are not used.

Opsets end at 28, which added types only. Domains other than ai.onnx count their own versions. No op of ai.onnx.ml or ai.onnx.preview.training is
compiled.
)";

/// Domains that have the same rows.
static std::vector<std::vector<std::string>> sections(llvm::ArrayRef<OperatorRow> table) {
  std::map<std::string, std::string> rows; // of a domain
  for (const OperatorRow &row : table)
    rows[row.domain] += row.op + " " + cells(row);
  std::vector<std::vector<std::string>> groups;
  for (const auto &[domain, text] : rows) {
    auto same = llvm::find_if(groups, [&, &text = text](const std::vector<std::string> &group) {
      return rows[group.front()] == text;
    });
    if (same == groups.end())
      groups.push_back({domain});
    else
      same->push_back(domain);
  }
  return groups;
}

void quantc::describeOperators(llvm::raw_ostream &os) {
  std::vector<OperatorRow> table = operatorTable();
  os << introduction;
  for (const std::vector<std::string> &domains : sections(table)) {
    os << "\n## " << (domains.front().empty() ? "ai.onnx" : joined(domains, ", ")) << "\n\n"
       << "| Op | Integer path | Its opsets and limits | Float path | Its opsets and limits |\n"
       << "|---|---|---|---|---|\n";
    for (const OperatorRow &row : table)
      if (row.domain == domains.front())
        os << "| " << row.op << " " << cells(row);
  }
}
