// SPDX-License-Identifier: MIT
#include "incremental/known.h"

#include <catch2/catch.hpp>

#include "hash/sha256.h"

using namespace ggen;
using namespace ggen::incremental;
using graph::TaskId;

TEST_CASE("What is known survives its note, and nothing else does", "[incremental][known]") {
  const Digest situation = hash::sha256("here"), other = hash::sha256("there");
  for (const std::uint32_t count : {0U, 1U, 7U, 8U, 9U, 300U}) {
    Known known(count);
    for (std::uint32_t i = 0; i < count; i += 3) known.add(TaskId{i});
    const std::string note = known.pack(situation);
    CHECK(Known::load(note, situation, count) == known);
    CHECK(Known::load(note, other, count) == Known(count));
    CHECK(Known::load(note, situation, count + 1) == Known(count + 1));
    CHECK(Known::load(note + "x", situation, count) == Known(count));
    for (std::size_t size = 0; size < note.size(); ++size) {
      CHECK(Known::load(note.substr(0, size), situation, count) == Known(count));
    }
  }
}
