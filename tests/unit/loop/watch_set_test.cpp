// SPDX-License-Identifier: MIT
#include "loop/watch_set.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "loop/prepare.h"
#include "loop/timer.h"

using namespace ggen;
using namespace ggen::loop;

namespace {

struct Pipe {
  Fd read_end, write_end;
  Pipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  void put() const { REQUIRE(write(write_end.get(), "x", 1) == 1); }
};

struct Recorder final : Watcher {
  std::function<void(int)> then;
  std::vector<int> tags;
  void on_ready(int tag, std::uint32_t) override {
    tags.push_back(tag);
    if (then) then(tag);
  }
};

}  // namespace

TEST_CASE("watch set: tells which of its descriptors is ready", "[loop]") {
  Loop loop;
  WatchSet set(loop);
  Pipe a, b;
  Recorder recorder;
  WatchSet::Id ids[] = {set.add(a.read_end.get(), EPOLLIN, recorder, 1).value(),
                        set.add(b.read_end.get(), EPOLLIN, recorder, 2).value()};
  recorder.then = [&](int tag) {
    set.forget(ids[tag - 1]);
    (tag == 1 ? a : b).read_end.reset();
  };
  b.put();
  loop.run_once();
  CHECK(recorder.tags == std::vector<int>{2});
  a.put();
  loop.run();
  CHECK(recorder.tags == std::vector<int>{2, 1});
  CHECK(set.size() == 0);
  CHECK(loop.open_handles() == 0);
}

TEST_CASE("watch set: a descriptor forgotten by another one's call is not called", "[loop]") {
  Loop loop;
  WatchSet set(loop);
  Pipe pipes[2];
  Recorder recorder;
  WatchSet::Id ids[2];
  for (int i = 0; i < 2; ++i) {
    ids[i] = set.add(pipes[i].read_end.get(), EPOLLIN, recorder, i).value();
    pipes[i].put();
  }
  recorder.then = [&](int) {
    for (int i = 0; i < 2; ++i) {
      set.forget(ids[i]);
      pipes[i].read_end.reset();
    }
  };
  loop.run();
  CHECK(recorder.tags.size() == 1);
}

TEST_CASE("watch set: a slot used again does not get the events of the one before", "[loop]") {
  Loop loop;
  WatchSet set(loop);
  Pipe first, second, fresh;
  Recorder recorder;
  auto first_id = set.add(first.read_end.get(), EPOLLIN, recorder, 1).value();
  auto second_id = set.add(second.read_end.get(), EPOLLIN, recorder, 2).value();
  first.put();
  second.put();
  WatchSet::Id fresh_id = 0;
  recorder.then = [&](int tag) {
    // Both events were fetched; the slot of the one that has not been told is given away.
    auto& other = tag == 1 ? second_id : first_id;
    set.forget(other);
    (tag == 1 ? second : first).read_end.reset();
    fresh_id = set.add(fresh.read_end.get(), EPOLLIN, recorder, 3).value();
    recorder.then = nullptr;
  };
  loop.run_once();
  CHECK(recorder.tags.size() == 1);
  set.forget(fresh_id);
  set.forget(first_id);
  set.forget(second_id);
}

TEST_CASE("watch set: a forgotten descriptor that somebody else holds wakes nobody", "[loop]") {
  Loop loop;
  WatchSet set(loop);
  Pipe forgotten, other;
  Recorder recorder;
  auto id = set.add(forgotten.read_end.get(), EPOLLIN, recorder, 1).value();
  auto waiting = set.add(other.read_end.get(), EPOLLIN, recorder, 2).value();
  // As a child does until its exec.
  const Fd copy(dup(forgotten.read_end.get()));
  set.forget(id);
  forgotten.read_end.reset();
  forgotten.put();
  int turns = 0;
  Timer turn(loop);
  Prepare count(loop, [&] { ++turns; });
  count.start();
  turn.start(0.02, [&] { loop.stop(); });
  loop.run();
  CHECK(turns < 10);
  CHECK(recorder.tags.empty());
  set.forget(waiting);
}

TEST_CASE("watch set: refuses what cannot be watched", "[loop]") {
  Loop loop;
  WatchSet set(loop);
  Recorder recorder;
  CHECK_FALSE(set.add(12345, EPOLLIN, recorder, 0));
  CHECK(set.size() == 0);
}
