//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The thread pool under stress: many short steps, sleeping workers, contexts
// that share it, creation and destruction, fork, and the host's own loop.
//
//===----------------------------------------------------------------------===//

#include "TestModels.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <dirent.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace quantc::test;

namespace {

/// Threads of this process.
int countThreads() {
  int count = 0;
  DIR *directory = opendir("/proc/self/task");
  while (dirent *entry = readdir(directory))
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

TEST(ThreadPool, ManyRuns) {
  qrt_model_desc model = staticModel();
  for (int32_t count : {2, 3, 8}) {
    Context context(model, threads(count));
    ASSERT_EQ(context.status, QRT_OK);
    StaticArguments arguments(count);
    int wrong = 0;
    for (int i = 0; i < 1500; ++i)
      wrong += arguments.run(context) != QRT_OK || !arguments.correct();
    EXPECT_EQ(wrong, 0) << count;
  }
}

TEST(ThreadPool, WakesSleepingWorkers) {
  qrt_model_desc model = staticModel();
  Context context(model, threads(4));
  StaticArguments arguments;
  for (int i = 0; i < 40; ++i) {
    // Around and beyond the 50 us for which workers spin.
    std::this_thread::sleep_for(std::chrono::microseconds(i * 10));
    EXPECT_EQ(arguments.run(context), QRT_OK);
    EXPECT_TRUE(arguments.correct());
  }
}

TEST(ThreadPool, CallerSleepsForASlowWorker) {
  qrt_model_desc model = staticModel();
  Context context(model, threads(4));
  StaticArguments arguments;
  stepHook = [](int64_t worker, int64_t) {
    if (worker > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(worker));
  };
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(arguments.run(context), QRT_OK);
    EXPECT_TRUE(arguments.correct());
  }
  stepHook = nullptr;
}

TEST(ThreadPool, ContextsShareOnePool) {
  qrt_model_desc model = staticModel();
  Context first(model, threads(3));
  int before = countThreads();
  Context second(model, threads(3));
  EXPECT_EQ(countThreads(), before);
  Context larger(model, threads(5));
  EXPECT_EQ(countThreads(), before + 2);
  StaticArguments arguments;
  for (qrt_context *context :
       {static_cast<qrt_context *>(first), static_cast<qrt_context *>(second),
        static_cast<qrt_context *>(larger)}) {
    EXPECT_EQ(arguments.run(context), QRT_OK);
    EXPECT_TRUE(arguments.correct());
  }
}

TEST(ThreadPool, ContextsRunAtTheSameTime) {
  qrt_model_desc model = staticModel();
  std::atomic<int> wrong{0};
  std::vector<std::thread> hosts;
  for (int32_t host = 0; host < 4; ++host)
    hosts.emplace_back([&, host] {
      Context context(model, threads(2 + host));
      StaticArguments arguments(host);
      for (int i = 0; i < 500; ++i)
        wrong += arguments.run(context) != QRT_OK || !arguments.correct();
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, OneContextServesOneRunAtATime) {
  qrt_model_desc model = staticModel();
  Context context(model, threads(2));
  std::atomic<int> good{0}, busy{0}, wrong{0};
  std::vector<std::thread> hosts;
  for (int32_t host = 0; host < 3; ++host)
    hosts.emplace_back([&, host] {
      StaticArguments arguments(host);
      for (int i = 0; i < 300; ++i) {
        int32_t status = arguments.run(context);
        good += status == QRT_OK;
        busy += status == QRT_BUSY;
        wrong += status == QRT_OK ? !arguments.correct() : status != QRT_BUSY;
      }
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(good + busy, 900);
  EXPECT_GT(good, 0);
}

TEST(ThreadPool, LastContextEndsTheThreads) {
  qrt_model_desc model = staticModel();
  int before = countThreads();
  for (int i = 0; i < 50; ++i) {
    Context a(model, threads(2 + i % 7));
    Context b(model, threads(2 + i % 3));
    StaticArguments arguments;
    EXPECT_EQ(arguments.run(i % 2 ? a : b), QRT_OK);
  }
  EXPECT_EQ(countThreads(), before);
}

TEST(ThreadPool, ConcurrentCreationAndDestruction) {
  qrt_model_desc model = staticModel();
  int before = countThreads();
  std::atomic<int> wrong{0};
  std::vector<std::thread> hosts;
  for (int32_t host = 0; host < 4; ++host)
    hosts.emplace_back([&, host] {
      StaticArguments arguments(host);
      for (int i = 0; i < 60; ++i) {
        Context context(model, threads(1 + (host + i) % 6));
        wrong +=
            context.status != QRT_OK || arguments.run(context) != QRT_OK || !arguments.correct();
      }
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(countThreads(), before);
}

#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(thread_sanitizer)
TEST(ThreadPool, SurvivesFork) {
  qrt_model_desc model = staticModel();
  Context context(model, threads(4));
  StaticArguments arguments;
  ASSERT_EQ(arguments.run(context), QRT_OK);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // The child has no workers: the old context runs on one thread, a new one
    // gets a pool of its own, and destroying either waits for nobody.
    alarm(20);
    bool good = arguments.run(context) == QRT_OK && arguments.correct();
    qrt_context *own = nullptr;
    qrt_options options = threads(3);
    good &= qrt_create(&model, &options, &own) == QRT_OK;
    good &= arguments.run(own) == QRT_OK && arguments.correct();
    good &= countThreads() == 3;
    qrt_destroy(own);
    qrt_destroy(context);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(arguments.run(context), QRT_OK);
  EXPECT_TRUE(arguments.correct());
}
#endif

//===----------------------------------------------------------------------===//
// The host's parallel loop
//===----------------------------------------------------------------------===//

void runThreaded(void *user, int64_t count, qrt_task_fn task, void *argument) {
  ++*static_cast<int *>(user);
  std::vector<std::thread> hosts;
  for (int64_t i = count - 1; i >= 0; --i)
    hosts.emplace_back([=] { task(argument, i); });
  for (std::thread &host : hosts)
    host.join();
}

qrt_options hostLoop(qrt_parallel_for_fn loop, void *user) {
  qrt_options options = threads(4);
  options.parallel_for = loop;
  options.parallel_for_user = user;
  return options;
}

TEST(HostLoop, RunsParallelStepsThroughIt) {
  qrt_model_desc model = staticModel();
  int before = countThreads();
  int calls = 0;
  Context context(model, hostLoop(runThreaded, &calls));
  EXPECT_EQ(countThreads(), before);
  StaticArguments arguments;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(arguments.run(context), QRT_OK);
    EXPECT_TRUE(arguments.correct());
  }
  // Two of the three steps are parallel.
  EXPECT_EQ(calls, 40);
}

TEST(HostLoop, NoticesABrokenLoop) {
  qrt_model_desc model = staticModel();
  const qrt_parallel_for_fn broken[] = {
      [](void *, int64_t, qrt_task_fn, void *) {},
      [](void *, int64_t count, qrt_task_fn task, void *argument) {
        for (int64_t i = 1; i < count; ++i)
          task(argument, i);
      },
      [](void *, int64_t count, qrt_task_fn task, void *argument) {
        for (int64_t i = 0; i < count; ++i)
          task(argument, i);
        task(argument, 0);
      },
      [](void *, int64_t count, qrt_task_fn task, void *argument) {
        for (int64_t i = 0; i <= count; ++i)
          task(argument, i);
      },
      [](void *, int64_t count, qrt_task_fn task, void *argument) {
        for (int64_t i = -1; i < count; ++i)
          task(argument, i);
      },
  };
  for (qrt_parallel_for_fn loop : broken) {
    Context context(model, hostLoop(loop, nullptr));
    StaticArguments arguments;
    EXPECT_EQ(arguments.run(context), QRT_PARALLEL_FOR_ERROR);
    EXPECT_STREQ(qrt_last_error(context), "step 'Add_0': the host's parallel_for did not run each "
                                          "of 4 indices exactly once");
  }
}

} // namespace
