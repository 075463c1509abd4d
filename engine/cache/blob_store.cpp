// SPDX-License-Identifier: MIT
#include "cache/blob_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <vector>

#include "cache/layout.h"
#include "cache/new_file.h"
#include "hash/sha256.h"

namespace ggen::cache {

namespace {

constexpr std::size_t kBlock = 128 * 1024;
// Files from here on are cloned where the file system can: for smaller ones the attempt costs more.
constexpr std::uint64_t kCloneFrom = 256 * 1024;
// A blob that is found there is touched when it is older, so that no sweep takes it from the action
// that is about to name it (sweep.h: kGrace is longer).
constexpr std::int64_t kTouchAfter = 4 * 60;
// Nobody has a reason to write to a blob.
constexpr unsigned kBlobMode = 0444;

// One block for each thread, for as long as the thread lives.
char* block() {
  static thread_local std::vector<char> bytes(kBlock);
  return bytes.data();
}

struct Copied {
  Digest digest;
  std::uint64_t size = 0;
};

// Hashes what is left of `from`, and writes it to `to` unless that is null. Reads `size` bytes and
// one more at most: a longer file gives another digest anyway.
Result<Copied> copy_and_hash(int from, NewFile* to, std::uint64_t size) {
  hash::Sha256 hash;
  Copied copied;
  while (copied.size <= size) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - copied.size, kBlock - 1) + 1);
    const ssize_t count = ::read(from, block(), want);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "read a file");
    const std::string_view bytes(block(), static_cast<std::size_t>(count));
    hash.update(bytes);
    if (to != nullptr) GGEN_TRY(to->write(bytes));
    copied.size += bytes.size();
    // Fewer than asked for, and just as many as there should be: the end. Spares a call.
    if (count == 0 || (copied.size == size && bytes.size() < want)) break;
  }
  copied.digest = hash.finish();
  return copied;
}

// The bytes of `from` into `to`, by sharing them on the disk where that works. What is hashed is
// what has arrived.
Result<Copied> transfer(int from, NewFile& to, std::uint64_t size) {
  if (size >= kCloneFrom && ::ioctl(to.fd(), FICLONE, from) == 0)
    return copy_and_hash(to.fd(), nullptr, size);
  return copy_and_hash(from, &to, size);
}

Result<std::uint64_t> size_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Error::from_errno(errno, "stat a file");
  return static_cast<std::uint64_t>(info.st_size);
}

// Gives the file a time of modification that no later write can give it: the fine clock's, where
// the kernel stamps writes with the coarse one's or with a later one of the fine clock. So even a
// write that comes within the same tick moves the stamp, and the stamp is not racy (hash/stamp.h).
timespec set_own_mtime(int fd) {
  timespec times[2] = {{0, UTIME_OMIT}, {}};
  timespec coarse{};
  ::clock_gettime(CLOCK_REALTIME, &times[1]);
  ::clock_gettime(CLOCK_REALTIME_COARSE, &coarse);
  if (times[1].tv_nsec == coarse.tv_nsec && times[1].tv_nsec > 0) --times[1].tv_nsec;
  if (::futimens(fd, times) != 0) return {};
  return times[1];
}

Error missing(const Digest& digest) {
  return {ErrorKind::not_found, "the blob " + digest.hex() + " is missing"};
}

}  // namespace

std::string BlobStore::path(const Digest& digest) const {
  return directory_.path(kBlobs) + "/" + DigestName(digest).c_str();
}

bool BlobStore::has(const Digest& digest, std::uint64_t size) const {
  struct stat info {};
  return ::fstatat(directory_.blobs(), DigestName(digest).c_str(), &info, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         S_ISREG(info.st_mode) &&
         (size == kAnySize || static_cast<std::uint64_t>(info.st_size) == size);
}

// As has(), and protects it from a sweep for a while.
bool BlobStore::keep(const Digest& digest, std::uint64_t size) const {
  const DigestName name(digest);
  struct stat info {};
  if (::fstatat(directory_.blobs(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) != size) return false;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec - info.st_mtim.tv_sec < kTouchAfter) return true;
  // Gone since: it has to be stored again. Not ours to touch (a shared cache): good enough.
  return ::utimensat(directory_.blobs(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0 ||
         errno != ENOENT;
}

Result<Fd> BlobStore::open(const Digest& digest) const {
  Fd file(::openat(directory_.blobs(), DigestName(digest).c_str(),
                   O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (file) return file;
  // EBADF: there is not even a directory.
  if (errno == ENOENT || errno == EBADF) return missing(digest);
  return Error::from_errno(errno, "open the blob " + path(digest));
}

// Removes the file that `fd` has open, and says so.
Error BlobStore::damaged(const Digest& digest, int fd, const char* what) const {
  const DigestName name(digest);
  struct stat opened {
  }, now{};
  // Another process may have put a good one in its place meanwhile.
  const bool same = ::fstat(fd, &opened) == 0 &&
                    ::fstatat(directory_.blobs(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                    opened.st_ino == now.st_ino;
  const bool removed = same && ::unlinkat(directory_.blobs(), name.c_str(), 0) == 0;
  std::string message = "the cache's file " + path(digest) + " is damaged (" + what + ")";
  message += removed ? "; it was removed" : "";
  directory_.warn(digest, message);
  return {ErrorKind::invalid, std::move(message)};
}

Result<void> BlobStore::publish(NewFile& file, const Digest& digest, std::uint64_t size) {
  const DigestName name(digest);
  // A file of another size under this name is damaged. One of the same size is most likely right.
  const Replace replace = has(digest) && !has(digest, size) ? Replace::yes : Replace::no;
  auto placed = file.publish(directory_.blobs(), name.c_str(), replace);
  if (!placed && placed.error().kind == ErrorKind::not_found) {
    ::mkdirat(directory_.blobs(), name.directory().c_str(), 0777);
    placed = file.publish(directory_.blobs(), name.c_str(), replace);
  }
  if (!placed) return std::move(placed).error().with_context("store a blob");
  if (*placed) bytes_added_.fetch_add(static_cast<std::int64_t>(size), std::memory_order_relaxed);
  return {};
}

Result<void> BlobStore::put_file(int dir_fd, const char* name, const Digest& digest,
                                 std::uint64_t size) {
  if (keep(digest, size)) return {};
  const Fd from(::openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!from) return Error::from_errno(errno, std::string("read ") + name);
  GGEN_TRY_ASSIGN(NewFile to, NewFile::create(directory_.temporary(), kBlobMode));
  GGEN_TRY_ASSIGN(const Copied copied, transfer(from.get(), to, size));
  if (copied.digest != digest) {
    return Error{ErrorKind::cancelled, std::string(name) + " changed while it was stored"};
  }
  return publish(to, digest, copied.size);
}

Result<void> BlobStore::put_bytes(const Digest& digest, std::string_view bytes) {
  if (keep(digest, bytes.size())) return {};
  GGEN_BUG_IF(hash::sha256(bytes) != digest, "a blob that is not what its digest says");
  GGEN_TRY_ASSIGN(NewFile to, NewFile::create(directory_.temporary(), kBlobMode));
  GGEN_TRY(to.write(bytes));
  return publish(to, digest, bytes.size());
}

Result<void> BlobStore::adopt(NewFile file, const Digest& digest) {
  GGEN_TRY_ASSIGN(const std::uint64_t size, size_of(file.fd()));
  if (keep(digest, size)) return {};
  return publish(file, digest, size);
}

Result<void> BlobStore::import(const std::string& path, const Digest& digest) {
  // Copied rather than renamed: whoever fetched it may still have it open for writing.
  const Fd from(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!from) return Error::from_errno(errno, "read " + path);
  ::unlink(path.c_str());
  GGEN_TRY_ASSIGN(const std::uint64_t size, size_of(from.get()));
  if (keep(digest, size)) return {};
  GGEN_TRY_ASSIGN(NewFile to, NewFile::create(directory_.temporary(), kBlobMode));
  GGEN_TRY_ASSIGN(const Copied copied, transfer(from.get(), to, size));
  if (copied.digest != digest) {
    return Error{ErrorKind::invalid, "the fetched file " + path + " is not the blob " +
                                         digest.hex() + " but " + copied.digest.hex()};
  }
  return publish(to, digest, copied.size);
}

Result<std::string> BlobStore::read(const Digest& digest, std::uint64_t max) const {
  GGEN_TRY_ASSIGN(const Fd file, open(digest));
  GGEN_TRY_ASSIGN(const std::uint64_t size, size_of(file.get()));
  if (size > max) {
    return Error{ErrorKind::limit,
                 "the blob " + digest.hex() + " has more than " + std::to_string(max) + " bytes"};
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const long count = read_full(file.get(), bytes.data(), bytes.size());
  if (count < 0) return Error::from_errno(errno, "read the blob " + path(digest));
  bytes.resize(static_cast<std::size_t>(count));
  if (hash::sha256(bytes) != digest) return damaged(digest, file.get(), "its bytes are others");
  return bytes;
}

Result<Fd> BlobStore::open_verified(const Digest& digest) const {
  GGEN_TRY_ASSIGN(Fd file, open(digest));
  GGEN_TRY_ASSIGN(const std::uint64_t size, size_of(file.get()));
  GGEN_TRY_ASSIGN(const Copied copied, copy_and_hash(file.get(), nullptr, size));
  if (copied.digest != digest) return damaged(digest, file.get(), "its bytes are others");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return Error::from_errno(errno, "read a blob");
  return file;
}

Result<BlobStore::Placed> BlobStore::restore(const Digest& digest, std::uint64_t size,
                                             bool executable, int dir_fd, const char* name) const {
  GGEN_TRY_ASSIGN(const Fd from, open(digest));
  GGEN_TRY_ASSIGN(NewFile to, NewFile::create(dir_fd, executable ? 0777 : 0666));
  GGEN_TRY_ASSIGN(const Copied copied, transfer(from.get(), to, size));
  if (copied.digest != digest) {
    return damaged(digest, from.get(),
                   copied.size < size   ? "it is too short"
                   : copied.size > size ? "it is too long"
                                        : "its bytes are others");
  }
  const timespec own = set_own_mtime(to.fd());
  if (auto placed = to.publish(dir_fd, name, Replace::yes); !placed)
    return std::move(placed).error();
  struct stat info {};
  if (::fstat(to.fd(), &info) != 0) return Error::from_errno(errno, std::string("stat ") + name);
  // A file system with coarser times has cut ours off.
  const bool racy =
      info.st_mtim.tv_sec != own.tv_sec || info.st_mtim.tv_nsec != own.tv_nsec || own.tv_sec == 0;
  return Placed{hash::Stamp::of(info), racy};
}

}  // namespace ggen::cache
