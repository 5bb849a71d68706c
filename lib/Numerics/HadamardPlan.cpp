//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which lengths can be transformed, and how. Doubling a dense factor costs additions but passes
// orders that have no construction: 172 has none here, 344 = 7^3 + 1 does.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/FiniteField.h"
#include "quantc/Numerics/Hadamard.h"

#include <algorithm>

namespace quantc::numerics {

namespace {
/// Orders that the constructions in HadamardMatrix.cpp accept.
constexpr int64_t kMaxPaleyOne = (1 << 13) + 1, kMaxPaleyTwo = 2 * ((1 << 12) + 1);

bool isPrimePower(int64_t q) { return primePowerOf(static_cast<uint32_t>(q)).has_value(); }

/// Paley's matrix of this order, if there is one.
std::optional<HadamardFactor> factorOf(int64_t order) {
  if (order % 4 != 0)
    return std::nullopt;
  if (isPrimePower(order - 1))
    return HadamardFactor{order, HadamardKind::PaleyOne, order - 1};
  int64_t q = order / 2 - 1;
  if (q % 4 == 1 && isPrimePower(q))
    return HadamardFactor{order, HadamardKind::PaleyTwo, q};
  return std::nullopt;
}

/// The smallest dense factor of order odd * 2^j, 2 <= j <= twos.
std::optional<HadamardFactor> singleFactor(int64_t odd, int twos, int64_t maxDense) {
  for (int j = 2; j <= twos && (odd << j) <= maxDense; ++j)
    if (std::optional<HadamardFactor> factor = factorOf(odd << j))
      return factor;
  return std::nullopt;
}

/// Additions for one element: 3 for the signed sums of four, one for each further group.
int64_t additionsOf(const HadamardFactor &factor) { return factor.order / 4 + 2; }

/// Dense factors whose orders multiply to odd * 2^(twos used).
struct Product {
  std::vector<HadamardFactor> factors;
  int twosUsed = 0;
  int64_t cost = 0; ///< additions an element, less those of butterflies that are saved

  void append(const HadamardFactor &factor, int64_t odd) {
    int twos = 0;
    for (; (odd << twos) < factor.order; ++twos)
      ;
    factors.push_back(factor);
    twosUsed += twos;
    cost += additionsOf(factor) - twos;
  }
};

/// The cheapest factors for odd * 2^twos; the one with the smallest first factor among equals.
std::optional<Product> cheapestProduct(int64_t odd, int twos, int64_t maxDense) {
  std::optional<Product> best;
  if (std::optional<HadamardFactor> factor = singleFactor(odd, twos, maxDense)) {
    best.emplace();
    best->append(*factor, odd);
  }
  auto consider = [&](int64_t divisor) {
    for (int j = 2; j + 2 <= twos && (divisor << j) <= maxDense; ++j) {
      std::optional<HadamardFactor> factor = factorOf(divisor << j);
      if (!factor)
        continue;
      std::optional<Product> candidate = cheapestProduct(odd / divisor, twos - j, maxDense);
      if (!candidate)
        continue;
      candidate->append(*factor, divisor);
      if (!best || candidate->cost < best->cost)
        best = std::move(candidate);
    }
  };
  for (int64_t divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor != 0)
      continue;
    consider(divisor);
    if (divisor * divisor != odd)
      consider(odd / divisor);
  }
  return best;
}

std::optional<HadamardPlan> search(int64_t size, const HadamardOptions &options) {
  HadamardPlan plan;
  plan.size = size;
  int twos = __builtin_ctzll(static_cast<uint64_t>(size));
  int64_t odd = size >> twos;
  plan.log2 = twos;
  if (odd == 1)
    return plan;
  std::optional<Product> product;
  if (options.choice == HadamardChoice::OneFactor)
    if (std::optional<HadamardFactor> factor = singleFactor(odd, twos, options.maxDense)) {
      product.emplace();
      product->append(*factor, odd);
    }
  if (!product)
    product = cheapestProduct(odd, twos, options.maxDense);
  if (!product)
    return std::nullopt;
  plan.log2 = twos - product->twosUsed;
  plan.factors = std::move(product->factors);
  std::stable_sort(
      plan.factors.begin(), plan.factors.end(),
      [](const HadamardFactor &a, const HadamardFactor &b) { return a.order < b.order; });
  return plan;
}
} // namespace

HadamardPlanning planHadamard(int64_t size, const HadamardOptions &options) {
  HadamardPlanning planning;
  planning.size = size;
  HadamardOptions limited = options;
  limited.maxDense = std::min({options.maxDense, kMaxPaleyOne, kMaxPaleyTwo});
  planning.maxDense = limited.maxDense;
  if (size <= 0) {
    planning.refusal = HadamardRefusal::NotPositive;
  } else if (size > INT32_MAX) {
    planning.refusal = HadamardRefusal::SizeTooLarge;
  } else if (size > 2 && size % 4 != 0) {
    planning.refusal = HadamardRefusal::NotMultipleOfFour;
  } else {
    planning.plan = search(size, limited);
    limited.maxDense = size;
    if (!planning.plan)
      planning.refusal =
          search(size, limited) ? HadamardRefusal::DenseTooLarge : HadamardRefusal::NoConstruction;
  }
  return planning;
}

std::string HadamardPlanning::message() const {
  if (plan)
    return "";
  std::string order = std::to_string(size);
  switch (refusal) {
  case HadamardRefusal::NotPositive:
    return "expected a positive size, but found " + order;
  case HadamardRefusal::SizeTooLarge:
    return "expected a size of at most 2147483647, but found " + order;
  case HadamardRefusal::NotMultipleOfFour:
    return "no Hadamard matrix of order " + order + " exists: expected 1, 2 or a multiple of 4";
  case HadamardRefusal::NoConstruction:
    return "no product of Sylvester's and Paley's matrices has order " + order;
  case HadamardRefusal::DenseTooLarge:
    break;
  }
  return "order " + order + " needs a dense factor above the limit of " + std::to_string(maxDense);
}

std::optional<HadamardPlan> planHadamardBlocks(int64_t channels) {
  if (channels <= 0 || channels > INT32_MAX || channels % 2 != 0)
    return std::nullopt;
  HadamardPlan plan;
  plan.log2 = __builtin_ctzll(static_cast<uint64_t>(channels));
  plan.size = int64_t(1) << plan.log2;
  plan.blocks = channels / plan.size;
  return plan;
}

std::optional<HadamardPlan> planHadamardAxis(int64_t axis, int64_t size, int64_t inner,
                                             std::string &reason) {
  if (size < 1 || inner < 1) {
    reason = "expected a positive size and inner extent, but found " + std::to_string(size) +
             " and " + std::to_string(inner);
    return std::nullopt;
  }
  if (axis % size != 0 || axis / size % inner != 0) {
    reason = "expected a last axis of a multiple of " + std::to_string(size) + " * " +
             std::to_string(inner) + " elements, but found " + std::to_string(axis);
    return std::nullopt;
  }
  HadamardPlanning planning = planHadamard(size);
  reason = planning.message();
  if (!planning)
    return std::nullopt;
  return planning.plan->inBlocks(axis / size / inner);
}

int64_t HadamardPlan::additions() const {
  int64_t perElement = log2;
  for (const HadamardFactor &factor : factors)
    perElement += additionsOf(factor);
  return channels() * perElement;
}

std::string HadamardPlan::describe() const {
  std::string orders, names;
  for (const HadamardFactor &factor : factors) {
    orders += (orders.empty() ? "" : " x ") + std::to_string(factor.order);
    names += factor.kind == HadamardKind::PaleyOne ? ", Paley I(" : ", Paley II(";
    names += std::to_string(factor.q) + ")";
  }
  if (orders.empty())
    orders = std::to_string(int64_t(1) << log2);
  else if (log2 > 0)
    orders += " x " + std::to_string(int64_t(1) << log2);
  return (blocks == 1 ? "" : std::to_string(blocks) + " blocks of ") + orders + names;
}

} // namespace quantc::numerics
