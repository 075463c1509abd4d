// SPDX-License-Identifier: MIT
#include "incremental/touched.h"

#include <catch2/catch.hpp>

using namespace ggen;
using namespace ggen::incremental;

namespace {

hash::SetSpec set_of(std::string base, std::vector<std::string> patterns, bool outputs = false) {
  hash::SetSpec spec;
  spec.base = std::move(base);
  spec.patterns = std::move(patterns);
  spec.outputs = outputs;
  return spec;
}

// "0 reads 1 2": task 0 reads the path 1 and one more.
std::vector<std::string> touched(DefinitionsBuilder& builder,
                                 const std::vector<TouchedPath>& paths) {
  const std::string bytes = builder.finish();
  std::vector<std::string> lines;
  for (const Touched& task : touched_tasks("/p", Definitions::open(bytes).value(), paths)) {
    const char* how[] = {"reads", "runs", "makes"};
    lines.push_back(std::to_string(graph::index_of(task.task)) + " " +
                    how[static_cast<std::size_t>(task.how)] + " " + std::to_string(task.path) +
                    " " + std::to_string(task.count));
  }
  return lines;
}

using Lines = std::vector<std::string>;

void add(DefinitionsBuilder& builder, const hash::SetSpec& inputs,
         std::uint32_t references = kNone) {
  Definition task;
  task.inputs = builder.set(inputs);
  task.references = references;
  builder.add(task, {});
}

}  // namespace

TEST_CASE("touched: by globs, names, directories and negations", "[incremental][touched]") {
  DefinitionsBuilder builder;
  add(builder, set_of("a", {}));
  add(builder, set_of("a", {"src/**", "!src/*.md"}));
  add(builder, set_of("", {"a/src"}));
  add(builder, set_of("", {"x.txt"}));
  CHECK(touched(builder, {}) == Lines{});
  CHECK(touched(builder, {{"a/src/1.c"}, {"a/src/2.md"}, {"ab/src/1.c"}}) ==
        Lines{"0 reads 0 2", "1 reads 0 1", "2 reads 0 2"});
  CHECK(touched(builder, {{"x.txt"}, {"x.txt.c"}}) == Lines{"3 reads 0 1"});
  CHECK(touched(builder, {{"a/src/"}}) == Lines{"0 reads 0 1", "1 reads 0 1", "2 reads 0 1"});
  CHECK(touched(builder, {{"a/.ggen/x"}, {""}, {"/"}, {".."}, {"a/../x.txt"}}) ==
        Lines{"0 reads 0 1", "3 reads 4 1"});
}

TEST_CASE("touched: what lies outside of the project", "[incremental][touched]") {
  DefinitionsBuilder builder;
  add(builder, set_of("", {}));
  add(builder, set_of("/other", {"*.h"}));
  add(builder, set_of("..", {"up.txt"}));
  CHECK(touched(builder, {{"/other/a.h"}}) == Lines{"1 reads 0 1"});
  CHECK(touched(builder, {{"../up.txt"}, {"../../far/up.txt"}}) == Lines{"2 reads 0 1"});
  CHECK(touched(builder, {{"/p/in.txt"}}) == Lines{"0 reads 0 1"});
}

TEST_CASE("touched: programs, more inputs, and outputs where they count",
          "[incremental][touched]") {
  DefinitionsBuilder builder;
  const std::uint32_t more = builder.set(set_of("", {"more.txt"}));
  const std::uint32_t references =
      builder.references({{}, {{"./gen.sh", "tools"}, {"cc", ""}}, {more}});
  Definition task;
  task.references = references;
  task.outputs = builder.set(set_of("", {"out/*.o"}, true));
  builder.add(task, {});
  CHECK(touched(builder, {{"tools/gen.sh"}}) == Lines{"0 runs 0 1"});
  CHECK(touched(builder, {{"cc"}, {"gen.sh"}}) == Lines{});
  CHECK(touched(builder, {{"tools/gen.sh"}, {"more.txt"}}) == Lines{"0 reads 1 2"});
  CHECK(touched(builder, {{"out/a.o"}}) == Lines{"0 makes 0 1"});
  CHECK(touched(builder, {{"out/a.o", false}}) == Lines{});
}

TEST_CASE("touched: a malformed pattern touches nothing", "[incremental][touched]") {
  DefinitionsBuilder builder;
  add(builder, set_of("", {"a[", "**"}));
  CHECK(touched(builder, {{"a"}}) == Lines{});
}
