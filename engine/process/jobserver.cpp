// SPDX-License-Identifier: MIT
#include "process/jobserver.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

namespace ggen::process {

namespace {

constexpr std::size_t kMostTokens = 4096;  // a pipe holds 64 KiB; nobody runs so many jobs

bool write_all(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

// The same pipe as an open file of its own.
Result<Fd> reopen(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  Fd own(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!own) return Error::from_errno(errno, "open the job slots of make");
  return own;
}

Result<Fd> open_fifo(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd) return Error::from_errno(errno, "open " + path);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISFIFO(info.st_mode)) {
    return Error{ErrorKind::invalid, path + " is not a named pipe"};
  }
  return fd;
}

bool is_pipe_end(int fd, int mode) {
  struct stat info {};
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) &&
         ((flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR);
}

std::optional<int> number(std::string_view text) {
  int value = -1;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The last of the options counts, as with make. --jobserver-fds is what make before 4.2 wrote.
std::string_view auth_of(std::string_view makeflags) {
  std::string_view found;
  for (const std::string_view option : {"--jobserver-auth=", "--jobserver-fds="}) {
    const auto at = makeflags.rfind(option);
    if (at == std::string_view::npos || !found.empty()) continue;
    found = makeflags.substr(at + option.size());
    found = found.substr(0, std::min(found.find(' '), found.size()));
  }
  return found;
}

Error not_for_us() {
  return {ErrorKind::permission,
          "make's job slots are not open to us (a rule that starts ggen-lua begins with +)"};
}

}  // namespace

Result<Jobserver> Jobserver::serve(unsigned tokens, Style style) {
  Jobserver server;
  const std::string bytes(std::min<std::size_t>(tokens, kMostTokens), '+');
  if (style == Style::pipe) {
    // Inherited by every child, so without O_CLOEXEC.
    int ends[2];
    if (pipe(ends) != 0) return Error::from_errno(errno, "make a pipe");
    server.read_ = Fd(ends[0]);
    server.write_ = Fd(ends[1]);
    server.auth_ = std::to_string(ends[0]) + "," + std::to_string(ends[1]);
    auto own = reopen(ends[0]);
    if (!own) return std::move(own).error();
    server.take_ = std::move(*own);
  } else {
    const char* place = std::getenv("TMPDIR");
    std::string folder = std::string(place && *place == '/' ? place : "/tmp") + "/ggen-jobs-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return Error::from_errno(errno, "make " + folder);
    server.folder_ = folder;
    const std::string path = folder + "/slots";
    if (mkfifo(path.c_str(), 0600) != 0) return Error::from_errno(errno, "make " + path);
    // Both ends, so that it neither blocks nor ends while no child has it open.
    auto own = open_fifo(path, O_RDWR | O_NONBLOCK);
    if (!own) return std::move(own).error();
    server.take_ = std::move(*own);
    auto write = open_fifo(path, O_WRONLY);
    if (!write) return std::move(write).error();
    server.write_ = std::move(*write);
    server.auth_ = "fifo:" + path;
  }
  if (!write_all(server.write_.get(), bytes)) return Error::from_errno(errno, "fill the job slots");
  server.offered_ = bytes.size();
  return server;
}

Result<std::optional<Jobserver>> Jobserver::join(std::string_view makeflags) {
  const std::string_view auth = auth_of(makeflags);
  if (auth.empty()) return std::optional<Jobserver>();
  Jobserver client;
  client.auth_ = auth;
  if (auth.starts_with("fifo:")) {
    const std::string path(auth.substr(5));
    auto own = open_fifo(path, O_RDONLY | O_NONBLOCK);
    if (!own) return std::move(own).error();
    client.take_ = std::move(*own);
    // Without O_NONBLOCK a fifo that nobody reads would block for ever; we read it ourselves.
    auto write = open_fifo(path, O_WRONLY);
    if (!write) return std::move(write).error();
    client.write_ = std::move(*write);
    return std::optional(std::move(client));
  }
  const auto comma = auth.find(',');
  const auto read = number(auth.substr(0, comma));
  const auto write =
      comma == std::string_view::npos ? std::nullopt : number(auth.substr(comma + 1));
  // make writes "-2,-2" where it has closed the pipe.
  if (!read || !write) return not_for_us();
  if (!is_pipe_end(*read, O_RDONLY) || !is_pipe_end(*write, O_WRONLY)) return not_for_us();
  auto own = reopen(*read);
  if (!own) return std::move(own).error();
  client.take_ = std::move(*own);
  client.read_ = Fd(*read);
  client.write_ = Fd(*write);
  return std::optional(std::move(client));
}

Jobserver::~Jobserver() {
  if (write_ && !held_.empty()) write_all(write_.get(), held_);
  if (!folder_.empty()) {
    unlink((folder_ + "/slots").c_str());
    rmdir(folder_.c_str());
  }
}

bool Jobserver::acquire() {
  char token = 0;
  ssize_t count = 0;
  do {
    count = read(take_.get(), &token, 1);
  } while (count < 0 && errno == EINTR);
  if (count == 1) held_.push_back(token);
  return count == 1;
}

void Jobserver::release() {
  GGEN_BUG_IF(held_.empty(), "a job slot is given back that was not taken");
  const std::string token(1, held_.back());
  held_.pop_back();
  // It cannot be full: the byte was in it before. Without readers (EPIPE) nobody wants it.
  static_cast<void>(write_all(write_.get(), token));
}

int Jobserver::mend() {
  if (offered_.value_or(0) == 0) return 0;
  int there = 0;
  if (ioctl(take_.get(), FIONREAD, &there) != 0) return 0;
  const int missing = static_cast<int>(*offered_ - held_.size()) - there;
  if (missing > 0) {
    write_all(write_.get(), std::string(static_cast<std::size_t>(missing), '+'));
  }
  for (int extra = missing; extra < 0 && acquire(); ++extra) held_.pop_back();
  return missing;
}

}  // namespace ggen::process
