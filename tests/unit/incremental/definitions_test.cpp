// SPDX-License-Identifier: MIT
#include "incremental/definitions.h"

#include <catch2/catch.hpp>

#include "hash/sha256.h"

using namespace ggen;
using namespace ggen::incremental;

namespace {

hash::SetSpec set_of(std::string base, std::vector<std::string> patterns) {
  hash::SetSpec spec;
  spec.base = std::move(base);
  spec.patterns = std::move(patterns);
  return spec;
}

std::string two_tasks() {
  DefinitionsBuilder builder;
  Definition first;
  first.flags = kCached | kKeyed | kHasOutputs;
  first.inputs = builder.set(set_of("packages/a", {"src/**", "!*.md"}));
  hash::SetSpec outputs = set_of("packages/a", {"dist"});
  outputs.outputs = true;
  first.outputs = builder.set(outputs);
  first.references =
      builder.references({{"CC", "CFLAGS"}, {{"gcc", "", false}, {"./x", "tools", true}}, {0}});
  builder.add(first, {{"command", "1", "gcc -c a.c"}, {"env", "A", std::string("b\0c", 3)}});
  Definition second;
  second.flags = kKeyed | kRunsNothing;
  builder.add(second, {{"task", "", "all"}});
  return builder.finish();
}

}  // namespace

TEST_CASE("definitions: there and back", "[incremental][definitions]") {
  const std::string bytes = two_tasks();
  auto view = Definitions::open(bytes);
  REQUIRE(view);
  REQUIRE(view->size() == 2);
  const Definition first = view->task(TaskId{0});
  CHECK(first.flags == (kCached | kKeyed | kHasOutputs));
  CHECK(view->set(first.inputs) == set_of("packages/a", {"src/**", "!*.md"}));
  CHECK(view->set(first.outputs).outputs);
  const References references = view->references(first.references);
  CHECK(references.variables == std::vector<std::string>{"CC", "CFLAGS"});
  CHECK(references.tools.at(1).dir == "tools");
  CHECK(references.tools.at(1).later);
  CHECK_FALSE(references.tools.at(0).later);
  CHECK(references.sets == std::vector<std::uint32_t>{0});
  const auto parts = view->parts(TaskId{0});
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].value == std::string("b\0c", 3));
  const Definition second = view->task(TaskId{1});
  CHECK(second.inputs == kNone);
  CHECK(second.references == kNone);
  CHECK(second.fixed != first.fixed);
}

TEST_CASE("definitions: equal sets and references are one", "[incremental][definitions]") {
  DefinitionsBuilder builder;
  CHECK(builder.set(set_of("a", {"x"})) == builder.set(set_of("a", {"x"})));
  CHECK(builder.set(set_of("a", {"x"})) != builder.set(set_of("a", {"y"})));
  CHECK(builder.set(set_of("ax", {})) != builder.set(set_of("a", {"x"})));
  hash::SetSpec outputs = set_of("a", {"x"});
  outputs.outputs = true;
  CHECK(builder.set(outputs) != builder.set(set_of("a", {"x"})));
  CHECK(builder.references({{"A"}, {}, {}}) == builder.references({{"A"}, {}, {}}));
  CHECK(builder.references({{"A"}, {}, {}}) != builder.references({{}, {{"A", "", false}}, {}}));
}

TEST_CASE("definitions: the digest is of all parts", "[incremental][definitions]") {
  const auto digest_of = [](std::vector<Part> parts) {
    DefinitionsBuilder builder;
    builder.add({}, parts);
    const std::string bytes = builder.finish();
    return Definitions::open(bytes)->task(TaskId{0}).fixed;
  };
  const Digest digest = digest_of({{"env", "A", "b"}});
  CHECK(digest == digest_of({{"env", "A", "b"}}));
  CHECK(digest != digest_of({{"env", "Ab", ""}}));
  CHECK(digest != digest_of({{"envA", "", "b"}}));
  CHECK(digest != digest_of({{"env", "A", "b"}, {"env", "A", "b"}}));
}

TEST_CASE("definitions: bytes of somebody else", "[incremental][definitions]") {
  const std::string bytes = two_tasks();
  CHECK_FALSE(Definitions::open(""));
  CHECK_FALSE(Definitions::open("hello, world"));
  CHECK_FALSE(Definitions::open(bytes.substr(0, 60)));
  // Damage within is the snapshot's to find; here nothing may be read out of bounds.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      auto view = Definitions::open(damaged);
      if (!view) continue;
      for (std::uint32_t task = 0; task < std::min<std::size_t>(view->size(), 2); ++task) {
        const Definition definition = view->task(TaskId{task});
        view->parts(TaskId{task});
        view->set(definition.inputs);
        view->references(definition.references);
      }
    }
  }
}
