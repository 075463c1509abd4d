// SPDX-License-Identifier: MIT
#include "loop/stream.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/fd.h"
#include "base/file.h"

using namespace ggen;
using namespace ggen::loop;

namespace {

// A port of this machine, listening or only reserved.
struct Port {
  Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t number = 0;
  explicit Port(bool listening) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    if (listening) REQUIRE(listen(socket.get(), 8) == 0);
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number = ntohs(address.sin_port);
  }
};

// A unix socket that listens, in a directory of its own.
struct Path {
  Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string dir, name;
  Path() {
    dir = *make_temp_dir("/tmp", "ggen-stream-");
    name = dir + "/s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path);
    REQUIRE(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(socket.get(), 8) == 0);
  }
  ~Path() { std::filesystem::remove_all(dir); }
};

std::string read_all(int fd) {
  std::string all;
  char bytes[4096];
  while (const auto size = read(fd, bytes, sizeof bytes)) {
    if (size < 0) break;
    all.append(bytes, static_cast<std::size_t>(size));
  }
  return all;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// A connection that was made, and what comes over it.
struct Reader {
  Loop& loop;
  std::optional<Stream> stream;
  std::string got;
  std::string message;
  bool ended = false;

  explicit Reader(Loop& l) : loop(l) {}
  template <class Connect>
  void connect(Connect connect_to) {
    auto started = connect_to([](Result<void> result) { REQUIRE(result); });
    REQUIRE(started);
    stream.emplace(std::move(*started));
    loop.run();
    REQUIRE(stream->connected());
  }
  void connect(const Path& path) {
    connect([&](Stream::Done done) { return Stream::connect_unix(loop, path.name, done); });
  }
  void ask() {
    REQUIRE(stream->read([this](Result<std::string_view> piece) {
      ended = !piece || piece->empty();
      if (!piece) message = piece.error().message;
      if (ended) return;
      got += *piece;
      ask();
    }));
  }
};

}  // namespace

TEST_CASE("stream: connects, writes, reads to the end", "[loop]") {
  const Port port(true);
  // Answers once with what it got, in capitals.
  std::thread server([&] {
    const Fd peer(accept(port.socket.get(), nullptr, nullptr));
    char bytes[16];
    const auto size = static_cast<std::size_t>(read(peer.get(), bytes, sizeof bytes));
    std::transform(bytes, bytes + size, bytes, [](char c) { return std::toupper(c); });
    send_all(peer.get(), std::string_view(bytes, size));
  });
  Loop loop;
  Reader reader(loop);
  reader.connect(
      [&](Stream::Done done) { return Stream::connect(loop, "localhost", port.number, done); });
  CHECK(*reader.stream->write("hello", [](Result<void>) { FAIL("was called"); }));
  CHECK(*reader.stream->write("", [](Result<void>) { FAIL("was called"); }));
  reader.ask();
  loop.run();
  server.join();
  CHECK(reader.got == "HELLO");
  CHECK(reader.ended);
  CHECK(reader.message.empty());
}

TEST_CASE("stream: each end of a unix socket is closed by itself", "[loop]") {
  const Path path;
  std::string got;
  std::thread server([&] {
    const Fd peer(accept(path.socket.get(), nullptr, nullptr));
    got = read_all(peer.get());
    send_all(peer.get(), "got it");
  });
  Loop loop;
  Reader reader(loop);
  reader.connect(path);
  // More than the kernel holds: the end comes behind it.
  const std::string large(5'000'000, 'x');
  int calls = 0;
  const auto called = [&](Result<void> result) {
    CHECK(result);
    ++calls;
  };
  CHECK_FALSE(*reader.stream->write(large, called));
  REQUIRE(reader.stream->shut_down(called));
  CHECK_FALSE(reader.stream->shut_down(called));
  CHECK_FALSE(reader.stream->write("more", called));
  reader.ask();
  loop.run();
  server.join();
  CHECK(calls == 2);
  CHECK(got == large);
  CHECK(reader.got == "got it");
  CHECK(reader.ended);
}

TEST_CASE("stream: while nobody asks nothing is read, and the loop ends", "[loop]") {
  const Path path;
  const std::string large(20'000'000, 'x');
  std::atomic<bool> sent = false;
  std::thread server([&] {
    const Fd peer(accept(path.socket.get(), nullptr, nullptr));
    send_all(peer.get(), large);
    sent = true;
  });
  Loop loop;
  Reader reader(loop);
  reader.connect(path);
  std::size_t first = 0;
  REQUIRE(reader.stream->read([&](Result<std::string_view> piece) { first = piece->size(); }));
  loop.run();
  CHECK(first > 0);
  CHECK(first <= 64 * 1024);
  CHECK_FALSE(sent);
  // Asked, and taken back: nothing of it is lost.
  REQUIRE(reader.stream->read([](Result<std::string_view>) { FAIL("was called"); }));
  reader.stream->stop_reading();
  loop.run();
  CHECK_FALSE(sent);
  reader.ask();
  loop.run();
  server.join();
  CHECK(reader.got.size() + first == large.size());
}

TEST_CASE("stream: the other side is gone", "[loop]") {
  const Path path;
  Loop loop;
  Reader reader(loop);
  reader.connect(path);
  {
    const Fd peer(accept(path.socket.get(), nullptr, nullptr));
    CHECK(*reader.stream->write("never read", [](Result<void>) {}));
  }
  reader.ask();
  loop.run();
  CHECK(reader.message == "read from " + path.name + ": connection reset by peer");
  std::string message;
  auto sent =
      reader.stream->write("x", [&](Result<void> result) { message = result.error().message; });
  if (!sent) message = sent.error().message;
  loop.run();
  CHECK(message == "write to " + path.name + ": broken pipe");
  CHECK_FALSE(reader.stream->read([](Result<std::string_view>) { FAIL("was called"); }));
}

TEST_CASE("stream: closed from within a call, and while it writes", "[loop]") {
  const Path path;
  Loop loop;
  Reader reader(loop);
  reader.connect(path);
  const Fd peer(accept(path.socket.get(), nullptr, nullptr));
  send_all(peer.get(), "x");
  CHECK_FALSE(
      *reader.stream->write(std::string(5'000'000, 'x'), [](Result<void>) { FAIL("was called"); }));
  REQUIRE(reader.stream->read([&](Result<std::string_view>) { reader.stream.reset(); }));
  loop.run();
  CHECK_FALSE(reader.stream);
}

TEST_CASE("stream: what cannot be the path of a socket, or is none", "[loop]") {
  Loop loop;
  for (const std::string& path : {std::string(), std::string("a\0b", 3), std::string(108, 'x')}) {
    CHECK_FALSE(Stream::connect_unix(loop, path, [](Result<void>) { FAIL("was called"); }));
  }
  std::string message;
  for (const char* path : {"/dev/null", "/no/such/socket"}) {
    auto stream = Stream::connect_unix(loop, path, [&](Result<void> result) {
      REQUIRE_FALSE(result);
      CHECK(result.error().kind == ErrorKind::not_found);
      message += result.error().message + "; ";
    });
    REQUIRE(stream);
    loop.run();
  }
  CHECK(message ==
        "connect to /dev/null: connection refused; "
        "connect to /no/such/socket: no such file or directory; ");
  // Closed while it connects.
  const Path path;
  REQUIRE(Stream::connect_unix(loop, path.name, [](Result<void>) { FAIL("was called"); }));
  loop.run();
}

TEST_CASE("stream: nobody listens", "[loop]") {
  const Port port(false);
  Loop loop;
  std::string message;
  auto stream = Stream::connect(loop, "127.0.0.1", port.number, [&](Result<void> result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::not_found);
    message = result.error().message;
  });
  REQUIRE(stream);
  loop.run();
  CHECK(message == "connect to 127.0.0.1:" + std::to_string(port.number) + ": connection refused");
}

TEST_CASE("stream: closed while it connects, nothing is called", "[loop]") {
  const Port port(true);
  Loop loop;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto stream =
        Stream::connect(loop, host, port.number, [](Result<void>) { FAIL("was called"); });
    REQUIRE(stream);
  }
  loop.run();
}

TEST_CASE("stream: what cannot be a host", "[loop]") {
  Loop loop;
  CHECK_FALSE(Stream::connect(loop, std::string(5000, 'x'), 80, [](Result<void>) {}));
}
