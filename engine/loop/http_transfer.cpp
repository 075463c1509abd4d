// SPDX-License-Identifier: MIT
#include "loop/http_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace ggen::loop {

namespace {

constexpr std::uint64_t kMostHead = 256 * 1024;  // bytes
constexpr std::size_t kMostArrived = 1024 * 1024;

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g s", seconds);
  return text.data();
}

long milliseconds(double seconds) {
  // libcurl takes 0 for no limit at all.
  return seconds <= 0 ? 0 : static_cast<long>(std::clamp(std::ceil(seconds * 1000), 1.0, 2e9));
}

// Hosts that are this machine, which no proxy can reach for us.
bool is_loopback(const std::string& host) {
  const auto ends = [&](std::string_view end) {
    return host.size() >= end.size() &&
           host.compare(host.size() - end.size(), end.size(), end) == 0;
  };
  return host == "localhost" || ends(".localhost") || host == "[::1]" ||
         (host.compare(0, 4, "127.") == 0 &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

// As libcurl would, but closed in the programs that we start.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

HttpProblem problem_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT: return HttpProblem::invalid;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return HttpProblem::resolve;
    case CURLE_COULDNT_CONNECT: return HttpProblem::refused;
    case CURLE_OPERATION_TIMEDOUT: return HttpProblem::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return HttpProblem::tls;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return HttpProblem::closed;
    default: return HttpProblem::protocol;
  }
}

}  // namespace

HttpFailure HttpTransfer::failure(HttpProblem problem, const std::string& why) const {
  return {problem, (where_.empty() ? request_.method + " " + request_.url : where_) + ": " + why};
}

std::string HttpTransfer::url_part(CURLUPart part) const {
  char* text = nullptr;
  if (curl_->url_get(url_.get(), part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string result = text;
  curl_->free(text);
  return result;
}

std::optional<HttpFailure> HttpTransfer::take_url() {
  url_ = CurlOwned<CURLU>(curl_->url(), {curl_->url_cleanup});
  const std::string& url = request_.url;
  if (url.find('\0') != std::string::npos || url.find("://") == std::string::npos) {
    return failure(HttpProblem::invalid, "this is no URL that begins with http:// or https://");
  }
  const CURLUcode code =
      curl_->url_set(url_.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) {
    return failure(HttpProblem::invalid,
                   "this is no URL: " + std::string(curl_->url_strerror(code)));
  }
  const std::string scheme = url_part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return failure(HttpProblem::unsupported,
                   "only http:// and https:// can be asked, not " + scheme + "://");
  }
  const std::string port = url_part(CURLUPART_PORT);
  const std::string host = url_part(CURLUPART_HOST);
  host_ =
      request_.unix_socket.empty() ? host + (port.empty() ? "" : ":" + port) : request_.unix_socket;
  where_ = request_.method + " " + scheme + "://" + host + (port.empty() ? "" : ":" + port) +
           url_part(CURLUPART_PATH);
  curl_->easy_setopt(easy_.get(), CURLOPT_CURLU, url_.get());
  if (is_loopback(host) || !request_.unix_socket.empty()) {
    curl_->easy_setopt(easy_.get(), CURLOPT_PROXY, "");
  }
  return std::nullopt;
}

std::optional<HttpFailure> HttpTransfer::set_headers() {
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_->slist_append(headers_.get(), line.c_str());
    GGEN_BUG_IF(longer == nullptr, "out of memory");
    headers_.release();
    headers_ = CurlOwned<curl_slist>(longer, {curl_->slist_free_all});
  };
  // What libcurl would add unasked: a second of waiting, and a type that the body does not have.
  add("Expect:");
  add("Content-Type:");
  for (const auto& [name, value] : request_.headers) {
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  curl_->easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
  return std::nullopt;
}

void HttpTransfer::set_body() {
  CURL* easy = easy_.get();
  const bool takes_body =
      request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  if (source_ != nullptr) {
    // A method of its own comes below; this is how libcurl asks for a body that it reads.
    curl_->easy_setopt(easy, CURLOPT_POST, 1L);
    curl_->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(source_->size()));
    curl_->easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_->easy_setopt(easy, CURLOPT_READDATA, this);
    curl_->easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_->easy_setopt(easy, CURLOPT_SEEKDATA, this);
  } else if (!request_.body.empty() || takes_body) {
    curl_->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request_.body.size()));
    curl_->easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (request_.method == "HEAD") curl_->easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void HttpTransfer::set_limits() {
  CURL* easy = easy_.get();
  // libcurl has a limit of its own (300 s) in the place of none.
  const double connect = request_.connect_timeout > 0 ? request_.connect_timeout : 1e6;
  curl_->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect));
  curl_->easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
  curl_->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  // A look-up that hangs is left to its thread. Older ones do not know the option.
  curl_->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

std::optional<HttpFailure> HttpTransfer::prepare(const LibCurl& curl, void* owner) {
  curl_ = &curl;
  if (auto wrong = check_request(request_)) return wrong;
  easy_ = CurlOwned<CURL>(curl.easy_init(), {curl.easy_cleanup});
  GGEN_BUG_IF(easy_ == nullptr, "out of memory");
  if (auto wrong = take_url()) return wrong;
  if (auto wrong = set_headers()) return wrong;
  set_body();
  set_limits();
  CURL* easy = easy_.get();
  curl.easy_setopt(easy, CURLOPT_PRIVATE, owner);
  curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
  curl.easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl.easy_setopt(easy, CURLOPT_WRITEDATA, this);
  if (!request_.unix_socket.empty()) {
    curl.easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
  }
  const auto set_file = [&](CURLoption option, const std::string& path) {
    if (!path.empty()) curl.easy_setopt(easy, option, path.c_str());
  };
  set_file(CURLOPT_CAINFO, request_.ca_file);
  set_file(CURLOPT_SSLCERT, request_.cert_file);
  set_file(CURLOPT_SSLKEY, request_.key_file);
  return std::nullopt;
}

std::size_t HttpTransfer::on_head(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto& self = *static_cast<HttpTransfer*>(data);
  const std::size_t length = size * count;
  self.head_bytes_ += length;
  self.too_large_ = self.head_bytes_ > kMostHead;
  if (self.too_large_) return 0;
  take_head_line(self.response_, std::string_view(bytes, length));
  return length;
}

void HttpTransfer::stream(HttpFileSource* source, HttpFileSink* sink, bool hand_over) {
  source_ = source;
  sink_ = sink;
  hand_over_ = hand_over;
}

// The body of an answer that refuses is kept: it says why.
bool HttpTransfer::streams() const {
  return (sink_ != nullptr || hand_over_) && response_.status / 100 == 2;
}

std::uint64_t HttpTransfer::limit() const {
  return streams() ? request_.max_streamed : request_.max_bytes;
}

std::size_t HttpTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto& self = *static_cast<HttpTransfer*>(data);
  const std::size_t length = size * count;
  self.too_large_ = length > self.limit() - self.response_.size;
  if (self.too_large_) return 0;
  if (!self.streams()) {
    self.response_.body.append(bytes, length);
  } else if (self.sink_ != nullptr) {
    self.paused_ = !self.sink_->take({bytes, length});
  } else {
    self.paused_ = self.arrived_.size() >= kMostArrived;
    if (!self.paused_) self.arrived_.append(bytes, length);
  }
  if (self.paused_) return CURL_WRITEFUNC_PAUSE;
  self.response_.size += length;
  return length;
}

std::size_t HttpTransfer::on_read(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto& self = *static_cast<HttpTransfer*>(data);
  const auto read = self.source_->read(bytes, size * count);
  if (read) return *read;
  self.paused_ = true;
  return CURL_READFUNC_PAUSE;
}

// When a connection that was reused turns out to be dead.
int HttpTransfer::on_seek(void* data, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<HttpTransfer*>(data)->source_->rewind();
  return CURL_SEEKFUNC_OK;
}

CURLcode HttpTransfer::go_on() {
  paused_ = false;  // it may be so again before this returns
  return curl_->easy_pause(easy_.get(), CURLPAUSE_CONT);
}

HttpFailure HttpTransfer::late_first_byte() const {
  return failure(HttpProblem::timeout,
                 "no answer within " + seconds_text(request_.first_byte_timeout));
}

HttpFailure HttpTransfer::timed_out() const {
  curl_off_t connected = 0;
  curl_->easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
  const double whole = request_.timeout;
  const double connect = request_.connect_timeout;
  if (connected == 0 && connect > 0 && (whole <= 0 || connect <= whole)) {
    return failure(HttpProblem::timeout,
                   "no connection to " + host_ + " within " + seconds_text(connect));
  }
  return failure(HttpProblem::timeout,
                 (has_first_byte() ? "the answer was not complete within " : "no answer within ") +
                     seconds_text(whole));
}

HttpFailure HttpTransfer::failure_of(CURLcode code) const {
  const HttpProblem problem = problem_of(code);
  const std::string text = error_[0] != '\0' ? error_ : curl_->easy_strerror(code);
  if (problem == HttpProblem::timeout) return timed_out();
  if (problem == HttpProblem::refused) {
    long number = 0;
    curl_->easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
    return failure(
        problem,
        "cannot connect to " + host_ +
            (number != 0 ? std::string(": ") + std::strerror(static_cast<int>(number)) : ""));
  }
  if (problem == HttpProblem::resolve) {
    return failure(problem, text + " (is the name right, and the network there?)");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return failure(problem, text + " (a certificate authority of your own: ca_file)");
  }
  return failure(problem, text);
}

HttpOutcome HttpTransfer::outcome(CURLcode code) {
  if (code == CURLE_OK) {
    long made = 0;
    curl_->easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &made);
    response_.reused = made == 0;
    return std::move(response_);
  }
  if (!too_large_) return failure_of(code);
  if (head_bytes_ > kMostHead) {
    return failure(HttpProblem::limit, "the headers of the answer are above 256 KiB");
  }
  return failure(HttpProblem::limit, "the answer is above the limit of " + std::to_string(limit()) +
                                         " bytes (max_bytes)");
}

HttpOutcome HttpTransfer::stopped() {
  response_.stopped = true;
  return outcome(CURLE_OK);
}

}  // namespace ggen::loop
