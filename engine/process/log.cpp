// SPDX-License-Identifier: MIT
#include "process/log.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace ggen::process {

namespace {

constexpr std::size_t kHeader = 5;
// Once there is a file: what is collected before a write, and the least distance of two marks.
constexpr std::size_t kBlock = 256 * 1024;
// A piece of this size is written as it is: a system call costs less than to copy it.
constexpr std::size_t kLargePiece = 16 * 1024;
constexpr std::uint64_t kTailLimit = 1024 * 1024;
constexpr std::size_t kLargestFrame = 0x40000000;

std::string header(Stream stream, std::size_t size) {
  std::string bytes(kHeader, '\0');
  bytes[0] = static_cast<char>(stream);
  const auto size32 = static_cast<std::uint32_t>(size);
  std::memcpy(bytes.data() + 1, &size32, sizeof size32);
  return bytes;
}

std::uint32_t frame_size(const char* at) {
  std::uint32_t size = 0;
  std::memcpy(&size, at + 1, sizeof size);
  return size;
}

// The last lines of `text`; nothing when it has fewer.
std::optional<std::string_view> last_lines(std::string_view text, std::size_t lines) {
  // The newline that ends the last line does not begin another one.
  std::size_t at = text.size();
  if (at > 0 && text[at - 1] == '\n') --at;
  while (lines > 0 && at > 0) {
    at = text.rfind('\n', at - 1);
    if (at == std::string_view::npos) return std::nullopt;
    --lines;
  }
  if (lines > 0) return std::nullopt;
  return text.substr(at + 1);
}

Fd open_temporary() {
  const char* variable = std::getenv("TMPDIR");
  std::string folder = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  Fd file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Some file systems have no files without names.
  folder += "/ggen-lua-XXXXXX";
  file.reset(mkostemp(folder.data(), O_CLOEXEC));
  if (file) unlink(folder.c_str());
  return file;
}

bool write_fully(int fd, std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    const iovec pieces[] = {{const_cast<char*>(first.data()), first.size()},
                            {const_cast<char*>(second.data()), second.size()}};
    const ssize_t size = writev(fd, pieces, 2);
    if (size < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    const auto done = static_cast<std::size_t>(size);
    const std::size_t from_first = std::min(done, first.size());
    first.remove_prefix(from_first);
    second.remove_prefix(done - from_first);
  }
  return true;
}

// Goes over frames that arrive in blocks cut anywhere.
class FrameReader {
 public:
  // Gives the bytes of the frames in `block` to `visit` and returns how much of it was used: all
  // but a cut header. `more` turns false when the visitor has enough.
  template <class Visit>
  std::size_t read(std::string_view block, const Visit& visit, bool& more) {
    const std::size_t all = block.size();
    while (more && !block.empty()) {
      if (left_ == 0) {
        if (block.size() < kHeader) break;
        stream_ = static_cast<Stream>(block[0]);
        left_ = frame_size(block.data());
        block.remove_prefix(kHeader);
        continue;
      }
      const std::string_view bytes = block.substr(0, left_);
      left_ -= bytes.size();
      block.remove_prefix(bytes.size());
      more = visit(stream_, bytes);
    }
    return all - block.size();
  }

 private:
  Stream stream_ = Stream::out;
  std::size_t left_ = 0;
};

}  // namespace

void Log::write(Stream stream, std::string_view bytes) {
  if (bytes.empty() || closed_) return;
  size_ += bytes.size();
  if (!sink_ && !file_ && memory_.size() + kHeader + bytes.size() > limit_) {
    if (const auto callback = std::exchange(on_overflow_, nullptr)) callback();
    if (closed_) return;
    if (!sink_) return spill(stream, bytes);
  }
  if (sink_) {
    add_to_tail(bytes);
    const auto sink = sink_;
    sink->write(stream, bytes);
  } else if (file_) {
    spill(stream, bytes);
  } else {
    add_frame(stream, bytes);
  }
}

void Log::add_to_tail(std::string_view bytes) {
  if (tail_limit_ == 0) return;
  if (bytes.size() > tail_limit_) bytes.remove_prefix(bytes.size() - tail_limit_);
  if (tail_.size() + bytes.size() > 2 * tail_limit_)
    tail_.erase(0, tail_.size() + bytes.size() - tail_limit_);
  tail_.append(bytes);
}

// Grows the last frame when it is of the same stream, so that single bytes do not cost five more.
void Log::add_frame(Stream stream, std::string_view bytes) {
  if (last_frame_ != std::string::npos && memory_[last_frame_] == static_cast<char>(stream)) {
    const std::size_t size = frame_size(memory_.data() + last_frame_) + bytes.size();
    if (size < kLargestFrame) {
      memory_.replace(last_frame_, kHeader, header(stream, size));
      memory_.append(bytes);
      return;
    }
  }
  last_frame_ = memory_.size();
  memory_.append(header(stream, bytes.size())).append(bytes);
}

void Log::spill(Stream stream, std::string_view bytes) {
  if (!file_) {
    file_ = open_temporary();
    if (!file_ || !flush_memory()) {
      lost_ += bytes.size();
      return;
    }
    memory_ = std::string();
  }
  if (bytes.size() < kLargePiece && memory_.size() + kHeader + bytes.size() <= kBlock) {
    return add_frame(stream, bytes);
  }
  if (!flush_memory() || !write_file(header(stream, bytes.size()), bytes)) lost_ += bytes.size();
}

// Nothing of a frame is kept when not all of it could be written.
bool Log::write_file(std::string_view frame_header, std::string_view bytes) {
  if (marks_.empty() || file_size_ - marks_.back() >= kBlock) marks_.push_back(file_size_);
  if (write_fully(file_.get(), frame_header, bytes)) {
    file_size_ += frame_header.size() + bytes.size();
    return true;
  }
  if (ftruncate(file_.get(), static_cast<off_t>(file_size_)) == 0) {
    lseek(file_.get(), static_cast<off_t>(file_size_), SEEK_SET);
  }
  return false;
}

bool Log::flush_memory() {
  if (memory_.empty()) return true;
  if (!write_file({}, memory_)) return false;
  memory_.clear();
  last_frame_ = std::string::npos;
  return true;
}

void Log::visit(std::uint64_t from, const Visit& visit) {
  FrameReader reader;
  bool more = true;
  std::string block;
  std::uint64_t at = from;
  while (more && at < file_size_) {
    block.resize(std::min<std::uint64_t>(kBlock, file_size_ - at));
    const ssize_t size = pread(file_.get(), block.data(), block.size(), static_cast<off_t>(at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    at +=
        reader.read(std::string_view(block).substr(0, static_cast<std::size_t>(size)), visit, more);
  }
  // The visitor may write into this log.
  std::string memory = std::exchange(memory_, {});
  const std::size_t last_frame = std::exchange(last_frame_, std::string::npos);
  reader.read(memory, visit, more);
  if (closed_) return;
  if (memory_.empty()) {
    memory_ = std::move(memory);
    last_frame_ = last_frame;
  } else {
    memory_.insert(0, memory);
    last_frame_ = std::string::npos;
  }
}

void Log::replay(Sink& sink) {
  visit(0, [&](Stream stream, std::string_view bytes) {
    sink.write(stream, bytes);
    return true;
  });
}

void Log::attach(std::shared_ptr<Sink> sink) {
  if (closed_) return;
  if (tail_limit_ > 0 && !sink_) add_to_tail(tail(tail_limit_));
  replay(*sink);
  memory_ = std::string();
  last_frame_ = std::string::npos;
  file_.reset();
  file_size_ = 0;
  marks_.clear();
  on_overflow_ = nullptr;
  sink_ = std::move(sink);
}

void Log::keep_tail(std::size_t bytes) { tail_limit_ = std::max(tail_limit_, bytes); }

std::string Log::tail(std::size_t lines) {
  if (lines == 0) return {};
  if (sink_) {
    const std::string_view kept = tail_;
    const std::string_view last = kept.substr(kept.size() - std::min(kept.size(), tail_limit_));
    return std::string(last_lines(last, lines).value_or(last));
  }
  std::string text;
  for (std::uint64_t window = kBlock;; window *= 2) {
    // Back to the mark before the window.
    const std::uint64_t wanted = file_size_ - std::min(file_size_, window);
    const auto mark = std::upper_bound(marks_.begin(), marks_.end(), wanted);
    const std::uint64_t from = mark == marks_.begin() ? 0 : *(mark - 1);
    text.clear();
    visit(from, [&](Stream, std::string_view bytes) {
      text.append(bytes);
      return true;
    });
    if (const auto last = last_lines(text, lines)) return std::string(*last);
    if (from == 0 || window >= kTailLimit) return text;
  }
}

std::string Log::text(std::size_t max) {
  std::string text;
  visit(0, [&](Stream, std::string_view bytes) {
    text.append(bytes.substr(0, max - text.size()));
    return text.size() < max;
  });
  return text;
}

void Log::close() {
  closed_ = true;
  memory_ = std::string();
  last_frame_ = std::string::npos;
  file_.reset();
  file_size_ = 0;
  marks_.clear();
  sink_.reset();
  tail_ = std::string();
  on_overflow_ = nullptr;
}

}  // namespace ggen::process
