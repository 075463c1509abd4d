// Random runs of random graphs, each step compared with a model that recomputes everything from
// the edges.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "graph/plan.h"

using namespace ggen::graph;

namespace {

struct ModelTask {
  std::vector<unsigned> needs, after;
  bool always = false;
  bool aside = false;
  bool lost = false;  // skipped by a failure: over when its turn would have come
  unsigned pool = 0;
  double priority = 0;
  State state = State::unselected;
};

// What plan.h promises, written for the eye and not for the clock.
struct Model {
  std::vector<ModelTask> tasks;
  std::vector<unsigned> pool_sizes;
  bool stopped = false;

  void select(unsigned id) {
    if (tasks[id].state != State::unselected) return;
    tasks[id].state = State::want;
    for (const unsigned need : tasks[id].needs) select(need);
  }
  bool in(unsigned id, State state) const { return tasks[id].state == state; }
  bool waits(unsigned id) const { return in(id, State::want); }
  bool ended_or_unselected(unsigned id) const {
    return has_ended(tasks[id].state) || in(id, State::unselected);
  }
  // Nobody waits for it any more.
  bool over(unsigned id) const {
    return ended_or_unselected(id) && (!tasks[id].lost || needs_ended(id));
  }
  bool needs_ended(unsigned id) const {
    const auto ended = [&](unsigned other) { return over(other); };
    return std::all_of(tasks[id].needs.begin(), tasks[id].needs.end(), ended) &&
           std::all_of(tasks[id].after.begin(), tasks[id].after.end(), ended);
  }
  bool pool_full(unsigned pool) const {
    unsigned used = 0;
    for (const ModelTask& task : tasks) used += task.pool == pool && task.state == State::running;
    return pool != 0 && used >= pool_sizes[pool];
  }
  State state(unsigned id) const {
    if (!waits(id) || !needs_ended(id)) return tasks[id].state;
    return pool_full(tasks[id].pool) || tasks[id].aside ? State::queued : State::ready;
  }
  std::optional<unsigned> next() const {
    std::optional<unsigned> best;
    if (stopped) return best;
    for (unsigned id = 0; id < tasks.size(); ++id) {
      if (state(id) != State::ready) continue;
      if (!best || tasks[id].priority > tasks[*best].priority) best = id;
    }
    return best;
  }
  // The tasks that a failure takes with it.
  std::vector<unsigned> fail(unsigned id) {
    tasks[id].state = State::failed;
    std::vector<bool> lost(tasks.size(), false);
    lost[id] = true;
    std::vector<unsigned> skipped;
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i = 0; i < tasks.size(); ++i) {
        const auto& needs = tasks[i].needs;
        if (!waits(i) || tasks[i].always) continue;
        if (std::none_of(needs.begin(), needs.end(), [&](unsigned need) { return lost[need]; }))
          continue;
        tasks[i].state = State::skipped;
        lost[i] = changed = tasks[i].lost = true;
        skipped.push_back(i);
      }
    }
    std::sort(skipped.begin(), skipped.end());
    return skipped;
  }
  std::vector<unsigned> skip_all_but(const std::vector<unsigned>& keep) {
    std::vector<unsigned> skipped;
    for (unsigned i = 0; i < tasks.size(); ++i) {
      if (!waits(i) || std::count(keep.begin(), keep.end(), i) > 0) continue;
      tasks[i].state = State::skipped;
      skipped.push_back(i);
    }
    return skipped;
  }
};

std::vector<unsigned> sorted(std::span<const TaskId> ids) {
  std::vector<unsigned> result;
  for (const TaskId id : ids) result.push_back(static_cast<unsigned>(id));
  std::sort(result.begin(), result.end());
  return result;
}

class Run {
 public:
  explicit Run(unsigned seed) : random_(seed) {
    build();
    select();
  }

  void check_all_steps() {
    check_states();
    for (int step = 0; step < 1000 && !plan_->finished(); ++step) {
      one_step();
      check_states();
    }
    CHECK(plan_->finished());
    CHECK(plan_->next() == std::nullopt);
    for (std::size_t i = 0; i < starts_.size(); ++i) CHECK(starts_[i] <= 1);
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  void build() {
    const unsigned count = 1 + below(25);
    model_.pool_sizes = {0};
    for (unsigned i = 0, pools = below(3); i < pools; ++i) {
      model_.pool_sizes.push_back(1 + below(3));
      graph_.resize(graph_.pool(std::to_string(i)), model_.pool_sizes.back());
    }
    std::vector<unsigned> rank(count);
    for (unsigned i = 0; i < count; ++i) rank[i] = i;
    std::shuffle(rank.begin(), rank.end(), random_);
    model_.tasks.resize(count);
    starts_.resize(count, 0);
    for (ModelTask& task : model_.tasks) {
      task.always = below(6) == 0;
      task.pool = below(static_cast<unsigned>(model_.pool_sizes.size()));
      graph_.add("t", PoolId{task.pool}, task.always ? RunOn::always : RunOn::success);
    }
    for (unsigned i = 0, edges = below(3 * count); i < edges; ++i) {
      unsigned before = below(count);
      unsigned after = below(count);
      if (before == after) continue;
      if (rank[before] > rank[after]) std::swap(before, after);
      const bool need = below(4) != 0;
      (need ? model_.tasks[after].needs : model_.tasks[after].after).push_back(before);
      graph_.edge(TaskId{before}, TaskId{after}, need ? EdgeKind::need : EdgeKind::after);
    }
    REQUIRE_FALSE(graph_.freeze());
  }

  void select() {
    std::vector<TaskId> wanted;
    for (unsigned i = 0; i < model_.tasks.size(); ++i) {
      if (below(3) == 0) continue;
      wanted.push_back(TaskId{i});
      model_.select(i);
    }
    plan_.emplace(graph_, wanted);
  }

  void one_step() {
    switch (below(14)) {
      case 12: return put_aside();
      case 13: return bring_back();
      case 0: return change_priority();
      case 1: return skip_any();
      case 2: return stop_or_resume();
      case 3:
      case 4:
      case 5: return end_running();
      default: return start();
    }
  }

  void start() {
    const auto expected = model_.next();
    CHECK(plan_->peek().has_value() == expected.has_value());
    const auto id = plan_->next();
    REQUIRE(id.has_value() == expected.has_value());
    if (!id) return end_running();
    REQUIRE(static_cast<unsigned>(*id) == *expected);
    ++starts_[*expected];
    model_.tasks[*expected].state = State::running;
  }

  std::optional<unsigned> any(bool (Run::*matches)(unsigned)) {
    std::vector<unsigned> found;
    for (unsigned i = 0; i < model_.tasks.size(); ++i)
      if ((this->*matches)(i)) found.push_back(i);
    if (found.empty()) return std::nullopt;
    return found[below(static_cast<unsigned>(found.size()))];
  }
  bool runs(unsigned id) { return model_.in(id, State::running); }
  bool open(unsigned id) { return !model_.ended_or_unselected(id); }

  void put_aside() {
    const auto id = any(&Run::ready);
    if (!id) return;
    plan_->put_aside(TaskId{*id});
    model_.tasks[*id].aside = true;
  }
  void bring_back() {
    plan_->bring_back();
    for (ModelTask& task : model_.tasks) task.aside = false;
  }
  bool ready(unsigned id) { return model_.state(id) == State::ready; }

  void end_running() {
    const auto id = any(&Run::runs);
    // When all is stopped and nothing runs, only a resume brings the run to its end.
    if (!id) return model_.stopped ? stop_or_resume() : void();
    if (below(4) == 0) return fail(*id);
    const auto before = open_needs();
    model_.tasks[*id].state = State::done;
    check_change(plan_->done(TaskId{*id}), {}, before);
  }

  void fail(unsigned id) {
    const auto before = open_needs();
    const auto skipped = model_.fail(id);
    check_change(plan_->fail(TaskId{id}), skipped, before);
  }

  void skip_any() {
    const auto id = any(&Run::open);
    if (!id || below(3) != 0) return;
    if (below(4) == 0) return fail(*id);
    const auto before = open_needs();
    model_.tasks[*id].state = State::skipped;
    check_change(plan_->skip(TaskId{*id}), {}, before);
  }

  void change_priority() {
    const unsigned id = below(static_cast<unsigned>(model_.tasks.size()));
    model_.tasks[id].priority = below(4);
    plan_->set_priority(TaskId{id}, model_.tasks[id].priority);
  }

  void stop_or_resume() {
    if (!model_.stopped) {
      if (below(4) != 0) return;
      model_.stopped = true;
      return plan_->stop();
    }
    model_.stopped = false;
    if (below(2) == 0) return plan_->resume();
    std::vector<unsigned> keep;
    std::vector<TaskId> ids;
    for (unsigned i = 0; i < model_.tasks.size(); ++i) {
      if (!model_.tasks[i].always) continue;
      keep.push_back(i);
      ids.push_back(TaskId{i});
    }
    const auto before = open_needs();
    const auto skipped = model_.skip_all_but(keep);
    check_change(plan_->resume(ids), skipped, before);
  }

  // The tasks that still wait for something.
  std::vector<bool> open_needs() const {
    std::vector<bool> result;
    for (unsigned i = 0; i < model_.tasks.size(); ++i)
      result.push_back(model_.waits(i) && !model_.needs_ended(i));
    return result;
  }

  void check_change(const Plan::Change& change, const std::vector<unsigned>& skipped,
                    const std::vector<bool>& waited) {
    CHECK(sorted(change.skipped) == skipped);
    std::vector<unsigned> ready;
    for (unsigned i = 0; i < waited.size(); ++i)
      if (waited[i] && model_.waits(i) && model_.needs_ended(i)) ready.push_back(i);
    CHECK(sorted(change.ready) == ready);
  }

  void check_states() {
    std::array<std::size_t, kStateCount> counts{};
    for (unsigned i = 0; i < model_.tasks.size(); ++i) {
      REQUIRE(plan_->state(TaskId{i}) == model_.state(i));
      ++counts[static_cast<std::size_t>(model_.state(i))];
    }
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kStateCount; ++i) {
      REQUIRE(plan_->count(static_cast<State>(i)) == counts[i]);
      sum += plan_->count(static_cast<State>(i));
    }
    REQUIRE(sum == graph_.size());
    for (unsigned pool = 1; pool < model_.pool_sizes.size(); ++pool) {
      unsigned used = 0;
      for (unsigned i = 0; i < model_.tasks.size(); ++i)
        used += plan_->state(TaskId{i}) == State::running && model_.tasks[i].pool == pool;
      REQUIRE(used <= model_.pool_sizes[pool]);
    }
  }

  std::mt19937 random_;
  Graph graph_;
  Model model_;
  std::optional<Plan> plan_;
  std::vector<int> starts_;
};

}  // namespace

TEST_CASE("plan: agrees with the model at every step", "[graph][property]") {
  const auto seed = GENERATE(take(500, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  Run(seed).check_all_steps();
}

TEST_CASE("plan: a whole run hands out each wanted task once, after all it needs",
          "[graph][property]") {
  const auto seed = GENERATE(take(20, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr unsigned kCount = 2000;
  Graph graph;
  for (unsigned i = 0; i < 3; ++i) graph.resize(graph.pool(std::to_string(i)), i + 1);
  for (unsigned i = 0; i < kCount; ++i) graph.add("t", PoolId{static_cast<unsigned>(random() % 4)});
  for (unsigned i = 0; i < 2 * kCount; ++i) {
    const unsigned after = 1 + static_cast<unsigned>(random() % (kCount - 1));
    graph.edge(TaskId{static_cast<unsigned>(random() % after)}, TaskId{after});
  }
  REQUIRE_FALSE(graph.freeze());
  std::vector<TaskId> all(graph.order().begin(), graph.order().end());
  Plan plan(graph, all);

  std::vector<TaskId> running;
  std::vector<int> starts(kCount, 0);
  while (!plan.finished()) {
    while (const auto id = plan.next()) {
      ++starts[index_of(*id)];
      for (const Link& need : graph.needs(*id)) REQUIRE(plan.state(need.task()) == State::done);
      running.push_back(*id);
    }
    REQUIRE_FALSE(running.empty());
    std::swap(running[random() % running.size()], running.back());
    plan.done(running.back());
    running.pop_back();
  }
  CHECK(std::all_of(starts.begin(), starts.end(), [](int count) { return count == 1; }));
}
