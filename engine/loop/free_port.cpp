// SPDX-License-Identifier: MIT
#include "loop/free_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/fd.h"

namespace ggen::loop {

Result<std::uint16_t> free_port() {
  const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!fd || bind(fd.get(), any, size) != 0 || getsockname(fd.get(), any, &size) != 0) {
    return Error::from_errno(errno, "find a free port");
  }
  return ntohs(address.sin_port);
}

}  // namespace ggen::loop
