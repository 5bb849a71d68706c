//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stand-in for hls::stream: bounded, with blocking reads and writes inside a dataflow region and
// the time of every beat (kernel.h). There is no read_nb, write_nb, empty or full inside a region:
// a unit that asks would depend on timing, and its results would not be the interpreter's.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_HLS_STREAM_H
#define QHLS_SIM_HLS_STREAM_H

#define QHLS_SIM 1

#include "kernel.h"
#include "report.h"

#include <cstdint>
#include <vector>

namespace hls {

template <class T> class stream : public qhls::sim::stream_base {
  typedef qhls::sim::globals globals;
  std::vector<T> ring;
  std::vector<int64_t> arrival, read_at; ///< per beat; used by processes only
  uint64_t mask;

  bool timed() const { return !arrival.empty(); }

  /// Twice the room. Beats from `gone` on are still needed for their times.
  void grow() {
    uint64_t room = mask + 1, wider = 2 * mask + 1;
    std::vector<T> values(2 * room);
    std::vector<int64_t> arrivals(timed() ? 2 * room : 0), reads(arrivals.size());
    for (uint64_t beat = tail - room; beat != tail; ++beat) {
      values[beat & wider] = ring[beat & mask];
      if (timed()) {
        arrivals[beat & wider] = arrival[beat & mask];
        reads[beat & wider] = read_at[beat & mask];
      }
    }
    ring.swap(values);
    arrival.swap(arrivals);
    read_at.swap(reads);
    mask = wider;
  }

  /// Times are kept once a process uses the stream; what came before was there at the start.
  void keep_times() {
    if (timed())
      return;
    arrival.assign(mask + 1, -1);
    read_at.assign(mask + 1, -1);
    counted = gone = head;
  }

  /// Sequential runs keep whole tensors in streams: room goes back when a large one is empty.
  void release() {
    counted = gone = head;
    if (head == tail && mask > 0xffff) {
      std::vector<T>(4).swap(ring);
      std::vector<int64_t>().swap(arrival);
      std::vector<int64_t>().swap(read_at);
      mask = 3;
    }
  }

  /// Counts how many beats were there when beat `counted` arrived, as soon as the reads before are
  /// known.
  void count() {
    for (; counted != tail; ++counted) {
      while (gone != head && read_at[gone & mask] < arrival[counted & mask])
        ++gone;
      if (gone == head && gone != counted)
        return; // later reads may also come before its arrival
      peak = std::max(peak, static_cast<int64_t>(counted + 1 - gone));
    }
  }

  static void wait_until(int64_t cycle) {
    if (cycle > globals::now) {
      globals::stalls += cycle - globals::now;
      globals::now = cycle;
    }
  }

  void before_write() {
    qhls::sim::claim(writer, *this, "writers");
    keep_times();
    if (depth == 0 || globals::settings.unbounded)
      return;
    uint64_t room = static_cast<uint64_t>(depth);
    while (tail - head >= room)
      qhls::sim::block(*this, true);
    if (tail >= room)
      wait_until(read_at[(tail - room) & mask] + 1 - globals::latency);
  }

  void before_read() {
    qhls::sim::claim(reader, *this, "readers");
    keep_times();
    while (head == tail)
      qhls::sim::block(*this, false);
    wait_until(arrival[head & mask] + 1);
  }

public:
  typedef T value_type;

  stream() : stream_base(""), ring(4), mask(3) {}
  explicit stream(const char *text) : stream_base(text), ring(4), mask(3) {}

  /// Room in beats; 0 is unbounded. Before the first beat.
  void set_depth(int64_t beats) {
    depth = beats;
    while (static_cast<int64_t>(mask) < depth)
      grow();
  }

  void write(const T &value) {
    bool process = globals::running != nullptr;
    if (process)
      before_write();
    if (tail - (process ? gone : head) > mask)
      grow();
    ring[tail & mask] = value;
    if (timed())
      arrival[tail & mask] = process ? globals::now + globals::latency : -1;
    ++tail;
    if (process) {
      count();
      qhls::sim::make_ready(waiting_reader);
      waiting_reader = nullptr;
    }
  }

  T read() {
    bool process = globals::running != nullptr;
    if (process)
      before_read();
    else if (head == tail)
      qhls::sim::fail("read from the empty stream " + name);
    T value = ring[head & mask];
    if (timed())
      read_at[head & mask] = process ? globals::now : -1;
    ++head;
    if (process) {
      count();
      qhls::sim::make_ready(waiting_writer);
      waiting_writer = nullptr;
    } else {
      release();
    }
    return value;
  }

  void read(T &value) { value = read(); }
  void operator>>(T &value) { value = read(); }
  void operator<<(const T &value) { write(value); }

  /// For testbenches, outside of regions.
  bool empty() const { return head == tail; }
  size_t size() const { return static_cast<size_t>(tail - head); }
};

} // namespace hls

#endif // QHLS_SIM_HLS_STREAM_H
