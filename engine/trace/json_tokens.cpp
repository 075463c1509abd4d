// SPDX-License-Identifier: MIT
#include "trace/json_tokens.h"

#include <algorithm>
#include <array>

#include "base/json_unescape.h"
#include "base/utf8.h"

namespace ggen::trace {

namespace {

using Token = JsonTokens::Token;

// Bytes that stand for themselves in a string.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x20; i < 0x80; ++i) plain[i] = i != '"' && i != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_hex(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// The length of the escape that `text` starts with; 0 when it is none.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] != 'u')
    return std::string_view("\"\\/bfnrt").find(text[1]) == std::string_view::npos ? 0 : 2;
  const std::string_view digits = text.substr(2, 4);
  return digits.size() == 4 && std::all_of(digits.begin(), digits.end(), is_hex) ? 6 : 0;
}

}  // namespace

JsonTokens::JsonTokens(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

std::size_t JsonTokens::line_of(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

Token JsonTokens::fail_at(std::size_t at, std::string_view reason) {
  if (problem_.empty()) {
    at = std::min(at, text_.size());
    const std::size_t line = text_.substr(0, at).rfind('\n');
    const std::size_t column = line == std::string_view::npos ? at : at - line - 1;
    problem_ = "line " + std::to_string(line_of(text_, at)) + ", column " +
               std::to_string(column + 1) + ": " + std::string(reason);
  }
  at_ = text_.size();
  return token_ = Token::end;
}

Token JsonTokens::fail(std::string_view reason) { return fail_at(start_, reason); }

void JsonTokens::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

Token JsonTokens::next() {
  if (!problem_.empty()) return Token::end;
  skip_space();
  start_ = at_;
  if (at_ == text_.size()) {
    if (expect_ == Expect::document) return token_ = Token::end;
    return fail("the end of the file, in the middle of it");
  }
  const char byte = text_[at_];
  switch (expect_) {
    case Expect::document:
    case Expect::value: return value();
    case Expect::first_element: return byte == ']' ? close(']') : value();
    case Expect::first_key: return byte == '}' ? close('}') : read_key();
    case Expect::key: return read_key();
    case Expect::after: break;
  }
  const bool object = open_.back();
  if (byte != ',') {
    if (byte == (object ? '}' : ']')) return close(byte);
    return fail("a comma is missing");
  }
  ++at_;
  expect_ = object ? Expect::key : Expect::value;
  return next();  // once: a comma is not expected now
}

Token JsonTokens::value() {
  switch (text_[at_]) {
    case '{': return open(true);
    case '[': return open(false);
    case '"': return read_string() ? scalar(Token::string) : Token::end;
    case 't': return read_word("true") ? scalar(Token::yes) : Token::end;
    case 'f': return read_word("false") ? scalar(Token::no) : Token::end;
    case 'n': return read_word("null") ? scalar(Token::null) : Token::end;
    default: return read_number() ? scalar(Token::number) : Token::end;
  }
}

Token JsonTokens::open(bool object) {
  ++at_;
  open_.push_back(object);
  expect_ = object ? Expect::first_key : Expect::first_element;
  return token_ = object ? Token::object : Token::array;
}

Token JsonTokens::close(char bracket) {
  ++at_;
  open_.pop_back();
  expect_ = open_.empty() ? Expect::document : Expect::after;
  return token_ = bracket == '}' ? Token::object_end : Token::array_end;
}

Token JsonTokens::scalar(Token token) {
  expect_ = open_.empty() ? Expect::document : Expect::after;
  return token_ = token;
}

Token JsonTokens::read_key() {
  if (text_[at_] != '"') return fail("a name in quotes expected");
  if (!read_string()) return Token::end;
  skip_space();
  if (at_ == text_.size() || text_[at_] != ':') return fail_at(at_, "a colon is missing");
  ++at_;
  expect_ = Expect::value;
  return token_ = Token::key;
}

bool JsonTokens::read_string() {
  const std::size_t first = ++at_;
  bool escaped = false;
  while (at_ < text_.size()) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (kPlain[byte]) {
      ++at_;
    } else if (byte == '"') {
      piece_ = text_.substr(first, at_++ - first);
      if (escaped) piece_ = scratch_ = json_unescape(piece_);
      return true;
    } else if (byte == '\\') {
      const std::size_t length = escape_length(text_.substr(at_));
      if (length == 0) return fail_at(at_, "an escape that there is not") != Token::end;
      escaped = true;
      at_ += length;
    } else if (byte < 0x20) {
      return fail_at(at_, "a control character in a string") != Token::end;
    } else {
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0) return fail_at(at_, "not UTF-8") != Token::end;
      at_ += length;
    }
  }
  return fail("a string without an end") != Token::end;
}

bool JsonTokens::read_number() {
  const auto digits = [this] {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > first;
  };
  const auto is_at = [this](char byte) { return at_ < text_.size() && text_[at_] == byte; };
  if (is_at('-')) ++at_;
  bool good = true;
  if (is_at('0')) {
    ++at_;
  } else {
    good = digits();
  }
  if (good && is_at('.')) {
    ++at_;
    good = digits();
  }
  if (good && (is_at('e') || is_at('E'))) {
    ++at_;
    if (is_at('+') || is_at('-')) ++at_;
    good = digits();
  }
  if (!good) return fail("a value expected") != Token::end;
  piece_ = text_.substr(start_, at_ - start_);
  return true;
}

bool JsonTokens::read_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return fail("a value expected") != Token::end;
  at_ += word.size();
  piece_ = word;
  return true;
}

void JsonTokens::pass() {
  if (token_ != Token::object && token_ != Token::array) return;
  const std::size_t outside = open_.size() - 1;
  while (open_.size() > outside && problem_.empty()) next();
}

std::string_view JsonTokens::pass_text() {
  if (token_ == Token::string || token_ == Token::key) return piece_;
  if (token_ != Token::object && token_ != Token::array) return piece_;
  const std::size_t outside = open_.size() - 1;
  compact_.assign(1, token_ == Token::object ? '{' : '[');
  bool first = true;
  while (open_.size() > outside && problem_.empty()) {
    const Token before = token_;
    const Token now = next();
    if (now == Token::end) break;
    const bool ends = now == Token::object_end || now == Token::array_end;
    if (!ends && !first && before != Token::key && before != Token::object &&
        before != Token::array)
      compact_ += ',';
    first = false;
    compact_ += text_.substr(start_, at_ - start_);  // of a key with its colon
  }
  return compact_;
}

}  // namespace ggen::trace
