//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coroutines of the dataflow simulation. The first entry is ucontext's, which POSIX systems have;
// later switches are _setjmp/_longjmp, which save no signal mask and so cost no system call. Tools
// that follow stacks (AddressSanitizer, ThreadSanitizer) get threads instead: thread_coroutine.h.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_SIM_COROUTINE_H
#define QHLS_SIM_COROUTINE_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QHLS_SIM_THREADS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define QHLS_SIM_THREADS 1
#endif
#endif

#ifdef QHLS_SIM_THREADS
#include "thread_coroutine.h"
#else

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sys/mman.h>
#include <ucontext.h>

// glibc's fortified longjmp refuses to change stacks.
#if !(defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0)
#define QHLS_SIM_FAST_SWITCH 1
#endif

namespace qhls {
namespace sim {

/// A function with a stack of its own. `resume` runs it until it calls `suspend` or returns. One
/// that is destroyed before its end is abandoned: no destructor on its stack runs.
class coroutine {
  std::function<void()> body;
  ucontext_t own, caller;
  void *stack;
  size_t stackBytes;
  bool started, finished;
#ifdef QHLS_SIM_FAST_SWITCH
  jmp_buf ownJump, callerJump;
#endif

  static void entry(unsigned high, unsigned low) {
    uint64_t bits = uint64_t(high) << 32 | low; // makecontext passes ints
    coroutine *self = reinterpret_cast<coroutine *>(static_cast<uintptr_t>(bits));
    self->body();
    self->finished = true;
    self->suspend();
  }

  void enter() {
    started = true;
    getcontext(&own);
    own.uc_stack.ss_sp = stack;
    own.uc_stack.ss_size = stackBytes;
    own.uc_link = nullptr;
    uint64_t self = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(this));
    makecontext(&own, reinterpret_cast<void (*)()>(reinterpret_cast<void *>(&coroutine::entry)), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
    swapcontext(&caller, &own);
  }

public:
  /// `bytes` of stack: address space, of which the system gives what is touched.
  coroutine(const std::function<void()> &function, size_t bytes)
      : body(function), stack(nullptr), stackBytes(bytes), started(false), finished(false) {
    stack = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) {
      std::fprintf(stderr, "qhls: no memory for the stack of a process\n");
      std::exit(3);
    }
  }
  ~coroutine() { munmap(stack, stackBytes); }
  coroutine(const coroutine &) = delete;
  coroutine &operator=(const coroutine &) = delete;

  bool done() const { return finished; }

#ifdef QHLS_SIM_FAST_SWITCH
  void resume() {
    if (_setjmp(callerJump) == 0) {
      if (started)
        _longjmp(ownJump, 1);
      enter();
    }
  }
  /// From inside: back to whoever resumed it.
  void suspend() {
    if (_setjmp(ownJump) == 0)
      _longjmp(callerJump, 1);
  }
#else
  void resume() {
    if (started)
      swapcontext(&caller, &own);
    else
      enter();
  }
  void suspend() { swapcontext(&own, &caller); }
#endif
};

} // namespace sim
} // namespace qhls

#endif // QHLS_SIM_THREADS
#endif // QHLS_SIM_COROUTINE_H
