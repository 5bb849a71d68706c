//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decisions of rotating passes, collected from their remarks, and outliers before and after; see
// RotationReport.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/RotationReport.h"
#include "JsonNumber.h"
#include "RunPasses.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Pipelines/Compiler.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

Recipe Compiler::stageRecipe() const {
  Recipe recipe = options.recipe;
  if (rotationsFile && recipe.rotations.empty())
    recipe.rotations = rotationsPath;
  return recipe;
}

/// The rotated copy of a float module; null where nothing of it is rotated. Fails with a
/// diagnostic.
static FailureOr<OwningOpRef<ModuleOp>> rotatedCopy(ModuleOp module, const Recipe &recipe) {
  OwningOpRef<ModuleOp> copy = module.clone();
  RotationReport found;
  // Remarks are those of the module that is kept.
  ScopedDiagnosticHandler quiet(module.getContext(), [&](Diagnostic &diagnostic) {
    found.add(diagnostic);
    return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
  });
  if (failed(runPasses(*copy, rotationPipeline(recipe))))
    return failure();
  if (found.rotated() == 0)
    return OwningOpRef<ModuleOp>();
  return copy;
}

/// Outliers belong to the explanation: they take two more float models.
LogicalResult Compiler::beginRotation() {
  if (options.recipe.rotate == "none")
    return success();
  RotationReport &report = result.rotation.emplace();
  report.rotate = options.recipe.rotate;
  if (options.explainRuns == 0 || !dataSet || isTrial)
    return success();
  WeightScope scope(&context); // the rotated weights go with the copy
  FailureOr<OwningOpRef<ModuleOp>> copy = rotatedCopy(*ir, stageRecipe());
  if (failed(copy))
    return failure();
  if (!*copy)
    return success();
  OutlierOptions measured;
  measured.threads = options.threads;
  measured.runs = report.outlierRuns = std::min(options.explainRuns, dataSet->numRuns());
  measured.progress = options.progress;
  for (auto [module, outliers] :
       {std::pair(*ir, &report.before), std::pair(**copy, &report.after)}) {
    auto found = measureOutliers(module, *dataSet, measured);
    if (!found)
      return emitError(ir->getLoc(), "rotations: ") << llvm::toString(found.takeError());
    *outliers = std::move(*found);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The report
//===----------------------------------------------------------------------===//

void RotationReport::add(Diagnostic &diagnostic) {
  if (std::optional<RotationDecision> decision = decisionOf(diagnostic))
    (decision->kind == RotationKind::Norm ? norms : places).push_back(std::move(*decision));
}

int64_t RotationReport::rotated() const {
  return llvm::count_if(places, [](const RotationDecision &place) { return place.isRotated; });
}

static llvm::json::Array outliersOf(const RotationReport &report) {
  llvm::StringMap<const InputOutliers *> after;
  for (const InputOutliers &input : report.after)
    after[input.name] = &input;
  llvm::json::Array list;
  for (const InputOutliers &input : report.before)
    if (const InputOutliers *other = after.lookup(input.name))
      list.push_back(llvm::json::Object{{"name", input.name},
                                        {"kurtosis_before", orNull(input.kurtosis)},
                                        {"kurtosis_after", orNull(other->kurtosis)},
                                        {"max_to_rms_before", orNull(input.maxToRms)},
                                        {"max_to_rms_after", orNull(other->maxToRms)}});
  return list;
}

llvm::json::Value RotationReport::toJSON() const {
  llvm::json::Array list, kept;
  for (const RotationDecision &place : places)
    list.push_back(llvm::json::Object{{"kind", rotationKindName(place.kind)},
                                      {"node", place.node},
                                      {"channels", place.channels},
                                      {"rotated", place.isRotated},
                                      {"how", place.isRotated ? place.text : ""},
                                      {"reason", place.isRotated ? "" : place.text}});
  for (const RotationDecision &norm : norms)
    kept.push_back(llvm::json::Object{{"node", norm.node}, {"reason", norm.text}});
  return llvm::json::Object{{"rotate", rotate},
                            {"rotated", rotated()},
                            {"refused", static_cast<int64_t>(places.size()) - rotated()},
                            {"places", std::move(list)},
                            {"norms", std::move(kept)},
                            {"outlier_runs", outlierRuns},
                            {"outliers", outliersOf(*this)}};
}

/// The median, and the greatest, of those that are finite; NaN where none is.
static std::pair<double, double> medianAndWorst(llvm::ArrayRef<InputOutliers> inputs) {
  std::vector<double> values;
  for (const InputOutliers &input : inputs)
    if (std::isfinite(input.kurtosis))
      values.push_back(input.kurtosis);
  if (values.empty())
    return {NAN, NAN};
  llvm::sort(values);
  return {(values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2, values.back()};
}

void RotationReport::print(llvm::raw_ostream &os) const {
  os << "rotations     " << rotate << ": ";
  if (places.empty())
    os << "no place was found: no stream in front of a norm, no heads"
       << (rotate == "online" ? ", no input of a linear map\n" : "\n");
  else
    os << rotated() << " rotated, " << static_cast<int64_t>(places.size()) - rotated()
       << " refused (reasons in the report)\n";
  if (before.empty() || after.empty())
    return;
  const auto [median, worst] = medianAndWorst(before);
  const auto [medianAfter, worstAfter] = medianAndWorst(after);
  os << llvm::formatv("  kurtosis    of what linear maps read: median {0:F1}, {1:F1} before; worst "
                      "{2:F1}, {3:F1} before\n",
                      medianAfter, median, worstAfter, worst);
}
