// How far a run has come: the state of every task, and which task starts next. It decides nothing
// about time, processes or results; the run (lua/ggen/run.lua) takes a task with next() and tells
// how it ended. This is the only place where a task changes its state:
//
//            needs ended           next()           done()
//     want ---------------> ready --------> running -------> done  (or satisfy(), from want or
//       |                   (queued)           | fail()              ready at once)
//       |                      |               +-----------> failed
//       |  a need failed,      |
//       +--skip(), resume()----+-------------------------->  skipped
//
// A ready task whose pool is full, or that was put aside, is called queued. One that waits for a
// slot is ready.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/ready_queue.h"

namespace ggen::graph {

enum class State : std::uint8_t {
  unselected,  // not part of this plan
  want,        // selected, waits for what it needs
  ready,       // all it needs has ended and its pool has room
  queued,      // the same, but its pool is full
  running,
  done,
  failed,
  skipped,
};
constexpr std::size_t kStateCount = 8;

std::string_view state_name(State state);
constexpr bool has_ended(State state) { return state >= State::done; }

// Whether more places of a pool may be taken than it has.
enum class Places { free, any };

class Plan {
 public:
  // What a call changed in other tasks. The spans hold until the next call that changes something.
  struct Change {
    std::span<const TaskId> skipped;
    std::span<const TaskId> ready;  // or queued
  };

  // Selects `wanted` and all they need. The graph is frozen and outlives the plan.
  Plan(const Graph& graph, std::span<const TaskId> wanted);

  // These tasks wait for a disk or a network rather than compute: of them and of all others so many
  // may run at once. To be said before anything starts.
  void set_io(std::span<const TaskId> ids, std::uint32_t most_io, std::uint32_t most_others);

  // The ready task with the highest priority; it runs from now on. Nothing while stopped.
  std::optional<TaskId> next();
  // The same without taking it.
  std::optional<TaskId> peek() const;
  // A ready task is not to start now: peek() and next() pass it by until bring_back().
  void put_aside(TaskId id);
  // For a copy that is played to its end: whoever runs has a place again, also who gave it up while
  // he waits for something, and nobody else has one.
  void retake_places();
  void bring_back();
  void set_priority(TaskId id, double priority) { queue_.set_priority(id, priority); }
  double priority(TaskId id) const { return queue_.priority(id); }

  // A running task ended well.
  Change done(TaskId id);
  // There is nothing to do for a task that has not started: it is as good as done, also while what
  // it comes after goes on.
  Change satisfy(TaskId id);
  // A task that had not ended failed: all that need it are skipped, up to those that run always.
  // What only comes after one of these goes on when its turn would have come.
  Change fail(TaskId id);
  // A task that had not ended will not run; for those that need it this is as good as done.
  Change skip(TaskId id);

  // For what runs beside the plan, and for a task that gives its place in its pool up while it
  // runs: takes a place, if there is one or whatever there is, and gives one back.
  bool hold(TaskId id, Places places);
  void release(TaskId id) { queue_.vacate(id); }

  // From now on next() gives nothing; what runs goes on.
  void stop() { stopped_ = true; }
  // Ends the stop. With ids, all other tasks that have not started are skipped: only the given
  // ones, and those only once all they need has ended, will be handed out.
  void resume() { stopped_ = false; }
  Change resume(std::span<const TaskId> only);
  bool stopped() const { return stopped_; }

  State state(TaskId id) const;
  std::size_t count(State state) const;
  // All selected tasks have ended.
  bool finished() const { return ended_ == selected_; }
  // The selected tasks, each after what it waits for.
  std::vector<TaskId> wanted() const;
  const Graph& graph() const { return graph_; }

 private:
  void select(std::span<const TaskId> wanted);
  void set(TaskId id, State to);
  // Tells the tasks that wait for `id` that it has ended, and so those behind a task that was
  // skipped and waited for nothing else.
  void settle(TaskId id);
  Change changes() const;
  void forget_changes();

  const Graph& graph_;
  DenseMap<TaskId, State> states_;         // never `queued`: that is `ready` and a full pool
  DenseMap<TaskId, std::uint32_t> waits_;  // links to selected tasks that have not ended
  ReadyQueue queue_;
  std::array<std::size_t, kStateCount> counts_{};
  std::size_t selected_ = 0;
  std::size_t ended_ = 0;
  bool stopped_ = false;
  // Kept between calls for their memory.
  std::vector<TaskId> skipped_, ready_, settled_;
  std::vector<TaskId> aside_;  // few: ready tasks that are not in the queue
};

}  // namespace ggen::graph
