// SPDX-License-Identifier: MIT
#include "cache/action_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/fd.h"
#include "cache/layout.h"
#include "cache/new_file.h"

namespace ggen::cache {

namespace {

// A result names at most some million files; what is longer is no result of ours.
constexpr std::uint64_t kMaxBytes = 1024ULL * 1024 * 1024;

}  // namespace

bool ActionStore::has(const Digest& key) const {
  return ::faccessat(directory_.actions(), DigestName(key).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::uint64_t ActionStore::size(const Digest& key) const {
  struct stat info {};
  if (::fstatat(directory_.actions(), DigestName(key).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

Error ActionStore::damaged(const Digest& key, const char* what) const {
  const DigestName name(key);
  const bool removed = ::unlinkat(directory_.actions(), name.c_str(), 0) == 0;
  std::string message = "the cache's file " + directory_.path(kActions) + "/" + name.c_str() +
                        " is damaged (" + what + ")" + (removed ? "; it was removed" : "");
  directory_.warn(key, message);
  return {ErrorKind::invalid, std::move(message)};
}

Result<std::optional<std::string>> ActionStore::get_encoded(const Digest& key) const {
  const DigestName name(key);
  const Fd file(
      ::openat(directory_.actions(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  // EBADF: there is not even a directory.
  if (!file && (errno == ENOENT || errno == EBADF)) return std::optional<std::string>();
  if (!file) return Error::from_errno(errno, std::string("read the action ") + name.c_str());
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::from_errno(errno, "stat an action");
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) > kMaxBytes) {
    static_cast<void>(damaged(key, "it is no result"));
    return std::optional<std::string>();
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  const long count = read_full(file.get(), bytes.data(), bytes.size());
  if (count < 0) return Error::from_errno(errno, std::string("read the action ") + name.c_str());
  bytes.resize(static_cast<std::size_t>(count));
  return std::optional<std::string>(std::move(bytes));
}

Result<std::optional<Action>> ActionStore::get(const Digest& key) const {
  GGEN_TRY_ASSIGN(const auto bytes, get_encoded(key));
  if (!bytes) return std::optional<Action>();
  auto action = decode(*bytes);
  if (action && action->key == key) return std::optional<Action>(std::move(*action));
  static_cast<void>(
      damaged(key, action ? "it is the result of another key" : "it does not decode"));
  return std::optional<Action>();
}

Result<void> ActionStore::put(const Action& action) {
  const std::string bytes = encode(action);
  const DigestName name(action.key);
  GGEN_TRY_ASSIGN(NewFile file, NewFile::create(directory_.temporary(), 0666));
  GGEN_TRY(file.write(bytes));
  auto placed = file.publish(directory_.actions(), name.c_str(), Replace::yes);
  if (!placed && placed.error().kind == ErrorKind::not_found) {
    ::mkdirat(directory_.actions(), name.directory().c_str(), 0777);
    placed = file.publish(directory_.actions(), name.c_str(), Replace::yes);
  }
  if (!placed) return std::move(placed).error().with_context("store a result");
  bytes_added_.fetch_add(static_cast<std::int64_t>(bytes.size()), std::memory_order_relaxed);
  return {};
}

Result<void> ActionStore::remove(const Digest& key) {
  if (::unlinkat(directory_.actions(), DigestName(key).c_str(), 0) == 0 || errno == ENOENT)
    return {};
  return Error::from_errno(errno, std::string("remove the action ") + DigestName(key).c_str());
}

}  // namespace ggen::cache
