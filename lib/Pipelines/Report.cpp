//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The report of a compilation, as text and JSON.
//
//===----------------------------------------------------------------------===//

#include "JsonNumber.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantc;

static llvm::json::Value blockError(const qnn::RoundedWeight &weight) {
  if (!weight.blockLoss)
    return nullptr;
  return llvm::json::Array{weight.blockLoss->first, weight.blockLoss->second};
}

static llvm::json::Value coverageToJSON(const CompileReport &report) {
  return llvm::json::Object{{"nodes", report.nodes},
                            {"integer", report.integerNodes},
                            {"float", report.floatNodes},
                            {"folded", report.foldedNodes},
                            {"float_nodes", llvm::json::Array(report.floatNodeNames)}};
}

static llvm::json::Value proofToJSON(const CompileReport &report) {
  return llvm::json::Object{{"integer_only", report.integerOnly},
                            {"accumulators", report.accumulators},
                            {"accumulators_proven", report.accumulatorsProven},
                            {"accumulator_width", int64_t(report.accumulatorWidth)}};
}

static llvm::json::Value accuracyToJSON(const CompileReport &report) {
  llvm::json::Object accuracy;
  if (report.sqnrDb)
    accuracy["sqnr_db"] = orNull(*report.sqnrDb);
  if (report.top1Agreement)
    accuracy["top1_agreement"] = *report.top1Agreement;
  accuracy["runs"] = report.checkedRuns;
  llvm::json::Array outputs;
  for (const auto &[name, db] : report.outputSqnrDb)
    outputs.push_back(llvm::json::Object{{"name", name}, {"sqnr_db", orNull(db)}});
  accuracy["outputs"] = std::move(outputs);
  return accuracy;
}

/// Whether the weight was rounded by data. Without data both errors are 0; with data both are only
/// where nearest values are exact, of which there is nothing to say either.
static bool outputMeasured(const qnn::RoundedWeight &weight) {
  return weight.loss > 0 || weight.nearestLoss > 0;
}

static llvm::json::Value roundedToJSON(const CompileReport &report) {
  llvm::json::Array rounded;
  for (const qnn::RoundedWeight &weight : report.roundedWeights) {
    llvm::json::Object entry{{"node", weight.node},       {"bits", weight.bits},
                             {"damping", weight.damping}, {"alpha", weight.alpha},
                             {"message", weight.message}, {"block_error", blockError(weight)}};
    if (outputMeasured(weight)) {
      entry["output_error"] = weight.loss;
      entry["output_error_nearest"] = weight.nearestLoss;
    }
    rounded.push_back(std::move(entry));
  }
  return rounded;
}

static llvm::json::Value learnedToJSON(const CompileReport &report) {
  llvm::json::Array learned;
  for (const LearnedStream &stream : report.learnedRotations)
    learned.push_back(llvm::json::Object{{stream.ofHeads ? "heads" : "stream", stream.number},
                                         {"by", stream.loss},
                                         {"channels", stream.channels},
                                         {"rows", stream.rows},
                                         {"loss", orNull(stream.after)},
                                         {"loss_before", orNull(stream.before)}});
  return learned;
}

llvm::json::Value CompileReport::toJSON() const {
  return llvm::json::Object{
      {"format", "quantc-report"},
      {"version", 1},
      {"model", model},
      {"recipe", recipe},
      {"cpu", cpu},
      {"coverage", coverageToJSON(*this)},
      {"proof", proofToJSON(*this)},
      {"accuracy_on_calibration_tail", accuracyToJSON(*this)},
      {"macs", macs},
      {"weight_bytes", weightBytes},
      {"arena_bytes", arenaBytes},
      {"model_bytes", modelBytes},
      {"library_bytes", libraryBytes},
      {"quantized_in_file", quantizedInFile},
      {"rescalings", rescalings},
      {"onnx_rescalings", onnxRescalings},
      {"calibration_runs", calibrationRuns},
      {"self_test_skipped", selfTestSkipped},
      {"calibration_seconds", calibrationSeconds},
      {"corrected_biases", correctedBiases},
      {"learned_rotations", learnedToJSON(*this)},
      {"learning_seconds", learningSeconds},
      {"rotation", rotation ? rotation->toJSON() : llvm::json::Value(nullptr)},
      {"migration", migration ? migration->toJSON() : llvm::json::Value(nullptr)},
      {"rounded_weights", roundedToJSON(*this)},
      {"rounding_seconds", roundingSeconds},
      {"allocation", allocation ? allocation->toJSON() : llvm::json::Value(nullptr)},
      {"explanation", explanation ? *explanation : llvm::json::Value(nullptr)},
      {"explain_seconds", explainSeconds},
      {"certificate", certificate}};
}

/// How much of the outputs' error to nearest rounding by data leaves: the mean of its share over
/// the layers with an error to nearest; nullopt where there is none.
static std::optional<double> errorShare(llvm::ArrayRef<qnn::RoundedWeight> weights) {
  double sum = 0;
  int64_t measured = 0;
  for (const qnn::RoundedWeight &weight : weights)
    if (weight.nearestLoss > 0) {
      sum += weight.loss / weight.nearestLoss;
      ++measured;
    }
  if (measured == 0)
    return std::nullopt;
  return sum / static_cast<double>(measured);
}

static void printRounded(llvm::raw_ostream &os, const CompileReport &report) {
  if (report.roundedWeights.empty())
    return;
  os << llvm::formatv("rounding      {0} weights in {1:F1} s", report.roundedWeights.size(),
                      report.roundingSeconds);
  if (std::optional<double> share = errorShare(report.roundedWeights))
    os << llvm::formatv("; {0:F0} % of the outputs' squared error of nearest values, mean over "
                        "layers",
                        100 * *share);
  os << "\n";
}

static std::string bytesText(int64_t bytes) {
  if (bytes < 10 * 1024)
    return llvm::formatv("{0} B", bytes);
  if (bytes < 10 * 1024 * 1024)
    return llvm::formatv("{0:F1} KiB", double(bytes) / 1024);
  return llvm::formatv("{0:F1} MiB", double(bytes) / (1024 * 1024));
}

/// A line for what was learned by rows, a line for a loss of the network.
static void printLearned(llvm::raw_ostream &os, llvm::ArrayRef<LearnedStream> learned) {
  int64_t heads = 0;
  for (const LearnedStream &stream : learned)
    if (stream.ofHeads)
      ++heads;
    else if (stream.loss == "rows")
      os << llvm::formatv(
          "rotation      stream {0}, {1} channels: rows lose {2:F2} % of their energy "
          "instead of {3:F2} %, learned from {4} rows\n",
          stream.number, stream.channels, 100 * stream.after, 100 * stream.before, stream.rows);
  if (!learned.empty() && learned.front().loss != "rows")
    os << llvm::formatv("rotation      {0} streams and the heads of {1} layers: loss ({2}) of runs "
                        "held out {3:E3} instead of {4:E3}\n",
                        int64_t(learned.size()) - heads, heads, learned.front().loss,
                        learned.front().after, learned.front().before);
  else if (heads)
    os << "rotation      the heads of " << heads << " layers, learned from their rows\n";
}

void CompileReport::print(llvm::raw_ostream &os) const {
  os << "model         " << model << ", recipe " << recipe << ", cpu " << cpu << "\n";
  os << "coverage      " << nodes << " nodes: " << integerNodes << " integer, " << floatNodes
     << " float, " << foldedNodes << " folded or fused\n";
  for (size_t i = 0; i < floatNodeNames.size() && i < 4; ++i)
    os << "  float       " << floatNodeNames[i] << "\n";
  if (floatNodeNames.size() > 4)
    os << "  float       and " << floatNodeNames.size() - 4 << " more (see --report)\n";
  os << "certificate   " << (integerOnly ? "integer-only" : "not integer-only") << "\n";
  os << "accumulators  " << accumulators << ", "
     << (accumulatorsProven ? "all proved" : "not all proved")
     << " within 32 bits; the widest needs " << accumulatorWidth << "\n";
  if (sqnrDb) {
    os << llvm::formatv("accuracy      SQNR {0:F1} dB", *sqnrDb);
    if (outputSqnrDb.size() > 1)
      os << " in the worst of " << outputSqnrDb.size() << " outputs";
    if (top1Agreement)
      os << llvm::formatv(", top-1 agreement {0:F4}", *top1Agreement);
    os << " with float, on the last " << checkedRuns << " calibration runs\n";
  }
  if (quantizedInFile)
    os << "calibration   none: the file says how tensors are stored\n"
       << "rescalings    " << rescalings << ", of them " << onnxRescalings
       << " by a float32 scale as the file says (onnx_rne), where a dyadic one would change an "
          "integer\n";
  if (calibrationRuns) {
    os << llvm::formatv("calibration   {0} runs in {1:F1} s", calibrationRuns, calibrationSeconds);
    if (correctedBiases)
      os << ", corrected biases: " << *correctedBiases;
    os << "\n";
  }
  if (rotation)
    rotation->print(os);
  printLearned(os, learnedRotations);
  if (migration)
    migration->print(os);
  printRounded(os, *this);
  if (allocation)
    allocation->print(os);
  os << "size          weights " << bytesText(weightBytes);
  if (dataflow.empty())
    os << ", working memory " << bytesText(arenaBytes);
  if (libraryBytes)
    os << ", library " << bytesText(libraryBytes) << " (model file " << bytesText(modelBytes)
       << ")";
  os << "\n";
  if (!selfTestSkipped.empty())
    os << "self-test     skipped: " << selfTestSkipped << "\n";
  os << "work          " << llvm::formatv("{0:F1}", double(macs) / 1e6)
     << " M multiply-accumulates a run\n";
  os << dataflow;
}
