// SPDX-License-Identifier: MIT
#include "state/json_scanner.h"

#include <algorithm>

#include "base/json_unescape.h"
#include "base/utf8.h"

namespace ggen::state {

namespace {

bool is_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// 16 when it is none.
unsigned hex_value(char byte) {
  if (is_digit(byte)) return static_cast<unsigned>(byte - '0');
  if (byte >= 'a' && byte <= 'f') return static_cast<unsigned>(byte - 'a') + 10;
  if (byte >= 'A' && byte <= 'F') return static_cast<unsigned>(byte - 'A') + 10;
  return 16;
}

// The length of the string that `text` starts with, with its quotes.
std::size_t string_length(std::string_view text) {
  std::size_t at = 1;
  while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

}  // namespace

void JsonScanner::fail(std::string_view reason) {
  if (!problem_.empty()) return;
  const std::string_view before = text_.substr(0, at_);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? at_ : at_ - start - 1;
  problem_ = "line " + std::to_string(lines + 1) + ", column " + std::to_string(column + 1) + ": " +
             std::string(reason);
  at_ = text_.size();
}

void JsonScanner::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

JsonScanner::Kind JsonScanner::kind() {
  skip_space();
  switch (peek()) {
    case 'n': return Kind::null;
    case 't':
    case 'f': return Kind::boolean;
    case '"': return Kind::string;
    case '[': return Kind::array;
    case '{': return Kind::object;
    default: return peek() == '-' || is_digit(peek()) ? Kind::number : Kind::none;
  }
}

bool JsonScanner::open(char bracket) {
  skip_space();
  if (peek() != bracket) {
    fail(bracket == '{' ? "an object expected" : "an array expected");
    return false;
  }
  if (++depth_ > kMaxDepth) {
    fail("more than " + std::to_string(kMaxDepth) + " values inside each other");
    return false;
  }
  ++at_;
  skip_space();
  if (peek() != (bracket == '{' ? '}' : ']')) return true;
  ++at_;
  --depth_;
  return false;
}

bool JsonScanner::next(char bracket) {
  skip_space();
  if (peek() == ',') {
    ++at_;
    return true;
  }
  if (peek() == bracket) {
    ++at_;
    --depth_;
  } else {
    fail(at_ == text_.size() ? "the end of the file, in the middle of it" : "a comma is missing");
  }
  return false;
}

std::string JsonScanner::key() {
  auto name = string();
  if (!name) fail("a name expected");
  skip_space();
  if (peek() == ':') {
    ++at_;
  } else {
    fail("a colon is missing");
  }
  return name ? *std::move(name) : std::string();
}

std::optional<std::string> JsonScanner::string() {
  if (kind() != Kind::string) return std::nullopt;
  const std::size_t start = at_ + 1;
  if (!pass_string()) return std::nullopt;
  return json_unescape(text_.substr(start, at_ - 1 - start));
}

std::string_view JsonScanner::value() {
  skip_space();
  const std::size_t start = at_;
  pass_value();
  return problem_.empty() ? text_.substr(start, at_ - start) : std::string_view();
}

void JsonScanner::end() {
  skip_space();
  if (at_ < text_.size()) fail("something follows the end");
}

bool JsonScanner::pass_escape() {
  ++at_;
  const char letter = peek();
  ++at_;
  if (letter == 'u') {
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    at_ += 4;
    return digits.size() == 4 && std::all_of(digits.begin(), digits.end(),
                                             [](char digit) { return hex_value(digit) < 16; });
  }
  return letter != '\0' && std::string_view("\"\\/bfnrt").find(letter) != std::string_view::npos;
}

bool JsonScanner::pass_string() {
  const std::size_t start = at_;
  const auto wrong = [this](std::size_t at, const char* reason) {
    at_ = std::min(at, text_.size());
    fail(reason);
    return false;
  };
  ++at_;
  while (at_ < text_.size()) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '"') {
      ++at_;
      return true;
    }
    if (byte < 0x20) return wrong(at_, "a control character in a string");
    if (byte == '\\') {
      const std::size_t escape = at_;
      if (!pass_escape()) return wrong(escape, "an escape that there is not");
    } else if (byte < 0x80) {
      ++at_;
    } else {
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0) return wrong(at_, "not UTF-8");
      at_ += length;
    }
  }
  return wrong(start, "a string without an end");
}

bool JsonScanner::pass_digits() {
  const std::size_t start = at_;
  while (is_digit(peek())) ++at_;
  return at_ > start;
}

bool JsonScanner::pass_number() {
  if (peek() == '-') ++at_;
  if (peek() == '0') {
    ++at_;
  } else if (!pass_digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at_;
    if (!pass_digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!pass_digits()) return false;
  }
  return true;
}

bool JsonScanner::pass_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

// What is in a container is passed over by recursion: kMaxDepth bounds it.
void JsonScanner::pass_elements(char opening, char closing) {
  for (bool more = open(opening); more; more = next(closing)) {
    if (opening == '{') {
      if (kind() != Kind::string) return fail("a name expected");
      if (!pass_string()) return;
      skip_space();
      if (peek() != ':') return fail("a colon is missing");
      ++at_;
    }
    pass_value();
  }
}

void JsonScanner::pass_value() {
  bool good = true;
  switch (kind()) {
    case Kind::null: good = pass_word("null"); break;
    case Kind::boolean: good = pass_word(peek() == 't' ? "true" : "false"); break;
    case Kind::number: good = pass_number(); break;
    case Kind::string: pass_string(); break;
    case Kind::array: pass_elements('[', ']'); break;
    case Kind::object: pass_elements('{', '}'); break;
    case Kind::none: good = false;
  }
  if (!good)
    fail(at_ == text_.size() ? "the end of the file, in the middle of it" : "a value expected");
}

void append_pretty(std::string& out, std::string_view value, int depth) {
  const auto new_line = [&out, &depth] {
    out.push_back('\n');
    out.append(static_cast<std::size_t>(depth) * 2, ' ');
  };
  for (std::size_t at = 0; at < value.size();) {
    const char byte = value[at];
    if (byte == '"') {
      const std::size_t length = string_length(value.substr(at));
      out.append(value, at, length);
      at += length;
      continue;
    }
    ++at;
    if (is_space(byte)) continue;
    if (byte == '}' || byte == ']') {
      --depth;
      new_line();
    }
    out.push_back(byte);
    if (byte == ':') {
      out.push_back(' ');
    } else if (byte == ',') {
      new_line();
    } else if (byte == '{' || byte == '[') {
      while (is_space(value[at])) ++at;
      if (value[at] == '}' || value[at] == ']') {
        out.push_back(value[at++]);
      } else {
        ++depth;
        new_line();
      }
    }
  }
}

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  out.push_back('"');
  for (const char byte : text) {
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(byte) < 0x20) {
          out += "\\u00";
          out.push_back(kDigits[static_cast<unsigned char>(byte) >> 4U]);
          out.push_back(kDigits[static_cast<unsigned char>(byte) & 15U]);
        } else {
          out.push_back(byte);
        }
    }
  }
  out.push_back('"');
}

}  // namespace ggen::state
