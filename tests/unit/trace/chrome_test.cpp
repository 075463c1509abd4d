// SPDX-License-Identifier: MIT
#include "trace/chrome.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

using namespace ggen::trace;
using ggen::Error;
using ggen::ErrorKind;
using ggen::Result;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string text_of(const Recorder& recorder) {
  std::string text;
  const auto sink = [&](std::string_view bytes) -> Result<void> {
    text += bytes;
    return {};
  };
  REQUIRE(write_chrome_json(recorder, sink));
  return text;
}

json parse(const Recorder& recorder) { return json::parse(text_of(recorder)); }

std::vector<json> events(const json& document) {
  std::vector<json> result;
  for (const json& event : document["traceEvents"])
    if (event["ph"] != "M") result.push_back(event);
  return result;
}

std::vector<std::string> names(const json& document) {
  std::vector<std::string> result;
  for (const json& event : events(document)) result.push_back(event["name"]);
  return result;
}

void span(Recorder& recorder, const char* name, std::uint32_t lane, Time start, Time end) {
  recorder.span(*recorder.intern("task"), *recorder.intern(name), lane, start, end);
}

class Folder {
 public:
  Folder() {
    std::string path = (fs::temp_directory_path() / "ggen-trace-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const char* name) const { return (path_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

// While it lives, files cannot grow beyond some bytes.
class SmallFiles {
 public:
  SmallFiles() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{16, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit limit_{};
};

json read(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

}  // namespace

TEST_CASE("chrome: an empty trace is a whole document", "[trace]") {
  const json document = parse(Recorder());
  CHECK(events(document).empty());
  CHECK(document["displayTimeUnit"] == "ms");
  CHECK(document["otherData"]["dropped"] == 0);
}

TEST_CASE("chrome: an event has all that a viewer wants", "[trace]") {
  Recorder recorder;
  recorder.name_lane(4, "slot \"4\"");
  recorder.instant(*recorder.intern("run"), *recorder.intern("start"), 0, 7'000'000'000'000'000);
  recorder.span(*recorder.intern("task"), *recorder.intern("web#build"), 4, 7'000'000'000'012'034,
                7'000'000'001'012'035, R"({"code":0,"why":"a \"miss\""})");
  const std::string text = text_of(recorder);
  CHECK(text.find(R"("ts":12.034,"dur":1000.001,)") != std::string::npos);
  const json document = json::parse(text);
  CHECK(document["otherData"]["start_ns"] == 7'000'000'000'000'000);

  const auto list = events(document);
  REQUIRE(list.size() == 2);
  CHECK(list[0]["ph"] == "i");
  CHECK(list[0]["s"] == "t");
  CHECK(list[0]["ts"] == 0.0);
  CHECK_FALSE(list[0].contains("dur"));
  CHECK(list[1]["ph"] == "X");
  CHECK(list[1]["pid"] == ::getpid());
  CHECK(list[1]["tid"] == 5);
  CHECK(list[1]["cat"] == "task");
  CHECK(list[1]["name"] == "web#build");
  CHECK(list[1]["args"]["why"] == "a \"miss\"");

  std::map<std::string, json> lane;
  for (const json& event : document["traceEvents"])
    if (event["ph"] == "M" && event["tid"] == 5) lane[event["name"]] = event["args"];
  CHECK(lane["thread_name"]["name"] == "slot \"4\"");
  CHECK(lane["thread_sort_index"]["sort_index"] == 4);
}

TEST_CASE("chrome: the outer one of spans that start together comes first", "[trace]") {
  Recorder recorder;
  span(recorder, "inner", 0, 100, 200);
  span(recorder, "same as inner", 0, 100, 200);
  span(recorder, "outer", 0, 100, 300);
  span(recorder, "earlier", 0, 50, 60);
  recorder.instant(*recorder.intern("task"), *recorder.intern("point"), 0, 100);
  CHECK(names(parse(recorder)) ==
        std::vector<std::string>{"earlier", "outer", "same as inner", "inner", "point"});
}

TEST_CASE("chrome: names of any bytes give valid JSON", "[trace]") {
  Recorder recorder;
  recorder.name_lane(0, "\xFF\n");
  span(recorder, "a\xC3\x28 \"\\ \x01", 0, 0, 1);
  CHECK(names(parse(recorder)) == std::vector<std::string>{"a\xEF\xBF\xBD( \"\\ \x01"});
}

TEST_CASE("chrome: dropped records are told", "[trace]") {
  Recorder recorder({.records = 1});
  span(recorder, "kept", 0, 0, 1);
  span(recorder, "lost", 0, 1, 2);
  span(recorder, "lost", 0, 2, 3);
  const json document = parse(recorder);
  CHECK(events(document).size() == 1);
  CHECK(document["otherData"]["dropped"] == 2);
}

TEST_CASE("chrome: random spans come out sorted and nested", "[trace][property]") {
  const auto seed = GENERATE(take(50, random(1u, 1'000'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  Recorder recorder;
  std::size_t count = 0;
  // Calls within calls, each recorded when it ends, as a program does it. Many start together.
  const std::function<Time(std::uint32_t, Time, int)> call = [&](std::uint32_t lane, Time at,
                                                                 int depth) {
    const Time start = at;
    at += static_cast<Time>(random() % 3) * 1000;
    for (unsigned i = 0, inner = random() % 4; i < inner && depth < 5; ++i)
      at = call(lane, at, depth + 1);
    // Never nothing: an empty span between two others could belong to either.
    at += 1 + static_cast<Time>(random() % 3);
    span(recorder, std::to_string(depth).c_str(), lane, start, at);
    ++count;
    return at;
  };
  for (std::uint32_t lane = 0; lane < 3; ++lane)
    for (Time at = 0, i = 0; i < 20; ++i) at = call(lane, at, 0);

  const auto list = events(parse(recorder));
  REQUIRE(list.size() == count);
  double last = 0;
  std::map<int, std::vector<double>> open;  // the ends of the spans around, by lane
  for (const json& event : list) {
    const double start = event["ts"];
    const double end = start + event["dur"].get<double>();
    CHECK(start >= last);
    last = start;
    auto& ends = open[event["tid"]];
    // A viewer closes what has ended before; names tell the depth that must be left.
    const auto depth = static_cast<std::size_t>(std::stoi(event["name"].get<std::string>()));
    REQUIRE(ends.size() >= depth);
    while (ends.size() > depth) {
      CHECK(ends.back() <= start + 1e-6);
      ends.pop_back();
    }
    if (!ends.empty()) CHECK(end <= ends.back() + 1e-6);
    ends.push_back(end);
  }
}

TEST_CASE("chrome: a large trace goes out in pieces", "[trace]") {
  Recorder recorder;
  for (int i = 0; i < 10'000; ++i) span(recorder, "task", 0, i, i + 1);
  std::size_t pieces = 0;
  std::size_t largest = 0;
  REQUIRE(write_chrome_json(recorder, [&](std::string_view bytes) -> Result<void> {
    ++pieces;
    largest = std::max(largest, bytes.size());
    return {};
  }));
  CHECK(pieces > 5);
  CHECK(largest < 80 * 1024);
}

TEST_CASE("chrome: the first failure of the sink ends the writing", "[trace]") {
  Recorder recorder;
  for (int i = 0; i < 10'000; ++i) span(recorder, "task", 0, i, i + 1);
  int calls = 0;
  const auto written = write_chrome_json(recorder, [&](std::string_view) -> Result<void> {
    ++calls;
    return Error{ErrorKind::limit, "disk full"};
  });
  REQUIRE_FALSE(written);
  CHECK(written.error().message == "disk full");
  CHECK(calls == 1);
}

TEST_CASE("chrome: a file is replaced as a whole", "[trace]") {
  const Folder folder;
  const std::string path = folder / "trace.json";
  Recorder recorder;
  span(recorder, "build", 0, 0, 1);

  SECTION("a new file") {
    REQUIRE(write_chrome_file(recorder, path));
    CHECK(events(read(path)).size() == 1);
    CHECK(folder.entries() == 1);
  }
  SECTION("an old one, through a link") {
    std::ofstream(path) << "old";
    fs::create_symlink(path, folder / "link");
    REQUIRE(write_chrome_file(recorder, folder / "link"));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(events(read(path)).size() == 1);
    CHECK(folder.entries() == 2);
  }
  SECTION("a folder that is not there") {
    const auto written = write_chrome_file(recorder, folder / "none/trace.json");
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == ErrorKind::not_found);
    CHECK(written.error().message.find("none/trace.json") != std::string::npos);
  }
  SECTION("a path with a NUL byte") {
    const auto written = write_chrome_file(recorder, path + std::string("\0.x", 3));
    REQUIRE_FALSE(written);
    CHECK(written.error().kind == ErrorKind::invalid);
    CHECK(folder.entries() == 0);
  }
  SECTION("a folder in its place") {
    fs::create_directory(path);
    CHECK_FALSE(write_chrome_file(recorder, path));
    CHECK(folder.entries() == 1);
  }
  SECTION("a full disk leaves what was there") {
    std::ofstream(path) << "{}";
    Result<void> written;
    {
      const SmallFiles limit;
      written = write_chrome_file(recorder, path);
    }
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("write " + path) == 0);
    CHECK(read(path) == json::object());
    CHECK(folder.entries() == 1);
  }
  SECTION("a pipe is written to") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    REQUIRE(write_chrome_file(recorder, path));
    std::string text(65536, '\0');
    const ssize_t count = ::read(reader, text.data(), text.size());
    ::close(reader);
    REQUIRE(count > 0);
    text.resize(static_cast<std::size_t>(count));
    CHECK(events(json::parse(text)).size() == 1);
    CHECK(fs::is_fifo(path));
  }
}
