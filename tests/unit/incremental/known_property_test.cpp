// Random changes, random runs, and two judgements before each run: one that knows what the run
// before has found and looks only at what moved since, and one by a Tree without an index, that
// looks at everything. They must agree. Links lead to files through other links, tasks read what
// they do not name, and other runs, with another variable, write the index at the same time.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <optional>
#include <random>

#include "../hash/project.h"
#include "hash/checksum.h"
#include "incremental/assessor.h"
#include "incremental/shared_index.h"

using namespace ggen;
using namespace ggen::incremental;
using ggen::test::Project;
using graph::TaskId;

namespace {

using Random = std::mt19937;
using Change = std::function<void()>;

constexpr std::uint32_t kTasks = 11;

hash::SetSpec spec_of(std::string base, std::vector<std::string> patterns,
                      std::vector<std::string> exclude = {}) {
  hash::SetSpec spec;
  spec.base = std::move(base);
  spec.patterns = std::move(patterns);
  spec.exclude = std::move(exclude);
  return spec;
}

struct Shape {
  graph::Graph graph;
  std::string bytes;
  std::vector<std::string> made;  // by each task; "" for none
};

// Packages a, b and c, tasks of all kinds in them and above, a group and a service.
Shape shape_of() {
  Shape shape;
  for (std::uint32_t i = 0; i < kTasks; ++i) shape.graph.add("t" + std::to_string(i));
  DefinitionsBuilder builder;
  const auto add = [&](hash::SetSpec inputs, const std::string& output,
                       std::vector<std::uint32_t> needs, std::uint32_t flags,
                       const References& references = {}) {
    const auto task = static_cast<std::uint32_t>(shape.made.size());
    for (const std::uint32_t need : needs) shape.graph.edge(TaskId{need}, TaskId{task});
    Definition definition;
    definition.flags = flags | kKeyed;
    if ((flags & kRunsNothing) == 0) definition.inputs = builder.set(inputs);
    if (!output.empty()) {
      auto outputs = spec_of("", {output});
      outputs.outputs = true;
      definition.outputs = builder.set(outputs);
      definition.flags |= kHasOutputs;
    }
    if (references != References()) definition.references = builder.references(references);
    builder.add(definition, {{"command", "1", std::to_string(task)}});
    shape.made.push_back(output);
  };
  add(spec_of("a", {}, {"dist", "dist/**"}), "a/dist/0", {}, kCached);
  add(spec_of("a", {"src/**/*.c", "!src/b/**"}), "a/dist/1", {0}, kCached);
  add(spec_of("b", {}, {"dist", "dist/**"}), "b/dist", {0}, kCached);
  add({}, "", {1, 2}, kRunsNothing);
  References references;
  references.sets = {builder.set(spec_of("", {"shared/x", "shared/lib"}))};
  add(spec_of("c", {"**/*.h"}), "c/out", {3}, kCached, references);
  References variable;
  variable.variables = {"V"};
  add(spec_of("c", {"src/x", "src/gone/y"}), "", {}, kCached, variable);
  add(spec_of("shared", {"**"}), "", {}, kService);
  add(spec_of("b", {"{src,lib}/**"}), "", {6, 5}, kCached);
  add(spec_of("", {"*/src/x", "a/dist/*"}), "all/8", {4}, kCached);
  add(spec_of("c", {"src/**"}), "c/dist/9", {1}, kCached);
  add(spec_of("shared", {"lib/*"}), "", {9}, kCached | kReadsAll);
  REQUIRE_FALSE(shape.graph.freeze());
  shape.bytes = builder.finish();
  return shape;
}

// What a run has of the project.
struct World {
  World(const Project& project, const Shape& shape, const std::string& index, std::string v = "1")
      : value(std::move(v)),
        environment([this](const std::string&) { return value; }),
        shared(index),
        locks(project.dir + "/.ggen/lock"),
        programs(project.dir, environment),
        tree(project.dir, index, 2),
        assessor(tree, project.dir, shape.graph, Definitions::open(shape.bytes).value(), results,
                 environment, programs) {
    REQUIRE(tree.open());
  }
  Digest situation() const { return hash::sha256("situation " + value.value_or("")); }

  std::optional<std::string> value;
  Environment environment;
  SharedIndex shared;
  TaskLocks locks;
  Results results;
  Programs programs;
  hash::Tree tree;
  Assessor assessor;
};

template <class List>
std::string pick(Random& random, const List& list) {
  return list[random() % std::size(list)];
}

const char* const kFiles[] = {
    "a/src/x",  "a/src/y.c", "a/src/b/z.c", "a/x.h",    "b/src/x",      "b/lib/y",      "b/x",
    "c/src/x",  "c/x.h",     "c/d/y.h",     "shared/x", "shared/lib/y", "c/src/gone/y", "a/dist/0",
    "a/dist/1", "b/dist/2",  "b/dist/more", "c/out",    "all/8",        "a/dist/new.h"};
const char* const kIgnores[] = {".gitignore", "a/.gitignore", "c/.ggenignore", "b/src/.gitignore",
                                ".git/info/exclude"};
const char* const kRules[] = {"", "dist/\n", "x\n", "*.h\n!x.h\n", "src/\n", "y*\n", "*\n"};
const char* const kDirs[] = {"a/src", "b/src", "b/lib", "c/src", "c/src/gone", "shared/lib", "b"};

void discard(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
}

// Makes the directory of a file, whatever is in the way.
void make_parent(const Project& p, const std::string& file) {
  std::error_code error;
  std::string dir;
  for (const char c : file) {
    const bool ends = c == '/';
    if (ends && std::filesystem::symlink_status(p.path(dir), error).type() !=
                    std::filesystem::file_type::directory) {
      discard(p.path(dir));
      std::filesystem::create_directory(p.path(dir), error);
    }
    dir.push_back(c);
  }
}

void put(const Project& p, const std::string& file, const std::string& text) {
  std::error_code error;
  make_parent(p, file);
  if (!std::filesystem::is_regular_file(p.path(file), error)) discard(p.path(file));
  REQUIRE(write_file(p.path(file), text));
}

// Makes it a link to a file, or to a link; says to what.
std::string link_to(const Project& p, Random& random, const std::string& file) {
  std::string to;
  for (const char c : file) to += c == '/' ? "../" : "";
  to += random() % 2 == 0 ? "current" : pick(random, kFiles);
  std::error_code error;
  std::filesystem::create_symlink(to, p.path(file), error);
  return " -> " + to;
}

// One change of any kind; says what it was.
std::string change(const Project& p, Random& random) {
  const std::string file = pick(random, kFiles), dir = pick(random, kDirs);
  const std::string path = p.path(file);
  std::error_code error;
  const bool exists = std::filesystem::is_regular_file(path, error);
  switch (random() % 17) {
    case 0: {
      const std::string ignore = pick(random, kIgnores), rules = pick(random, kRules);
      put(p, ignore, rules);
      return ignore + ": " + rules;
    }
    case 1: discard(path); return "- " + file;
    case 2: discard(p.path(dir)); return "- " + dir;
    case 3:
      std::filesystem::rename(p.path(dir), p.path(dir + ".old"), error);
      if (!error && random() % 2 == 0) {
        std::filesystem::rename(p.path(dir + ".old"), p.path(dir), error);
      }
      return "mv " + dir;
    case 4:
      if (exists) ::chmod(path.c_str(), random() % 2 == 0 ? 0755 : 0644);
      return "chmod " + file;
    case 5:
      if (exists) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
      return "touch " + file;
    case 6:
      discard(path);
      put(p, file + "/deep", "0");
      return "mkdir " + file;
    case 7:
      discard(path);
      make_parent(p, file);
      return "ln " + file + link_to(p, random, file);
    case 8: {
      discard(p.path("current"));
      const std::string to = random() % 8 == 0 ? "nowhere" : file;
      std::filesystem::create_symlink(to, p.path("current"), error);
      return "current -> " + to;
    }
    case 9: {
      // A link that is an input.
      const std::string input = random() % 2 == 0 ? "c/src/x" : "shared/x";
      discard(p.path(input));
      make_parent(p, input);
      return "ln " + input + link_to(p, random, input);
    }
    default: {
      const std::string text(1 + random() % 2, static_cast<char>('0' + random() % 3));
      put(p, file, text);
      return file + "=" + text;
    }
  }
}

class Machine {
 public:
  explicit Machine(unsigned seed) : random_(seed), shape_(shape_of()) {
    project_.make_dir(".git/info");
    for (const char* file : kFiles) project_.write(file, "0");
  }

  void round() {
    const bool quiet = quiet_ && random_() % 2 == 0;
    for (auto count = quiet ? 0 : random_() % 3; count > 0; --count) {
      log(change(project_, random_));
    }
    World world(project_, shape_, index());
    quiet_ = false;
    if (random_() % 6 == 0) {
      // Another run from here on, which ends first.
      World other(project_, shape_, index(), random_() % 2 == 0 ? "2" : "1");
      log("meanwhile, with V=" + *other.value);
      take_part(other, [] {});
    }
    take_part(world, [&] {
      if (random_() % 4 != 0) return;
      quiet_ = true;
      World other(project_, shape_, index(), random_() % 2 == 0 ? "2" : "1");
      log("and another one, with V=" + *other.value);
      take_part(other, [] {});
    });
    known_ += world.tree.unmoved(spec_of("a", {})) ? 1 : 0;
  }

  std::size_t known() const { return known_; }
  std::size_t trusted() const { return trusted_; }
  std::size_t spared() const { return spared_; }

 private:
  std::string index() const { return project_.dir + "/.ggen/index/files"; }

  // The whole of a run; `before_save` comes at its end.
  void take_part(World& world, const std::function<void()>& before_save) {
    // The plan: all of it, or what some task needs.
    const TaskId last = random_() % 3 == 0 ? any_task() : TaskId{8};
    const TaskId others[] = {TaskId{7}, TaskId{10}, any_task()};
    const bool partly = random_() % 4 == 0;
    quiet_ = quiet_ || partly;
    if (partly) {
      const std::string text(1, static_cast<char>('0' + random_() % 3));
      put(project_, "a/src/x", text);
      log("a/src/x=" + text + ", which t10 reads through t9 and t1");
    }
    const TaskId wanted[] = {partly ? TaskId{1} : last, partly ? TaskId{1} : others[random_() % 3]};
    const graph::Plan plan(shape_.graph, wanted);
    log("plan of " + std::string(shape_.graph.name(wanted[0])) + " and " +
        std::string(shape_.graph.name(wanted[1])));

    const bool unchanged = world.tree.verify_all();
    const std::string results(world.tree.note("results").value_or(std::string_view()));
    const std::string memo(world.tree.note("memo").value_or(std::string_view()));
    world.results.load(results);
    world.assessor.know(world.tree.note("fresh").value_or(std::string_view()), world.situation());
    const std::vector<bool> asked(kTasks, false);
    world.assessor.judge(plan, asked, nullptr);
    spared_ += count_spared(world, plan);
    compare(world, plan, results);
    if (unchanged && memo == memo_of(world, plan)) {
      log("the memo says so");
      INFO(history_);
      REQUIRE(is_all_fresh(world, plan));
      ++trusted_;
    }
    bool looked = false;
    for (const TaskId task : plan.wanted()) {
      if (random_() % 16 == 0) break;  // a run that was cut short
      looked = run(world, task) || looked;
    }
    if (random_() % 4 == 0) log("at the end " + change(project_, random_));
    const auto conclusion = world.assessor.conclude(plan, looked);
    world.tree.set_note("fresh", conclusion.note);
    world.tree.set_note("memo", conclusion.all_fresh ? memo_of(world, plan) : std::string());
    before_save();
    REQUIRE(world.shared.save(world.tree, world.results, world.locks, true));
  }

  // Tasks that are up to date by what was known of them: nobody has looked at their inputs.
  static std::size_t count_spared(World& world, const graph::Plan& plan) {
    const Definitions& definitions = world.assessor.definitions();
    const auto wanted = plan.wanted();
    return static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), [&](TaskId task) {
      const Definition definition = definitions.task(task);
      return world.assessor.standing(task) == Standing::fresh && definition.inputs != kNone &&
             !world.tree.resolved(world.tree.add(definitions.set(definition.inputs)));
    }));
  }

  static std::string memo_of(const World& world, const graph::Plan& plan) {
    std::string text = world.situation().hex();
    for (const TaskId task : plan.wanted()) text += " " + std::to_string(graph::index_of(task));
    return text;
  }

  bool is_all_fresh(World& world, const graph::Plan& plan) {
    const auto wanted = plan.wanted();
    return std::all_of(wanted.begin(), wanted.end(), [&](TaskId task) {
      return world.assessor.standing(task) == Standing::fresh;
    });
  }

  void compare(World& world, const graph::Plan& plan, const std::string& results) {
    World oracle(project_, shape_, project_.dir + "/.ggen/nothing", *world.value);
    oracle.results.load(results);
    oracle.assessor.judge(plan, std::vector<bool>(kTasks, false), nullptr);
    for (const TaskId task : plan.wanted()) {
      INFO(history_ << "task " << graph::index_of(task));
      const Standing standing = oracle.assessor.standing(task);
      REQUIRE(world.assessor.standing(task) == standing);
      if (standing == Standing::fresh || standing == Standing::stale) {
        REQUIRE(world.assessor.key(task).hex() == oracle.assessor.key(task).hex());
      }
    }
  }

  // As lua/ggen/cache.lua does it. Returns whether it looked at files.
  bool run(World& world, TaskId task) {
    Assessor& assessor = world.assessor;
    if (assessor.standing(task) == Standing::fresh) return false;
    const auto flags = assessor.definitions().task(task).flags;
    const Assessment found = assessor.assess(task);
    if (found.standing == Standing::fresh || (flags & kCached) == 0) return true;
    if (found.standing != Standing::stale) return true;
    auto marks = assessor.mark(task);
    if (!marks || !*marks) return true;
    if (random_() % 6 == 0) log("meanwhile " + change(project_, random_));
    const std::string& output = shape_.made[graph::index_of(task)];
    const bool works = random_() % 8 != 0;
    if (!output.empty()) {
      const std::string path = output == "b/dist" ? "b/dist/2" : output;
      const bool same = random_() % 4 < (task == TaskId{1} ? 3U : 1U);
      put(project_, path, same ? "same" : found.key.hex().substr(0, 2));
    }
    log("run " + std::string(shape_.graph.name(task)) + (works ? "" : ", in vain"));
    assessor.new_epoch();
    const auto moved = assessor.moved(**marks);
    const auto outputs = assessor.read_outputs(task);
    if (!works || !outputs || moved) {
      assessor.ended(task, std::nullopt, works ? "" : "failed",
                     works ? Outcome::moved : Outcome::failed);
      return true;
    }
    LastResult last;
    last.key = found.key;
    last.outputs = outputs->digest;
    assessor.ended(task, last);
    return true;
  }

  TaskId any_task() { return static_cast<TaskId>(random_() % kTasks); }
  void log(const std::string& line) { history_ += line + "\n"; }

  Random random_;
  Shape shape_;
  Project project_;
  std::string history_ = "\n";
  std::size_t known_ = 0, trusted_ = 0, spared_ = 0;
  bool quiet_ = false;  // the next round may change nothing
};

}  // namespace

TEST_CASE("assessor: what is known gives the verdicts of a look at everything",
          "[incremental][property]") {
  std::size_t known = 0, trusted = 0, spared = 0;
  for (unsigned seed = 1; seed < 9; ++seed) {
    Machine machine(seed);
    for (int i = 0; i < 40; ++i) machine.round();
    known += machine.known();
    trusted += machine.trusted();
    spared += machine.spared();
  }
  CHECK(known > 0);
  CHECK(trusted > 0);
  CHECK(spared > 0);
}

TEST_CASE("assessor: what was not kept is not known, whatever the note says", "[incremental]") {
  const Project project;
  const Shape shape = shape_of();
  project.write("c/src/x", "0");
  const std::string index = project.dir + "/.ggen/index/files";
  const TaskId wanted[] = {TaskId{5}};
  const graph::Plan plan(shape.graph, wanted);
  const std::vector<bool> asked(kTasks, false);
  LastResult last;
  {
    World world(project, shape, index);
    world.assessor.know("", world.situation());
    last.key = world.assessor.assess(TaskId{5}).key;
    world.results.set("t5", last);
    const auto conclusion = world.assessor.conclude(plan, true);
    REQUIRE(conclusion.all_fresh);
    world.tree.set_note("fresh", conclusion.note);
    REQUIRE(world.tree.save());
  }
  for (const bool kept : {true, false}) {
    World world(project, shape, index);
    Results before;
    before.set("t5", last);
    if (!kept) before.set_not_kept("t5", Outcome::failed, 1);
    const std::string results = before.pack();
    world.results.load(results);
    (void)world.tree.verify_all();
    world.assessor.know(world.tree.note("fresh").value_or(std::string_view()), world.situation());
    world.assessor.judge(plan, asked, nullptr);
    CHECK(world.assessor.standing(TaskId{5}) == (kept ? Standing::fresh : Standing::stale));
  }
}
