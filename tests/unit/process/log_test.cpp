// SPDX-License-Identifier: MIT
#include "process/log.h"

#include <dirent.h>

#include <cstdlib>
#include <random>

#include "harness.h"

using namespace ggen::process;

namespace {

// What a log must replay: pieces of the two streams, neighbours of one stream joined.
struct Pieces : Sink {
  std::vector<std::pair<Stream, std::string>> all;
  void write(Stream stream, std::string_view bytes) override {
    if (!all.empty() && all.back().first == stream) {
      all.back().second += bytes;
    } else {
      all.emplace_back(stream, bytes);
    }
  }
  std::string both() const {
    std::string text;
    for (const auto& [stream, bytes] : all) text += bytes;
    return text;
  }
};

}  // namespace

TEST_CASE("log: keeps the order of both streams", "[process]") {
  Log log;
  log.write(Stream::out, "a");
  log.write(Stream::out, "b\n");
  log.write(Stream::err, "c\n");
  log.write(Stream::out, "d");
  Pieces pieces;
  log.replay(pieces);
  CHECK(pieces.all ==
        decltype(pieces.all){{Stream::out, "ab\n"}, {Stream::err, "c\n"}, {Stream::out, "d"}});
  CHECK(log.size() == 6);
  CHECK(log.text(100) == "ab\nc\nd");
  CHECK(log.text(4) == "ab\nc");
  CHECK(log.text(0) == "");
}

TEST_CASE("log: random writes come back the same, from memory and from the file", "[process]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const std::size_t limit :
       {std::size_t{0}, std::size_t{100}, std::size_t{50'000}, std::size_t{10'000'000}}) {
    Log log(limit);
    Pieces expected;
    for (int i = 0; i < 300; ++i) {
      // Now and then one that is larger than every buffer.
      std::string bytes(random() % (i % 50 == 0 ? 600'000 : 3'000), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      const auto stream = static_cast<Stream>(random() % 2);
      log.write(stream, bytes);
      if (!bytes.empty()) expected.write(stream, bytes);
    }
    Pieces replayed;
    log.replay(replayed);
    CHECK((replayed.all == expected.all));
    CHECK(log.size() == expected.both().size());
    CHECK(log.lost() == 0);
    CHECK((log.text(expected.both().size()) == expected.both()));
    // And again, with more after it.
    log.write(Stream::out, "end");
    Pieces again;
    log.attach(std::make_shared<Pieces>());
    log.replay(again);
    CHECK(again.all.empty());
  }
}

TEST_CASE("log: a frame's head may lie across two blocks that are read", "[process]") {
  constexpr std::size_t kBlock = 256 * 1024;
  for (std::size_t before = 0; before <= 6; ++before) {
    Log log(0);
    Pieces expected;
    for (const auto& [stream, size] : {std::pair(Stream::out, kBlock - 5 - before),
                                       {Stream::err, std::size_t{10}},
                                       {Stream::out, kBlock}}) {
      const std::string bytes(size, 'x');
      log.write(stream, bytes);
      expected.write(stream, bytes);
    }
    Pieces replayed;
    log.replay(replayed);
    CHECK((replayed.all == expected.all));
  }
}

TEST_CASE("log: an attached sink gets what there was, then what comes", "[process]") {
  for (const std::size_t limit : {10'000, 4}) {
    Log log(limit);
    log.write(Stream::out, "before ");
    const auto sink = std::make_shared<Collect>();
    log.attach(sink);
    CHECK(sink->both == "before ");
    log.write(Stream::err, "after");
    CHECK(sink->both == "before after");
    CHECK(sink->err == "after");
    CHECK(log.size() == 12);
  }
}

TEST_CASE("log: says once that the limit is reached", "[process]") {
  int calls = 0;
  Log log(10);
  log.on_overflow([&] { ++calls; });
  log.write(Stream::out, "12345");
  CHECK(calls == 0);
  log.write(Stream::out, "67890");
  log.write(Stream::out, "more");
  CHECK(calls == 1);
  CHECK(log.text(100) == "1234567890more");
}

TEST_CASE("log: a sink attached at the limit avoids the file", "[process]") {
  // No folder for a file, so that one would be missed.
  setenv("TMPDIR", "/no/such/folder", 1);
  const auto sink = std::make_shared<Collect>();
  Log log(10);
  log.on_overflow([&] { log.attach(sink); });
  log.write(Stream::out, "12345");
  log.write(Stream::out, "67890");
  log.write(Stream::out, "more");
  CHECK(sink->both == "1234567890more");
  CHECK(log.lost() == 0);

  Log other(10);
  int calls = 0;
  other.on_overflow([&] { ++calls; });
  other.write(Stream::out, "12345");
  other.write(Stream::out, "67890");
  other.write(Stream::out, "more");
  CHECK(calls == 1);
  CHECK(other.lost() == 9);
  CHECK(other.text(100) == "12345");
  unsetenv("TMPDIR");
}

TEST_CASE("log: the temporary file has no name", "[process]") {
  const Scratch dir;
  setenv("TMPDIR", dir.path().c_str(), 1);
  Log log(1);
  log.write(Stream::out, std::string(1'000'000, 'x'));
  unsetenv("TMPDIR");
  CHECK(std::filesystem::is_empty(dir.path()));
  CHECK(log.text(2'000'000).size() == 1'000'000);
}

TEST_CASE("log: the last lines", "[process]") {
  Log log;
  CHECK(log.tail(3) == "");
  log.write(Stream::out, "one\ntwo\n");
  log.write(Stream::err, "three\n");
  log.write(Stream::out, "four");
  CHECK(log.tail(0) == "");
  CHECK(log.tail(1) == "four");
  CHECK(log.tail(2) == "three\nfour");
  CHECK(log.tail(4) == "one\ntwo\nthree\nfour");
  CHECK(log.tail(9) == "one\ntwo\nthree\nfour");
  log.write(Stream::out, "\n");
  CHECK(log.tail(1) == "four\n");
  log.write(Stream::out, "\n\n");
  CHECK(log.tail(2) == "\n\n");
  CHECK(log.tail(3) == "four\n\n\n");
}

TEST_CASE("log: the last lines of a long log are found from its end", "[process]") {
  Log log(1000);
  std::string last;
  for (int i = 0; i < 200'000; ++i) {
    last = "line " + std::to_string(i) + "\n";
    log.write(i % 3 == 0 ? Stream::err : Stream::out, last);
  }
  CHECK(log.tail(1) == last);
  CHECK(log.tail(2) == "line 199998\n" + last);
  const auto many = log.tail(50'000);
  CHECK(many.starts_with("line 150000\n"));
  // A line without an end is cut at some 1 MiB.
  Log endless(1000);
  for (int i = 0; i < 100; ++i) endless.write(Stream::out, std::string(100'000, 'x'));
  CHECK(endless.tail(1).size() < 2 * 1024 * 1024);
}

TEST_CASE("log: the last lines of what went to a sink, for who asks in time", "[process]") {
  Log log;
  log.keep_tail(10);
  log.write(Stream::out, "zero\none\n");
  log.attach(std::make_shared<Collect>());
  CHECK(log.tail(1) == "one\n");
  log.write(Stream::err, "two\n");
  CHECK(log.tail(2) == "one\ntwo\n");
  CHECK(log.tail(9) == "o\none\ntwo\n");
  log.write(Stream::out, std::string(1000, 'x') + "\n");
  CHECK(log.tail(9) == std::string(9, 'x') + "\n");
  for (int i = 0; i < 100; ++i) log.write(Stream::out, std::to_string(i) + "\n");
  CHECK(log.tail(2) == "98\n99\n");
  CHECK(log.tail(9).size() == 10);

  Log other;
  other.write(Stream::out, "one\n");
  other.attach(std::make_shared<Collect>());
  CHECK(other.tail(1) == "");
}

TEST_CASE("log: many small writes of both streams stay within the limit", "[process]") {
  // Each is a frame of its own; the frames are in the file too.
  Log log(100'000);
  for (int i = 0; i < 500'000; ++i) log.write(static_cast<Stream>(i % 2), "x");
  Collect all;
  log.replay(all);
  CHECK(all.out.size() == 250'000);
  CHECK(all.err.size() == 250'000);
}

TEST_CASE("log: written to while it is replayed", "[process]") {
  Log log;
  struct Writer : Collect {
    Log* log = nullptr;
    void write(Stream stream, std::string_view bytes) override {
      Collect::write(stream, bytes);
      log->write(Stream::err, "new");
    }
  } writer;
  writer.log = &log;
  log.write(Stream::out, "old ");
  log.replay(writer);
  CHECK(writer.both == "old ");
  CHECK(log.text(100) == "old new");
}

TEST_CASE("log: closed, it keeps nothing", "[process]") {
  Log log;
  const auto sink = std::make_shared<Collect>();
  log.write(Stream::out, "x");
  log.close();
  log.write(Stream::out, "y");
  log.attach(sink);
  CHECK(sink->both == "");
  CHECK(sink.use_count() == 1);
  CHECK(log.text(10) == "");
}
