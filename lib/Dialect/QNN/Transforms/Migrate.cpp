//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn-migrate: transforms of sites decided, checked and applied; see Migrate.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "Decodes.h"
#include "MigrationChoice.h"
#include "quantc/Calibration/Moments.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Numerics/NumberFormat.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/PTQ/FormatGrid.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/OptionText.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNMIGRATE
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;
using ptq::Matrix;
using ptq::Vector;

static constexpr struct {
  MigrationMethod method;
  llvm::StringLiteral name;
} methodNames[] = {{MigrationMethod::SmoothQuant, "smoothquant"},
                   {MigrationMethod::OutlierSuppression, "os+"},
                   {MigrationMethod::Awq, "awq"},
                   {MigrationMethod::Equalize, "equalize"}};

llvm::StringRef qnn::migrationName(MigrationMethod method) {
  for (auto &entry : methodNames)
    if (entry.method == method)
      return entry.name;
  return "";
}

std::optional<MigrationMethod> qnn::parseMigration(llvm::StringRef name) {
  for (auto &entry : methodNames)
    if (entry.name == name)
      return entry.method;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Codes of weights
//===----------------------------------------------------------------------===//

static void roundSymmetric(double *values, int64_t count, double absMax, int bits) {
  int32_t most = (1 << (bits - 1)) - 1;
  float scale = numerics::symmetricWeightScale(static_cast<float>(absMax), bits);
  for (int64_t i = 0; i < count; ++i)
    values[i] = numerics::dequantizeLinear(
        numerics::quantizeLinear(static_cast<float>(values[i]), scale, 0, -most, most), scale, 0);
}

llvm::Expected<std::function<llvm::Expected<Matrix>(const Matrix &)>>
qnn::weightRounding(const QuantizeOptions &quantize, llvm::StringRef format,
                    llvm::StringRef search) {
  using Round = std::function<llvm::Expected<Matrix>(const Matrix &)>;
  if (format.empty()) {
    int bits = static_cast<int>(quantize.weightBits);
    if (bits < 2 || bits > 16)
      return makeError("migration: expected weights of 2 to 16 bits, but found " + Twine(bits));
    bool perChannel = quantize.weightPerChannel;
    return Round([=](const Matrix &weight) -> llvm::Expected<Matrix> {
      Matrix rounded = weight;
      if (!perChannel)
        roundSymmetric(rounded.data(), rounded.size(), weight.cwiseAbs().maxCoeff(), bits);
      for (Eigen::Index row = 0; perChannel && row < rounded.rows(); ++row)
        roundSymmetric(rounded.row(row).data(), rounded.cols(),
                       weight.row(row).cwiseAbs().maxCoeff(), bits);
      return rounded;
    });
  }
  numerics::ParsedNumberFormat parsed = numerics::parseNumberFormat(format.str());
  if (!parsed.format)
    return makeError(llvm::join(parsed.faults, "; "));
  llvm::Expected<numerics::ScaleSearch> how = parseSearch(search, *parsed.format);
  if (!how)
    return how.takeError();
  return Round([grid = *parsed.format, how = *how](const Matrix &weight) {
    ptq::FormatGrid values(weight.rows(), weight.cols(), grid, how);
    return ptq::roundToNearest(weight, values);
  });
}

//===----------------------------------------------------------------------===//
// Decision
//===----------------------------------------------------------------------===//

namespace {
/// One site on the way to its transform.
struct Trial {
  explicit Trial(const MigrationSite &site) : site(site) { found.name = site.name; }

  const MigrationSite &site;
  std::optional<SiteStatistics> statistics;
  std::optional<ptq::MigrationLoss> search, check;
  SiteChoice choice;
  std::string noAbsorption;
  MigratedSite found;
  std::string failure;
};
} // namespace

/// Reads samples and weights; false, with the reason in `found`, where there is nothing to decide.
static bool prepare(Trial &trial, const ChannelSampleTable &samples,
                    const MigrateOptions &options) {
  bool equalize = options.method == MigrationMethod::Equalize;
  auto refuse = [&](const Twine &reason) {
    trial.found.reason = reason.str();
    return false;
  };
  if (options.exclude.contains(trial.site.name))
    return refuse("it is excluded");
  if (equalize && trial.choice.text.empty())
    return refuse("others than linear maps with constant weights write it");
  if (equalize && !options.check)
    return true;
  trial.statistics.emplace(trial.site, samples);
  if (!trial.statistics->missing.empty())
    return refuse("no samples of '" + trial.statistics->missing + "'");
  bool searches = !(equalize || (options.method == MigrationMethod::SmoothQuant && options.alpha));
  for (bool check : {false, true}) {
    if (!(check ? options.check : searches))
      continue;
    llvm::Expected<ptq::MigrationLoss> loss = makeLoss(trial.site, samples, check, options.loss);
    if (!loss)
      return refuse(llvm::toString(loss.takeError()));
    (check ? trial.check : trial.search) = std::move(*loss);
  }
  return true;
}

/// Losses on the rows that no search saw. A bias that pays not is not absorbed.
static llvm::Error checkChoice(Trial &trial) {
  SiteChoice &choice = trial.choice;
  Eigen::Index channels = choice.scale.size();
  const Vector zero = Vector::Zero(channels);
  llvm::Expected<double> before = (*trial.check)(zero, Vector::Ones(channels));
  if (!before)
    return before.takeError();
  llvm::Expected<double> after = (*trial.check)(choice.shift, choice.scale, choice.floored);
  if (!after)
    return after.takeError();
  trial.found.before = *before;
  trial.found.after = *after;
  if (!choice.absorbs)
    return llvm::Error::success();
  llvm::Expected<double> scaled = (*trial.check)(zero, choice.scale);
  if (!scaled)
    return scaled.takeError();
  if (*scaled <= *after) {
    choice.shift = zero;
    choice.absorbs = choice.floored = false;
    trial.found.after = *scaled;
    trial.noAbsorption = "the loss on rows that the search did not see is no lower";
  }
  return llvm::Error::success();
}

/// Chooses, and measures the choice on the rows that the search did not see.
static llvm::Error decide(Trial &trial, const MigrateOptions &options) {
  if (options.method != MigrationMethod::Equalize) {
    llvm::Expected<SiteChoice> choice = chooseTransform(
        trial.site, *trial.statistics, trial.search ? &*trial.search : nullptr, options);
    if (!choice)
      return choice.takeError();
    trial.choice = std::move(*choice);
  }
  const SiteChoice &choice = trial.choice;
  trial.found.choice = choice.text;
  trial.found.leastFactor = choice.scale.minCoeff();
  trial.found.greatestFactor = choice.scale.maxCoeff();
  trial.found.before = trial.found.after = std::numeric_limits<double>::quiet_NaN();
  if (trial.check)
    if (llvm::Error error = checkChoice(trial))
      return error;
  trial.found.leastShift = choice.shift.minCoeff();
  trial.found.greatestShift = choice.shift.maxCoeff();
  if ((choice.scale.array() == 1).all() && choice.shift.isZero(0))
    trial.found.reason = "no factor is better than 1";
  else if (options.check && !(trial.found.after < trial.found.before))
    trial.found.reason = "the loss on rows that the search did not see is no lower";
  else
    trial.found.kept = true;
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Application
//===----------------------------------------------------------------------===//

/// A copy of what makes the value, for the linear maps that read it.
static Value copyProducer(const MigrationSite &site) {
  Operation *producer = site.seed.getDefiningOp();
  OpBuilder builder(producer->getContext());
  builder.setInsertionPointAfter(producer);
  Operation *copy = builder.clone(*producer);
  copy->setLoc(
      NameLoc::get(builder.getStringAttr(getNodeName(producer) + ".migrated"), producer->getLoc()));
  for (const MigrationRead &read : site.reads)
    for (LinearMapOpInterface map : read.maps)
      map.getInputOperand().set(copy->getResult(0));
  return copy->getResult(0);
}

/// ReLUs in place of clamps.
static void openClamps(ArrayRef<Operation *> clamps) {
  for (Operation *clamp : clamps) {
    OpBuilder builder(clamp);
    Value relu = nn::ReluOp::create(builder, clamp->getLoc(), clamp->getResult(0).getType(),
                                    clamp->getOperand(0));
    clamp->getResult(0).replaceAllUsesWith(relu);
    clamp->erase();
  }
}

namespace {
/// Transforms of one site after the other.
class Application {
public:
  explicit Application(const SiteOptions &options) : options(options) {}

  LogicalResult apply(const MigrationSite &site, const SiteChoice &choice, MigratedSite &found);
  /// Clamps that are to be ReLUs; they stay until nobody names their results.
  llvm::SetVector<Operation *> opened;

private:
  LogicalResult applyOne(Value seed, const MigrationSite &site, TransformKind kind,
                         const Vector &values, bool aboveShift, int64_t &members);

  const SiteOptions &options;
};
} // namespace

LogicalResult Application::applyOne(Value seed, const MigrationSite &site, TransformKind kind,
                                    const Vector &values, bool aboveShift, int64_t &members) {
  TransformRegion region =
      findTransformRegion(seed, site.slot, kind, {aboveShift, options.openClamps});
  if (!region.isLegal())
    return emitError(seed.getLoc()) << "the " << transformName(kind) << " of '" << site.name
                                    << "' is refused: " << region.refusals.front().reason;
  members = static_cast<int64_t>(region.members.size());
  ChannelTransform transform{kind, site.channels(), {}, {}, {}, {}};
  (kind == TransformKind::Scale ? transform.scale : transform.shift)
      .assign(values.begin(), values.end());
  if (failed(applyTransformRegion(region, transform)))
    return failure();
  for (const TransformRegion::Clamp &clamp : region.opened)
    opened.insert(clamp.op);
  return success();
}

LogicalResult Application::apply(const MigrationSite &site, const SiteChoice &choice,
                                 MigratedSite &found) {
  Value seed = site.copies ? copyProducer(site) : site.seed;
  // b + W z with W as it was: the shift goes first.
  if (!choice.shift.isZero(0) && failed(applyOne(seed, site, TransformKind::Shift, choice.shift,
                                                 choice.absorbs, found.values)))
    return failure();
  return applyOne(seed, site, TransformKind::Scale, choice.scale, /*aboveShift=*/false,
                  found.values);
}

static void explain(const MigrationSite &site, const MigratedSite &found,
                    const MigrateOptions &options) {
  InFlightDiagnostic said = site.reads.front().maps.front()->emitRemark();
  said << "'" << found.name << "' ";
  if (!found.kept) {
    said << "is not migrated: " << found.reason;
    return;
  }
  said << "is migrated by " << migrationName(options.method) << ": " << found.choice << ", factors "
       << llvm::formatv("{0} to {1}", llvm::format("%.4g", found.leastFactor),
                        llvm::format("%.4g", found.greatestFactor))
              .str()
       << ", " << found.values << " values, " << found.maps << " maps read them";
  if (site.copies)
    said << "; its producer is copied";
  if (options.method == MigrationMethod::OutlierSuppression && !site.noShift.empty())
    said << "; not shifted: " << site.noShift;
  if (found.greatestShift != 0 && options.sites.absorb)
    said << "; biases up to "
         << llvm::formatv("{0}", llvm::format("%.4g", found.greatestShift)).str()
         << " are absorbed";
  else if (options.sites.absorb)
    said << "; no bias is absorbed: " << found.noAbsorption;
}

std::vector<std::string> qnn::unknownSites(const MigrationSites &sites,
                                           const llvm::StringSet<> &names, StringRef option) {
  llvm::StringSet<> known;
  std::vector<std::string> candidates, faults;
  auto add = [&](StringRef name) {
    if (known.insert(name).second)
      candidates.push_back(name.str());
  };
  for (const MigrationSite &site : sites.sites)
    add(site.name);
  for (const MigrationRefusal &refusal : sites.refusals)
    add(refusal.name);
  for (const auto &entry : names)
    if (StringRef name = entry.first(); !known.contains(name))
      faults.push_back((option +
                        ": expected NODE.input of a linear map with constant weights, but "
                        "found '" +
                        name + "'")
                           .str() +
                       didYouMean(name, llvm::ArrayRef(candidates)));
  llvm::sort(faults);
  return faults;
}

FailureOr<std::vector<MigratedSite>>
qnn::migrate(ModuleOp module, const ChannelSampleTable &samples, const MigrateOptions &options) {
  MigrationSites sites = findMigrationSites(module, options.sites);
  std::vector<std::string> faults = unknownSites(sites, options.exclude, "exclude");
  if (!faults.empty())
    return emitError(module.getLoc()) << llvm::join(faults, "; ");
  for (const MigrationRefusal &refusal : sites.refusals)
    refusal.reader->emitRemark() << "'" << refusal.name << "' is not migrated: " << refusal.reason;
  std::vector<SiteChoice> equalized;
  if (options.method == MigrationMethod::Equalize)
    equalized = equalizeSites(sites.sites);
  std::vector<MigratedSite> results;
  std::vector<std::pair<size_t, SiteChoice>> chosen;
  size_t batch = static_cast<size_t>(std::max(options.threads, 1));
  // All decisions see the weights as they were.
  for (size_t first = 0; first < sites.sites.size(); first += batch) {
    std::vector<Trial> trials;
    std::vector<Trial *> ready;
    for (size_t i = first; i < std::min(first + batch, sites.sites.size()); ++i) {
      trials.emplace_back(sites.sites[i]);
      if (!equalized.empty())
        trials.back().choice = equalized[i];
      if (!equalized.empty() && options.sites.absorb)
        trials.back().choice.absorbs =
            absorbBias(sites.sites[i], samples, trials.back().choice, trials.back().noAbsorption);
    }
    for (Trial &trial : trials)
      if (prepare(trial, samples, options))
        ready.push_back(&trial);
    runOnThreads(options.threads, static_cast<int64_t>(ready.size()), [&](int64_t i) {
      if (llvm::Error error = decide(*ready[i], options))
        ready[i]->failure = llvm::toString(std::move(error));
    });
    for (auto [i, trial] : llvm::enumerate(trials)) {
      if (!trial.failure.empty())
        return trial.site.reads.front().maps.front()->emitError()
               << "migration of '" << trial.site.name << "': " << trial.failure;
      for (const MigrationRead &read : trial.site.reads)
        trial.found.maps += static_cast<int64_t>(read.maps.size());
      trial.found.noAbsorption = trial.noAbsorption;
      if (trial.found.kept)
        chosen.emplace_back(first + i, std::move(trial.choice));
      results.push_back(std::move(trial.found));
    }
    if (options.progress)
      options.progress("migrating", std::min(first + batch, sites.sites.size()),
                       sites.sites.size());
  }
  Application application(options.sites);
  for (auto &[index, choice] : chosen)
    if (failed(application.apply(sites.sites[index], choice, results[index])))
      return failure();
  openClamps(application.opened.getArrayRef());
  for (auto [site, found] : llvm::zip_equal(sites.sites, results))
    explain(site, found, options);
  return results;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct MigratePass : qnn::impl::QnnMigrateBase<MigratePass> {
  using QnnMigrateBase::QnnMigrateBase;

  void runOnOperation() override {
    llvm::Expected<MigrateOptions> chosen = makeOptions();
    if (!chosen) {
      emitError(getOperation().getLoc()) << llvm::toString(chosen.takeError());
      return signalPassFailure();
    }
    ChannelSampleTable samples;
    if (!channels.empty()) {
      llvm::Expected<ChannelSampleTable> table = readChannelSamples(channels);
      if (!table) {
        emitError(getOperation().getLoc()) << llvm::toString(table.takeError());
        return signalPassFailure();
      }
      samples = std::move(*table);
    }
    FailureOr<std::vector<MigratedSite>> found = migrate(getOperation(), samples, *chosen);
    if (failed(found))
      return signalPassFailure();
    for (const MigratedSite &site : *found)
      ++(site.kept ? migrated : left);
  }

private:
  llvm::Expected<MigrateOptions> makeOptions();
};
} // namespace

llvm::Expected<MigrateOptions> MigratePass::makeOptions() {
  MigrateOptions options;
  std::optional<MigrationMethod> parsed = parseMigration(method);
  if (!parsed)
    return makeError("qnn-migrate: expected method smoothquant, os+, awq or equalize, but found '" +
                     method + "'");
  options.method = *parsed;
  if (alpha != "search") {
    double value = 0;
    if (llvm::StringRef(alpha).getAsDouble(value) || !(value >= 0 && value <= 1))
      return makeError("qnn-migrate: expected alpha in [0, 1] or search, but found '" + alpha +
                       "'");
    options.alpha = value;
  }
  auto codes = llvm::StringSwitch<std::optional<ptq::ActivationCodes>>(activations)
                   .Case("static", ptq::ActivationCodes::Tensor)
                   .Case("float", ptq::ActivationCodes::Float)
                   .Case("row", ptq::ActivationCodes::Row)
                   .Default(std::nullopt);
  if (!codes)
    return makeError("qnn-migrate: expected activations static, float or row, but found '" +
                     activations + "'");
  options.loss.activations = *codes;
  options.loss.activationBits = static_cast<int>(activationBits);
  QuantizeOptions quantize;
  quantize.weightBits = weightBits;
  auto rounding = weightRounding(quantize, weightFormat, "none");
  if (!rounding)
    return rounding.takeError();
  options.loss.roundWeights = std::move(*rounding);
  options.sites.copies = copies;
  options.sites.absorb = absorb;
  options.sites.openClamps = openClamps;
  if (absorb && options.method != MigrationMethod::Equalize)
    return makeError("qnn-migrate: expected method equalize beside absorb, but found '" + method +
                     "'");
  options.check = check;
  for (const std::string &name : unescapeItems(exclude))
    options.exclude.insert(name);
  return options;
}
