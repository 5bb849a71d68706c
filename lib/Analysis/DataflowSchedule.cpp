//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The schedule of a folded dataflow design; see DataflowSchedule.h. Processes are looked at in
// turn; each goes on until it waits for a beat or for room.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/DataflowSchedule.h"
#include <algorithm>

using namespace mlir;
using namespace quantc;

namespace {
/// Beats that a writer may be ahead of its reader before the reader is looked at: saves memory. It
/// says nothing about the hardware, and grows where the order of beats needs more.
constexpr int64_t patience = 4096;
} // namespace

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

struct DataflowSchedule::Stream {
  int64_t depth = 0; ///< 0: any
  int64_t beats = 0; ///< per frame
  bool read = true;  ///< by a unit; nothing waits for the beats of the design's outputs
  int64_t ahead = patience;
  int64_t head = 0, tail = 0;
  int64_t counted = 0, gone = 0, peak = 0; ///< as in qhls/sim/kernel.h
  int64_t mask = 0;
  std::vector<int64_t> arrival, readAt; ///< rings over [gone, tail), and the last `depth` beats
  StreamTimes times;

  Stream() { resize(1024); }
  void resize(int64_t size) {
    std::vector<int64_t> arrivals(size_t(size), 0), reads(size_t(size), 0);
    for (int64_t beat = std::max<int64_t>(tail - int64_t(arrival.size()), 0); beat < tail; ++beat) {
      arrivals[size_t(beat & (size - 1))] = arrival[size_t(beat & mask)];
      reads[size_t(beat & (size - 1))] = readAt[size_t(beat & mask)];
    }
    arrival = std::move(arrivals);
    readAt = std::move(reads);
    mask = size - 1;
  }
  void setDepth(int64_t places) {
    depth = places;
    while (mask <= depth)
      resize(2 * (mask + 1));
  }

  bool full() const { return read && (depth > 0 ? tail - head >= depth : tail - head >= ahead); }
  /// The cycle in which a beat may enter at the earliest.
  int64_t roomAt() const {
    return depth > 0 && tail >= depth ? readAt[size_t((tail - depth) & mask)] + 1 : 0;
  }
  void write(int64_t cycle) {
    if (tail == 0)
      times.first = cycle + 1;
    if (tail + 1 == beats)
      times.last = cycle + 1;
    if (!read) {
      ++tail;
      return;
    }
    if (tail - gone > mask)
      resize(2 * (mask + 1));
    arrival[size_t(tail & mask)] = cycle;
    ++tail;
  }
  /// Takes the next beat at `now` or when it is there; the cycle of the read.
  int64_t take(int64_t now) {
    now = std::max(now, arrival[size_t(head & mask)] + 1);
    readAt[size_t(head & mask)] = now;
    ++head;
    return now;
  }
  /// Beats that were held when beat `counted` arrived, as soon as the reads before are known.
  void count(bool last) {
    for (; counted != tail; ++counted) {
      while (gone != head && readAt[size_t(gone & mask)] < arrival[size_t(counted & mask)])
        ++gone;
      if (gone == head && gone != counted && !last)
        return;
      peak = std::max(peak, counted + 1 - gone);
    }
  }
};

//===----------------------------------------------------------------------===//
// Processes
//===----------------------------------------------------------------------===//

/// A unit, or an input of the design: a process without latency whose beats enter at given times.
struct DataflowSchedule::Process {
  hls::Activity activity;
  int64_t latency = 0, pace = 0;
  SmallVector<Stream *, 2> operands, results;
  bool source = false;

  int64_t now = 0, frame = 0;
  size_t phase = 0, part = 0; ///< of the activity; run `part` of the phase
  int64_t time = 0, done = 0; ///< times of the phase, cycles of the run
  unsigned step = 0;          ///< reads and writes of the iteration that are done
  Stream *waitsFor = nullptr; ///< to be read; null while it waits for room
  std::vector<int64_t> ends;

  bool go(int64_t frames);

private:
  bool iterate(const hls::Run &run);
  bool goSource(int64_t frames);
  void next();
};

/// Does what is left of one iteration; false when it waits.
bool DataflowSchedule::Process::iterate(const hls::Run &run) {
  auto readers = unsigned(operands.size());
  for (; step < readers; ++step) {
    if (!(run.reads >> step & 1))
      continue;
    Stream &stream = *operands[step];
    if (stream.head == stream.tail)
      return false;
    now = stream.take(now);
  }
  for (; step < readers + results.size(); ++step) {
    if (!(run.writes >> (step - readers) & 1))
      continue;
    Stream &stream = *results[step - readers];
    if (stream.full())
      return false;
    now = std::max(now, stream.roomAt() - latency);
    stream.write(now + latency);
  }
  step = 0;
  ++now;
  return true;
}

/// The run, the time, the phase or the frame after this.
void DataflowSchedule::Process::next() {
  done = 0;
  if (++part < activity[phase].runs.size())
    return;
  part = 0;
  if (++time < activity[phase].times)
    return;
  time = 0;
  if (++phase < activity.size())
    return;
  phase = 0;
  ++frame;
  now += latency; // the pipeline drains before the next frame
  ends.push_back(now);
}

bool DataflowSchedule::Process::goSource(int64_t frames) {
  Stream &stream = *results.front();
  bool moved = false;
  while (frame < frames && !stream.full()) {
    int64_t at = pace == 0 ? -1 : frame * pace + (done + 1) * pace / stream.beats - 1;
    stream.write(at);
    moved = true;
    if (++done == stream.beats) {
      done = 0;
      ++frame;
    }
  }
  return moved;
}

/// Goes on as far as it can; whether that was anywhere.
bool DataflowSchedule::Process::go(int64_t frames) {
  if (source)
    return goSource(frames);
  int64_t before = now;
  size_t stepBefore = step;
  while (frame < frames) {
    const hls::Run &run = activity[phase].runs[part];
    if (run.reads == 0 && run.writes == 0) {
      now += run.cycles;
      next();
      continue;
    }
    while (done < run.cycles) {
      if (!iterate(run))
        return now != before || step != stepBefore;
      ++done;
    }
    next();
  }
  return now != before;
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

/// Drops runs of no cycles.
static hls::Activity tidy(const hls::Activity &activity) {
  hls::Activity result;
  for (const hls::Phase &phase : activity) {
    hls::Phase kept{phase.times, {}};
    for (const hls::Run &run : phase.runs)
      if (run.cycles > 0)
        kept.runs.push_back(run);
    if (!kept.runs.empty() && kept.times > 0)
      result.push_back(std::move(kept));
  }
  return result;
}

DataflowSchedule::DataflowSchedule(hls::DesignOp design, const ScheduleOptions &options) {
  for (Operation &op : design.getBody().front()) {
    auto unit = dyn_cast<hls::UnitOpInterface>(op);
    if (!unit && !isa<hls::InputOp>(op))
      continue;
    auto process = std::make_unique<Process>();
    process->source = !unit;
    process->pace = options.pace;
    if (unit) {
      process->activity = tidy(unit.getActivity());
      process->latency = unit.getLatency();
    }
    for (Value operand : op.getOperands())
      process->operands.push_back(byValue.lookup(operand));
    auto depths = op.getAttrOfType<DenseI64ArrayAttr>("depths");
    for (OpResult result : op.getResults()) {
      streams.push_back(std::make_unique<Stream>());
      Stream &stream = *streams.back();
      stream.beats = cast<hls::StreamType>(result.getType()).getBeats();
      stream.read = !result.use_empty() && !isa<hls::OutputOp>(*result.user_begin());
      // Inputs and outputs of the design lie outside of it.
      if (unit && depths && !options.unbounded)
        stream.setDepth(depths[result.getResultNumber()]);
      process->results.push_back(&stream);
      byValue[result] = &stream;
    }
    processes.push_back(std::move(process));
  }
}

DataflowSchedule::~DataflowSchedule() = default;

bool DataflowSchedule::run(int64_t frames) {
  auto finished = [&] {
    return llvm::all_of(processes, [&](auto &process) { return process->frame >= frames; });
  };
  while (!finished()) {
    bool moved = false;
    for (auto &process : processes)
      moved |= process->go(frames);
    for (auto &stream : streams)
      if (stream->read)
        stream->count(false);
    if (moved)
      continue;
    // Where only our patience has ended, have more of it.
    Stream *least = nullptr;
    for (auto &stream : streams)
      if (stream->depth == 0 && stream->full() && (!least || stream->ahead < least->ahead))
        least = stream.get();
    if (!least)
      return false;
    least->ahead *= 2;
  }
  for (auto &stream : streams)
    if (stream->read)
      stream->count(false);
  ends.assign(size_t(frames), 0);
  for (auto &process : processes)
    for (size_t i = 0; i < std::min(process->ends.size(), ends.size()); ++i)
      ends[i] = std::max(ends[i], process->ends[i]);
  return true;
}

bool DataflowSchedule::runUntilSteady() {
  for (int64_t frames = 4; frames <= 16; ++frames) {
    if (!run(frames))
      return false;
    size_t n = ends.size();
    if (ends[n - 1] - ends[n - 2] == ends[n - 2] - ends[n - 3])
      return true;
  }
  return true;
}

std::vector<int64_t> DataflowSchedule::peaks() const {
  std::vector<int64_t> all;
  for (const auto &stream : streams)
    all.push_back(stream->peak);
  return all;
}

bool DataflowSchedule::runUntilPeaksStay() {
  if (!run(2))
    return false;
  std::vector<int64_t> before = peaks();
  for (int64_t frames = 4; frames <= 24; frames += 2) {
    if (!run(frames))
      return false;
    if (std::vector<int64_t> now = peaks(); now == before)
      return true;
    else
      before = std::move(now);
  }
  return true;
}

int64_t DataflowSchedule::interval() const {
  size_t n = ends.size();
  return n < 2 ? 0 : ends[n - 1] - ends[n - 2];
}

int64_t DataflowSchedule::peak(Value stream) const {
  const Stream *found = byValue.lookup(stream);
  return found ? found->peak : 0;
}

StreamTimes DataflowSchedule::times(Value stream) const {
  const Stream *found = byValue.lookup(stream);
  return found ? found->times : StreamTimes();
}
