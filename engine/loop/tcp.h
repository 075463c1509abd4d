// Owner of a uv_tcp_t: a connection to a port, for probes of readiness and small exchanges.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/handle.h"
#include "loop/loop.h"

namespace ggen::loop {

class Tcp {
 public:
  using Done = std::function<void(Result<void>)>;
  // An empty piece is the end of what the other side sends.
  using Piece = std::function<void(Result<std::string_view>)>;

  // Looks `host` up (a name or an address) and tries each of its addresses in turn. Fails at once
  // only for what cannot be a host.
  static Result<Tcp> connect(Loop& loop, const std::string& host, std::uint16_t port, Done done);
  Tcp(Tcp&&) noexcept;
  Tcp& operator=(Tcp&&) noexcept;
  // Closes; no callback comes any more.
  ~Tcp();

  bool connected() const;
  // Only once connected, as all below. The bytes are kept until they are sent.
  void write(std::string bytes, Done done);
  // Calls for every piece that comes, until the end or an error.
  void read(Piece piece);

 private:
  struct Connection;
  explicit Tcp(std::shared_ptr<Connection> connection);
  // Shared with the requests that libuv still holds.
  std::shared_ptr<Connection> connection_;
};

}  // namespace ggen::loop
