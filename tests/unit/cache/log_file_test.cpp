// SPDX-License-Identifier: MIT
#include "cache/log_file.h"

#include <catch2/catch.hpp>
#include <random>

#include "harness.h"

using namespace ggen;
using namespace ggen::cache;
using namespace ggen::cache_test;

namespace {

using Chunks = std::vector<std::pair<Stream, std::string>>;

// Chunks of one stream that follow each other are one.
void add(Chunks& chunks, Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  if (chunks.empty() || chunks.back().first != stream) chunks.emplace_back(stream, "");
  chunks.back().second += bytes;
}

Chunks replay(const BlobStore& blobs, const Digest& digest) {
  Chunks chunks;
  auto reader = LogReader::open(blobs, digest).value();
  while (const auto chunk = reader.next().value()) add(chunks, chunk->stream, chunk->bytes);
  return chunks;
}

}  // namespace

TEST_CASE("log_file: the order of the streams is kept", "[cache][log_file]") {
  const Scratch scratch;
  Cache cache(scratch / "cache");
  const auto seed = static_cast<unsigned>(GENERATE(take(12, random(0, 1'000'000))));
  CAPTURE(seed);
  std::mt19937 random(seed);
  LogWriter writer(cache.directory);
  Chunks expected;
  // From nothing to some megabytes: in memory, and spilled.
  for (std::size_t left = random() % 60; left > 0; --left) {
    const Stream stream = random() % 3 == 0 ? Stream::err : Stream::out;
    const std::string bytes(random() % (random() % 4 == 0 ? 200'000 : 100),
                            static_cast<char>('a' + random() % 26));
    writer.add(stream, bytes);
    add(expected, stream, bytes);
  }
  const auto stored = writer.finish(cache.blobs).value();
  if (expected.empty()) {
    CHECK(stored.digest.is_zero());
    CHECK(stored.size == 0);
    return;
  }
  CHECK(cache.blobs.has(stored.digest, stored.size));
  CHECK(replay(cache.blobs, stored.digest) == expected);
  CHECK(list_dir(scratch / "cache/tmp").value().empty());
}

TEST_CASE("log_file: how it was cut does not matter", "[cache][log_file]") {
  const Scratch scratch;
  Cache cache(scratch / "cache");
  LogWriter once(cache.directory), often(cache.directory);
  const std::string bytes(150'000, 'x');
  once.add(Stream::out, bytes);
  for (const char byte : bytes) often.add(Stream::out, {&byte, 1});
  CHECK(once.finish(cache.blobs)->digest == often.finish(cache.blobs)->digest);
}

TEST_CASE("log_file: a damaged log, and bytes that are none", "[cache][log_file]") {
  const Scratch scratch;
  Cache cache(scratch / "cache");
  LogWriter writer(cache.directory);
  writer.add(Stream::err, "text");
  const auto stored = writer.finish(cache.blobs).value();
  damage(cache.blobs.path(stored.digest), Damage::flipped);
  CHECK(LogReader::open(cache.blobs, stored.digest).error().kind == ErrorKind::invalid);
  CHECK(LogReader::open(cache.blobs, stored.digest).error().kind == ErrorKind::not_found);

  for (const std::string& bytes :
       {std::string("\2\1\0\0\0x", 6), std::string("\0\1\0\0", 4), std::string("\0\0\0\0\0", 5),
        std::string("\0\2\0\0\0x", 6), std::string("\0\xff\xff\xff\xff", 5)}) {
    const Digest digest = hash::sha256(bytes);
    must(cache.blobs.put_bytes(digest, bytes));
    auto reader = LogReader::open(cache.blobs, digest).value();
    CHECK(reader.next().error().kind == ErrorKind::invalid);
  }
}
