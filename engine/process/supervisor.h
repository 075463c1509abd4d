// All children of this process: starts them, owns them while they live, and what they share (the
// guard, the buffer, /dev/null, the set of watched descriptors). Nothing of it exists before the
// first child.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "loop/timer.h"
#include "loop/watch_set.h"
#include "process/child.h"
#include "process/guard.h"
#include "process/spawn.h"

namespace ggen::process {

class Supervisor final : ChildHost {
 public:
  // Names a child, also when it is long gone.
  using Id = std::uint64_t;

  explicit Supervisor(loop::Loop& loop);
  // Kills what is left, and tells the guard goodbye.
  ~Supervisor();

  // `done` is called once, later and on the loop, also when the program does not exist. Fails only
  // when this process has no room for another child (kind `limit`) or the words hold NUL bytes.
  Result<Id> start(ChildSpec spec, Child::Done done);

  // To the child's group. False when it has exited.
  bool kill(Id id, int signal);
  // Kills it; its `done` is dropped now.
  void abandon(Id id);
  // 0 when it is gone.
  pid_t pid(Id id) const;

  void kill_all(int signal);
  // Lets the guard go, before this process becomes another program. Nothing may run.
  void say_goodbye();
  // Children whose outcome has not been handed over.
  std::size_t live() const { return children_.size(); }
  const std::optional<Guard>& guard() const { return guard_; }

 private:
  loop::Loop& loop() override { return loop_; }
  loop::WatchSet& watches() override { return watches_; }
  std::pair<char*, std::size_t> read_buffer() override;
  void finished(Id id) override;
  void give_back_slot(std::int32_t* slot) override { guard_->give_back(slot); }

  Result<void> open();
  void hand_over_failed();

  loop::Loop& loop_;
  loop::WatchSet watches_;
  Fd null_;
  std::unique_ptr<char[]> buffer_;
  std::optional<Spawner> spawner_;
  std::optional<Guard> guard_;
  std::unordered_map<Id, std::unique_ptr<Child>> children_;
  Id last_id_ = 0;
  // Children that could not be started: their outcome waits for the next turn.
  std::vector<Id> failed_;
  std::optional<loop::Timer> next_turn_;
};

}  // namespace ggen::process
