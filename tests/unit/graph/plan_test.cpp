// SPDX-License-Identifier: MIT
#include "graph/plan.h"

#include <catch2/catch.hpp>
#include <map>

using namespace ggen::graph;

namespace {

using Names = std::vector<std::string>;

// A graph and its plan, by name.
struct Fixture {
  Graph graph;
  std::map<std::string, TaskId> ids;
  std::optional<Plan> plan;

  void add(const std::string& name, const Names& needs = {}, RunOn run_on = RunOn::success,
           const std::string& pool = "") {
    ids[name] = graph.add(name, pool.empty() ? Graph::kNoPool : graph.pool(pool), run_on);
    for (const std::string& need : needs) graph.edge(ids.at(need), ids[name]);
  }
  void after(const std::string& task, const std::string& earlier) {
    graph.edge(ids.at(earlier), ids.at(task), EdgeKind::after);
  }
  void want(const Names& names) {
    REQUIRE_FALSE(graph.freeze());
    plan.emplace(graph, list(names));
  }
  std::vector<TaskId> list(const Names& names) const {
    std::vector<TaskId> result;
    for (const std::string& name : names) result.push_back(ids.at(name));
    return result;
  }
  Names names(std::span<const TaskId> list) const {
    Names result;
    for (const TaskId id : list) result.emplace_back(graph.name(id));
    return result;
  }
  std::string next() {
    const auto id = plan->next();
    return id ? std::string(graph.name(*id)) : "-";
  }
  Names done(const std::string& name) { return names(plan->done(ids.at(name)).ready); }
  std::string state(const std::string& name) {
    return std::string(state_name(plan->state(ids.at(name))));
  }
};

}  // namespace

TEST_CASE("plan: selects what the wanted tasks need, and nothing else", "[graph]") {
  Fixture f;
  f.add("other");
  f.add("gen");
  f.add("build", {"gen"});
  f.add("test", {"build"});
  f.add("lint", {"gen", "other"});
  f.want({"test"});
  CHECK(f.names(f.plan->wanted()) == Names{"gen", "build", "test"});
  CHECK(f.state("other") == "unselected");
  CHECK(f.state("gen") == "ready");
  CHECK(f.state("test") == "want");
  CHECK(f.plan->count(State::want) == 2);
  CHECK(f.plan->count(State::ready) == 1);
}

TEST_CASE("plan: a task is handed out once all it needs is done", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("b");
  f.add("c", {"a", "b"});
  f.want({"c"});
  CHECK(f.plan->peek() == f.ids["a"]);
  CHECK(f.next() == "a");
  CHECK(f.next() == "b");
  CHECK(f.next() == "-");
  CHECK(f.state("a") == "running");
  CHECK(f.done("b").empty());
  CHECK(f.done("a") == Names{"c"});
  CHECK_FALSE(f.plan->finished());
  CHECK(f.next() == "c");
  CHECK(f.done("c").empty());
  CHECK(f.plan->finished());
  CHECK(f.plan->count(State::done) == 3);
}

TEST_CASE("plan: an empty selection is finished", "[graph]") {
  Fixture f;
  f.add("a");
  f.want({});
  CHECK(f.plan->finished());
  CHECK(f.next() == "-");
}

TEST_CASE("plan: priorities may change at any time", "[graph]") {
  Fixture f;
  for (const char* name : {"a", "b", "c"}) f.add(name);
  f.add("late", {"c"});
  f.want({"a", "b", "c", "late"});
  f.plan->set_priority(f.ids["c"], 1);
  f.plan->set_priority(f.ids["late"], 7);
  CHECK(f.next() == "c");
  f.plan->set_priority(f.ids["b"], 3);
  f.done("c");
  CHECK(f.next() == "late");
  CHECK(f.next() == "b");
  CHECK(f.plan->priority(f.ids["b"]) == 3);
  CHECK(f.next() == "a");
}

TEST_CASE("plan: a ready task whose pool is full is queued", "[graph]") {
  Fixture f;
  f.add("a", {}, RunOn::success, "link");
  f.add("b", {}, RunOn::success, "link");
  f.add("c");
  f.want({"a", "b", "c"});
  CHECK(f.plan->count(State::ready) == 3);
  CHECK(f.next() == "a");
  CHECK(f.state("b") == "queued");
  CHECK(f.plan->count(State::queued) == 1);
  CHECK(f.plan->count(State::ready) == 1);
  CHECK(f.next() == "c");
  CHECK(f.next() == "-");
  f.done("a");
  CHECK(f.state("b") == "ready");
  CHECK(f.next() == "b");
}

TEST_CASE("plan: a failure skips all that need it", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("b");
  f.add("uses a", {"a"});
  f.add("uses both", {"uses a", "b"});
  f.add("end", {"uses both", "a"});
  f.want({"end"});
  f.next();
  f.next();
  const Plan::Change change = f.plan->fail(f.ids["a"]);
  CHECK(f.names(change.skipped) == Names{"uses a", "end", "uses both"});
  CHECK(change.ready.empty());
  CHECK(f.state("a") == "failed");
  CHECK(f.state("end") == "skipped");
  CHECK(f.done("b").empty());
  CHECK(f.plan->finished());
}

TEST_CASE("plan: a skipped task is as good as done for those that need it", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("b", {"a"});
  f.add("c", {"b"});
  f.want({"c"});
  SECTION("once it was handed out") {
    f.next();
    CHECK(f.names(f.plan->skip(f.ids["a"]).ready) == Names{"b"});
    CHECK(f.next() == "b");
  }
  SECTION("while it is ready") {
    f.plan->skip(f.ids["a"]);
    CHECK(f.next() == "b");
  }
  SECTION("while it still waits") {
    CHECK(f.names(f.plan->skip(f.ids["b"]).ready) == Names{"c"});
    CHECK(f.next() == "a");
    CHECK(f.done("a").empty());
    CHECK(f.next() == "c");
  }
}

TEST_CASE("plan: a task that runs always starts when all it needs has ended", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("b", {"a"});
  f.add("c");
  f.add("cleanup", {"b", "c"}, RunOn::always);
  f.add("behind", {"cleanup"});
  f.want({"behind"});
  CHECK(f.next() == "a");
  CHECK(f.next() == "c");
  const Plan::Change change = f.plan->fail(f.ids["a"]);
  CHECK(f.names(change.skipped) == Names{"b"});
  CHECK(change.ready.empty());
  CHECK(f.state("cleanup") == "want");
  CHECK(f.names(f.plan->fail(f.ids["c"]).ready) == Names{"cleanup"});
  CHECK(f.next() == "cleanup");
  CHECK(f.done("cleanup") == Names{"behind"});
}

TEST_CASE("plan: an order without a need selects nothing and survives a failure", "[graph]") {
  Fixture f;
  f.add("unit");
  f.add("report");
  f.add("both", {"unit", "report"});
  f.after("report", "unit");
  SECTION("the earlier one is not selected") {
    f.want({"report"});
    CHECK(f.state("unit") == "unselected");
    CHECK(f.next() == "report");
  }
  SECTION("the earlier one fails") {
    f.want({"both"});
    CHECK(f.next() == "unit");
    CHECK(f.next() == "-");
    const Plan::Change change = f.plan->fail(f.ids["unit"]);
    CHECK(f.names(change.skipped) == Names{"both"});
    CHECK(f.names(change.ready) == Names{"report"});
  }
}

TEST_CASE("plan: what comes after a skipped task waits for all that is before it", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("slow");
  f.add("uses a", {"a"});
  f.add("later");
  f.add("last");
  f.after("uses a", "slow");
  f.after("later", "uses a");
  f.after("last", "later");
  f.want({"uses a", "slow", "later", "last"});
  CHECK(f.next() == "a");
  CHECK(f.next() == "slow");
  const Plan::Change change = f.plan->fail(f.ids["a"]);
  CHECK(f.names(change.skipped) == Names{"uses a"});
  CHECK(change.ready.empty());
  CHECK(f.state("later") == "want");
  CHECK(f.done("slow") == Names{"later"});
  CHECK(f.next() == "later");
  CHECK(f.done("later") == Names{"last"});
}

TEST_CASE("plan: a stop hands out nothing until resume", "[graph]") {
  Fixture f;
  f.add("a");
  f.add("b");
  f.want({"a", "b"});
  CHECK(f.next() == "a");
  f.plan->stop();
  CHECK(f.plan->stopped());
  CHECK(f.next() == "-");
  f.plan->resume();
  CHECK(f.next() == "b");
}

TEST_CASE("plan: resume with tasks skips all others that have not started", "[graph]") {
  Fixture f;
  f.add("running");
  f.add("ready");
  f.add("waits", {"running"});
  f.add("cleanup", {"waits"}, RunOn::always);
  f.add("report", {"running"}, RunOn::always);
  f.add("last", {"cleanup", "report"}, RunOn::always);
  f.want({"ready", "last"});
  CHECK(f.next() == "running");
  f.plan->stop();
  const Plan::Change change = f.plan->resume(f.list({"cleanup", "report", "last"}));
  CHECK(f.names(change.skipped) == Names{"ready", "waits"});
  CHECK(f.names(change.ready) == Names{"cleanup"});
  CHECK(f.next() == "cleanup");
  CHECK(f.next() == "-");
  CHECK(f.names(f.plan->fail(f.ids["running"]).ready) == Names{"report"});
  CHECK(f.next() == "report");
  f.done("cleanup");
  CHECK(f.done("report") == Names{"last"});
  CHECK(f.next() == "last");
  f.done("last");
  CHECK(f.plan->finished());
}

TEST_CASE("plan: places of pools that are held beside it", "[graph]") {
  Graph graph;
  const PoolId pool = graph.pool("link");
  const TaskId ids[] = {graph.add("a", pool), graph.add("b", pool), graph.add("hook", pool)};
  REQUIRE_FALSE(graph.freeze());
  Plan plan(graph, {ids, 2});
  CHECK(plan.hold(ids[2], Places::free));
  CHECK(plan.next() == std::nullopt);
  CHECK(plan.count(State::queued) == 2);
  CHECK_FALSE(plan.hold(ids[2], Places::free));
  plan.release(ids[2]);
  CHECK(plan.next() == ids[0]);
  // One more than there are, and back.
  CHECK(plan.hold(ids[2], Places::any));
  CHECK(plan.count(State::queued) == 1);
  plan.release(ids[0]);  // while it runs
  CHECK(plan.next() == std::nullopt);
  CHECK(plan.count(State::queued) == 1);
  plan.release(ids[2]);
  CHECK(plan.count(State::ready) == 1);
  CHECK(plan.hold(ids[0], Places::any));
  plan.done(ids[0]);
  CHECK(plan.next() == ids[1]);
}

TEST_CASE("plan: a chain of a million tasks fails at its start", "[graph]") {
  Graph graph;
  constexpr unsigned kCount = 1'000'000;
  for (unsigned i = 0; i < kCount; ++i) graph.add("t");
  for (unsigned i = 1; i < kCount; ++i) graph.edge(TaskId{i - 1}, TaskId{i});
  REQUIRE_FALSE(graph.freeze());
  const TaskId last{kCount - 1};
  Plan plan(graph, {&last, 1});
  const auto first = plan.next();
  REQUIRE(first == TaskId{0});
  CHECK(plan.fail(*first).skipped.size() == kCount - 1);
  CHECK(plan.finished());
}
