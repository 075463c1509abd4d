// SPDX-License-Identifier: MIT
#include "process/command_line.h"

#include <algorithm>
#include <array>

namespace ggen::process {

namespace {

// What dash, bash, ksh or POSIX treat as their own, sorted. `true` and `false` are left out: the
// programs of that name do the same.
constexpr std::array<std::string_view, 84> kShellWords = {
    "!",       ".",        ":",         "[",        "[[",      "]]",      "alias",  "bg",
    "bind",    "break",    "builtin",   "caller",   "case",    "cd",      "chdir",  "command",
    "compgen", "complete", "compopt",   "continue", "coproc",  "declare", "dirs",   "disown",
    "do",      "done",     "echo",      "elif",     "else",    "enable",  "esac",   "eval",
    "exec",    "exit",     "export",    "fc",       "fg",      "fi",      "for",    "function",
    "getopts", "hash",     "help",      "history",  "if",      "in",      "jobs",   "kill",
    "let",     "local",    "logout",    "mapfile",  "popd",    "print",   "printf", "pushd",
    "pwd",     "read",     "readarray", "readonly", "return",  "select",  "set",    "shift",
    "shopt",   "source",   "suspend",   "test",     "then",    "time",    "times",  "trap",
    "type",    "typeset",  "ulimit",    "umask",    "unalias", "unset",   "until",  "wait",
    "whence",  "while",    "{",         "}",
};
static_assert(std::is_sorted(kShellWords.begin(), kShellWords.end()));

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Bytes that stand for themselves outside quotes in every shell, wherever they are in a word.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("_-./,:+@%=").find(c) != std::string_view::npos;
}

// Reads one word from `at` on. False when it needs a shell.
bool read_word(std::string_view text, std::size_t& at, std::string& word) {
  while (at < text.size() && !is_blank(text[at])) {
    const char c = text[at++];
    if (is_plain(c)) {
      word += c;
      continue;
    }
    if (c != '\'' && c != '"') return false;
    const std::size_t end = text.find(c, at);
    if (end == std::string_view::npos) return false;
    const std::string_view quoted = text.substr(at, end - at);
    if (c == '"' && quoted.find_first_of("$`\\!") != std::string_view::npos) return false;
    word += quoted;
    at = end + 1;
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> split_command(std::string_view command) {
  constexpr std::string_view kAround = " \t\n";
  const std::size_t first = command.find_first_not_of(kAround);
  if (first == std::string_view::npos) return std::nullopt;
  command = command.substr(first, command.find_last_not_of(kAround) - first + 1);

  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < command.size()) {
    std::string word;
    if (!read_word(command, at, word)) return std::nullopt;
    words.push_back(std::move(word));
    while (at < command.size() && is_blank(command[at])) ++at;
  }
  const std::string& program = words.front();
  // NAME=value before the program sets a variable; a quoted `=` does not, but who writes that.
  if (program.empty() || program.find('=') != std::string::npos) return std::nullopt;
  if (std::binary_search(kShellWords.begin(), kShellWords.end(), program)) return std::nullopt;
  return words;
}

}  // namespace ggen::process
