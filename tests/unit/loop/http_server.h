// A server for the tests of loop/http.h that says exactly what a test wants, and how they ask.
// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "loop/http.h"

namespace ggen::loop {

// A server of a thread: `answer(socket)` is called with each connection, one after the other.
class Server {
 public:
  using Answer = std::function<void(int)>;
  explicit Server(Answer answer) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listen_on(Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
              reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    run(std::move(answer));
  }
  Server(const std::string& path, Answer answer) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listen_on(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
              reinterpret_cast<sockaddr*>(&address), sizeof address);
    run(std::move(answer));
  }
  ~Server() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string url;
  std::atomic<int> connections{0};

 private:
  void listen_on(Fd socket, sockaddr* address, socklen_t size) {
    socket_ = std::move(socket);
    REQUIRE(bind(socket_.get(), address, size) == 0);
    REQUIRE(listen(socket_.get(), 8) == 0);
  }
  void run(Answer answer) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      while (true) {
        const Fd peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (peer.get() < 0) return;
        ++connections;
        answer(peer.get());
      }
    });
  }
  Fd socket_{-1};
  std::thread thread_;
};

// The head of the next request and as much of a body as it says; empty at the end.
inline std::string read_request(int peer) {
  std::string text;
  char byte = 0;
  while (text.find("\r\n\r\n") == std::string::npos) {
    if (read(peer, &byte, 1) != 1) return {};
    text += byte;
  }
  const auto at = text.find("Content-Length: ");
  std::size_t left = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
  std::vector<char> bytes(64 * 1024);
  while (left > 0) {
    const ssize_t size = read(peer, bytes.data(), std::min(left, bytes.size()));
    if (size <= 0) return {};
    text.append(bytes.data(), static_cast<std::size_t>(size));
    left -= static_cast<std::size_t>(size);
  }
  return text;
}

inline void say(int peer, const std::string& bytes) {
  CHECK(send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

inline std::string answer_of(const std::string& body, const std::string& head = "200 OK") {
  return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// Answers each request of a connection with what it was asked.
inline void echo(int peer) {
  for (std::string text = read_request(peer); !text.empty(); text = read_request(peer)) {
    say(peer, answer_of(text));
  }
}

// Says `bytes` after each request, then closes.
inline Server::Answer once(std::string bytes) {
  return [bytes = std::move(bytes)](int peer) {
    read_request(peer);
    say(peer, bytes);
  };
}

// Holds the connection until the other side closes it.
inline void hold(int peer) {
  char bytes[256];
  while (read(peer, bytes, sizeof bytes) > 0) {
  }
}

inline HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

inline HttpOutcome ask(Http& http, Loop& loop, HttpRequest request, Http::Data data = nullptr) {
  std::optional<HttpOutcome> outcome;
  const auto exchange = http.send(
      std::move(request),
      [&](HttpOutcome o) {
        CHECK_FALSE(outcome);
        outcome = std::move(o);
      },
      std::move(data));
  CHECK_FALSE(outcome);  // never within send()
  loop.run();
  CHECK(loop.open_handles() == 0);
  REQUIRE(outcome);
  return std::move(*outcome);
}

inline HttpOutcome ask(HttpRequest request, Http::Data data = nullptr) {
  Loop loop;
  Http http(loop);
  return ask(http, loop, std::move(request), std::move(data));
}

inline HttpFailure failure_of(HttpOutcome outcome) {
  REQUIRE(std::holds_alternative<HttpFailure>(outcome));
  return std::get<HttpFailure>(std::move(outcome));
}

inline HttpResponse response_of(HttpOutcome outcome) {
  if (const auto* failure = std::get_if<HttpFailure>(&outcome)) FAIL(failure->message);
  return std::get<HttpResponse>(std::move(outcome));
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ggen::loop
