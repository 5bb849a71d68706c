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

  /// Twice the room. Beats from `gone` on are still needed for their times.
  void grow() {
    uint64_t room = mask + 1, wider = 2 * mask + 1;
    std::vector<T> values(2 * room);
    for (uint64_t beat = tail - room; beat != tail; ++beat)
      values[beat & wider] = ring[beat & mask];
    ring.swap(values);
    if (timed())
      grow_times();
    mask = wider;
  }

  /// Sequential runs keep whole tensors in streams: room goes back when a large one is empty.
  void release() {
    forget();
    if (head == tail && mask > 0xffff) {
      std::vector<T>(4).swap(ring);
      drop_times();
      mask = 3;
    }
  }

public:
  typedef T value_type;

  stream() : stream_base(""), ring(mask + 1) {}
  explicit stream(const char *text) : stream_base(text), ring(mask + 1) {}

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
    if (in_use(process) > mask)
      grow();
    ring[tail & mask] = value;
    if (process) {
      after_write();
    } else {
      if (timed())
        arrival[tail & mask] = -1;
      ++tail;
    }
  }

  T read() {
    bool process = globals::running != nullptr;
    if (process)
      before_read();
    else if (head == tail)
      qhls::sim::fail("read from the empty stream " + name);
    T value = ring[head & mask];
    if (process) {
      after_read();
    } else {
      if (timed())
        read_at[head & mask] = -1;
      ++head;
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
