// SPDX-License-Identifier: MIT
#include "state/lifecycle_text.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "state/json_scanner.h"

namespace ggen::state {

namespace {

constexpr const char* kFieldNames[] = {"last_phase", "phase_history", "generated", "cache_keys"};
constexpr std::size_t kFields = 4;

// A whole number of 0 or more; one that is too large is the largest.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (rest != end || text.empty()) return std::nullopt;
  return problem == std::errc::result_out_of_range ? UINT64_MAX : number;
}

// Which phase of which workspace, as one text. No name has a NUL byte: parse() and the binding see
// to that.
template <class Entry>
std::string subject_of(const Entry& entry) {
  std::string text = entry.phase;
  if (entry.workspace) text.append(1, '\0').append(*entry.workspace);
  return text;
}

bool counts(const LifecycleRecord& record) { return record.success; }
bool counts(const LifecycleKey&) { return true; }

// What keep_newest() says, for one list and what belongs to its entries. `most` is for those that
// nothing has followed.
template <class Entry, class Span>
void keep(std::vector<Entry>& entries, std::vector<Span>& spans, std::size_t max,
          std::size_t most) {
  if (entries.size() <= max) return;
  std::size_t excess = entries.size() - max;
  std::vector<bool> superseded(entries.size());
  std::unordered_set<std::string> later;
  for (std::size_t i = entries.size(); i-- > 0;) {
    if (counts(entries[i])) {
      superseded[i] = !later.insert(subject_of(entries[i])).second;
    } else {
      superseded[i] = true;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (excess > 0 && superseded[i]) {
      --excess;
      continue;
    }
    if (kept != i) {
      entries[kept] = std::move(entries[i]);
      spans[kept] = spans[i];
    }
    ++kept;
  }
  // More phases than may be kept.
  excess = kept > most ? kept - most : 0;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end());
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(excess));
  spans.erase(spans.begin() + static_cast<std::ptrdiff_t>(kept), spans.end());
  spans.erase(spans.begin(), spans.begin() + static_cast<std::ptrdiff_t>(excess));
}

// Whether an entry of a list stands as text() writes it, as nearly all do: then its bytes are
// copied. Only the ends are looked at, so what another program has written between them stays as it
// is.
bool is_laid_out(std::string_view entry) {
  constexpr std::string_view kBegin = "{\n      \"", kEnd = "\n    }";
  return entry.size() >= kBegin.size() + kEnd.size() &&
         entry.compare(0, kBegin.size(), kBegin) == 0 &&
         entry.compare(entry.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
}

void append_field(std::string& out, const char* name, std::string_view value, bool last = false) {
  out.append("      ");
  append_string(out, name);
  out.append(": ").append(value).append(last ? "\n" : ",\n");
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

void append_new(std::string& out, const LifecycleRecord& record) {
  out.append("{\n");
  append_field(out, "phase", quoted(record.phase));
  append_field(out, "started_ms", std::to_string(record.started_ms));
  append_field(out, "duration_ms", std::to_string(record.duration_ms));
  append_field(out, "success", record.success ? "true" : "false", !record.workspace);
  if (record.workspace) append_field(out, "workspace", quoted(*record.workspace), true);
  out.append("    }");
}

void append_new(std::string& out, const LifecycleKey& key) {
  out.append("{\n");
  append_field(out, "phase", quoted(key.phase));
  append_field(out, "key", quoted(key.key), !key.workspace);
  if (key.workspace) append_field(out, "workspace", quoted(*key.workspace), true);
  out.append("    }");
}

}  // namespace

// Reads a text into a LifecycleText. What is not of the format is a problem of the scanner.
class LifecycleText::Reader {
 public:
  explicit Reader(LifecycleText& into) : into_(into), json_(into.source_) {}

  Result<void> read() {
    bool seen[kFields] = {};
    for (bool more = json_.open('{'); more; more = json_.next('}')) {
      Member member;
      member.name = json_.key();
      for (std::size_t i = 0; i < kFields; ++i) {
        if (member.name != kFieldNames[i]) continue;
        if (seen[i]) json_.fail("\"" + member.name + "\" is there twice");
        seen[i] = true;
        member.field = static_cast<Field>(i);
      }
      read_field(member);
      into_.members_.push_back(std::move(member));
    }
    json_.end();
    for (std::size_t i = 0; i < kFields; ++i)
      if (!seen[i]) json_.fail(std::string("there is no \"") + kFieldNames[i] + "\"");
    if (!json_.problem().empty()) return Error{ErrorKind::invalid, json_.problem()};
    return {};
  }

 private:
  void read_field(Member& member) {
    switch (member.field) {
      case Field::last_phase: read_last_phase(); break;
      case Field::records:
        for (bool more = json_.open('['); more; more = json_.next(']')) read_record();
        break;
      case Field::keys:
        for (bool more = json_.open('['); more; more = json_.next(']')) read_key();
        break;
      case Field::generated: member.value = read_generated(); break;
      case Field::other: member.value = span_of(json_.value()); break;
    }
  }

  Span span_of(std::string_view value) const {
    if (value.empty()) return {};
    return {static_cast<std::size_t>(value.data() - into_.source_.data()), value.size()};
  }

  void read_last_phase() {
    if (json_.kind() == JsonScanner::Kind::null) {
      json_.value();
      return;
    }
    into_.last_phase_ = json_.string();
    if (!into_.last_phase_) json_.fail("\"last_phase\": a string or null expected");
  }

  // Each of these reads one value, and says what is wrong with it.
  void read_text(std::string& into, const std::string& name) {
    if (auto text = json_.string()) {
      if (text->find('\0') != std::string::npos) json_.fail("\"" + name + "\": a NUL byte");
      into = *std::move(text);
    } else {
      json_.fail("\"" + name + "\": a string expected");
    }
  }
  void read_number(std::uint64_t& into, const std::string& name) {
    const auto number = number_of(json_.value());
    if (!number) return json_.fail("\"" + name + "\": a whole number from 0 up expected");
    into = *number;
  }
  void read_flag(bool& into, const std::string& name) {
    const bool is_flag = json_.kind() == JsonScanner::Kind::boolean;
    into = json_.value() == "true";
    if (!is_flag) json_.fail("\"" + name + "\": true or false expected");
  }
  // Another kind of value is a field that is not known.
  void read_workspace(std::optional<std::string>& into) {
    if (json_.kind() != JsonScanner::Kind::string) {
      json_.value();
      return;
    }
    std::string name;
    read_text(name, "workspace");
    into = std::move(name);
  }

  // Reads an object. `read` is called with the name of each member and reads its value when it
  // knows it: it then gives the bit of the member. All bits of `needed` must come, once each.
  template <class Read>
  Span read_object(unsigned needed, Read read) {
    static_cast<void>(json_.kind());
    const std::size_t start = json_.position();
    unsigned seen = 0;
    for (bool more = json_.open('{'); more; more = json_.next('}')) {
      const std::string name = json_.key();
      const unsigned bit = read(name);
      if (bit == 0) {
        json_.value();
      } else if ((seen & bit) != 0) {
        json_.fail("\"" + name + "\" is there twice");
      }
      seen |= bit;
    }
    if ((seen & needed) != needed) json_.fail("a field of this record is missing");
    return {start, json_.position() - start};
  }

  void read_record() {
    LifecycleRecord record;
    const Span span = read_object(15, [&](const std::string& name) {
      if (name == "phase") return read_text(record.phase, name), 1U;
      if (name == "started_ms") return read_number(record.started_ms, name), 2U;
      if (name == "duration_ms") return read_number(record.duration_ms, name), 4U;
      if (name == "success") return read_flag(record.success, name), 8U;
      if (name == "workspace") return read_workspace(record.workspace), 16U;
      return 0U;
    });
    into_.records_.push_back(std::move(record));
    into_.record_spans_.push_back(span);
  }

  void read_key() {
    LifecycleKey key;
    const Span span = read_object(3, [&](const std::string& name) {
      if (name == "phase") return read_text(key.phase, name), 1U;
      if (name == "key") return read_text(key.key, name), 2U;
      if (name == "workspace") return read_workspace(key.workspace), 4U;
      return 0U;
    });
    into_.keys_.push_back(std::move(key));
    into_.key_spans_.push_back(span);
  }

  Span read_generated() {
    static_cast<void>(json_.kind());
    const std::size_t start = json_.position();
    for (bool more = json_.open('['); more; more = json_.next(']')) {
      std::string ignored;
      read_object(3, [&](const std::string& name) {
        if (name == "path") return read_text(ignored, name), 1U;
        if (name == "hash") return read_text(ignored, name), 2U;
        return 0U;
      });
    }
    return {start, json_.position() - start};
  }

  LifecycleText& into_;
  JsonScanner json_;
};

LifecycleText::LifecycleText() {
  for (std::size_t i = 0; i < kFields; ++i)
    members_.push_back({static_cast<Field>(i), kFieldNames[i], {}});
}

Result<LifecycleText> LifecycleText::parse(std::string text) {
  LifecycleText state;
  state.members_.clear();
  state.source_ = std::move(text);
  GGEN_TRY(Reader(state).read());
  return state;
}

void LifecycleText::add(LifecycleRecord record) {
  last_phase_ = record.phase;
  records_.push_back(std::move(record));
  record_spans_.push_back({});
}

void LifecycleText::add(LifecycleKey key) {
  keys_.push_back(std::move(key));
  key_spans_.push_back({});
}

void LifecycleText::keep_newest(std::size_t max) {
  // That a phase has succeeded must not be forgotten: first_run_only goes by it.
  keep(records_, record_spans_, max, std::max(max, kMostPhases));
  keep(keys_, key_spans_, max, max);
}

std::string LifecycleText::text() const {
  std::string out;
  out.reserve(source_.size() + 200 * (records_.size() + keys_.size()));
  const auto append_list = [&](const auto& entries, const std::vector<Span>& spans) {
    if (entries.empty()) {
      out.append("[]");
      return;
    }
    const char* before = "[\n    ";
    for (std::size_t i = 0; i < entries.size(); ++i) {
      out.append(before);
      before = ",\n    ";
      if (spans[i].size > 0) {
        const std::string_view entry = source(spans[i]);
        is_laid_out(entry) ? static_cast<void>(out.append(entry)) : append_pretty(out, entry, 2);
      } else {
        append_new(out, entries[i]);
      }
    }
    out.append("\n  ]");
  };
  const char* before = "{\n  ";
  for (const Member& member : members_) {
    out.append(before);
    before = ",\n  ";
    append_string(out, member.name);
    out.append(": ");
    switch (member.field) {
      case Field::last_phase: out.append(last_phase_ ? quoted(*last_phase_) : "null"); break;
      case Field::records: append_list(records_, record_spans_); break;
      case Field::keys: append_list(keys_, key_spans_); break;
      case Field::generated:
      case Field::other:
        member.value.size > 0 ? append_pretty(out, source(member.value), 1)
                              : static_cast<void>(out.append("[]"));
    }
  }
  out.append("\n}");
  return out;
}

}  // namespace ggen::state
