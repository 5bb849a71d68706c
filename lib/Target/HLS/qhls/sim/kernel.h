//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The simulation of a dataflow region: processes, the streams between them, one virtual clock a
// process. Rules of time are those of docs/HLS.md; they have one solution whatever order processes
// run in, because no process can ask whether a stream is empty or full.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_KERNEL_H
#define QHLS_SIM_KERNEL_H

#include "coroutine.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qhls {
namespace sim {

enum mode_t {
  sequential, ///< each process runs to its end; streams are unbounded; nothing is said about time
  dataflow    ///< coroutines, bounded streams, virtual clock
};

struct options {
  mode_t mode = sequential;
  int frames = 1;         ///< frames that each process runs in one call of the top function
  bool unbounded = false; ///< dataflow with streams of any depth: peaks are what would be held
  size_t stack_bytes = size_t(64) << 20;
};

struct process_result {
  std::string name;
  int64_t end = 0; ///< cycle after its last iteration and drain
  int64_t stalls =
      0; ///< cycles of these spent waiting for streams; the others are iterations and drains
  std::vector<int64_t> frame_end;
};

struct stream_result {
  std::string name;
  int64_t depth = 0; ///< 0: unbounded
  int64_t peak = 0;  ///< most beats held at once
  int64_t beats = 0; ///< beats written
  int64_t left = 0;  ///< beats that nobody read
};

struct waiting {
  std::string process, stream;
  bool full; ///< waits for room, else for a beat
  int64_t cycle;
};

struct run_result {
  int64_t cycles = 0;             ///< end of the last process
  std::vector<int64_t> frame_end; ///< cycle in which every process has ended the frame
  std::vector<process_result> processes;
  std::vector<stream_result> streams;
  bool deadlock = false;
  std::vector<waiting> blocked; ///< when deadlocked

  /// Cycles from one frame to the next once the pipeline is full; needs two frames or more.
  int64_t interval() const {
    size_t n = frame_end.size();
    return n < 2 ? 0 : (frame_end[n - 1] - frame_end[0]) / static_cast<int64_t>(n - 1);
  }
  const stream_result *stream(const std::string &name) const {
    for (const stream_result &s : streams)
      if (s.name == name)
        return &s;
    return nullptr;
  }
  const process_result *process(const std::string &name) const {
    for (const process_result &p : processes)
      if (p.name == name)
        return &p;
    return nullptr;
  }
};

struct process_state {
  process_result result;
  std::unique_ptr<coroutine> routine;
  int64_t now = 0, latency = 0, stalls = 0;
  class stream_base *waits = nullptr; ///< the stream that it is blocked on
  bool waits_for_room = false;
  bool queued = false;
};

/// What hls::stream<T> shares whatever T: names, counts and times.
class stream_base {
public:
  std::string name;
  int64_t depth; ///< room in beats; 0 is unbounded, as streams outside of the top function are
  uint64_t head = 0, tail = 0; ///< beats read and written so far
  uint64_t mask = 3;           ///< beat n is entry n & mask of the rings
  int64_t peak = 0;
  process_state *reader = nullptr, *writer = nullptr;
  process_state *waiting_reader = nullptr, *waiting_writer = nullptr;

  explicit stream_base(const char *text);
  ~stream_base();
  stream_base(const stream_base &) = delete;
  stream_base &operator=(const stream_base &) = delete;

  void before_write(); ///< in a process: waits for room
  void after_write();
  void before_read(); ///< in a process: waits for a beat
  void after_read();
  void finish();  ///< no process will read any more: counts what is left
  void restart(); ///< times begin anew in the next region
  /// Beats whose entries are in use.
  uint64_t in_use(bool process) const { return tail - (process ? gone : head); }

protected:
  /// Rings of times follow those of values; the streams that no process uses have none.
  void grow_times();
  void forget() { counted = gone = head; }
  void drop_times();
  bool timed() const { return !arrival.empty(); }
  void keep_times();
  std::vector<int64_t> arrival, read_at;

private:
  void count(bool last = false);
  static void wait_until(int64_t cycle);
  uint64_t counted = 0; ///< beats whose arrival `peak` knows
  uint64_t gone = 0;    ///< beats read before the arrival of beat `counted`, as far as known
};

/// State of the one simulation of this program. Templates may be defined in headers more than once.
template <class Unused> struct globals_of {
  static int64_t now;            ///< clock of the running process
  static int64_t latency;        ///< of the unit that it runs
  static int64_t stalls;         ///< its waiting so far
  static process_state *running; ///< null outside of processes, and when the mode is sequential
  static bool in_region;         ///< between QHLS_DATAFLOW and QHLS_DATAFLOW_END
  static options settings;
  static run_result result;
  static std::vector<stream_base *> streams;
  static std::vector<std::unique_ptr<process_state>> processes;
  static std::vector<process_state *> ready;
};
template <class U> int64_t globals_of<U>::now = 0;
template <class U> int64_t globals_of<U>::latency = 0;
template <class U> int64_t globals_of<U>::stalls = 0;
template <class U> process_state *globals_of<U>::running = nullptr;
template <class U> bool globals_of<U>::in_region = false;
template <class U> options globals_of<U>::settings;
template <class U> run_result globals_of<U>::result;
template <class U> std::vector<stream_base *> globals_of<U>::streams;
template <class U> std::vector<std::unique_ptr<process_state>> globals_of<U>::processes;
template <class U> std::vector<process_state *> globals_of<U>::ready;
typedef globals_of<void> globals;

inline options &settings() { return globals::settings; }
inline const run_result &last_run() { return globals::result; }

[[noreturn]] inline void fail(const std::string &message) {
  std::fprintf(stderr, "qhls: %s\n", message.c_str());
  std::fflush(nullptr);
  std::_Exit(3); // no destructor may wait for a process
}

inline stream_base::stream_base(const char *text) : name(text), depth(globals::in_region ? 2 : 0) {
  globals::streams.push_back(this);
}
inline stream_base::~stream_base() {
  std::vector<stream_base *> &all = globals::streams;
  all.erase(std::find(all.begin(), all.end(), this));
}

inline void make_ready(process_state *p) {
  if (p != nullptr && !p->queued) {
    p->queued = true;
    globals::ready.push_back(p);
  }
}

/// Suspends the running process until the other side of `s` has moved.
inline void block(stream_base &s, bool for_room) {
  process_state *self = globals::running;
  self->waits = &s;
  self->waits_for_room = for_room;
  (for_room ? s.waiting_writer : s.waiting_reader) = self;
  self->routine->suspend();
  self->waits = nullptr;
}

/// One stream has one writer and one reader.
inline void claim(process_state *&end, stream_base &s, const char *role) {
  if (end == nullptr)
    end = globals::running;
  else if (end != globals::running)
    fail("stream " + s.name + " has two " + role + ": " + end->result.name + " and " +
         globals::running->result.name);
}

/// Begins a dataflow region.
inline void begin_region() {
  globals::processes.clear();
  globals::ready.clear();
  globals::result = run_result();
  globals::in_region = true;
}

/// Adds a process, or runs it when the mode is sequential.
inline void process(const char *name, const std::function<void()> &body) {
  if (settings().mode == sequential) {
    for (int frame = 0; frame < settings().frames; ++frame)
      body();
    return;
  }
  globals::processes.emplace_back(new process_state);
  process_state *state = globals::processes.back().get();
  state->result.name = name;
  state->routine.reset(new coroutine(
      [state, body] {
        for (int frame = 0; frame < settings().frames; ++frame) {
          body();
          globals::now += globals::latency; // the pipeline drains before the next frame
          state->result.frame_end.push_back(globals::now);
        }
      },
      settings().stack_bytes));
}

inline void run_until_blocked(process_state *p) {
  globals::running = p;
  globals::now = p->now;
  globals::latency = p->latency;
  globals::stalls = p->stalls;
  p->routine->resume();
  p->now = globals::now;
  p->latency = globals::latency;
  p->stalls = globals::stalls;
  globals::running = nullptr;
}

inline void stream_base::wait_until(int64_t cycle) {
  if (cycle > globals::now) {
    globals::stalls += cycle - globals::now;
    globals::now = cycle;
  }
}

/// Times are kept once a process uses the stream; what came before was there at the start.
inline void stream_base::keep_times() {
  if (timed())
    return;
  arrival.assign(mask + 1, -1);
  read_at.assign(mask + 1, -1);
  forget();
}
inline void stream_base::drop_times() {
  std::vector<int64_t>().swap(arrival);
  std::vector<int64_t>().swap(read_at);
}
inline void stream_base::grow_times() {
  uint64_t room = mask + 1, wider = 2 * mask + 1;
  std::vector<int64_t> arrivals(2 * room), reads(2 * room);
  for (uint64_t beat = tail - room; beat != tail; ++beat) {
    arrivals[beat & wider] = arrival[beat & mask];
    reads[beat & wider] = read_at[beat & mask];
  }
  arrival.swap(arrivals);
  read_at.swap(reads);
}

/// Counts how many beats were there when beat `counted` arrived, as soon as the reads before are
/// known.
inline void stream_base::count(bool last) {
  for (; counted != tail; ++counted) {
    while (gone != head && read_at[gone & mask] < arrival[counted & mask])
      ++gone;
    if (gone == head && gone != counted && !last)
      return; // later reads may also come before its arrival
    peak = std::max(peak, static_cast<int64_t>(counted + 1 - gone));
  }
}

inline void stream_base::before_write() {
  claim(writer, *this, "writers");
  keep_times();
  if (depth == 0 || settings().unbounded)
    return;
  uint64_t room = static_cast<uint64_t>(depth);
  while (tail - head >= room)
    block(*this, true);
  if (tail >= room)
    wait_until(read_at[(tail - room) & mask] + 1 - globals::latency);
}
inline void stream_base::after_write() {
  arrival[tail & mask] = globals::now + globals::latency;
  ++tail;
  count();
  make_ready(waiting_reader);
  waiting_reader = nullptr;
}
inline void stream_base::before_read() {
  claim(reader, *this, "readers");
  keep_times();
  while (head == tail)
    block(*this, false);
  wait_until(arrival[head & mask] + 1);
}
inline void stream_base::after_read() {
  read_at[head & mask] = globals::now;
  ++head;
  count();
  make_ready(waiting_writer);
  waiting_writer = nullptr;
}
inline void stream_base::finish() {
  if (timed())
    count(true);
}
inline void stream_base::restart() {
  forget();
  reader = writer = waiting_reader = waiting_writer = nullptr;
}

inline void collect_results() {
  run_result &r = globals::result;
  for (const std::unique_ptr<process_state> &p : globals::processes) {
    p->result.end = p->now;
    p->result.stalls = p->stalls;
    r.cycles = std::max(r.cycles, p->now);
    for (size_t i = 0; i < p->result.frame_end.size(); ++i) {
      if (i == r.frame_end.size())
        r.frame_end.push_back(0);
      r.frame_end[i] = std::max(r.frame_end[i], p->result.frame_end[i]);
    }
    r.processes.push_back(p->result);
    if (!p->routine->done()) {
      r.deadlock = true;
      r.blocked.push_back({p->result.name, p->waits->name, p->waits_for_room, p->now});
    }
  }
}

/// Ends a region: runs its processes until all have ended, or none can go on.
inline void end_region() {
  if (settings().mode == dataflow) {
    for (const std::unique_ptr<process_state> &p : globals::processes)
      make_ready(p.get());
    std::vector<process_state *> batch;
    while (!globals::ready.empty()) {
      batch.swap(globals::ready);
      for (process_state *p : batch) {
        p->queued = false;
        run_until_blocked(p);
      }
      batch.clear();
    }
    collect_results();
  }
  for (stream_base *s : globals::streams) {
    s->finish();
    stream_result r;
    r.name = s->name;
    r.depth = s->depth;
    r.peak = s->peak;
    r.beats = static_cast<int64_t>(s->tail);
    r.left = static_cast<int64_t>(s->tail - s->head);
    globals::result.streams.push_back(r);
    s->restart();
  }
  globals::processes.clear();
  globals::in_region = false;
}

} // namespace sim
} // namespace qhls

#endif // QHLS_SIM_KERNEL_H
