// SPDX-License-Identifier: MIT
#include "watch/inotify.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/file.h"

namespace ggen::watch {

namespace {

constexpr std::size_t kBlock = 65536;

// A limit of the system, as sysctl names it; a namespace of users may have a lower one.
struct Limit {
  std::string setting;
  long value = -1;
};

Limit limit_of(const std::string& what) {
  Limit limit;
  for (const std::string& setting : {"fs.inotify.max_user_" + what, "user.max_inotify_" + what}) {
    std::string path = "/proc/sys/" + setting;
    std::replace(path.begin(), path.end(), '.', '/');
    const auto text = read_file(path, 64);
    const long value = text ? std::strtol(text->c_str(), nullptr, 10) : -1;
    if (limit.setting.empty() || (value >= 0 && value < limit.value)) limit = {setting, value};
  }
  return limit;
}

// `thing` is "watch" or "instance", `enough` what systems with more room have.
Error limit_error(const std::string& thing, const char* things, long enough) {
  const Limit limit = limit_of(things);
  return {ErrorKind::limit, "watch files: this user has no inotify " + thing + " left (" +
                                limit.setting + " is " + std::to_string(limit.value) +
                                "); root raises it by: sysctl " + limit.setting + "=" +
                                std::to_string(std::max(enough, limit.value * 4))};
}

}  // namespace

Result<Inotify> Inotify::open(loop::Loop& loop) {
  Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) {
    const int code = errno;
    // The same code for the descriptors of this process: those can be tried.
    if (code == EMFILE && Fd(::open("/", O_PATH | O_CLOEXEC))) {
      return limit_error("instance", "instances", 512);
    }
    return Error::from_errno(code, "watch files");
  }
  GGEN_TRY_ASSIGN(auto poll, loop::Poll::open(loop, fd.get()));
  return Inotify(std::move(fd), std::move(poll));
}

void Inotify::start(std::function<void()> ready) {
  poll_.start(UV_READABLE, [ready = std::move(ready)](int, int) { ready(); });
}

Result<int> Inotify::add(const std::string& path, std::uint32_t mask) {
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
  if (watch >= 0) return watch;
  const int code = errno;
  if (code == ENOSPC) {
    return limit_error("watch", "watches", 524288);
  }
  return Error::from_errno(code, "watch");
}

void Inotify::remove(int watch) { ::inotify_rm_watch(fd_.get(), watch); }

bool Inotify::read(unsigned blocks, const std::function<void(const FileEvent&)>& visit) {
  alignas(inotify_event) static thread_local char block[kBlock];
  for (unsigned i = 0; i < blocks; ++i) {
    const ssize_t count = ::read(fd_.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    for (const char* at = block; at < block + count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      // Padded with zeros.
      const std::string_view name = event->len == 0 ? "" : std::string_view(event->name);
      visit({event->wd, event->mask, name});
    }
  }
  return false;
}

}  // namespace ggen::watch
