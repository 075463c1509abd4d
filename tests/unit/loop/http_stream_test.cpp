// Bodies that are not in memory: from files, to files, to functions.
// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "base/file.h"
#include "http_server.h"
#include "loop/http.h"
#include "loop/wake.h"

using namespace ggen;
using namespace ggen::loop;

namespace {

struct TempDir {
  std::string path = *make_temp_dir("/tmp", "ggen-http-");
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return path + "/" + name; }
  std::size_t entries() const { return list_dir(path)->size(); }
};

// Bytes of which no two stretches are the same.
std::string numbers(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
  text.resize(size);
  return text;
}

constexpr std::size_t kLarge = 12'345'678;

void must_not(HttpOutcome) { FAIL("was called"); }

std::string half_of(const std::string& body) {
  return answer_of(body).substr(0, answer_of(body).size() - body.size() / 2);
}

}  // namespace

TEST_CASE("http: a body is handed over as it comes", "[loop]") {
  const std::string body = numbers(kLarge);
  const Server server(once(answer_of(body)));
  std::string got;
  std::size_t most = 0;
  const auto response = response_of(ask(get(server.url), [&](std::string_view bytes) {
    CHECK_FALSE(bytes.empty());
    got += bytes;
    most = std::max(most, bytes.size());
    return true;
  }));
  CHECK(got == body);
  CHECK(most < 2 * 1024 * 1024);
  CHECK(response.body.empty());
  CHECK(response.size == body.size());
  CHECK_FALSE(response.stopped);
}

TEST_CASE("http: whoever takes a body may not want the rest", "[loop]") {
  const std::string body = numbers(kLarge);
  const Server server([&](int peer) {
    if (read_request(peer).empty()) return;
    const auto text = answer_of(body);
    send(peer, text.data(), text.size(), MSG_NOSIGNAL);  // the other side may be gone
  });
  int calls = 0;
  auto response = response_of(ask(get(server.url), [&](std::string_view) {
    ++calls;
    return false;
  }));
  CHECK(calls == 1);
  CHECK(response.status == 200);
  CHECK(response.stopped);
  // Also when that was all of it.
  const Server small(once(answer_of("all")));
  response = response_of(ask(get(small.url), [&](std::string_view) { return false; }));
  CHECK(response.stopped);
  CHECK(response.size == 3);
}

TEST_CASE("http: an answer that refuses is no body to take or to keep", "[loop]") {
  const TempDir dir;
  const Server server(once(answer_of("no such thing", "404 Not Found")));
  const auto response = response_of(ask(get(server.url), [](std::string_view) {
    FAIL("was called");
    return true;
  }));
  CHECK(response.body == "no such thing");
  HttpRequest request = get(server.url);
  request.save = dir / "x";
  CHECK(response_of(ask(request)).body == "no such thing");
  CHECK(dir.entries() == 0);
}

TEST_CASE("http: half a body is handed over, then comes the failure", "[loop]") {
  const Server server(once(half_of("1234567890")));
  std::string got;
  const auto failure = failure_of(ask(get(server.url), [&](std::string_view bytes) {
    got += bytes;
    return true;
  }));
  CHECK(failure.problem == HttpProblem::closed);
  CHECK(got == "12345");
}

TEST_CASE("http: dropped from within the call that takes its body", "[loop]") {
  const Server server(once(answer_of("x")));
  Loop loop;
  Http http(loop);
  std::optional<Http::Exchange> exchange;
  int calls = 0;
  exchange = http.send(get(server.url), must_not, [&](std::string_view) {
    ++calls;
    exchange.reset();
    return true;
  });
  loop.run();
  CHECK(calls == 1);
  CHECK(loop.open_handles() == 0);
}

TEST_CASE("http: a body that is saved", "[loop]") {
  const TempDir dir;
  const std::string body = numbers(kLarge);
  const Server server(once(answer_of(body)));
  HttpRequest request = get(server.url);
  request.save = dir / "x";
  request.max_bytes = 3;  // not of what is saved
  REQUIRE(write_file(request.save, "old"));
  REQUIRE(chmod(request.save.c_str(), 0640) == 0);
  const auto response = response_of(ask(request));
  CHECK(response.body.empty());
  CHECK(response.size == body.size());
  CHECK(*read_file(request.save) == body);
  CHECK(stat_path(request.save)->mode == 0640);
  CHECK(dir.entries() == 1);
  request.max_streamed = body.size() - 1;
  const auto failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::limit);
  CHECK(has(failure.message, std::to_string(body.size() - 1)));
  // One without bytes is a file, too.
  const Server empty(once("HTTP/1.1 204 No Content\r\n\r\n"));
  request.url = empty.url;
  CHECK(response_of(ask(request)).status == 204);
  CHECK(read_file(request.save)->empty());
  CHECK(dir.entries() == 1);
}

TEST_CASE("http: half a body that would have been saved", "[loop]") {
  const TempDir dir;
  HttpRequest request;
  request.save = dir / "x";
  REQUIRE(write_file(request.save, "old"));
  const Server server(once(half_of(numbers(3'000'000))));
  request.url = server.url;
  CHECK(failure_of(ask(request)).problem == HttpProblem::closed);
  const Server slow([half = half_of(numbers(3'000'000))](int peer) {
    read_request(peer);
    send(peer, half.data(), half.size(), MSG_NOSIGNAL);
    hold(peer);
  });
  request.url = slow.url;
  request.timeout = 0.3;
  CHECK(failure_of(ask(request)).problem == HttpProblem::timeout);
  CHECK(*read_file(request.save) == "old");
  CHECK(dir.entries() == 1);
}

TEST_CASE("http: what cannot be saved", "[loop]") {
  const TempDir dir;
  const Server server([](int peer) {
    if (read_request(peer).empty()) return;
    const auto text = answer_of(numbers(kLarge));
    send(peer, text.data(), text.size(), MSG_NOSIGNAL);
  });
  HttpRequest request = get(server.url);
  for (const std::string& path : {dir / "none/x", dir.path, std::string("/dev/null")}) {
    request.save = path;
    const auto failure = failure_of(ask(request));
    CHECK(failure.problem == HttpProblem::file);
    CHECK(has(failure.message, "write " + path + ": "));
  }
  CHECK(dir.entries() == 0);
}

TEST_CASE("http: saving is cancelled", "[loop]") {
  const TempDir dir;
  Loop loop;
  Http http(loop);
  std::optional<Http::Exchange> running;
  std::optional<Wake> sent;
  const Server server([&](int peer) {
    read_request(peer);
    say(peer, half_of(numbers(3'000'000)));
    sent->send();
    hold(peer);
  });
  sent.emplace(loop, [&] {
    running.reset();
    sent.reset();
  });
  HttpRequest request = get(server.url);
  request.save = dir / "x";
  running = http.send(request, must_not);
  loop.run();
  CHECK(loop.open_handles() == 0);
  CHECK(dir.entries() == 0);
}

TEST_CASE("http: a body that is a file", "[loop]") {
  const TempDir dir;
  const Server server(echo);
  HttpRequest request = get(server.url);
  request.method = "PUT";
  request.body_file = dir / "x";
  request.max_bytes = UINT64_MAX;
  Loop loop;
  Http http(loop);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kLarge}) {
    const std::string body = numbers(size);
    REQUIRE(write_file(request.body_file, body));
    const auto response = response_of(ask(http, loop, request));
    CHECK(response.body.ends_with("\r\n\r\n" + body));
    CHECK(response.body.starts_with("PUT / HTTP/1.1\r\n"));
    CHECK(has(response.body, "Content-Length: " + std::to_string(size) + "\r\n"));
    CHECK_FALSE(has(response.body, "Expect"));
    CHECK(response.reused == (size != 0));
  }
  // There and back, both in files.
  request.save = dir / "y";
  CHECK(response_of(ask(http, loop, request)).size > kLarge);
  CHECK(read_file(request.save)->ends_with(*read_file(request.body_file)));
}

TEST_CASE("http: a file that cannot be sent", "[loop]") {
  const TempDir dir;
  const Server server(echo);
  HttpRequest request = get(server.url);
  request.method = "PUT";
  const std::string fifo = dir / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {dir / "none", dir.path, fifo, std::string("a\0b", 3)}) {
    request.body_file = path;
    const auto failure = failure_of(ask(request));
    CHECK(failure.problem == HttpProblem::file);
    CHECK(has(failure.message, "PUT " + server.url));
  }
  CHECK(server.connections == 0);
}

TEST_CASE("http: a file that becomes shorter while it is sent", "[loop]") {
  const TempDir dir;
  HttpRequest request;
  request.body_file = dir / "x";
  REQUIRE(write_file(request.body_file, numbers(kLarge)));
  const Server server([&](int peer) {
    char byte = 0;
    if (read(peer, &byte, 1) != 1) return;
    CHECK(truncate(request.body_file.c_str(), 10) == 0);
    hold(peer);
  });
  request.url = server.url;
  request.method = "PUT";
  const auto failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::file);
  CHECK(has(failure.message, "it became shorter while it was sent"));
}

TEST_CASE("http: who is sent a file does not read it, or goes away", "[loop]") {
  const TempDir dir;
  HttpRequest request;
  request.method = "PUT";
  request.body_file = dir / "x";
  REQUIRE(write_file(request.body_file, numbers(kLarge)));
  std::promise<void> over;
  const Server deaf([done = over.get_future().share()](int) { done.wait(); });
  request.url = deaf.url;
  request.timeout = 0.2;
  CHECK(failure_of(ask(request)).problem == HttpProblem::timeout);
  request.timeout = 60;
  request.first_byte_timeout = 0.2;
  CHECK(failure_of(ask(request)).problem == HttpProblem::timeout);
  over.set_value();
  const Server gone([](int peer) {
    char byte = 0;
    CHECK(read(peer, &byte, 1) == 1);
  });
  request.url = gone.url;
  CHECK(failure_of(ask(request)).problem == HttpProblem::closed);
}

TEST_CASE("http: a file is sent again when the connection had gone stale", "[loop]") {
  const TempDir dir;
  std::string second;
  std::promise<void> closed;
  const Server server([&, count = 0](int peer) mutable {
    const std::string text = read_request(peer);
    if (count++ == 1) second = text;
    say(peer, answer_of("ok"));
    if (count > 1) return;
    // The next request begins before we are seen to be gone.
    char byte = 0;
    CHECK(read(peer, &byte, 1) == 1);
  });
  HttpRequest request = get(server.url);
  Loop loop;
  Http http(loop);
  CHECK_FALSE(response_of(ask(http, loop, request)).reused);
  request.method = "PUT";
  request.body_file = dir / "x";
  REQUIRE(write_file(request.body_file, numbers(600'000)));
  const auto response = response_of(ask(http, loop, request));
  CHECK(response.body == "ok");
  CHECK_FALSE(response.reused);
  CHECK(second.ends_with("\r\n\r\n" + numbers(600'000)));
}
