//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions: the matrix-vector unit and the depthwise unit.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "qhls/latency.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

/// Multipliers of one input code and one weight, and their sums.
static Resources products(Multiplier where, int64_t pe, int64_t simd, int64_t a, int64_t w,
                          int64_t acc) {
  // A tool left alone takes DSP slices for products of more than about ten bits.
  bool dsp = where == Multiplier::DSP || (where == Multiplier::Auto && a + w > 10);
  return dsp ? productsInDSP(pe, simd, a, w, acc) : productsInFabric(pe, simd, a, w, acc);
}

static std::string romInt(int64_t bits) { return "qhls::rom_int<" + std::to_string(bits) + ">"; }

/// Foldings with both kinds of multipliers.
static void addBoth(SmallVectorImpl<Fold> &folds, int64_t simd, int64_t pe) {
  for (Multiplier where : {Multiplier::DSP, Multiplier::Fabric})
    folds.push_back({simd, pe, where, false});
}

//===----------------------------------------------------------------------===//
// Matrix-vector unit
//===----------------------------------------------------------------------===//

LogicalResult MvauOp::verify() {
  if (failed(verifySizes(*this, {{"pixels", getPixels()},
                                 {"groups", getGroups()},
                                 {"inputs", getInputs()},
                                 {"outputs", getOutputs()},
                                 {"acc_bits", getAccBits()}})) ||
      failed(verifyDivides(*this, "simd", getSimd(), "inputs", getInputs())) ||
      failed(verifyDivides(*this, "pe", getPe(), "outputs", getOutputs())) ||
      failed(verifyWeight(*this, getWeight(), getGroups() * getOutputs(), getInputs(),
                          getWeightBits())) ||
      failed(verifyEpilogue(*this, getEpilogue(), getAccBits(), getInput(), getResult(),
                            getGroups() * getOutputs(), getPixels())))
    return failure();
  return verifyUnit(*this);
}

SmallVector<Port> MvauOp::getPorts() {
  int64_t rows = getPixels() * getGroups();
  return {{int64_t(getSimd()), product({rows, int64_t(getInputs() / getSimd())})},
          {int64_t(getPe()), product({rows, int64_t(getOutputs() / getPe())})}};
}

int64_t MvauOp::getIterations() {
  return getPixels() * getGroups() * (getInputs() / getSimd()) * (getOutputs() / getPe());
}
int64_t MvauOp::getLatency() { return qhls::latency::contraction; }

/// A group's inputs are read in the first of the output folds, each of which ends in a result.
Activity MvauOp::getActivity() {
  int64_t sf = getInputs() / getSimd(), nf = getOutputs() / getPe();
  Phase group{getPixels() * getGroups(), {{sf - 1, 1, 0}, {1, 1, 1}}};
  for (int64_t i = 1; i < nf; ++i)
    group.runs.append({{sf - 1, 0, 0}, {1, 0, 1}});
  return {std::move(group)};
}

Resources MvauOp::getResources() {
  int64_t sf = getInputs() / getSimd(), nf = getOutputs() / getPe(), a = widthOf(getInput());
  Resources r = products(getMultiplier(), getPe(), getSimd(), a, getWeightBits(), getAccBits());
  r += memory(getPe() * getSimd() * getWeightBits(), sf * nf * getGroups());
  if (nf > 1)
    r += memory(getSimd() * a, sf);
  r += getEpilogue().getResources(elementOf(getInput()), elementOf(getResult()), nf * getGroups(),
                                  getPe());
  return r;
}

SmallVector<Fold> MvauOp::getFolds() {
  SmallVector<Fold> folds;
  for (int64_t simd : divisors(getInputs()))
    for (int64_t pe : divisors(getOutputs()))
      addBoth(folds, simd, pe);
  return folds;
}

Fold MvauOp::getFold() { return {int64_t(getSimd()), int64_t(getPe()), getMultiplier(), false}; }

void MvauOp::setFold(const Fold &fold) {
  setSimd(fold.simd);
  setPe(fold.pe);
  setMultiplier(fold.multiplier);
}

UnitText MvauOp::describe() {
  UnitText text;
  text.unit = "mvau";
  text.config = {{"pixels", getPixels()},    {"groups", getGroups()},
                 {"inputs", getInputs()},    {"outputs", getOutputs()},
                 {"simd", getSimd()},        {"pe", getPe()},
                 {"acc_bits", getAccBits()}, {"multiplier", int64_t(getMultiplier())}};
  int64_t simd = getSimd(), pe = getPe(), inputs = getInputs();
  int64_t sf = inputs / simd, rows = getGroups() * (getOutputs() / pe) * sf;
  std::vector<int64_t> weight = romValues(getWeight());
  RomField field{{rows, pe, simd}, std::vector<int64_t>(weight.size())};
  for (size_t i = 0; i < weight.size(); ++i) {
    int64_t s = int64_t(i) % simd, p = int64_t(i) / simd % pe, row = int64_t(i) / (simd * pe);
    field.values[i] = weight[size_t(((row / sf) * pe + p) * inputs + (row % sf) * simd + s)];
  }
  text.roms.push_back({"weights", romInt(getWeightBits()), true, {std::move(field)}});
  text.roms.push_back(getEpilogue().describe(elementOf(getInput()), elementOf(getResult()),
                                             getGroups() * (getOutputs() / pe), pe));
  return text;
}

//===----------------------------------------------------------------------===//
// Depthwise unit
//===----------------------------------------------------------------------===//

LogicalResult DepthwiseOp::verify() {
  if (failed(verifySizes(*this, {{"pixels", getPixels()},
                                 {"channels", getChannels()},
                                 {"taps", getTaps()},
                                 {"acc_bits", getAccBits()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "channels", getChannels())) ||
      failed(verifyWeight(*this, getWeight(), getChannels(), getTaps(), getWeightBits())) ||
      failed(verifyEpilogue(*this, getEpilogue(), getAccBits(), getInput(), getResult(),
                            getChannels(), getPixels())))
    return failure();
  return verifyUnit(*this);
}

SmallVector<Port> DepthwiseOp::getPorts() {
  int64_t words = getPixels() * (getChannels() / getLanes()), lanes = getLanes();
  return {{lanes, product({words, int64_t(getTaps())})}, {lanes, words}};
}
int64_t DepthwiseOp::getIterations() {
  return getPixels() * (getChannels() / getLanes()) * getTaps();
}
int64_t DepthwiseOp::getLatency() { return qhls::latency::contraction; }
Activity DepthwiseOp::getActivity() {
  return {{getPixels() * (getChannels() / getLanes()), {{getTaps() - 1, 1, 0}, {1, 1, 1}}}};
}

Resources DepthwiseOp::getResources() {
  int64_t folds = getChannels() / getLanes();
  // No sum over inputs: each lane is a unit of one product.
  Resources r =
      products(getMultiplier(), getLanes(), 1, widthOf(getInput()), getWeightBits(), getAccBits());
  r += memory(getLanes() * getWeightBits(), folds * getTaps());
  r += getEpilogue().getResources(elementOf(getInput()), elementOf(getResult()), folds, getLanes());
  return r;
}

SmallVector<Fold> DepthwiseOp::getFolds() {
  SmallVector<Fold> folds;
  for (int64_t lanes : divisors(getChannels()))
    addBoth(folds, 1, lanes);
  return folds;
}
Fold DepthwiseOp::getFold() { return {1, int64_t(getLanes()), getMultiplier(), false}; }
void DepthwiseOp::setFold(const Fold &fold) {
  setLanes(fold.pe);
  setMultiplier(fold.multiplier);
}
bool DepthwiseOp::tiesOperand(unsigned index) { return true; }

UnitText DepthwiseOp::describe() {
  UnitText text;
  text.unit = "depthwise";
  text.config = {{"pixels", getPixels()},    {"channels", getChannels()},
                 {"lanes", getLanes()},      {"taps", getTaps()},
                 {"acc_bits", getAccBits()}, {"multiplier", int64_t(getMultiplier())}};
  int64_t lanes = getLanes(), taps = getTaps(), folds = getChannels() / lanes;
  std::vector<int64_t> weight = romValues(getWeight());
  RomField field{{folds * taps, lanes}, std::vector<int64_t>(weight.size())};
  for (size_t i = 0; i < weight.size(); ++i) {
    int64_t l = int64_t(i) % lanes, row = int64_t(i) / lanes;
    field.values[i] = weight[size_t(((row / taps) * lanes + l) * taps + row % taps)];
  }
  text.roms.push_back({"weights", romInt(getWeightBits()), true, {std::move(field)}});
  text.roms.push_back(
      getEpilogue().describe(elementOf(getInput()), elementOf(getResult()), folds, lanes));
  return text;
}
