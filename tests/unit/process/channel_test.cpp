// SPDX-License-Identifier: MIT
#include "process/channel.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>
#include <thread>

using namespace ggen;
using namespace ggen::process;

namespace {

constexpr Channel::Milliseconds kNow{0};
constexpr Channel::Milliseconds kLong{20'000};

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    raw.reset(ends[0]);
    channel.emplace(Fd(ends[1]));
  }
  void write_raw(std::string_view bytes) {
    REQUIRE(write(raw.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  Fd raw;
  std::optional<Channel> channel;
};

std::string message(std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes.append(body);
}

}  // namespace

TEST_CASE("messages come as they were sent, however they are cut") {
  Pair pair;
  const std::string bytes = message("hello") + message("") + message(std::string(1000, 'x'));
  for (std::size_t i = 0; i < 20; ++i) pair.write_raw(bytes.substr(i, 1));
  pair.write_raw(bytes.substr(20));
  CHECK(*pair.channel->receive(kLong) == "hello");
  CHECK(pair.channel->receive(kLong)->empty());
  CHECK(pair.channel->receive(kLong)->size() == 1000);
  const auto none = pair.channel->receive(kNow);
  CHECK_FALSE(none);
}

TEST_CASE("a message that ends too early is not handed over") {
  Pair pair;
  pair.write_raw(message("hello").substr(0, 6));
  auto early = pair.channel->receive(kNow);
  REQUIRE_FALSE(early);
  CHECK(early.error().kind == ErrorKind::timeout);
  pair.raw.reset();
  early = pair.channel->receive(kLong);
  REQUIRE_FALSE(early);
  CHECK(early.error().kind == ErrorKind::io);
}

TEST_CASE("a message that is too long is refused when it is announced") {
  Pair pair;
  pair.write_raw("\xff\xff\xff\xff");
  auto refused = pair.channel->receive(kLong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::invalid);
  pair.channel->begin().append(Channel::kMost + 1, 'x');
  auto sent = pair.channel->send(kLong);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind == ErrorKind::limit);
}

TEST_CASE("two who send much at once do not wait for each other") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  Channel first{Fd(ends[0])}, second{Fd(ends[1])};
  const auto exchange = [](Channel& channel) {
    channel.begin().append(4u << 20, 'x');
    const bool sent = channel.send(kLong).has_value();
    auto came = channel.receive(kLong);
    return sent && came && came->size() == 4u << 20;
  };
  bool other = false;
  std::thread thread([&] { other = exchange(second); });
  CHECK(exchange(first));
  thread.join();
  CHECK(other);
}

TEST_CASE("who does not read is not waited for without end") {
  Pair pair;
  pair.channel->begin().append(8u << 20, 'x');
  auto sent = pair.channel->send(Channel::Milliseconds(10));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind == ErrorKind::timeout);
}
