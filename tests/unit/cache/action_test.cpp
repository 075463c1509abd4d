// SPDX-License-Identifier: MIT
#include "cache/action.h"

#include <catch2/catch.hpp>
#include <random>

#include "harness.h"
#include "hash/checksum.h"

using namespace ggen;
using namespace ggen::cache;
using hash::EntryKind;

namespace {

Action sample() {
  Action action;
  action.key = hash::sha256("key");
  action.task = "lib#build";
  action.outputs = {{"out/a", EntryKind::file, true, 3, hash::sha256("abc"), ""},
                    {"out/b", EntryKind::link, false, 0, hash::sha256("../a"), "../a"},
                    {"out/empty", EntryKind::directory, false, 0, {}, ""},
                    {"out/\xff\n", EntryKind::file, false, 0, hash::sha256(""), ""},
                    {"report", EntryKind::missing, false, 0, {}, ""}};
  action.output_patterns = {"out", "report"};
  action.outputs_digest = hash::sha256("tree");
  action.log = hash::sha256("log");
  action.log_size = 12;
  action.created_ms = 1;
  action.duration_ms = 2;
  action.user_ms = 3;
  action.system_ms = 4;
  action.peak_memory = 1ULL << 40;
  action.writer = "me@here";
  action.parts = {{"input", "src/a.c", "f0123"}, {"env", "CC", "gcc"}, {"", "", ""}};
  return action;
}

// The bytes with a checksum that is right, as a remote store could send them.
std::string sealed(std::string body) {
  const std::uint64_t sum = hash::checksum(body);
  body.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return body;
}

std::string with_output(Output output) {
  Action action = sample();
  action.outputs.push_back(std::move(output));
  return encode(action);
}

}  // namespace

TEST_CASE("action: there and back", "[cache][action]") {
  CHECK(decode(encode(sample())).value() == sample());
  CHECK(decode(encode(Action{})).value() == Action{});
  CHECK(sample().blob_bytes() == 15);
}

TEST_CASE("action: any damage is noticed", "[cache][action]") {
  const std::string bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    REQUIRE(decode(bytes.substr(0, size)).error().kind == ErrorKind::invalid);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(decode(flipped));
  }
  CHECK_FALSE(decode(bytes + "x"));
}

TEST_CASE("action: hostile bytes with a right checksum", "[cache][action]") {
  const std::string bytes = encode(sample());
  const std::string body = bytes.substr(0, bytes.size() - 8);
  const auto seed = static_cast<unsigned>(GENERATE(take(8, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string hostile = body;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t c = 0; c < changes; ++c)
      hostile[random() % hostile.size()] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    if (random() % 4 == 0) hostile.resize(random() % hostile.size());
    const auto decoded = decode(sealed(hostile));
    if (!decoded) continue;
    // What is taken can be written and is well-formed.
    CHECK(decode(encode(*decoded)).value() == *decoded);
    for (const Output& output : decoded->outputs) CHECK(is_output_path(output.path));
  }
  // A number of outputs that would need all of the memory.
  std::string many = body;
  many.replace(8 + 32 + 4 + sample().task.size(), 4, "\xff\xff\xff\xff");
  CHECK_FALSE(decode(sealed(many)));
}

TEST_CASE("action: outputs stay below the root", "[cache][action]") {
  const Digest digest = hash::sha256("x");
  for (const char* path : {"", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a/.",
                           ".ggen", ".ggen/index/files"}) {
    CAPTURE(path);
    CHECK_FALSE(is_output_path(path));
    CHECK_FALSE(decode(with_output({path, EntryKind::file, false, 1, digest, ""})));
  }
  for (const char* path : {"a", "a/b", "..a", "a/...", ".ggenx", "a/.ggen", "x y"}) {
    CAPTURE(path);
    CHECK(is_output_path(path));
  }
  CHECK_FALSE(is_output_path({"a\0b", 3}));
}

TEST_CASE("action: outputs are a tree", "[cache][action]") {
  const Digest digest = hash::sha256("x");
  CHECK(decode(with_output({"out/c/d", EntryKind::file, false, 1, digest, ""})));
  // Twice, below a file, below a link.
  CHECK_FALSE(decode(with_output({"out/a", EntryKind::file, false, 1, digest, ""})));
  CHECK_FALSE(decode(with_output({"out/a/x", EntryKind::file, false, 1, digest, ""})));
  CHECK_FALSE(decode(with_output({"out/b/x/y", EntryKind::file, false, 1, digest, ""})));
  // A file above others, in any order.
  CHECK_FALSE(decode(with_output({"out", EntryKind::file, false, 1, digest, ""})));
  // A link needs a target, anything else has none.
  CHECK_FALSE(decode(with_output({"l", EntryKind::link, false, 0, digest, ""})));
  CHECK_FALSE(decode(with_output({"l", EntryKind::file, false, 0, digest, "t"})));
  CHECK_FALSE(decode(with_output({"l", EntryKind::link, false, 0, digest, {"a\0b", 3}})));
}
