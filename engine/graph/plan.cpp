// SPDX-License-Identifier: MIT
#include "graph/plan.h"

#include <algorithm>

#include "base/bug.h"

namespace ggen::graph {

namespace {

constexpr std::size_t index_of(State state) { return static_cast<std::size_t>(state); }

// The arrows of the picture in plan.h.
bool may_become(State from, State to) {
  switch (from) {
    case State::unselected: return to == State::want;
    case State::want: return to == State::ready || has_ended(to);
    case State::ready: return to == State::running || has_ended(to);
    case State::running: return has_ended(to);
    default: return false;
  }
}

}  // namespace

std::string_view state_name(State state) {
  constexpr std::array<std::string_view, kStateCount> kNames = {
      "unselected", "want", "ready", "queued", "running", "done", "failed", "skipped"};
  return kNames[index_of(state)];
}

Plan::Plan(const Graph& graph, std::span<const TaskId> wanted)
    : graph_(graph),
      states_(graph.size(), State::unselected),
      waits_(graph.size(), 0),
      queue_(graph) {
  GGEN_BUG_IF(!graph.frozen(), "a plan of a graph that is not frozen");
  counts_[index_of(State::unselected)] = graph.size();
  select(wanted);
}

void Plan::select(std::span<const TaskId> wanted) {
  std::vector<TaskId> open;
  const auto want = [&](TaskId id) {
    if (states_[id] != State::unselected) return;
    set(id, State::want);
    open.push_back(id);
  };
  for (const TaskId id : wanted) want(id);
  while (!open.empty()) {
    const TaskId id = open.back();
    open.pop_back();
    for (const Link& link : graph_.needs(id))
      if (link.kind() == EdgeKind::need) want(link.task());
  }
  selected_ = count(State::want);
  // Only now is it known which of the tasks that are merely ordered are selected too.
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    const auto id = static_cast<TaskId>(i);
    if (states_[id] != State::want) continue;
    for (const Link& link : graph_.needs(id))
      waits_[id] += states_[link.task()] != State::unselected;
    if (waits_[id] == 0) set(id, State::ready);
  }
}

void Plan::set(TaskId id, State to) {
  State& state = states_[id];
  GGEN_BUG_IF(!may_become(state, to), "a task cannot change to this state");
  // What is aside is not in the queue.
  if (state == State::ready && std::erase(aside_, id) == 0) queue_.erase(id);
  if (state == State::running) queue_.vacate(id);
  if (to == State::ready) queue_.push(id);
  if (to == State::running) queue_.occupy(id);
  --counts_[index_of(state)];
  ++counts_[index_of(to)];
  if (has_ended(to)) ++ended_;
  state = to;
}

std::optional<TaskId> Plan::peek() const { return stopped_ ? std::nullopt : queue_.top(); }

std::optional<TaskId> Plan::next() {
  const std::optional<TaskId> id = peek();
  if (id) set(*id, State::running);
  return id;
}

void Plan::set_io(std::span<const TaskId> ids, std::uint32_t most_io, std::uint32_t most_others) {
  GGEN_BUG_IF(counts_[index_of(State::running)] > 0 || !aside_.empty(),
              "the kinds of load are set while tasks run");
  queue_.set_io(ids);
  queue_.limit(Load::io, most_io);
  queue_.limit(Load::cpu, most_others);
}

void Plan::put_aside(TaskId id) {
  GGEN_BUG_IF(states_[id] != State::ready, "only a ready task can be put aside");
  queue_.erase(id);
  aside_.push_back(id);
}

void Plan::bring_back() {
  for (const TaskId id : aside_) queue_.push(id);
  aside_.clear();
}

Plan::Change Plan::done(TaskId id) {
  forget_changes();
  set(id, State::done);
  settle(id);
  return changes();
}

Plan::Change Plan::satisfy(TaskId id) {
  forget_changes();
  set(id, State::done);
  settle(id);
  return changes();
}

Plan::Change Plan::skip(TaskId id) {
  forget_changes();
  set(id, State::skipped);
  waits_[id] = 0;
  settle(id);
  return changes();
}

Plan::Change Plan::fail(TaskId id) {
  forget_changes();
  set(id, State::failed);
  // First all that cannot run any more, so that none of them becomes ready in between.
  const auto skip_dependents = [&](TaskId of) {
    for (const Link& link : graph_.dependents(of)) {
      const TaskId dependent = link.task();
      if (link.kind() == EdgeKind::after || graph_.run_on(dependent) == RunOn::always) continue;
      if (states_[dependent] != State::want) continue;
      set(dependent, State::skipped);
      skipped_.push_back(dependent);
    }
  };
  skip_dependents(id);
  for (std::size_t i = 0; i < skipped_.size(); ++i) skip_dependents(skipped_[i]);
  waits_[id] = 0;
  settle(id);
  return changes();
}

Plan::Change Plan::resume(std::span<const TaskId> only) {
  forget_changes();
  stopped_ = false;
  std::vector<bool> keep(graph_.size(), false);
  for (const TaskId id : only) keep[graph::index_of(id)] = true;
  for (const TaskId id : graph_.order()) {
    if (states_[id] != State::want && states_[id] != State::ready) continue;
    if (keep[graph::index_of(id)]) continue;
    set(id, State::skipped);
    waits_[id] = 0;
    skipped_.push_back(id);
  }
  for (const TaskId skipped : skipped_) settle(skipped);
  return changes();
}

void Plan::settle(TaskId id) {
  settled_.assign(1, id);
  while (!settled_.empty()) {
    const TaskId ended = settled_.back();
    settled_.pop_back();
    for (const Link& link : graph_.dependents(ended)) {
      const TaskId dependent = link.task();
      const State state = states_[dependent];
      if (state != State::want && state != State::skipped) continue;
      if (waits_[dependent] == 0 || --waits_[dependent] > 0) continue;
      if (state == State::skipped) {
        settled_.push_back(dependent);
      } else {
        set(dependent, State::ready);
        ready_.push_back(dependent);
      }
    }
  }
}

State Plan::state(TaskId id) const {
  const State state = states_[id];
  if (state != State::ready) return state;
  const bool aside = std::find(aside_.begin(), aside_.end(), id) != aside_.end();
  return aside || !queue_.has_room(id) ? State::queued : state;
}

std::size_t Plan::count(State state) const {
  if (state == State::ready) return queue_.startable();
  if (state == State::queued) return queue_.parked() + aside_.size();
  return counts_[index_of(state)];
}

std::vector<TaskId> Plan::wanted() const {
  std::vector<TaskId> result;
  result.reserve(selected_);
  std::copy_if(graph_.order().begin(), graph_.order().end(), std::back_inserter(result),
               [&](TaskId id) { return states_[id] != State::unselected; });
  return result;
}

void Plan::forget_changes() {
  skipped_.clear();
  ready_.clear();
}

bool Plan::hold(TaskId id, Places places) {
  if (places == Places::free && !queue_.may_start(id)) return false;
  queue_.occupy(id, places == Places::any);
  return true;
}

void Plan::retake_places() {
  std::vector<TaskId> running;
  for (const TaskId id : wanted()) {
    if (states_[id] == State::running) running.push_back(id);
  }
  queue_.recount(running);
}

Plan::Change Plan::changes() const { return {skipped_, ready_}; }

}  // namespace ggen::graph
