// SPDX-License-Identifier: MIT
#include "hash/ignore.h"

#include <algorithm>

namespace ggen::hash {

namespace {

bool is_special(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

std::size_t plain_length(std::string_view text) {
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_special) -
                                  text.begin());
}

// Without the spaces at the end; one behind a backslash stays.
std::string_view trim(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ') continue;
    if (line[i] == '\\' && ++i == line.size()) return line;
    end = i + 1;
  }
  return line.substr(0, end);
}

// The classes of git's own character tables: ASCII, and no vertical space.
bool in_class(std::string_view name, unsigned char c, bool& known) {
  const bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
  const bool digit = c >= '0' && c <= '9', alpha = upper || lower;
  const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
  const bool print = c >= 0x20 && c <= 0x7e;
  known = true;
  if (name == "alnum") return alpha || digit;
  if (name == "alpha") return alpha;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return c < 0x20 || c == 0x7f;
  if (name == "digit") return digit;
  if (name == "graph") return print && !space;
  if (name == "lower") return lower;
  if (name == "print") return print;
  if (name == "punct") return print && c != ' ' && !alpha && !digit;
  if (name == "space") return space;
  if (name == "upper") return upper;
  if (name == "xdigit") return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  known = false;
  return false;
}

// Reads a set from behind its "[" on; leaves `at` behind its "]". False: malformed.
bool read_set(std::string_view text, std::size_t& at, std::bitset<256>& set) {
  const bool negated = at < text.size() && (text[at] == '!' || text[at] == '^');
  if (negated) ++at;
  int previous = 0;  // the low end of a range, if there can be one
  for (bool first = true;; first = false) {
    if (at >= text.size()) return false;
    char c = text[at++];
    if (c == ']' && !first) break;
    if (c == '-' && previous != 0 && at < text.size() && text[at] != ']') {
      char high = text[at++];
      if (high == '\\') {
        if (at >= text.size()) return false;
        high = text[at++];
      }
      for (int byte = previous; byte <= static_cast<unsigned char>(high); ++byte) {
        set.set(static_cast<std::size_t>(byte));
      }
      previous = 0;
      continue;
    }
    if (c == '[' && at < text.size() && text[at] == ':') {
      const std::size_t close = text.find(']', at + 1);
      if (close == std::string_view::npos) return false;
      if (close > at + 1 && text[close - 1] == ':') {
        const std::string_view name = text.substr(at + 1, close - at - 2);
        for (unsigned byte = 0; byte < 256; ++byte) {
          bool known = false;
          if (in_class(name, static_cast<unsigned char>(byte), known)) set.set(byte);
          if (!known) return false;
        }
        at = close + 1;
        previous = 0;
        continue;
      }
    } else if (c == '\\') {
      if (at >= text.size()) return false;
      c = text[at++];
    }
    set.set(static_cast<unsigned char>(c));
    previous = static_cast<unsigned char>(c);
  }
  if (negated) set.flip();
  set.reset('/');
  return true;
}

}  // namespace

IgnoreFile IgnoreFile::parse(std::string_view text) {
  IgnoreFile file;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    file.add(trim(line.substr(0, line.find('\0'))));
  }
  return file;
}

void IgnoreFile::add(std::string_view line) {
  Pattern pattern;
  if (line.starts_with('!')) {
    pattern.keep = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    pattern.directory_only = true;
    line.remove_suffix(1);
  }
  pattern.base_name = line.find('/') == std::string_view::npos;
  if (!pattern.base_name && line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return;
  if (pattern.base_name && line[0] == '*' && plain_length(line.substr(1)) == line.size() - 1) {
    pattern.suffix = true;
    pattern.prefix = line.substr(1);
  } else {
    // For a base name the whole is one text; for a path git compares the plain part first and
    // matches the rest as a pattern of its own, so that "a**/b" is a "**" at a start.
    const std::size_t plain = plain_length(line);
    const bool split = plain == line.size() || !pattern.base_name;
    if (split) pattern.prefix = line.substr(0, plain);
    if (!compile(split ? line.substr(plain) : line, pattern, sets_)) return;
  }
  patterns_.push_back(std::move(pattern));
}

bool IgnoreFile::compile(std::string_view text, Pattern& pattern,
                         std::vector<std::bitset<256>>& sets) {
  auto& steps = pattern.steps;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    char c = text[at++];
    switch (c) {
      case '?': steps.push_back({Op::any}); continue;
      case '[': {
        std::bitset<256> set;
        if (!read_set(text, at, set)) return false;
        steps.push_back({Op::set, static_cast<std::uint32_t>(sets.size())});
        sets.push_back(set);
        continue;
      }
      case '*': {
        while (at < text.size() && text[at] == '*') ++at;
        const bool whole = at - start >= 2 && (start == 0 || text[start - 1] == '/') &&
                           (at == text.size() || text[at] == '/' || text.substr(at, 2) == "\\/");
        // "**/" may stand for nothing, with its slash.
        if (whole && at < text.size() && text[at] == '/') steps.push_back({Op::skip});
        steps.push_back({whole ? Op::deep : Op::star});
        continue;
      }
      case '\\':
        if (at == text.size()) return false;
        c = text[at++];
        break;
      default: break;
    }
    steps.push_back({Op::byte, static_cast<unsigned char>(c)});
  }
  return true;
}

IgnoreFile::Verdict IgnoreFile::check(std::string_view path, bool is_directory) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->directory_only && !is_directory) continue;
    if (matches(*pattern, path)) return pattern->keep ? Verdict::keep : Verdict::ignore;
  }
  return Verdict::silent;
}

bool IgnoreFile::matches(const Pattern& pattern, std::string_view text) const {
  if (pattern.base_name) text.remove_prefix(text.rfind('/') + 1);
  if (pattern.suffix) return text.ends_with(pattern.prefix);
  if (!text.starts_with(pattern.prefix)) return false;
  text.remove_prefix(pattern.prefix.size());
  return pattern.steps.empty() ? text.empty() : run(pattern.steps, text);
}

// All ways through the pattern at once, one byte after the other: linear in both, however hostile.
bool IgnoreFile::run(const std::vector<Step>& steps, std::string_view text) const {
  thread_local std::vector<char> now, next;
  now.assign(steps.size() + 1, 0);
  // From each state that is reached, the ones that need no byte.
  const auto spread = [&](std::vector<char>& states) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!states[i]) continue;
      const Op op = steps[i].op;
      if (op == Op::skip) states[i + 1] = states[i + 3] = 1;
      if (op == Op::star || op == Op::deep) states[i + 1] = 1;
    }
  };
  now[0] = 1;
  spread(now);
  for (const char c : text) {
    next.assign(steps.size() + 1, 0);
    bool alive = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!now[i]) continue;
      const auto byte = static_cast<unsigned char>(c);
      bool takes = false, stays = false;
      switch (steps[i].op) {
        case Op::byte: takes = byte == steps[i].arg; break;
        case Op::any: takes = c != '/'; break;
        case Op::set: takes = sets_[steps[i].arg].test(byte); break;
        case Op::star: stays = c != '/'; break;
        case Op::deep: stays = true; break;
        case Op::skip: break;
      }
      if (takes) next[i + 1] = 1;
      if (stays) next[i] = 1;
      alive = alive || takes || stays;
    }
    if (!alive) return false;
    spread(next);
    std::swap(now, next);
  }
  return now[steps.size()] != 0;
}

}  // namespace ggen::hash
