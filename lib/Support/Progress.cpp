//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The progress line. The remaining time is the time so far scaled by what is
// left, shown after the first percent, when it starts to mean something.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Progress.h"
#include "llvm/Support/Format.h"
#include <chrono>

using namespace llvm;
using namespace quantc;

static double steadySeconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

ProgressBar::ProgressBar(raw_ostream &os, bool force, std::function<double()> clock)
    : os(os), enabled(force || os.is_displayed()),
      clock(clock ? std::move(clock) : std::function<double()>(steadySeconds)) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (width == 0)
    return;
  os << '\r' << std::string(width, ' ') << '\r';
  os.flush();
  width = 0;
}

/// "mm:ss", or "h:mm:ss" from an hour on.
static std::string formatSeconds(double seconds) {
  uint64_t whole = static_cast<uint64_t>(seconds + 0.5);
  std::string text;
  raw_string_ostream stream(text);
  if (whole >= 3600)
    stream << whole / 3600 << ':';
  stream << format("%02u:%02u", unsigned(whole / 60 % 60), unsigned(whole % 60));
  return text;
}

void ProgressBar::update(StringRef newStage, uint64_t done, uint64_t total) {
  if (!enabled)
    return;
  double now = clock();
  bool first = newStage != stage || done == 0;
  if (first) {
    clear();
    stage = newStage.str();
    started = now;
  }
  if (done >= total) {
    clear();
    stage.clear();
    return;
  }
  if (!first && now - drawn < 0.1)
    return;
  drawn = now;

  std::string line;
  raw_string_ostream stream(line);
  double share = double(done) / double(total);
  stream << stage << format(" %3u%% ", unsigned(100 * share)) << done << '/' << total;
  if (share >= 0.01)
    stream << ", " << formatSeconds((now - started) / share * (1 - share)) << " left";
  unsigned newWidth = line.size();
  if (newWidth < width)
    line.append(width - newWidth, ' ');
  os << '\r' << line;
  os.flush();
  width = newWidth;
}

ProgressFn ProgressBar::callback() {
  return [this](StringRef stage, uint64_t done, uint64_t total) { update(stage, done, total); };
}
