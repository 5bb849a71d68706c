//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coroutines made of threads that hand a turn to each other; one runs at a time. Slower than
// coroutine.h by two orders, and right for tools that follow the stack of each thread.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_THREAD_COROUTINE_H
#define QHLS_SIM_THREAD_COROUTINE_H

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <pthread.h>

namespace qhls {
namespace sim {

class coroutine {
  struct abandoned {}; ///< thrown through the body when nobody will resume it
  enum turn_t { callers, own, over };
  std::function<void()> body;
  std::mutex mutex;
  std::condition_variable changed;
  turn_t turn;
  size_t stackBytes;
  bool started, finished;
  pthread_t thread;

  void give(turn_t to, std::unique_lock<std::mutex> &lock) {
    turn_t from = turn;
    turn = to;
    changed.notify_all();
    changed.wait(lock, [&] { return turn == from || turn == over; });
  }

  static void *entry(void *argument) {
    coroutine *self = static_cast<coroutine *>(argument);
    {
      std::unique_lock<std::mutex> lock(self->mutex); // until the creator waits
    }
    try {
      self->body();
    } catch (const abandoned &) {
    }
    std::lock_guard<std::mutex> lock(self->mutex);
    self->finished = self->turn != over;
    self->turn = callers;
    self->changed.notify_all();
    return nullptr;
  }

public:
  coroutine(const std::function<void()> &function, size_t bytes)
      : body(function), turn(callers), stackBytes(bytes), started(false), finished(false),
        thread() {}
  ~coroutine() {
    if (!started)
      return;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!finished)
        turn = over;
      changed.notify_all();
    }
    pthread_join(thread, nullptr);
  }
  coroutine(const coroutine &) = delete;
  coroutine &operator=(const coroutine &) = delete;

  bool done() const { return finished; }

  void resume() {
    std::unique_lock<std::mutex> lock(mutex);
    if (!started) {
      started = true;
      turn = own;
      pthread_attr_t attributes;
      pthread_attr_init(&attributes);
      pthread_attr_setstacksize(&attributes, stackBytes);
      if (pthread_create(&thread, &attributes, &coroutine::entry, this) != 0) {
        std::fprintf(stderr, "qhls: no thread for a process\n");
        std::exit(3);
      }
      pthread_attr_destroy(&attributes);
      changed.wait(lock, [&] { return turn == callers; });
      return;
    }
    give(own, lock);
  }

  /// From inside: back to whoever resumed it.
  void suspend() {
    std::unique_lock<std::mutex> lock(mutex);
    give(callers, lock);
    if (turn == over)
      throw abandoned();
  }
};

} // namespace sim
} // namespace qhls

#endif // QHLS_SIM_THREAD_COROUTINE_H
