// What an exchange over HTTP is made of: a request, and the response or why there is none.
// Values only; knows neither libcurl nor the loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ggen::loop {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// Times in seconds; 0 is no limit.
struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  HttpHeaders headers;
  std::string body;
  double connect_timeout = 10;    // until the connection is made, TLS and the look-up included
  double first_byte_timeout = 0;  // from the start until the first byte of the response
  double timeout = 60;            // from the start to the end of the response
  std::uint64_t max_bytes = 16 * 1024 * 1024;  // of a response's body that is kept in memory
  std::uint64_t max_streamed = UINT64_MAX;     // of one that is not
  std::string save;         // the file that the body of a good answer (2xx) goes to, all or nothing
  std::string body_file;    // the file that the request's body comes from
  std::string unix_socket;  // connects to this path; the host of the URL is only a header then
  std::string ca_file;      // certificates to trust instead of the system's
  std::string cert_file;    // a certificate to show who asks, PEM
  std::string key_file;     // its key, PEM
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;     // names in lower case, in the order of their coming
  std::string body;        // unless it went elsewhere
  std::uint64_t size = 0;  // bytes of the body, wherever they went
  bool reused = false;     // over a connection that was there already
  bool stopped = false;    // whoever took the body did not want the rest
};

// Why there is no response: the request cannot be sent, the system lacks something, the host has no
// address, nobody answers there, its certificate is not trusted, a limit of time, the connection
// ended early, a limit of size, the answer is no HTTP, a file could not be read or written.
enum class HttpProblem {
  invalid,
  unsupported,
  resolve,
  refused,
  tls,
  timeout,
  closed,
  limit,
  protocol,
  file
};

// "invalid", "unsupported", ...
std::string_view problem_name(HttpProblem problem);

struct HttpFailure {
  HttpProblem problem = HttpProblem::invalid;
  std::string message;
};

using HttpOutcome = std::variant<HttpResponse, HttpFailure>;

// What is wrong with the method or the headers: names are tokens, and nothing that ends a line gets
// into a request.
std::optional<HttpFailure> check_request(const HttpRequest& request);

// Takes one line of a response's head: begins anew at a status line (an interim response may stand
// before the final one), otherwise adds a header.
void take_head_line(HttpResponse& response, std::string_view line);

}  // namespace ggen::loop
