//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What testbenches share: options, golden vectors, comparison of every beat. Golden files hold one
// beat per line in hexadecimal, lane 0 in the least significant bits.
//
//===----------------------------------------------------------------------===//

#ifndef TB_TESTBENCH_H
#define TB_TESTBENCH_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace tb {

/// --golden=DIR (tb/golden), --frames=N (all), --mode=sequential|dataflow, --unbounded,
/// --report=FILE.json. Modes are those of our simulation; other tools ignore them.
struct options {
  std::string golden, report;
  long frames;
  bool dataflow, unbounded;

  options(int argc, char **argv)
      : golden("tb/golden"), frames(-1), dataflow(false), unbounded(false) {
    for (int i = 1; i < argc; ++i) {
      std::string arg(argv[i]), name = arg.substr(0, arg.find('='));
      std::string value = arg.size() > name.size() ? arg.substr(name.size() + 1) : std::string();
      if (name == "--golden")
        golden = value;
      else if (name == "--report")
        report = value;
      else if (name == "--frames")
        frames = std::strtol(value.c_str(), nullptr, 10);
      else if (arg == "--mode=dataflow" || arg == "--mode=sequential")
        dataflow = value == "dataflow";
      else if (arg == "--unbounded")
        unbounded = true;
      else {
        std::fprintf(stderr, "unknown option %s\n", arg.c_str());
        std::exit(2);
      }
    }
  }
};

/// Frames in calls of the top function, and what was found.
class bench {
  const options &opts;
  long total, done;
  bool failed;

public:
  long batch; ///< frames of the current call
  long beats, mismatches;

  bench(const options &o, long available)
      : opts(o), total(o.frames >= 0 && o.frames < available ? o.frames : available), done(0),
        failed(false), batch(0), beats(0), mismatches(0) {}

  /// Begins the next call; false when all frames are done.
  bool next() {
    done += batch;
    if (done >= total)
      return false;
    batch = opts.dataflow ? total - done : 1;
#ifdef QHLS_SIM
    qhls::sim::settings().mode = opts.dataflow ? qhls::sim::dataflow : qhls::sim::sequential;
    qhls::sim::settings().frames = static_cast<int>(batch);
    qhls::sim::settings().unbounded = opts.unbounded;
#endif
    return true;
  }

  void problem(const std::string &text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    failed = true;
  }

  /// Whether the call ended: no deadlock, no beat left inside.
  bool check_run() {
#ifdef QHLS_SIM
    const qhls::sim::run_result &run = qhls::sim::last_run();
    if (run.deadlock) {
      qhls::sim::print_deadlock(stderr);
      failed = true;
      return false;
    }
    for (const qhls::sim::stream_result &s : run.streams)
      if (s.depth > 0 && s.left > 0)
        problem(std::to_string(s.left) + " beats left in " + s.name);
#endif
    return true;
  }

  /// Prints the outcome; the program's exit code.
  int finish() {
#ifdef QHLS_SIM
    if (!opts.report.empty()) {
      std::FILE *file = std::fopen(opts.report.c_str(), "w");
      if (file == nullptr) {
        problem("cannot write " + opts.report);
      } else {
        qhls::sim::print_json(file);
        std::fclose(file);
      }
    }
    if (opts.dataflow && !failed)
      std::printf("%lld cycles for %ld frames, interval %lld\n",
                  static_cast<long long>(qhls::sim::last_run().cycles), total,
                  static_cast<long long>(qhls::sim::last_run().interval()));
#endif
    if (total == 0)
      problem("no golden frames");
    std::printf("%ld frames, %ld beats, %ld mismatches\n", total, beats, mismatches);
    return failed || mismatches != 0 ? 1 : 0;
  }
};

/// Golden beats of one stream of words W.
template <class W> class port {
  typedef typename W::type element;
  enum { lanes = W::lanes, width = W::width / W::lanes };
  hls::stream<W> &stream;
  std::string name;
  std::ifstream file;
  long per_frame, lines;

  W next_word() {
    std::string text;
    std::getline(file, text);
    W word;
    for (int lane = 0; lane < lanes; ++lane) {
      uint64_t bits = 0;
      for (int b = 0; b < width; ++b) {
        int at = lane * width + b, digit = at / 4;
        bits |= static_cast<uint64_t>(nibble(text, digit) >> (at % 4) & 1) << b;
      }
      word.set(lane, element(static_cast<long long>(bits)));
    }
    return word;
  }
  static unsigned nibble(const std::string &text, int digit) {
    if (digit >= static_cast<int>(text.size()))
      return 0;
    char c = text[text.size() - 1 - static_cast<size_t>(digit)];
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }

public:
  port(hls::stream<W> &s, const options &o, const std::string &n, long beats)
      : stream(s), name(n), per_frame(beats), lines(0) {
    std::string path = o.golden + "/" + n + ".hex", line;
    std::ifstream counting(path.c_str());
    while (std::getline(counting, line))
      ++lines;
    file.open(path.c_str());
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      std::exit(2);
    }
  }
  long frames() const { return lines / per_frame; }

  void send(const bench &b) {
    for (long i = 0; i < b.batch * per_frame; ++i)
      stream.write(next_word());
  }
  void check_empty(bench &b) {
    if (!stream.empty())
      b.problem("the design left beats of " + name);
  }
  void compare(bench &b) {
    for (long i = 0; i < b.batch * per_frame; ++i) {
      W expected = next_word();
      ++b.beats;
      if (stream.empty()) {
        b.problem("the design sent too few beats of " + name);
        return;
      }
      W found = stream.read();
      bool same = true;
      for (int lane = 0; lane < lanes; ++lane)
        same = same && found.get(lane) == expected.get(lane);
      if (same)
        continue;
      if (++b.mismatches <= 10)
        std::fprintf(stderr, "%s: beat %ld differs\n", name.c_str(), b.beats - 1);
    }
    if (!stream.empty())
      b.problem("the design sent too many beats of " + name);
  }
};

} // namespace tb

#endif // TB_TESTBENCH_H
