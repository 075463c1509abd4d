// SPDX-License-Identifier: MIT
#include "loop/http_message.h"

#include <algorithm>
#include <charconv>

namespace ggen::loop {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace

std::string_view problem_name(HttpProblem problem) {
  switch (problem) {
    case HttpProblem::invalid: return "invalid";
    case HttpProblem::unsupported: return "unsupported";
    case HttpProblem::resolve: return "resolve";
    case HttpProblem::refused: return "refused";
    case HttpProblem::tls: return "tls";
    case HttpProblem::timeout: return "timeout";
    case HttpProblem::closed: return "closed";
    case HttpProblem::limit: return "limit";
    case HttpProblem::protocol: return "protocol";
    case HttpProblem::file: return "file";
  }
  return "protocol";
}

std::optional<HttpFailure> check_request(const HttpRequest& request) {
  const auto invalid = [](std::string message) {
    return HttpFailure{HttpProblem::invalid, std::move(message)};
  };
  if (!is_token(request.method)) return invalid("the method \"" + request.method + "\" is no word");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return invalid("\"" + name + "\" cannot be the name of a header");
    const bool breaks = std::any_of(value.begin(), value.end(),
                                    [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    if (breaks) return invalid("the header " + name + " has a line break or a NUL byte in it");
  }
  return std::nullopt;
}

void take_head_line(HttpResponse& response, std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {
    response = HttpResponse{};
    const std::string_view rest = line.substr(std::min(line.find(' '), line.size()));
    const std::string_view code = trimmed(rest).substr(0, 3);
    std::from_chars(code.data(), code.data() + code.size(), response.status);
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response.headers.emplace_back(lower(trimmed(line.substr(0, colon))),
                                std::string(trimmed(line.substr(colon + 1))));
}

}  // namespace ggen::loop
