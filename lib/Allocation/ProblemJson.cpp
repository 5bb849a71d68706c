//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Problems in JSON. Reading goes on after a fault, so that one run tells all of them.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "quantc/Allocation/ProblemFile.h"
#include "quantc/Support/Json.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

constexpr StringLiteral formatName = "quantc-allocation";
constexpr int64_t formatVersion = 1;

static StringRef kindOf(const json::Value *value) {
  if (!value)
    return "none";
  switch (value->kind()) {
  case json::Value::Null:
    return "null";
  case json::Value::Boolean:
    return "a boolean";
  case json::Value::Number:
    return "a number";
  case json::Value::String:
    return "a string";
  case json::Value::Array:
    return "an array";
  case json::Value::Object:
    return "an object";
  }
  llvm_unreachable("a kind of JSON");
}

namespace {
class Reader {
public:
  Problem problem;
  Faults faults;

  void read(const json::Object &root);

private:
  void wrong(const Twine &place, StringRef expected, const json::Value *found) {
    // An integer that does not fit, or a fraction where an integer is due, is "a number" too.
    faults.add(place + ": expected " + expected + ", but found " + kindOf(found));
  }
  const json::Object *object(const json::Value &value, const Twine &place,
                             ArrayRef<StringRef> keys) {
    const json::Object *result = value.getAsObject();
    if (!result)
      wrong(place, "an object", &value);
    else
      onlyKeys(*result, place, keys);
    return result;
  }
  void onlyKeys(const json::Object &value, const Twine &place, ArrayRef<StringRef> keys) {
    std::vector<StringRef> unknown;
    for (const auto &entry : value)
      if (!is_contained(keys, StringRef(entry.first)))
        unknown.push_back(entry.first);
    sort(unknown); // the order of a JSON object in memory is not that of the text
    for (StringRef key : unknown)
      faults.add(place + ": expected one of " + join(keys, ", ") + ", but found '" + key + "'");
  }
  const json::Array *array(const json::Object &owner, StringRef key, const Twine &place,
                           bool optional) {
    const json::Value *value = owner.get(key);
    if (!value && optional)
      return nullptr;
    const json::Array *result = value ? value->getAsArray() : nullptr;
    if (!result)
      wrong(place + key, "an array", value);
    return result;
  }
  std::string string(const json::Value *value, const Twine &place) {
    if (std::optional<StringRef> text = value ? value->getAsString() : std::nullopt)
      return text->str();
    wrong(place, "a string", value);
    return "";
  }
  double real(const json::Value *value, const Twine &place) {
    if (std::optional<double> result = value ? value->getAsNumber() : std::nullopt)
      return *result + 0.0; // -0.0 becomes 0, which is what its text "-0" reads as
    wrong(place, "a number", value);
    return 0;
  }
  int64_t integer(const json::Value *value, const Twine &place) {
    if (std::optional<int64_t> result = value ? value->getAsInteger() : std::nullopt)
      return *result;
    wrong(place, "an integer", value);
    return 0;
  }
  static std::string join(ArrayRef<StringRef> parts, StringRef separator) {
    std::string text;
    for (StringRef part : parts)
      text += (text.empty() ? "" : separator).str() + part.str();
    return text;
  }

  void readResource(const json::Value &value, const Twine &place);
  void readGroup(const json::Value &value, const std::string &place);
  Candidate readCandidate(const json::Value &value, const std::string &place);
  unsigned groupNamed(const json::Value *value, const Twine &place);
  void readTie(const json::Value &value, const std::string &place);
  void readCoupling(const json::Value &value, const std::string &place);
  template <typename T, typename Read>
  void readMatrix(const json::Value &value, const std::string &place, const Coupling &coupling,
                  std::vector<T> &out, Read read);

  StringMap<unsigned> groups;
};
} // namespace

void Reader::readResource(const json::Value &value, const Twine &place) {
  Resource resource;
  if (const json::Object *entry = object(value, place, {"name", "unit", "budget"})) {
    resource.name = string(entry->get("name"), place + ".name");
    if (const json::Value *unit = entry->get("unit"))
      resource.unit = string(unit, place + ".unit");
    if (const json::Value *budget = entry->get("budget"))
      resource.budget = integer(budget, place + ".budget");
  }
  problem.resources.push_back(std::move(resource));
}

Candidate Reader::readCandidate(const json::Value &value, const std::string &place) {
  Candidate candidate;
  const json::Object *entry = object(value, place, {"label", "bits", "loss", "costs"});
  if (!entry)
    return candidate;
  candidate.label = string(entry->get("label"), place + ".label");
  candidate.bits = real(entry->get("bits"), place + ".bits");
  candidate.loss = real(entry->get("loss"), place + ".loss");
  if (const json::Array *costs = array(*entry, "costs", place + ".", false))
    for (auto [k, cost] : enumerate(*costs))
      candidate.costs.push_back(integer(&cost, formatv("{0}.costs[{1}]", place, k).str()));
  return candidate;
}

void Reader::readGroup(const json::Value &value, const std::string &place) {
  Group group;
  if (const json::Object *entry = object(value, place, {"name", "pin", "candidates"})) {
    group.name = string(entry->get("name"), place + ".name");
    if (const json::Array *candidates = array(*entry, "candidates", place + ".", false))
      for (auto [c, candidate] : enumerate(*candidates))
        group.candidates.push_back(
            readCandidate(candidate, formatv("{0}.candidates[{1}]", place, c)));
    if (const json::Value *pin = entry->get("pin")) {
      std::string label = string(pin, place + ".pin");
      auto found = find_if(group.candidates, [&](auto &c) { return c.label == label; });
      if (found != group.candidates.end())
        group.pin = found - group.candidates.begin();
      else
        faults.add(place + ".pin: expected the label of a candidate, but found '" + label + "'");
    }
  }
  groups.try_emplace(group.name, problem.groups.size());
  problem.groups.push_back(std::move(group));
}

/// The number of the group of that name; of no group after a fault.
unsigned Reader::groupNamed(const json::Value *value, const Twine &place) {
  std::string name = string(value, place);
  auto found = groups.find(name);
  if (found != groups.end())
    return found->second;
  faults.add(place + ": expected the name of a group, but found '" + name + "'");
  return problem.groups.size();
}

void Reader::readTie(const json::Value &value, const std::string &place) {
  const json::Array *members = value.getAsArray();
  if (!members)
    return wrong(place, "an array", &value);
  Tie tie;
  for (auto [m, member] : enumerate(*members))
    tie.push_back(groupNamed(&member, formatv("{0}[{1}]", place, m).str()));
  problem.ties.push_back(std::move(tie));
}

/// Appends a matrix of as many rows as `first` has candidates, and columns as `second`.
template <typename T, typename Read>
void Reader::readMatrix(const json::Value &value, const std::string &place,
                        const Coupling &coupling, std::vector<T> &out, Read read) {
  const json::Array *rows = value.getAsArray();
  size_t count = problem.groups[coupling.first].candidates.size();
  size_t columns = problem.groups[coupling.second].candidates.size();
  if (!rows || rows->size() != count)
    return faults.add(place + formatv(": expected an array of {0} rows, but found {1}", count,
                                      rows ? std::to_string(rows->size()) : kindOf(&value).str())
                                  .str());
  for (auto [r, row] : enumerate(*rows)) {
    const json::Array *cells = row.getAsArray();
    std::string at = formatv("{0}[{1}]", place, r);
    if (!cells || cells->size() != columns) {
      faults.add(at + formatv(": expected an array of {0} values, but found {1}", columns,
                              cells ? std::to_string(cells->size()) : kindOf(&row).str())
                          .str());
      continue;
    }
    for (auto [c, cell] : enumerate(*cells))
      out.push_back(read(&cell, formatv("{0}[{1}]", at, c).str()));
  }
}

void Reader::readCoupling(const json::Value &value, const std::string &place) {
  const json::Object *entry = object(value, place, {"first", "second", "losses", "costs"});
  if (!entry)
    return;
  Coupling coupling;
  coupling.first = groupNamed(entry->get("first"), place + ".first");
  coupling.second = groupNamed(entry->get("second"), place + ".second");
  if (std::max(coupling.first, coupling.second) >= problem.groups.size())
    return;
  auto asReal = [&](const json::Value *cell, const Twine &at) { return real(cell, at); };
  auto asInteger = [&](const json::Value *cell, const Twine &at) { return integer(cell, at); };
  if (const json::Value *losses = entry->get("losses"))
    readMatrix(*losses, place + ".losses", coupling, coupling.losses, asReal);
  else
    wrong(place + ".losses", "an array", nullptr);
  if (const json::Array *costs = array(*entry, "costs", place + ".", true)) {
    if (costs->size() != problem.resources.size())
      faults.add(place + ".costs: expected one matrix for each of " +
                 Twine(problem.resources.size()) + " resources, but found " + Twine(costs->size()));
    for (auto [k, matrix] : enumerate(*costs))
      readMatrix(matrix, formatv("{0}.costs[{1}]", place, k), coupling, coupling.costs, asInteger);
  }
  problem.couplings.push_back(std::move(coupling));
}

void Reader::read(const json::Object &root) {
  onlyKeys(root, "problem", {"format", "version", "resources", "groups", "ties", "couplings"});
  if (root.getString("format") != formatName || root.getInteger("version") != formatVersion)
    faults.add("problem: expected format '" + formatName + "' and version " + Twine(formatVersion) +
               ", but found others");
  if (const json::Array *entries = array(root, "resources", "", false))
    for (auto [k, entry] : enumerate(*entries))
      readResource(entry, formatv("resources[{0}]", k).str());
  if (const json::Array *entries = array(root, "groups", "", false))
    for (auto [g, entry] : enumerate(*entries))
      readGroup(entry, formatv("groups[{0}]", g));
  if (const json::Array *entries = array(root, "ties", "", true))
    for (auto [t, entry] : enumerate(*entries))
      readTie(entry, formatv("ties[{0}]", t));
  if (const json::Array *entries = array(root, "couplings", "", true))
    for (auto [e, entry] : enumerate(*entries))
      readCoupling(entry, formatv("couplings[{0}]", e));
}

Expected<Problem> alloc::parseProblem(StringRef text) {
  Expected<json::Value> value = parseJSON(text);
  if (!value)
    return value.takeError();
  Reader reader;
  if (const json::Object *root = value->getAsObject())
    reader.read(*root);
  else
    return makeError("problem: expected an object, but found " + kindOf(&*value));
  if (Error faults = reader.faults.take())
    return std::move(faults);
  if (Error error = check(reader.problem))
    return std::move(error);
  return std::move(reader.problem);
}

template <typename T>
static void writeMatrix(json::OStream &json, ArrayRef<T> values, size_t columns) {
  json.array([&] {
    for (size_t row = 0; row < values.size(); row += columns)
      json.array([&] {
        for (T value : values.slice(row, columns))
          json.value(value);
      });
  });
}

static void writeCoupling(const Problem &problem, const Coupling &coupling, json::OStream &json) {
  size_t columns = problem.groups[coupling.second].candidates.size();
  size_t size = coupling.losses.size();
  json.attribute("first", problem.groups[coupling.first].name);
  json.attribute("second", problem.groups[coupling.second].name);
  json.attributeBegin("losses");
  writeMatrix(json, ArrayRef(coupling.losses), columns);
  json.attributeEnd();
  if (!coupling.costs.empty())
    json.attributeArray("costs", [&] {
      for (size_t k = 0; k < problem.resources.size(); ++k)
        writeMatrix(json, ArrayRef(coupling.costs).slice(k * size, size), columns);
    });
}

static void writeGroup(const Group &group, json::OStream &json) {
  json.attribute("name", group.name);
  if (group.pin)
    json.attribute("pin", group.candidates[*group.pin].label);
  json.attributeArray("candidates", [&] {
    for (const Candidate &candidate : group.candidates)
      json.object([&] {
        json.attribute("label", candidate.label);
        json.attribute("bits", candidate.bits);
        json.attribute("loss", candidate.loss);
        json.attribute("costs", json::Array(candidate.costs));
      });
  });
}

void alloc::writeProblem(const Problem &problem, raw_ostream &out) {
  json::OStream json(out, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("format", formatName);
    json.attribute("version", formatVersion);
    json.attributeArray("resources", [&] {
      for (const Resource &resource : problem.resources)
        json.object([&] {
          json.attribute("name", resource.name);
          json.attribute("unit", resource.unit);
          if (resource.budget)
            json.attribute("budget", *resource.budget);
        });
    });
    json.attributeArray("groups", [&] {
      for (const Group &group : problem.groups)
        json.object([&] { writeGroup(group, json); });
    });
    json.attributeArray("ties", [&] {
      for (const Tie &tie : problem.ties)
        json.array([&] {
          for (unsigned member : tie)
            json.value(problem.groups[member].name);
        });
    });
    json.attributeArray("couplings", [&] {
      for (const Coupling &coupling : problem.couplings)
        json.object([&] { writeCoupling(problem, coupling, json); });
    });
  });
  out << '\n';
}
