// SPDX-License-Identifier: MIT
#include "loop/tcp.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "base/fd.h"

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

}  // namespace

TEST_CASE("tcp: connects, writes, reads to the end", "[loop]") {
  const Port port(true);
  // Answers once with what it got, in capitals.
  ssize_t answered = 0;
  std::thread server([&] {
    const Fd peer(accept(port.socket.get(), nullptr, nullptr));
    char bytes[16];
    const ssize_t size = read(peer.get(), bytes, sizeof bytes);
    for (ssize_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(std::toupper(bytes[i]));
    answered = write(peer.get(), bytes, static_cast<std::size_t>(size));
  });
  Loop loop;
  std::string got;
  bool ended = false;
  std::optional<Tcp> tcp;
  auto started = Tcp::connect(loop, "localhost", port.number, [&](Result<void> result) {
    REQUIRE(result);
    tcp->read([&](Result<std::string_view> piece) {
      REQUIRE(piece);
      got += *piece;
      if (!piece->empty()) return;
      ended = true;
      tcp.reset();
    });
    tcp->write("hello", [](Result<void> written) { CHECK(written); });
  });
  REQUIRE(started);
  tcp.emplace(std::move(*started));
  loop.run();
  server.join();
  CHECK(answered == 5);
  CHECK(got == "HELLO");
  CHECK(ended);
}

TEST_CASE("tcp: nobody listens", "[loop]") {
  const Port port(false);
  Loop loop;
  std::string message;
  auto tcp = Tcp::connect(loop, "127.0.0.1", port.number, [&](Result<void> result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::not_found);
    message = result.error().message;
  });
  REQUIRE(tcp);
  loop.run();
  CHECK(message == "connect to 127.0.0.1:" + std::to_string(port.number) + ": connection refused");
}

TEST_CASE("tcp: closed while it connects, nothing is called", "[loop]") {
  const Port port(true);
  Loop loop;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto tcp = Tcp::connect(loop, host, port.number, [](Result<void>) { FAIL("was called"); });
    REQUIRE(tcp);
  }
  loop.run();
}

TEST_CASE("tcp: what cannot be a host", "[loop]") {
  Loop loop;
  CHECK_FALSE(Tcp::connect(loop, std::string(5000, 'x'), 80, [](Result<void>) {}));
}
