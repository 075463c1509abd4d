// SPDX-License-Identifier: MIT
#include "loop/http_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace ggen::loop {

namespace {

constexpr std::size_t kPiece = 512 * 1024;  // bytes

// Up to a piece from `at` on.
Result<std::string> read_piece(const Fd& file, const std::string& path, std::uint64_t at,
                               std::uint64_t most) {
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, most)), '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t count = ::pread(file.get(), bytes.data() + used, bytes.size() - used,
                                  static_cast<off_t>(at + used));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "read " + path);
    if (count == 0) {
      return Error{ErrorKind::io, "read " + path + ": it became shorter while it was sent"};
    }
    used += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace

struct HttpFileSource::Opened {
  std::shared_ptr<const Fd> file;
  std::uint64_t size = 0;
  std::string first;

  static Result<Opened> open(const std::string& path) {
    if (path.find('\0') != std::string::npos) {
      return Error{ErrorKind::invalid, "read: the path has a NUL byte inside"};
    }
    // O_NONBLOCK: to open a named pipe that nobody writes to must not hang.
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    Opened result{std::make_shared<const Fd>(::open(path.c_str(), flags)), 0, {}};
    struct stat info {};
    if (!*result.file || ::fstat(result.file->get(), &info) != 0) {
      return Error::from_errno(errno, "read " + path);
    }
    if (!S_ISREG(info.st_mode)) {
      return Error{ErrorKind::invalid, "read " + path + ": not a regular file"};
    }
    result.size = static_cast<std::uint64_t>(info.st_size);
    auto piece = read_piece(*result.file, path, 0, result.size);
    if (!piece) return piece.error();
    result.first = std::move(*piece);
    return result;
  }
};

void HttpFileSource::open() {
  work_.emplace(work(
      loop_, [path = path_] { return Opened::open(path); },
      [this](Result<Opened> opened) {
        if (!opened) return got(opened.error());
        file_ = std::move(opened->file);
        size_ = opened->size;
        got(std::move(opened->first));
      }));
}

void HttpFileSource::fetch() {
  work_.emplace(work(
      loop_,
      [file = file_, path = path_, at = fetched_, left = size_ - fetched_] {
        return read_piece(*file, path, at, left);
      },
      [this](Result<std::string> piece) { got(std::move(piece)); }));
}

void HttpFileSource::got(Result<std::string> piece) {
  work_.reset();
  used_ = 0;
  if (piece) {
    piece_ = std::move(*piece);
    fetched_ += piece_.size();
  } else {
    problem_ = piece.error();
  }
  const auto ready = ready_;
  ready();
}

std::optional<std::size_t> HttpFileSource::read(char* to, std::size_t most) {
  if (used_ < piece_.size()) {
    const std::size_t size = std::min(most, piece_.size() - used_);
    piece_.copy(to, size, used_);
    used_ += size;
    return size;
  }
  if (fetched_ == size_) return 0;
  if (!work_ && !problem_) fetch();
  return std::nullopt;
}

void HttpFileSource::rewind() {
  work_.reset();
  piece_.clear();
  used_ = 0;
  fetched_ = 0;
}

Result<void> HttpFileSink::Target::write(std::string_view bytes, bool last) {
  if (!file) {
    auto opened = FileReplacement::open(path);
    if (!opened) return opened.error();
    file.emplace(std::move(*opened));
  }
  GGEN_TRY(file->write(bytes));
  if (!last) return {};
  return file->commit();
}

bool HttpFileSink::take(std::string_view bytes) {
  full_ = waiting_.size() >= kPiece;
  if (full_) return false;
  waiting_ += bytes;
  if (!work_ && !problem_) start();
  return true;
}

void HttpFileSink::finish(std::function<void(Result<void>)> done) {
  done_ = std::move(done);
  if (!work_) start();
}

void HttpFileSink::start() {
  const bool last = done_ != nullptr;
  work_.emplace(work(
      loop_,
      [target = target_, bytes = std::exchange(waiting_, {}), last] {
        return target->write(bytes, last);
      },
      [this, last](Result<void> result) { wrote(std::move(result), last); }));
}

void HttpFileSink::wrote(Result<void> result, bool last) {
  work_.reset();
  if (!result) problem_ = result.error();
  if (done_ && (last || problem_)) {
    const auto done = std::move(done_);
    return done(std::move(result));
  }
  if (!problem_ && (done_ || !waiting_.empty())) start();
  if (!problem_ && !full_) return;
  full_ = false;
  const auto ready = ready_;
  ready();
}

}  // namespace ggen::loop
