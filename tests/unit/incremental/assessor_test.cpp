// SPDX-License-Identifier: MIT
#include "incremental/assessor.h"

#include <catch2/catch.hpp>

#include "../hash/project.h"

using namespace ggen;
using namespace ggen::incremental;
using ggen::test::Project;
using graph::TaskId;

namespace {

hash::SetSpec set_of(std::vector<std::string> patterns, bool outputs = false) {
  hash::SetSpec spec;
  spec.patterns = std::move(patterns);
  spec.outputs = outputs;
  return spec;
}

// Two tasks: "gen" makes gen.txt from src.txt, "use" needs it and reads other.txt.
struct World {
  explicit World(const Project& project) : tree(project.dir, project.dir + "/.ggen/i", 2) {
    REQUIRE(tree.open());
    const TaskId gen = graph.add("gen");
    const TaskId use = graph.add("use");
    graph.edge(gen, use);
    REQUIRE_FALSE(graph.freeze());
    DefinitionsBuilder builder;
    Definition definition;
    definition.flags = kCached | kKeyed | kHasOutputs;
    definition.inputs = builder.set(set_of({"src.txt"}));
    definition.outputs = builder.set(set_of({"gen.txt"}, true));
    definition.references = builder.references({{"CC"}, {}, {}});
    builder.add(definition, {{"command", "1", "gen"}});
    definition.flags = kCached | kKeyed;
    definition.inputs = builder.set(set_of({"other.txt"}));
    definition.outputs = kNone;
    definition.references = kNone;
    builder.add(definition, {{"command", "1", "use"}});
    bytes = builder.finish();
    const auto environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    programs.emplace(project.dir, environment);
    assessor.emplace(tree, project.dir, graph, Definitions::open(bytes).value(), results,
                     environment, *programs);
  }

  graph::Plan plan() const {
    const TaskId wanted[] = {TaskId{1}};
    return {graph, wanted};
  }

  std::vector<Standing> judge() {
    assessor->judge(plan(), {false, false}, nullptr);
    return {assessor->standing(TaskId{0}), assessor->standing(TaskId{1})};
  }

  // As a run does that succeeds.
  void run(TaskId task) {
    const Assessment before = assessor->assess(task);
    auto marks = assessor->mark(task);
    REQUIRE(marks);
    REQUIRE(*marks);
    assessor->new_epoch();
    CHECK_FALSE(assessor->moved(**marks));
    auto outputs = assessor->read_outputs(task);
    REQUIRE(outputs);
    LastResult last;
    last.key = before.key;
    last.outputs = outputs->digest;
    assessor->ended(task, last);
  }

  std::map<std::string, std::string> variables;
  graph::Graph graph;
  hash::Tree tree;
  Results results;
  std::string bytes;
  std::optional<Programs> programs;
  std::optional<Assessor> assessor;
};

using Standings = std::vector<Standing>;
constexpr Standing kOpen = Standing::open;
constexpr Standing kStale = Standing::stale;
constexpr Standing kFresh = Standing::fresh;

}  // namespace

TEST_CASE("assessor: stale at first, fresh after a run, in this process and in the next",
          "[incremental][assessor]") {
  Project project;
  project.write("src.txt", "a");
  project.write("gen.txt", "made");
  project.write("other.txt", "b");
  World world(project);
  CHECK(world.judge() == Standings{kStale, kOpen});
  world.run(TaskId{0});
  world.run(TaskId{1});
  const std::string packed = world.results.pack();
  World next(project);
  next.results.load(packed);
  CHECK(next.judge() == Standings{kFresh, kFresh});

  SECTION("an input") {
    project.write("src.txt", "another");
    World changed(project);
    changed.results.load(packed);
    CHECK(changed.judge() == Standings{kStale, kOpen});
  }
  SECTION("an output") {
    project.write("gen.txt", "tampered with");
    World changed(project);
    changed.results.load(packed);
    CHECK(changed.judge() == Standings{kStale, kOpen});
    CHECK(changed.assessor->assess(TaskId{0}).outputs_moved);
  }
  SECTION("a variable") {
    World changed(project);
    changed.variables["CC"] = "";
    changed.results.load(packed);
    CHECK(changed.judge() == Standings{kStale, kOpen});
  }
  SECTION("a policy refuses") {
    World asked(project);
    asked.results.load(packed);
    asked.assessor->judge(asked.plan(), {false, false},
                          [](TaskId task, const LastResult&) { return task != TaskId{0}; });
    CHECK(asked.assessor->standing(TaskId{0}) == kStale);
    CHECK(asked.assessor->standing(TaskId{1}) == kOpen);
  }
  SECTION("a need is made again, to the same bytes and to others") {
    project.write("src.txt", "another");
    World changed(project);
    changed.results.load(packed);
    changed.judge();
    changed.run(TaskId{0});
    CHECK(changed.assessor->assess(TaskId{1}).standing == kFresh);
    project.write("gen.txt", "other bytes");
    changed.assessor->new_epoch();
    changed.run(TaskId{0});
    CHECK(changed.assessor->assess(TaskId{1}).standing == kStale);
  }
  SECTION("a need that did not end well gives another key") {
    World failed(project);
    failed.results.load(packed);
    failed.judge();
    failed.assessor->ended(TaskId{0}, std::nullopt, "failed");
    CHECK(failed.assessor->assess(TaskId{1}).standing == kStale);
    CHECK_FALSE(failed.results.find("gen"));
  }
}

TEST_CASE("assessor: what needs a task that is left out sees its outputs as they are",
          "[incremental][assessor]") {
  const Project project;
  project.write("src.txt", "1");
  project.write("other.txt", "2");
  project.write("gen.txt", "made");
  World world(project);
  CHECK(world.judge() == std::vector{Standing::stale, Standing::open});
  world.run(TaskId{0});
  const auto gen = world.results.find("gen");
  REQUIRE(gen);
  const Digest complete = world.assessor->assess(TaskId{1}).key;

  project.write("src.txt", "moved");
  world.assessor->new_epoch();
  world.judge();
  CHECK(world.assessor->standing(TaskId{0}) == Standing::stale);
  REQUIRE(world.assessor->leave_out(TaskId{0}));
  CHECK(world.assessor->assess(TaskId{1}).key == complete);
  CHECK(world.results.find("gen")->key == gen->key);

  project.write("gen.txt", "by hand");
  world.assessor->new_epoch();
  REQUIRE(world.assessor->leave_out(TaskId{0}));
  CHECK(world.assessor->assess(TaskId{1}).key != complete);
}

TEST_CASE("assessor: an input that moves and moves back is told", "[incremental][assessor]") {
  Project project;
  project.write("src.txt", "a");
  World world(project);
  world.judge();
  world.assessor->assess(TaskId{0});
  const auto marks = world.assessor->mark(TaskId{0}).value();
  REQUIRE(marks);
  project.write("src.txt", "b");
  project.write("src.txt", "a");
  world.assessor->new_epoch();
  CHECK(world.assessor->moved(*marks) == "src.txt");
}

TEST_CASE("assessor: the parts of a key are those that it is made of", "[incremental][assessor]") {
  Project project;
  project.write("src.txt", "a");
  World world(project);
  world.variables["CC"] = "gcc";
  world.judge();
  const auto parts = world.assessor->parts(TaskId{0}).value();
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].kind == "command");
  CHECK(parts[1] == cache::Part{"key_env", "CC", "=gcc"});
  CHECK(parts[2].kind == "input");
  CHECK(parts[2].name == "src.txt");
}

TEST_CASE("assessor: programs are found in PATH and by their place", "[incremental][assessor]") {
  Project project;
  project.write("bin/tool", "x");
  project.write("here/tool", "y");
  const auto all = std::filesystem::perms::owner_all;
  std::filesystem::permissions(project.path("bin/tool"), all);
  std::filesystem::permissions(project.path("here/tool"), all);
  Programs programs(project.dir, [&](const std::string&) {
    return std::optional("/no/such:" + project.dir + "/bin");
  });
  CHECK(programs.find({"tool", "", false}) == project.dir + "/bin/tool");
  CHECK(programs.find({"./tool", "here", false}) == project.dir + "/here/tool");
  CHECK(programs.find({"./late", "here", false}).empty());
  project.write("here/late", "z");
  std::filesystem::permissions(project.path("here/late"), all);
  CHECK(programs.find({"./late", "here", false}) == project.dir + "/here/late");
  CHECK(programs.find({"nothing-like-it", "", false}).empty());
}
