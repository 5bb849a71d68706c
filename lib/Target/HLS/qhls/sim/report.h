//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a run of the simulation found, as text and as JSON.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_REPORT_H
#define QHLS_SIM_REPORT_H

#include "kernel.h"

namespace qhls {
namespace sim {

/// Which process waits for what; nothing when there is no deadlock.
inline void print_deadlock(std::FILE *file) {
  const run_result &r = last_run();
  if (!r.deadlock)
    return;
  std::fprintf(file, "deadlock: no process can go on\n");
  for (const waiting &w : r.blocked)
    std::fprintf(file, "  cycle %lld: %s waits for %s, which is %s\n",
                 static_cast<long long>(w.cycle), w.process.c_str(), w.stream.c_str(),
                 w.full ? "full" : "empty");
}

inline void print_report(std::FILE *file) {
  const run_result &r = last_run();
  print_deadlock(file);
  if (settings().mode == sequential) {
    std::fprintf(file, "sequential run: no cycles, depths or deadlocks are claimed\n");
    return;
  }
  std::fprintf(file, "%lld cycles, %zu frames", static_cast<long long>(r.cycles),
               r.frame_end.size());
  if (r.frame_end.size() > 1)
    std::fprintf(file, ", interval %lld", static_cast<long long>(r.interval()));
  std::fprintf(file, "\n%-32s %12s %12s\n", "process", "end", "stalls");
  for (const process_result &p : r.processes)
    std::fprintf(file, "%-32s %12lld %12lld\n", p.name.c_str(), static_cast<long long>(p.end),
                 static_cast<long long>(p.stalls));
  std::fprintf(file, "%-32s %8s %8s %12s %8s\n", "stream", "depth", "peak", "beats", "left");
  for (const stream_result &s : r.streams)
    std::fprintf(file, "%-32s %8lld %8lld %12lld %8lld\n", s.name.c_str(),
                 static_cast<long long>(s.depth), static_cast<long long>(s.peak),
                 static_cast<long long>(s.beats), static_cast<long long>(s.left));
}

/// One object; names are those of C++ identifiers and layers, and are written without escapes.
inline void print_json(std::FILE *file) {
  const run_result &r = last_run();
  std::fprintf(file,
               "{\"mode\": \"%s\", \"deadlock\": %s, \"cycles\": %lld, \"interval\": %lld,\n "
               "\"frame_end\": [",
               settings().mode == dataflow ? "dataflow" : "sequential",
               r.deadlock ? "true" : "false", static_cast<long long>(r.cycles),
               static_cast<long long>(r.interval()));
  for (size_t i = 0; i < r.frame_end.size(); ++i)
    std::fprintf(file, "%s%lld", i ? ", " : "", static_cast<long long>(r.frame_end[i]));
  std::fprintf(file, "],\n \"processes\": [");
  for (size_t i = 0; i < r.processes.size(); ++i)
    std::fprintf(file, "%s\n  {\"name\": \"%s\", \"end\": %lld, \"stalls\": %lld}", i ? "," : "",
                 r.processes[i].name.c_str(), static_cast<long long>(r.processes[i].end),
                 static_cast<long long>(r.processes[i].stalls));
  std::fprintf(file, "],\n \"streams\": [");
  for (size_t i = 0; i < r.streams.size(); ++i)
    std::fprintf(
        file,
        "%s\n  {\"name\": \"%s\", \"depth\": %lld, \"peak\": %lld, \"beats\": %lld, \"left\": "
        "%lld}",
        i ? "," : "", r.streams[i].name.c_str(), static_cast<long long>(r.streams[i].depth),
        static_cast<long long>(r.streams[i].peak), static_cast<long long>(r.streams[i].beats),
        static_cast<long long>(r.streams[i].left));
  std::fprintf(file, "],\n \"blocked\": [");
  for (size_t i = 0; i < r.blocked.size(); ++i)
    std::fprintf(
        file, "%s\n  {\"process\": \"%s\", \"stream\": \"%s\", \"state\": \"%s\", \"cycle\": %lld}",
        i ? "," : "", r.blocked[i].process.c_str(), r.blocked[i].stream.c_str(),
        r.blocked[i].full ? "full" : "empty", static_cast<long long>(r.blocked[i].cycle));
  std::fprintf(file, "]}\n");
}

} // namespace sim
} // namespace qhls

#endif // QHLS_SIM_REPORT_H
