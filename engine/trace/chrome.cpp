// The format, one event a line:
//
//   {"traceEvents":[
//   {"ph":"M","pid":41,"tid":1,"name":"thread_name","args":{"name":"..."}},   name of a lane
//   {"ph":"X","pid":41,"tid":1,"ts":12.345,"dur":0.210,"cat":"task","name":"build","args":{...}},
//   {"ph":"i","s":"t",...}                                                    an instant, no dur
//   ],"displayTimeUnit":"ms","otherData":{"version":"...","start_ns":..., "dropped":0}}
//
// ts and dur are microseconds with three decimals, ts since the earliest record, which began at
// start_ns of the monotonic clock. Events are ordered by ts, and of equal ones the outer comes
// first: viewers nest spans in the order of the file. tid is the lane + 1, because Perfetto mixed
// thread 0 up with others until 2025 (https://github.com/thoren-d/tracing-chrome/issues/32).
// SPDX-License-Identifier: MIT
#include "trace/chrome.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "base/json_text.h"

namespace ggen::trace {

namespace {

std::vector<std::uint32_t> nesting_order(const std::deque<Record>& records) {
  std::vector<std::uint32_t> order(records.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (records[a].start != records[b].start) return records[a].start < records[b].start;
    if (records[a].duration != records[b].duration)
      return records[a].duration > records[b].duration;
    return a > b;  // recorded when they ended, so the outer one later
  });
  return order;
}

class Document {
 public:
  Document(const Recorder& recorder, const Sink& sink)
      : recorder_(recorder), sink_(sink), pid_(std::to_string(::getpid())) {}

  Result<void> write() {
    const std::deque<Record>& records = recorder_.records();
    const std::vector<std::uint32_t> order = nesting_order(records);
    if (!order.empty()) base_ = records[order.front()].start;

    out_ = "{\"traceEvents\":[";
    lane_info(0, "process_name", "name", "\"ggen-lua\"");
    for (const auto& [lane, name] : recorder_.lane_names()) {
      std::string quoted;
      append_json_string(quoted, name);
      lane_info(lane, "thread_name", "name", quoted);
      lane_info(lane, "thread_sort_index", "sort_index", std::to_string(lane));
      GGEN_TRY(flush(kPiece));
    }
    for (const std::uint32_t i : order) {
      event(records[i]);
      GGEN_TRY(flush(kPiece));
    }
    out_ += "\n],\"displayTimeUnit\":\"ms\",\"otherData\":{\"version\":\"" GGEN_VERSION
            "\",\"start_ns\":" +
            std::to_string(base_) + ",\"dropped\":" + std::to_string(recorder_.dropped()) + "}}\n";
    return flush(1);
  }

 private:
  static constexpr std::size_t kPiece = 64 * 1024;

  // `key` and `value` are JSON.
  void lane_info(std::uint32_t lane, std::string_view what, std::string_view key,
                 std::string_view value) {
    begin("M", lane);
    ((out_ += ",\"name\":\"") += what) += '"';
    (((out_ += ",\"args\":{\"") += key) += "\":") += value;
    out_ += "}}";
  }

  void event(const Record& record) {
    const bool instant = record.duration == Record::kInstant;
    begin(instant ? "i\",\"s\":\"t" : "X", record.lane);
    microseconds(",\"ts\":", record.start - base_);
    if (!instant) microseconds(",\"dur\":", record.duration);
    out_ += ",\"cat\":";
    append_json_string(out_, recorder_.text(record.category));
    out_ += ",\"name\":";
    append_json_string(out_, recorder_.text(record.name));
    if (const std::string_view args = recorder_.args(record); !args.empty())
      (out_ += ",\"args\":") += args;
    out_ += '}';
  }

  void begin(std::string_view phase, std::uint32_t lane) {
    out_ += std::exchange(first_, false) ? "\n" : ",\n";
    ((out_ += "{\"ph\":\"") += phase) += "\",\"pid\":";
    (out_ += pid_) += ",\"tid\":";
    integer(static_cast<std::int64_t>(lane) + 1);
  }

  void microseconds(std::string_view key, Time time) {
    out_ += key;
    integer(time / 1000);
    const auto rest = static_cast<int>(time % 1000);
    const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                             static_cast<char>('0' + rest / 10 % 10),
                             static_cast<char>('0' + rest % 10)};
    out_.append(decimals, sizeof decimals);
  }

  void integer(std::int64_t value) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }

  Result<void> flush(std::size_t at_least) {
    if (out_.size() < at_least) return {};
    GGEN_TRY(sink_(out_));
    out_.clear();
    return {};
  }

  const Recorder& recorder_;
  const Sink& sink_;
  std::string pid_;
  std::string out_;
  Time base_ = 0;
  bool first_ = true;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_to(const Recorder& recorder, int fd, const std::string& path) {
  return write_chrome_json(recorder,
                           [&](std::string_view bytes) { return write_all(fd, bytes, path); });
}

}  // namespace

Result<void> write_chrome_json(const Recorder& recorder, const Sink& sink) {
  return Document(recorder, sink).write();
}

Result<void> write_chrome_file(const Recorder& recorder, const std::string& path) {
  if (path.find('\0') != std::string::npos)
    return Error{ErrorKind::invalid, "open " + path + ": a path with a NUL byte"};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "open " + path);
    return write_to(recorder, fd.get(), path);
  }

  // A symbolic link goes on to point to the file.
  const Result<std::string> real = real_path(path);
  const std::string target = real ? *real : path;
  const std::string temporary = target + "." + std::to_string(::getpid()) + ".tmp";
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return Error::from_errno(errno, "open " + path);
  Result<void> written = write_to(recorder, fd.get(), path);
  // Some file systems tell only now that the disk is full.
  if (written && ::close(fd.release()) != 0) written = Error::from_errno(errno, "write " + path);
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0)
    written = Error::from_errno(errno, "rename to " + path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace ggen::trace
