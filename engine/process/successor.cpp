// SPDX-License-Identifier: MIT
#include "process/successor.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#include <cerrno>

#include "process/spawn.h"

namespace ggen::process {

namespace {

// Not one of the three numbers that the child's streams are copied to.
Fd above_standard(Fd fd) {
  if (!fd || fd.get() > STDERR_FILENO) return fd;
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace

Result<Successor> Successor::start(const std::string& file, const std::vector<std::string>& argv,
                                   const std::vector<std::string>& env, const std::string& cwd) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "make a pipe");
  const Fd read_end = above_standard(Fd(ends[0]));
  Fd write_end = above_standard(Fd(ends[1]));
  const Fd nowhere = above_standard(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  if (!read_end || !write_end || !nowhere) return Error::from_errno(errno, "open /dev/null");
  // Only ours: a reader that is stuck must not stop us.
  ::fcntl(write_end.get(), F_SETFL, O_NONBLOCK);
  Spawner spawner;
  SpawnRequest request{argv, env, cwd, {read_end.get(), nowhere.get(), nowhere.get()}};
  request.group = Group::session;
  request.file = file;
  auto spawned = spawner.spawn(request);
  if (auto* failure = std::get_if<SpawnFailure>(&spawned)) return std::move(failure->error);
  return Successor(std::move(write_end), std::get<Spawned>(spawned).pid);
}

Successor::~Successor() {
  if (!pipe_) return;
  pipe_.reset();
  // One that has ended already; the others get another parent.
  ::waitpid(pid_, nullptr, WNOHANG);
}

Result<void> Successor::tell(std::string_view bytes) {
  if (bytes.size() > PIPE_BUF) return Error{ErrorKind::limit, "too long for a pipe"};
  ssize_t size = 0;
  do {
    size = ::write(pipe_.get(), bytes.data(), bytes.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Error::from_errno(errno, "write to a process");
  return {};
}

}  // namespace ggen::process
