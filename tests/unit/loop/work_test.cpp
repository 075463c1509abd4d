// SPDX-License-Identifier: MIT
#include "loop/work.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "loop/wake.h"

using namespace ggen::loop;

namespace {

// A door for worker threads.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("work: the value of the job reaches the loop's thread", "[loop]") {
  Loop loop;
  const auto here = std::this_thread::get_id();
  std::thread::id there;
  std::string result;
  auto job = work(
      loop,
      [&there] {
        there = std::this_thread::get_id();
        return std::string("done");
      },
      [&](std::string value) {
        CHECK(std::this_thread::get_id() == here);
        result = std::move(value);
      });
  CHECK_FALSE(job.finished());
  loop.run();
  CHECK(job.finished());
  CHECK(result == "done");
  CHECK(there != here);
}

TEST_CASE("work: many jobs, each with its own value", "[loop]") {
  Loop loop;
  std::vector<Work> jobs;
  long sum = 0;
  for (int i = 0; i < 200; ++i) {
    jobs.push_back(work(
        loop, [i] { return i; }, [&sum](int value) { sum += value; }));
  }
  loop.run();
  CHECK(sum == 199 * 200 / 2);
}

TEST_CASE("work: abandoned while it runs, its answer goes nowhere", "[loop]") {
  Gate started, go;
  std::atomic<bool> ran = false;
  bool answered = false;
  {
    Loop loop;
    std::optional<Work> job;
    job.emplace(
        loop,
        [&] {
          started.open();
          go.wait();
          ran = true;
        },
        [&] { answered = true; });
    started.wait();
    job.reset();
    go.open();
  }
  CHECK(ran);
  CHECK_FALSE(answered);
}

TEST_CASE("work: abandoned before it begins, it never does", "[loop]") {
  Gate go;
  std::atomic<int> begun = 0;
  std::atomic<bool> last_ran = false;
  Loop loop;
  std::vector<Work> busy;
  // More than there are threads, so that the last one waits for its turn.
  for (int i = 0; i < 64; ++i) {
    busy.emplace_back(
        loop,
        [&] {
          ++begun;
          go.wait();
        },
        [] {});
  }
  std::optional<Work> last;
  last.emplace(
      loop, [&] { last_ran = true; }, [] {});
  last.reset();
  go.open();
  loop.run();
  CHECK(begun == 64);
  CHECK_FALSE(last_ran);
}

TEST_CASE("work: its owner may be destroyed by its answer", "[loop]") {
  Loop loop;
  std::optional<Work> job;
  job.emplace(
      loop, [] {}, [&] { job.reset(); });
  loop.run();
  CHECK_FALSE(job.has_value());
}

TEST_CASE("wake: another thread reaches the loop", "[loop]") {
  Loop loop;
  std::optional<Wake> wake;
  int value = 0;
  int seen = 0;
  wake.emplace(loop, [&] {
    seen = value;
    wake.reset();
  });
  std::thread thread([&] {
    value = 42;
    wake->send();
  });
  loop.run();
  thread.join();
  CHECK(seen == 42);
}
