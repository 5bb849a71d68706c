//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The virtual clock and bounded streams: cycles, stalls, peaks and deadlocks whose values follow
// from the rules of docs/HLS.md by hand. With an argument, one of the runs that must end the
// program.
//
//===----------------------------------------------------------------------===//

#include "support.h"

#include <cstring>

namespace {

typedef qhls::word<ap_uint<8>, 1> beat;
typedef hls::stream<beat> wire;

/// A unit of the test: `count` iterations, an input beat every `every` of them, and as many output
/// beats.
void relay(wire &in, wire &out, int count, int every, int latency) {
  QHLS_UNIT(latency);
  beat x = {};
  for (int i = 0; i < count * every; ++i) {
    if (i % every == 0)
      x = in.read();
    if (i % every == every - 1)
      out.write(x);
    QHLS_TICK();
  }
}
/// Reads everything before it sends anything.
void hold(wire &in, wire &out, int count, int latency) {
  QHLS_UNIT(latency);
  std::vector<beat> kept;
  for (int i = 0; i < 2 * count; ++i) {
    if (i < count)
      kept.push_back(in.read());
    else
      out.write(kept[static_cast<size_t>(i - count)]);
    QHLS_TICK();
  }
}
void join(wire &a, wire &b, wire &out, int count, int latency) {
  QHLS_UNIT(latency);
  for (int i = 0; i < count; ++i) {
    beat x = a.read(), y = b.read();
    expect(x.get(0) == y.get(0), "branches of a fork bring the same beat");
    out.write(x);
    QHLS_TICK();
  }
}
void fill(wire &in, int count) {
  for (int i = 0; i < count; ++i) {
    beat x;
    x.set(0, ap_uint<8>(i));
    in.write(x);
  }
}
void use(qhls::sim::mode_t mode, int frames) {
  qhls::sim::settings() = qhls::sim::options();
  qhls::sim::settings().mode = mode;
  qhls::sim::settings().frames = frames;
}
void expect_order(wire &out, int count) {
  expect_equal(static_cast<long long>(out.size()), count, "beats in the output");
  for (int i = 0; !out.empty(); ++i)
    expect_equal(static_cast<long long>(out.read().get(0)), i % 256, "order of beats");
}

/// Two relays with a stream between them. Beat k enters it in k * slow1 + (slow1 - 1) + latency1 at
/// the earliest.
void check_chain(int every1, int every2, int depth, long long cycles, long long peak) {
  use(qhls::sim::dataflow, 1);
  wire in("in"), out("out");
  fill(in, 100);
  QHLS_DATAFLOW()
  QHLS_STREAM(beat, middle, depth)
  QHLS_PROCESS("first", relay(in, middle, 100, every1, 3);)
  QHLS_PROCESS("second", relay(middle, out, 100, every2, 2);)
  QHLS_DATAFLOW_END()
  std::string what = "relays " + std::to_string(every1) + ", " + std::to_string(every2) +
                     ", depth " + std::to_string(depth);
  const qhls::sim::run_result &r = qhls::sim::last_run();
  expect(!r.deadlock, what + ": deadlock");
  expect_equal(r.cycles, cycles, what + ": cycles");
  expect_equal(r.stream("middle")->peak, peak, what + ": peak");
  expect_equal(r.stream("middle")->left, 0, what + ": left");
  expect_equal(r.stream("middle")->beats, 100, what + ": beats");
  expect_order(out, 100);
}

/// A fork whose long branch holds `hold_beats` back: the short one must hold as many and those on
/// their way.
bool run_fork(int depth, bool unbounded, long long *peak) {
  use(qhls::sim::dataflow, 1);
  qhls::sim::settings().unbounded = unbounded;
  wire in("in"), out("out");
  fill(in, 20);
  QHLS_DATAFLOW()
  QHLS_STREAM(beat, direct, depth)
  QHLS_STREAM(beat, around, 2)
  QHLS_STREAM(beat, held, 2)
  QHLS_PROCESS("fork", qhls::duplicate<20>(in, direct, around);)
  QHLS_PROCESS("hold", hold(around, held, 20, 1);)
  QHLS_PROCESS("join", join(direct, held, out, 20, 1);)
  QHLS_DATAFLOW_END()
  *peak = qhls::sim::last_run().stream("direct")->peak;
  if (!qhls::sim::last_run().deadlock)
    expect_order(out, 20);
  return !qhls::sim::last_run().deadlock;
}

void check_fork() {
  long long peak = 0, needed = 0;
  expect(run_fork(2, true, &needed), "an unbounded fork runs");
  // `hold` sends nothing before it has all 20 beats, and by then 20 have entered `direct`, of which
  // `join` has taken the first.
  expect_equal(needed, 19, "peak of the direct branch");
  expect(run_fork(19, false, &peak), "a fork as deep as the measured peak runs");
  expect_equal(peak, 19, "peak at the measured depth");
  for (int depth = 1; depth < 19; ++depth) {
    expect(!run_fork(depth, false, &peak),
           "a fork of depth " + std::to_string(depth) + " deadlocks");
    expect_equal(peak, depth, "a full stream's peak is its depth");
  }
  const qhls::sim::run_result &r = qhls::sim::last_run();
  expect_equal(static_cast<long long>(r.blocked.size()), 3, "blocked processes");
  expect(r.blocked[0].process == "fork" && r.blocked[0].stream == "direct" && r.blocked[0].full,
         "the fork waits for room");
  expect(r.blocked[1].process == "hold" && r.blocked[1].stream == "around" && !r.blocked[1].full,
         "hold waits for a beat");
  expect(r.blocked[2].process == "join" && r.blocked[2].stream == "held" && !r.blocked[2].full,
         "join waits for a beat");
}

/// Frames follow each other: each process starts the next one after its drain.
void check_frames() {
  use(qhls::sim::dataflow, 5);
  wire in("in"), out("out");
  fill(in, 500);
  QHLS_DATAFLOW()
  QHLS_STREAM(beat, middle, 2)
  QHLS_PROCESS("first", relay(in, middle, 100, 1, 3);)
  QHLS_PROCESS("second", relay(middle, out, 100, 2, 2);)
  QHLS_DATAFLOW_END()
  const qhls::sim::run_result &r = qhls::sim::last_run();
  expect_equal(static_cast<long long>(r.frame_end.size()), 5, "frames");
  // `second` reads its first beat in 4, works 200 cycles a frame and drains 2.
  expect_equal(r.frame_end[0], 4 + 200 + 2, "end of frame 0");
  expect_equal(r.interval(), 202, "interval");
  expect_equal(r.process("second")->stalls, 4, "stalls of the slower process");
  expect_order(out, 500);
}

/// The same run twice in one program, and a sequential one, give the same beats and times.
void check_repeatable() {
  for (int i = 0; i < 2; ++i)
    check_chain(1, 3, 4, 4 + 300 + 2, 4);
  use(qhls::sim::sequential, 1);
  wire in("in"), out("out");
  fill(in, 200000);
  QHLS_DATAFLOW()
  QHLS_STREAM(beat, middle, 1)
  QHLS_PROCESS("first", relay(in, middle, 200000, 1, 3);)
  QHLS_PROCESS("second", relay(middle, out, 200000, 1, 2);)
  QHLS_DATAFLOW_END()
  expect_equal(qhls::sim::last_run().cycles, 0, "a sequential run claims no cycles");
  expect_equal(qhls::sim::last_run().stream("middle")->left, 0, "beats left in a sequential run");
  expect_order(out, 200000);
}

int must_end(const char *what) {
  wire in("in"), out("out");
  fill(in, 4);
  use(std::strcmp(what, "empty") == 0 ? qhls::sim::sequential : qhls::sim::dataflow, 1);
  QHLS_DATAFLOW()
  if (std::strcmp(what, "empty") == 0) {
    QHLS_PROCESS("late", relay(in, out, 5, 1, 1);)
  } else if (std::strcmp(what, "readers") == 0) {
    QHLS_PROCESS("one", relay(in, out, 2, 1, 1);)
    QHLS_PROCESS("two", qhls::discard<2>(in);)
  } else if (std::strcmp(what, "writers") == 0) {
    QHLS_STREAM(beat, other, 2)
    QHLS_PROCESS("one", relay(in, out, 2, 1, 1);)
    fill(other, 2);
    QHLS_PROCESS("two", relay(other, out, 2, 1, 1);)
    qhls::sim::end_region();
  } else {
    QHLS_STREAM(beat, never, 2)
    QHLS_PROCESS("starved", relay(never, out, 2, 1, 1);)
    QHLS_DATAFLOW_END()
    qhls::sim::print_report(stdout);
    qhls::sim::print_json(stdout);
    return qhls::sim::last_run().deadlock ? 4 : 0;
  }
  QHLS_DATAFLOW_END()
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc > 1)
    return must_end(argv[1]);
  // The first beat enters the middle in (every1 - 1) + 3 and is read one cycle later; then the
  // slower one sets the pace, and the last beat, every2 cycles and a drain of 2 remain.
  // At full rate a beat enters in the cycle in which the one before is read: two places.
  check_chain(1, 1, 2, 4 + 100 + 2, 2);
  check_chain(1, 1, 16, 4 + 100 + 2, 2);
  check_chain(1, 1, 1, 4 + 99 * 2 + 1 + 2, 1); // one place: a beat every second cycle
  check_chain(3, 1, 2, 6 + 99 * 3 + 1 + 2, 1);
  check_chain(1, 3, 2, 4 + 300 + 2, 2);
  check_chain(1, 3, 5, 4 + 300 + 2, 5);
  check_chain(2, 5, 8, 5 + 500 + 2, 8);
  check_fork();
  check_frames();
  check_repeatable();
  std::printf("%d checks, %d failures\n", checks(), failures());
  return failures() != 0;
}
