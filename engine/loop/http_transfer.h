// One exchange as libcurl sees it: an easy handle with its options, and what has come so far. Knows
// nothing of the loop (http.h drives it).
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "loop/http_file.h"
#include "loop/http_message.h"
#include "loop/libcurl.h"

namespace ggen::loop {

// An object of libcurl with the function that frees it.
template <class T>
struct CurlFree {
  void (*function)(T*) = nullptr;
  void operator()(T* object) const { function(object); }
};
template <class T>
using CurlOwned = std::unique_ptr<T, CurlFree<T>>;

class HttpTransfer {
 public:
  explicit HttpTransfer(HttpRequest request) : request_(std::move(request)) {}
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  const HttpRequest& request() const { return request_; }

  // To be called before prepare(): the body of the request comes from there, that of a good answer
  // goes there, or waits for take_arrived(). Those that are null are in memory.
  void stream(HttpFileSource* source, HttpFileSink* sink, bool hand_over);
  // Makes the easy handle, with `owner` as its CURLOPT_PRIVATE. To be called once.
  std::optional<HttpFailure> prepare(const LibCurl& curl, void* owner);
  CURL* easy() const { return easy_.get(); }

  // What has come of a body that somebody takes.
  std::string take_arrived() { return std::exchange(arrived_, {}); }
  // Whether it stands still, as a file is not as fast or nobody took what has come; goes on.
  bool paused() const { return paused_; }
  CURLcode go_on();

  bool has_first_byte() const { return head_bytes_ > 0; }
  // What has come of it, once libcurl is done with the handle.
  HttpOutcome outcome(CURLcode code);
  // An answer of which somebody did not want the rest.
  HttpOutcome stopped();
  HttpFailure late_first_byte() const;
  HttpFailure failure(HttpProblem problem, const std::string& why) const;

 private:
  std::optional<HttpFailure> take_url();
  std::optional<HttpFailure> set_headers();
  void set_body();
  bool streams() const;
  std::uint64_t limit() const;
  void set_limits();
  std::string url_part(CURLUPart part) const;
  HttpFailure failure_of(CURLcode code) const;
  HttpFailure timed_out() const;

  static std::size_t on_head(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);

  HttpRequest request_;
  HttpResponse response_;
  HttpFileSource* source_ = nullptr;
  HttpFileSink* sink_ = nullptr;
  bool hand_over_ = false;
  std::string arrived_;
  bool paused_ = false;
  const LibCurl* curl_ = nullptr;
  std::string where_;  // "GET http://host:1/path": without passwords and queries
  std::string host_;   // "host:1", or the path of the socket
  std::uint64_t head_bytes_ = 0;
  bool too_large_ = false;
  char error_[CURL_ERROR_SIZE] = "";
  // The easy handle goes first: it looks at the others.
  CurlOwned<CURLU> url_;
  CurlOwned<curl_slist> headers_;
  CurlOwned<CURL> easy_;
};

}  // namespace ggen::loop
