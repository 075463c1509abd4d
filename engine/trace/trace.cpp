// SPDX-License-Identifier: MIT
#include "trace/trace.h"

#include <chrono>

#include "base/bug.h"

namespace ggen::trace {

Time now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

Recorder::Recorder(Limits limits) : limits_(limits) {
  GGEN_BUG_IF(limits.text >= Record::kNoArgs, "a trace with 4 GiB of text");
}

std::optional<TextId> Recorder::intern(std::string_view text) {
  if (const auto known = ids_.find(text); known != ids_.end()) return known->second;
  if (text_size_ + text.size() > limits_.text) return std::nullopt;
  text_size_ += text.size();
  const auto id = static_cast<TextId>(texts_.size());
  ids_.emplace(texts_.emplace_back(text), id);
  return id;
}

void Recorder::span(TextId category, TextId name, std::uint32_t lane, Time start, Time end,
                    std::string_view args) {
  GGEN_BUG_IF(end < start, "a span that ends before it starts");
  add({start, end - start, category, name, lane, Record::kNoArgs}, args);
}

void Recorder::instant(TextId category, TextId name, std::uint32_t lane, Time at,
                       std::string_view args) {
  add({at, Record::kInstant, category, name, lane, Record::kNoArgs}, args);
}

void Recorder::add(Record record, std::string_view args) {
  if (!has_room() || text_size_ + args.size() > limits_.text) {
    ++dropped_;
    return;
  }
  if (!args.empty()) {
    record.args = static_cast<std::uint32_t>(args_.size());
    args_.append(args);
    args_ += '\0';
    text_size_ += args.size() + 1;
  }
  records_.push_back(record);
}

std::string_view Recorder::args(const Record& record) const {
  if (record.args == Record::kNoArgs) return {};
  return args_.c_str() + record.args;
}

}  // namespace ggen::trace
