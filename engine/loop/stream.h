// Owner of a connection over TCP or a unix socket: bytes in both directions, each end of which may
// be closed by itself. Knows nothing of what is said over it.
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

class Stream {
 public:
  using Done = std::function<void(Result<void>)>;
  // An empty piece is the end of what the other side sends.
  using Piece = std::function<void(Result<std::string_view>)>;

  // Looks `host` up (a name or an address) and tries each of its addresses in turn. Fails at once
  // only for what cannot be a host.
  static Result<Stream> connect(Loop& loop, const std::string& host, std::uint16_t port, Done done);
  // To the unix socket of that path. Fails at once only for what cannot be the path of one.
  static Result<Stream> connect_unix(Loop& loop, const std::string& path, Done done);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  // Closes; no callback comes any more.
  ~Stream();

  bool connected() const;
  // Only once connected, as all below; all fail at once when the connection is known to be gone.
  //
  // True: the kernel has all of the bytes, and `done` is not called. Otherwise they are kept until
  // it has, and `done` says so.
  Result<bool> write(std::string_view bytes, Done done);
  // Ends what we send, after what is being written; the other side may go on.
  Result<void> shut_down(Done done);
  // Asks for the next piece: one call, on a later turn. While nobody asks, nothing is read, so that
  // the other side has to wait, and the loop is not kept going.
  Result<void> read(Piece piece);
  // Takes the question back.
  void stop_reading();

 private:
  struct Connection;
  explicit Stream(std::shared_ptr<Connection> connection);
  // Shared with the requests that libuv still holds.
  std::shared_ptr<Connection> connection_;
};

}  // namespace ggen::loop
