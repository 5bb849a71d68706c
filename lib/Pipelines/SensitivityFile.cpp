//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables of sensitivities, latencies and curvatures as JSON.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/BitAllocation.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace quantc;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// A file of `format` and version 1 as a T, which has a fromJSON.
template <typename T>
static llvm::Expected<T> readTable(llvm::StringRef path, llvm::StringRef format) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return llvm::createStringError("cannot read '" + path + "': " + buffer.getError().message());
  auto inFile = [&](llvm::Error error) {
    return llvm::createStringError("'" + path + "': " + llvm::toString(std::move(error)));
  };
  auto value = parseJSON((*buffer)->getBuffer());
  if (!value)
    return inFile(value.takeError());
  json::Object *object = value->getAsObject();
  if (!object || object->getString("format") != format || object->getInteger("version") != 1)
    return llvm::createStringError("'" + path + "': expected \"format\": \"" + format +
                                   "\" of version 1");
  T table;
  json::Path::Root root(format);
  if (!fromJSON(*value, table, root))
    return inFile(root.getError());
  return table;
}

static llvm::Error writeTable(llvm::StringRef path, llvm::StringRef format, json::Object object) {
  object["format"] = format;
  object["version"] = 1;
  return writeOutput(path, [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", json::Value(std::move(object)));
  });
}

//===----------------------------------------------------------------------===//
// Sensitivities
//===----------------------------------------------------------------------===//

namespace quantc {

static bool fromJSON(const json::Value &value, WidthEffect &effect, json::Path path) {
  json::ObjectMapper map(value, path);
  int64_t bits = 0;
  if (!map || !map.map("bits", bits) || !map.map("weight_error", effect.weightError) ||
      !map.map("noise", effect.noise) || !map.mapOptional("divergence", effect.divergence) ||
      !map.mapOptional("disagreement", effect.disagreement) ||
      !map.mapOptional("layer_error", effect.layerError) ||
      !map.mapOptional("masked", effect.masked))
    return false;
  if (bits < 1 || bits > 16) {
    path.field("bits").report("expected 1..16");
    return false;
  }
  effect.bits = unsigned(bits);
  return true;
}

static bool fromJSON(const json::Value &value, LayerSensitivity &layer, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("node", layer.node) && map.map("parameters", layer.parameters) &&
         map.map("channels", layer.channels) && map.map("macs", layer.macs) &&
         map.mapOptional("shares", layer.shares) && map.map("widths", layer.widths);
}

static bool fromJSON(const json::Value &value, PairEffect &pair, json::Path path) {
  json::ObjectMapper map(value, path);
  int64_t first = 0, second = 0;
  if (!map || !map.map("first_bits", first) || !map.map("second_bits", second) ||
      !map.map("noise", pair.effect.noise) ||
      !map.mapOptional("divergence", pair.effect.divergence) ||
      !map.mapOptional("disagreement", pair.effect.disagreement))
    return false;
  if (std::min(first, second) < 1 || std::max(first, second) > 16) {
    path.report("expected widths of 1..16");
    return false;
  }
  pair.firstBits = unsigned(first);
  pair.secondBits = unsigned(second);
  return true;
}

static bool fromJSON(const json::Value &value, PairSensitivity &pair, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("first", pair.first) && map.map("second", pair.second) &&
         map.map("effects", pair.effects);
}

static bool fromJSON(const json::Value &value, SensitivityTable &table, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("runs", table.runs) && map.map("per_channel", table.perChannel) &&
         map.mapOptional("corrected_bias", table.correctedBias) &&
         map.mapOptional("rounding", table.rounding) && map.map("layers", table.layers) &&
         map.mapOptional("pairs", table.pairs);
}

static bool fromJSON(const json::Value &value, LatencyTable &table, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("cpu", table.cpu) || !map.map("threads", table.threads) ||
      !map.map("runs", table.runs) || !map.map("rest", table.rest) ||
      !map.map("layers", table.layers))
    return false;
  auto isTime = [](int64_t nanoseconds, json::Path at) {
    if (nanoseconds >= 0 && nanoseconds <= alloc::kMaxCost)
      return true;
    at.report("expected 0 to 2^53 nanoseconds");
    return false;
  };
  if (!isTime(table.rest, path.field("rest")))
    return false;
  for (const auto &[node, times] : table.layers)
    for (const auto &[label, nanoseconds] : times)
      if (!isTime(nanoseconds, path.field("layers").field(node).field(label)))
        return false;
  return true;
}

static bool fromJSON(const json::Value &value, Curvature &curvature, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("weights", curvature.weights) &&
         map.mapOptional("trace", curvature.trace) &&
         map.mapOptional("eigenvalue", curvature.eigenvalue) &&
         map.mapOptional("eigenvalues", curvature.eigenvalues) &&
         map.mapOptional("fisher", curvature.fisher);
}

namespace {
struct CurvatureFile {
  CurvatureTable curvatures;
};

bool fromJSON(const json::Value &value, CurvatureFile &file, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("curvature", file.curvatures);
}
} // namespace

} // namespace quantc

/// What was measured of it.
static void addEffect(json::Object &object, const WidthEffect &effect) {
  object["noise"] = effect.noise;
  for (auto [name, value] :
       {std::pair("divergence", effect.divergence), std::pair("disagreement", effect.disagreement),
        std::pair("layer_error", effect.layerError), std::pair("masked", effect.masked)})
    if (value)
      object[name] = *value;
}

static json::Array toJSON(const std::vector<PairSensitivity> &pairs) {
  json::Array list;
  for (const PairSensitivity &pair : pairs) {
    json::Array effects;
    for (const PairEffect &effect : pair.effects) {
      json::Object object{{"first_bits", effect.firstBits}, {"second_bits", effect.secondBits}};
      addEffect(object, effect.effect);
      effects.push_back(std::move(object));
    }
    list.push_back(json::Object{
        {"first", pair.first}, {"second", pair.second}, {"effects", std::move(effects)}});
  }
  return list;
}

llvm::Error quantc::writeSensitivity(llvm::StringRef path, const SensitivityTable &table) {
  json::Array layers;
  for (const LayerSensitivity &layer : table.layers) {
    json::Array widths;
    for (const WidthEffect &effect : layer.widths) {
      json::Object object{{"bits", effect.bits}, {"weight_error", effect.weightError}};
      addEffect(object, effect);
      widths.push_back(std::move(object));
    }
    layers.push_back(json::Object{{"node", layer.node},
                                  {"parameters", layer.parameters},
                                  {"channels", layer.channels},
                                  {"macs", layer.macs},
                                  {"shares", layer.shares},
                                  {"widths", std::move(widths)}});
  }
  json::Object object{{"runs", table.runs},
                      {"per_channel", table.perChannel},
                      {"corrected_bias", table.correctedBias},
                      {"rounding", table.rounding},
                      {"layers", std::move(layers)}};
  if (!table.pairs.empty())
    object["pairs"] = toJSON(table.pairs);
  return writeTable(path, "quantc-sensitivity", std::move(object));
}

llvm::Expected<SensitivityTable> quantc::readSensitivity(llvm::StringRef path) {
  return readTable<SensitivityTable>(path, "quantc-sensitivity");
}

//===----------------------------------------------------------------------===//
// Latencies
//===----------------------------------------------------------------------===//

llvm::Error quantc::writeLatencies(llvm::StringRef path, const LatencyTable &table) {
  json::Object layers;
  for (const auto &[node, times] : table.layers) {
    json::Object entry;
    for (const auto &[label, nanoseconds] : times)
      entry[label] = nanoseconds;
    layers[node] = std::move(entry);
  }
  return writeTable(path, "quantc-latency",
                    json::Object{{"cpu", table.cpu},
                                 {"threads", table.threads},
                                 {"runs", table.runs},
                                 {"rest", table.rest},
                                 {"layers", std::move(layers)}});
}

llvm::Expected<LatencyTable> quantc::readLatencies(llvm::StringRef path) {
  return readTable<LatencyTable>(path, "quantc-latency");
}

//===----------------------------------------------------------------------===//
// Curvatures
//===----------------------------------------------------------------------===//

llvm::Expected<CurvatureTable> quantc::readCurvatures(llvm::StringRef path) {
  auto file = readTable<CurvatureFile>(path, "quantc-curvature");
  if (!file)
    return file.takeError();
  return std::move(file->curvatures);
}
