// SPDX-License-Identifier: MIT
#include "hash/sha256.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include "base/fd.h"

namespace ggen::hash {

namespace {

// Larger blocks gain nothing, smaller ones cost system calls: see docs/benchmarks.md.
constexpr std::size_t kBlock = 128 * 1024;
// A file that is written all the time is taken as it comes, and is racy.
constexpr int kMaxReads = 3;

static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);

SHA256_CTX* context(std::array<unsigned char, 112>& state) {
  return reinterpret_cast<SHA256_CTX*>(state.data());
}

Error failed(const char* action, const char* name) {
  return Error::from_errno(errno, std::string(action) + " " + name);
}

// One buffer a thread: it is too large for the stack and too often needed for the heap.
char* block() {
  thread_local const std::unique_ptr<char[]> memory(new char[kBlock]);
  return memory.get();
}

}  // namespace

Sha256::Sha256() { SHA256_Init(context(state_)); }

void Sha256::update(std::string_view bytes) {
  SHA256_Update(context(state_), bytes.data(), bytes.size());
}

Digest Sha256::finish() {
  Digest digest;
  SHA256_Final(digest.bytes.data(), context(state_));
  return digest;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Result<Digest> hash_fd(int fd, std::uint64_t size, const char* name) {
  Sha256 hash;
  std::uint64_t total = 0;
  for (;;) {
    const std::uint64_t rest = size > total ? size - total : kBlock;
    const ssize_t count = ::read(fd, block(), std::min<std::uint64_t>(rest, kBlock));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", name);
    if (count == 0) break;
    hash.update({block(), static_cast<std::size_t>(count)});
    total += static_cast<std::uint64_t>(count);
    // The size that the stamp has is the end, which spares most files a second system call. Whoever
    // appends meanwhile moves the stamp; to a file that grows as fast as it is read there would be
    // no other end. (The kernel's own files have a size of 0, whatever is in them.)
    if (total == size) break;
  }
  return hash.finish();
}

Result<FileDigest> hash_file(int dir_fd, const char* name) {
  // O_NONBLOCK: a pipe that took the file's place would make open wait for a writer.
  const Fd file(::openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return failed("open", name);
  FileDigest result;
  for (int reads = 1;; ++reads) {
    const std::int64_t before = coarse_now_ns();
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return failed("stat", name);
    if (!S_ISREG(info.st_mode)) {
      return Error{ErrorKind::invalid, "hash " + std::string(name) + ": not a regular file"};
    }
    result.stamp = Stamp::of(info);
    GGEN_TRY_ASSIGN(result.digest, hash_fd(file.get(), result.stamp.size, name));
    result.racy = is_racy(result.stamp.ctime_ns, before);
    // A write after the first stat moves the stamp away from the one that is told here, so that
    // whoever compares stamps later reads again. Looking once more only pays where reading takes
    // long enough for that to happen.
    if (result.stamp.size < kBlock) return result;
    if (::fstat(file.get(), &info) != 0) return failed("stat", name);
    const bool moved = Stamp::of(info) != result.stamp;
    result.racy = result.racy || moved;
    if (!moved || reads == kMaxReads) return result;
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return failed("read", name);
  }
}

Result<FileDigest> hash_link(int dir_fd, const char* name) {
  FileDigest result;
  const std::int64_t before = coarse_now_ns();
  struct stat info {};
  if (::fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return failed("stat", name);
  if (!S_ISLNK(info.st_mode)) {
    return Error{ErrorKind::invalid, "hash " + std::string(name) + ": not a symbolic link"};
  }
  result.stamp = Stamp::of(info);
  // No file system of Linux has longer targets.
  char target[4097];
  const ssize_t length = ::readlinkat(dir_fd, name, target, sizeof target);
  if (length < 0) return failed("readlink", name);
  result.digest = sha256({target, static_cast<std::size_t>(length)});
  if (::fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return failed("stat", name);
  result.racy = Stamp::of(info) != result.stamp || is_racy(result.stamp.ctime_ns, before);
  return result;
}

}  // namespace ggen::hash
