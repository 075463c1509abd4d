// SPDX-License-Identifier: MIT
#include "loop/http.h"

#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "http_server.h"
#include "loop/timer.h"
#include "loop/wake.h"

using namespace ggen;
using namespace ggen::loop;

TEST_CASE("http: what is asked is what is sent, and nothing else", "[loop]") {
  const Server server(echo);
  HttpRequest request = get(server.url + "/a%20b?q=1");
  request.method = "POST";
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
  request.body = std::string("a\0b", 3);
  const auto response = response_of(ask(request));
  CHECK(response.status == 200);
  CHECK(has(response.body, "POST /a%20b?q=1 HTTP/1.1\r\n"));
  CHECK(has(response.body, "X-One: 1\r\n"));
  CHECK(has(response.body, "X-Empty:\r\n"));
  CHECK(has(response.body, "Content-Length: 3\r\n"));
  CHECK(has(response.body, std::string("\r\n\r\na\0b", 7)));
  CHECK_FALSE(has(response.body, "Content-Type"));
  // Of a large body libcurl would ask first whether it is wanted, and wait a second for the answer.
  request.body = std::string(2'000'000, 'x');
  const auto large = response_of(ask(request));
  CHECK(large.body.size() > 2'000'000);
  CHECK_FALSE(has(large.body, "Expect"));
}

TEST_CASE("http: methods without a body", "[loop]") {
  const Server server(echo);
  Loop loop;
  Http http(loop);
  for (const std::string method : {"GET", "DELETE", "POST", "PUT"}) {
    HttpRequest request = get(server.url + "/x");
    request.method = method;
    const auto response = response_of(ask(http, loop, request));
    CHECK(has(response.body, method + " /x "));
    CHECK(has(response.body, "Content-Length: 0") == (method == "POST" || method == "PUT"));
  }
  HttpRequest request = get(server.url);
  request.method = "HEAD";
  const Server bodiless(once("HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"));
  request.url = bodiless.url;
  CHECK(response_of(ask(http, loop, request)).status == 204);
}

TEST_CASE("http: a status is no failure, and a redirect is not followed", "[loop]") {
  const Server broken(once(answer_of("oh no", "500 Internal Server Error")));
  const auto response = response_of(ask(get(broken.url)));
  CHECK(response.status == 500);
  CHECK(response.body == "oh no");
  const Server moved(once("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"));
  const auto redirect = response_of(ask(get(moved.url)));
  CHECK(redirect.status == 302);
  CHECK(redirect.headers == HttpHeaders{{"location", "/y"}, {"content-length", "0"}});
}

TEST_CASE("http: a hundred requests, one after another, need one connection", "[loop]") {
  const Server server(echo);
  Loop loop;
  Http http(loop);
  for (int i = 0; i < 100; ++i) CHECK(response_of(ask(http, loop, get(server.url))).status == 200);
  CHECK(server.connections == 1);
}

TEST_CASE("http: requests from within an answer, and several at once", "[loop]") {
  const Server server(echo);
  Loop loop;
  Http http(loop);
  std::vector<Http::Exchange> exchanges;
  int answers = 0;
  std::function<void(int)> next = [&](int left) {
    exchanges.push_back(http.send(get(server.url), [&, left](HttpOutcome outcome) {
      CHECK(std::holds_alternative<HttpResponse>(outcome));
      ++answers;
      if (left > 0) next(left - 1);
    }));
  };
  next(5);
  loop.run();
  CHECK(answers == 6);
}

TEST_CASE("http: over a unix socket", "[loop]") {
  const auto dir = make_temp_dir("/tmp", "ggen-http-");
  REQUIRE(dir);
  {
    const Server server(*dir + "/s", echo);
    HttpRequest request = get("http://engine/v1/ping");
    request.unix_socket = *dir + "/s";
    const auto response = response_of(ask(request));
    CHECK(has(response.body, "GET /v1/ping HTTP/1.1\r\nHost: engine\r\n"));
  }
  HttpRequest request = get("http://engine/");
  request.unix_socket = *dir + "/none";
  const auto failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::refused);
  CHECK(has(failure.message, *dir + "/none"));
  CHECK(remove_tree(*dir));
}

TEST_CASE("http: nobody answers", "[loop]") {
  std::string url;
  { url = Server(hold).url; }
  const auto failure = failure_of(ask(get(url + "/x?secret=1")));
  CHECK(failure.problem == HttpProblem::refused);
  CHECK(failure.message ==
        "GET " + url + "/x: cannot connect to " + url.substr(7) + ": Connection refused");
}

TEST_CASE("http: names without an address", "[loop]") {
  CHECK(failure_of(ask(get("http://no-such-host.invalid/"))).problem == HttpProblem::resolve);
}

TEST_CASE("http: half a response", "[loop]") {
  for (const std::string bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    const Server server(once(bytes));
    CHECK(failure_of(ask(get(server.url))).problem == HttpProblem::closed);
  }
}

TEST_CASE("http: what is no HTTP", "[loop]") {
  for (const std::string bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 what\r\n\r\n"}) {
    const Server server(once(bytes));
    CHECK(failure_of(ask(get(server.url))).problem == HttpProblem::protocol);
  }
}

TEST_CASE("http: bodies and heads above their limits", "[loop]") {
  const Server server(once(answer_of("12345")));
  HttpRequest request = get(server.url);
  request.max_bytes = 4;
  const auto failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::limit);
  CHECK(has(failure.message, "limit of 4 bytes"));
  request.max_bytes = 5;
  CHECK(response_of(ask(request)).body == "12345");

  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 300; ++i)
    head += "X" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
  const Server chatty([&](int peer) {
    read_request(peer);
    send(peer, head.data(), head.size(), MSG_NOSIGNAL);
  });
  CHECK(failure_of(ask(get(chatty.url))).problem == HttpProblem::limit);
}

TEST_CASE("http: limits of time", "[loop]") {
  const Server silent(hold);
  HttpRequest request = get(silent.url);
  request.timeout = 0.05;
  auto failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::timeout);
  CHECK(has(failure.message, "no answer within 0.05 s"));
  request.timeout = 60;
  request.first_byte_timeout = 0.05;
  failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::timeout);
  CHECK(has(failure.message, "no answer within 0.05 s"));

  const Server slow([](int peer) {
    read_request(peer);
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    hold(peer);
  });
  request.url = slow.url;
  request.timeout = 0.2;
  request.first_byte_timeout = 0.15;
  failure = failure_of(ask(request));
  CHECK(failure.problem == HttpProblem::timeout);
  CHECK(has(failure.message, "not complete within 0.2 s"));
}

TEST_CASE("http: a first byte in time, the rest later", "[loop]") {
  std::promise<void> late;
  const Server server([&](int peer) {
    read_request(peer);
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    late.get_future().wait();
    say(peer, "ok");
  });
  Loop loop;
  Http http(loop);
  // Would come after that of the first byte, if that went on.
  Timer timer(loop);
  timer.start(0.55, [&] { late.set_value(); });
  HttpRequest request = get(server.url);
  request.first_byte_timeout = 0.5;
  std::string body;
  const auto exchange =
      http.send(request, [&](HttpOutcome outcome) { body = response_of(std::move(outcome)).body; });
  loop.run();
  CHECK(body == "ok");
}

TEST_CASE("http: a cancelled exchange is not called, and lets go of the loop", "[loop]") {
  Loop loop;
  Http http(loop);
  std::optional<Http::Exchange> running;
  std::optional<Wake> connected;
  const Server server([&](int peer) {
    connected->send();
    hold(peer);
  });
  connected.emplace(loop, [&] {
    running.reset();
    connected.reset();
  });
  running = http.send(get(server.url), [](HttpOutcome) { FAIL("was called"); });
  {
    // Before the library is there.
    const auto gone = http.send(get(server.url), [](HttpOutcome) { FAIL("was called"); });
  }
  loop.run();
  // One that has failed already, before its call.
  auto failed = std::optional(http.send(get("x:"), [](HttpOutcome) { FAIL("was called"); }));
  failed.reset();
  loop.run();
  CHECK(loop.open_handles() == 0);
}

TEST_CASE("http: an exchange that is cancelled by the call of another is not called", "[loop]") {
  Loop loop;
  Http http(loop);
  std::optional<Http::Exchange> second;
  int calls = 0;
  const auto first = http.send(get("x:"), [&](const HttpOutcome&) {
    ++calls;
    second.reset();
  });
  second = http.send(get("x:"), [](const HttpOutcome&) { FAIL("was called"); });
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("http: a client that goes takes its exchanges along", "[loop]") {
  Loop loop;
  std::optional<Http> http(loop);
  std::optional<Wake> connected;
  const Server server([&](int peer) {
    connected->send();
    hold(peer);
  });
  connected.emplace(loop, [&] {
    http.reset();
    connected.reset();
  });
  std::optional<Http::Exchange> exchange =
      http->send(get(server.url), [](HttpOutcome) { FAIL("was called"); });
  loop.run();
  exchange.reset();
}

TEST_CASE("http: what is no URL of ours", "[loop]") {
  for (const std::string url : {"", "x", "localhost:1", "http://", "http://[::1", "http://a b/",
                                "http://a\r\nb/", "http://a:99999/"}) {
    INFO(url);
    CHECK(failure_of(ask(get(url))).problem == HttpProblem::invalid);
  }
  CHECK(failure_of(ask(get(std::string("http://a\0b/", 11)))).problem == HttpProblem::invalid);
  for (const std::string url : {"file:///etc/passwd", "ftp://localhost/x", "gopher://x/"}) {
    const auto failure = failure_of(ask(get(url)));
    CHECK(failure.problem == HttpProblem::unsupported);
    CHECK(has(failure.message, "only http:// and https://"));
  }
  HttpRequest request = get("http://localhost/");
  request.headers = {{"A", "b\r\nC: d"}};
  CHECK(failure_of(ask(request)).problem == HttpProblem::invalid);
}

TEST_CASE("http: messages keep passwords to themselves", "[loop]") {
  std::string url;
  { url = Server(hold).url; }
  const auto failure = failure_of(ask(get("http://user:secret@" + url.substr(7) + "/?key=secret")));
  CHECK_FALSE(has(failure.message, "secret"));
}

TEST_CASE("http: this machine is asked without a proxy", "[loop]") {
  const Server server(echo);
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("no_proxy", "", 1);
  const auto direct = ask(get(server.url));
  const auto other = ask(get("http://ggen.invalid/"));
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  CHECK(response_of(direct).status == 200);
  // Another host goes by the proxy, where nobody is.
  CHECK(failure_of(other).problem == HttpProblem::refused);
}

TEST_CASE("http: without the library", "[loop]") {
  static const Result<LibCurl> missing = load_libcurl("libno-such-thing.so.4");
  Loop loop;
  Http http(loop, []() -> const Result<LibCurl>& { return missing; });
  const auto failure = failure_of(ask(http, loop, get("http://localhost/")));
  CHECK(failure.problem == HttpProblem::unsupported);
  CHECK(has(failure.message, "apt-get install libcurl4"));
  CHECK(has(failure.message, "libno-such-thing.so.4"));
  // A library that is something else.
  const auto other = load_libcurl("libm.so.6");
  REQUIRE_FALSE(other);
  CHECK(has(other.error().message, "newer libcurl"));
}
