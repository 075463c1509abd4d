// SPDX-License-Identifier: MIT
#include "loop/http.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "loop/http_transfer.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "loop/work.h"

namespace ggen::loop {

// One exchange: where it is on its way is where the client has it.
struct Http::Pending {
  Pending(HttpRequest request, Done d, Data h)
      : transfer(std::move(request)), done(std::move(d)), data(std::move(h)) {}

  // Before the transfer, which looks at them.
  std::optional<HttpFileSource> source;
  std::optional<HttpFileSink> sink;
  HttpTransfer transfer;
  Done done;
  Data data;
  std::optional<Timer> first_byte;
  bool added = false;  // to the multi handle
};

// waiting (the library is being loaded) -> running -> ended (its call is due) -> gone.
class Http::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(Loop& loop, Load load) : loop_(loop), load_(std::move(load)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(); }

  void send(const std::shared_ptr<Pending>& pending);
  void drop(const std::shared_ptr<Pending>& pending);
  void close();

 private:
  struct Ended {
    std::shared_ptr<Pending> pending;
    HttpOutcome outcome;
  };

  void loaded(const Result<LibCurl>& curl);
  void begin(const std::shared_ptr<Pending>& pending);
  void start(const std::shared_ptr<Pending>& pending);
  void limit_first_byte(Pending* pending);
  std::shared_ptr<Pending> find(const Pending* pending) const;
  void file_is_ready(const Pending* pending);
  void go_on(const std::shared_ptr<Pending>& pending);
  void finish(const std::shared_ptr<Pending>& pending, HttpOutcome outcome);
  void hand_over();
  void end(const std::shared_ptr<Pending>& pending, HttpOutcome outcome);
  void remove(Pending& pending);
  void drive(curl_socket_t socket, int events);
  void collect();
  void deliver();
  void deliver_later();
  void rest();
  void watch(curl_socket_t socket, int what);
  void set_timer(long milliseconds);

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);

  Loop& loop_;
  Load load_;
  const LibCurl* curl_ = nullptr;
  CURLM* multi_ = nullptr;
  std::optional<Work> loading_;
  std::vector<std::shared_ptr<Pending>> waiting_;  // in the order of their coming
  std::set<std::shared_ptr<Pending>> running_;
  std::set<std::shared_ptr<Pending>> taking_;  // of the running: somebody takes what comes
  std::vector<Ended> ended_;
  std::map<curl_socket_t, Poll> polls_;
  // Only while something is under way: an open timer keeps the loop going.
  std::optional<Timer> timer_, delivery_;
  bool due_ = false;  // libcurl wants to be called again at once
};

void Http::Client::send(const std::shared_ptr<Pending>& pending) {
  if (curl_ != nullptr) return begin(pending);
  waiting_.push_back(pending);
  if (loading_) return;
  loading_.emplace(work(
      loop_, [load = load_] { return &load(); },
      [this](const Result<LibCurl>* curl) { loaded(*curl); }));
}

void Http::Client::loaded(const Result<LibCurl>& curl) {
  const auto self = shared_from_this();
  loading_.reset();
  auto waiting = std::exchange(waiting_, {});
  if (!curl) {
    for (const auto& pending : waiting) {
      end(pending, HttpFailure{HttpProblem::unsupported, curl.error().message});
    }
    return deliver();
  }
  curl_ = &*curl;
  multi_ = curl_->multi_init();
  GGEN_BUG_IF(multi_ == nullptr, "out of memory");
  curl_->multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_->multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_->multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_->multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  for (const auto& pending : waiting) begin(pending);
  deliver();
}

void Http::Client::begin(const std::shared_ptr<Pending>& pending) {
  const HttpRequest& request = pending->transfer.request();
  running_.insert(pending);
  if (pending->data) taking_.insert(pending);
  const auto ready = [this, p = pending.get()] { file_is_ready(p); };
  if (!request.save.empty()) pending->sink.emplace(loop_, request.save, ready);
  if (request.body_file.empty()) return start(pending);
  pending->source.emplace(loop_, request.body_file, ready);
  pending->source->open();
}

void Http::Client::start(const std::shared_ptr<Pending>& pending) {
  pending->transfer.stream(pending->source ? &*pending->source : nullptr,
                           pending->sink ? &*pending->sink : nullptr, pending->data != nullptr);
  if (auto failure = pending->transfer.prepare(*curl_, pending.get())) {
    return end(pending, std::move(*failure));
  }
  if (!timer_) timer_.emplace(loop_);
  limit_first_byte(pending.get());
  pending->added = true;
  curl_->multi_add_handle(multi_, pending->transfer.easy());
  // The first step at once: a timer would cost a millisecond.
  drive(CURL_SOCKET_TIMEOUT, 0);
}

void Http::Client::limit_first_byte(Pending* pending) {
  const double seconds = pending->transfer.request().first_byte_timeout;
  if (seconds <= 0) return;
  pending->first_byte.emplace(loop_);
  pending->first_byte->start(seconds, [this, pending] {
    const auto self = shared_from_this();
    if (pending->transfer.has_first_byte()) return pending->first_byte.reset();
    if (const auto held = find(pending)) end(held, held->transfer.late_first_byte());
    deliver();
  });
}

std::shared_ptr<Http::Pending> Http::Client::find(const Pending* pending) const {
  for (const auto& running : running_) {
    if (running.get() == pending) return running;
  }
  return nullptr;
}

// A file has more to send, or has taken what waited; or it never will.
void Http::Client::file_is_ready(const Pending* pending) {
  const auto self = shared_from_this();
  const auto held = find(pending);
  if (held == nullptr) return;
  const auto problem = held->source && held->source->problem() ? held->source->problem()
                       : held->sink                            ? held->sink->problem()
                                                               : std::nullopt;
  if (problem) {
    end(held, held->transfer.failure(HttpProblem::file, problem->message));
  } else if (!held->added) {
    start(held);
  } else if (held->transfer.paused()) {
    go_on(held);
  }
  deliver();
}

void Http::Client::go_on(const std::shared_ptr<Pending>& pending) {
  const CURLcode code = pending->transfer.go_on();
  if (code != CURLE_OK) return end(pending, pending->transfer.outcome(code));
  drive(CURL_SOCKET_TIMEOUT, 0);
}

// libcurl is done with it. A file is in place before anybody hears of it.
void Http::Client::finish(const std::shared_ptr<Pending>& pending, HttpOutcome outcome) {
  const auto* response = std::get_if<HttpResponse>(&outcome);
  if (!pending->sink || response == nullptr || response->status / 100 != 2) {
    return end(pending, std::move(outcome));
  }
  remove(*pending);
  pending->sink->finish(
      [this, p = pending.get(), outcome = std::move(outcome)](const Result<void>& saved) mutable {
        const auto self = shared_from_this();
        const auto held = find(p);
        if (held == nullptr) return;
        if (!saved) outcome = held->transfer.failure(HttpProblem::file, saved.error().message);
        end(held, std::move(outcome));
        deliver();
      });
}

// The call comes later, from deliver().
void Http::Client::end(const std::shared_ptr<Pending>& pending, HttpOutcome outcome) {
  const auto held = pending;
  remove(*held);
  running_.erase(held);
  taking_.erase(held);
  ended_.push_back({held, std::move(outcome)});
  deliver_later();
}

void Http::Client::deliver_later() {
  if (delivery_) return;
  delivery_.emplace(loop_);
  delivery_->start(0, [this] {
    const auto self = shared_from_this();
    deliver();
  });
}

void Http::Client::remove(Pending& pending) {
  pending.first_byte.reset();
  if (pending.added) curl_->multi_remove_handle(multi_, pending.transfer.easy());
  pending.added = false;
}

void Http::Client::drop(const std::shared_ptr<Pending>& pending) {
  remove(*pending);
  std::erase(waiting_, pending);
  running_.erase(pending);
  taking_.erase(pending);
  for (Ended& ended : ended_) {
    if (ended.pending == pending) ended.pending->done = nullptr;
  }
  if (waiting_.empty() && curl_ == nullptr) loading_.reset();
  rest();
}

void Http::Client::close() {
  loading_.reset();
  for (const auto& pending : running_) remove(*pending);
  waiting_.clear();
  running_.clear();
  taking_.clear();
  ended_.clear();
  if (multi_ != nullptr) curl_->multi_cleanup(std::exchange(multi_, nullptr));
  polls_.clear();
  timer_.reset();
  delivery_.reset();
}

// Lets go of the loop when there is nothing to wait for.
void Http::Client::rest() {
  if (running_.empty()) timer_.reset();
  if (ended_.empty()) delivery_.reset();
}

void Http::Client::drive(curl_socket_t socket, int events) {
  int running = 0;
  due_ = false;
  curl_->multi_socket_action(multi_, socket, events, &running);
  // A few more steps now; should it want more, the timer of no wait is there.
  for (int i = 0; due_ && i < 8; ++i) {
    due_ = false;
    curl_->multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  collect();
}

// Takes what libcurl is done with.
void Http::Client::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_->multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Pending* owner = nullptr;
    curl_->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    if (const auto held = find(owner)) finish(held, held->transfer.outcome(code));
  }
}

// What has come of bodies, to those who take it: they may drop any exchange, and begin new ones.
void Http::Client::hand_over() {
  const std::vector<std::shared_ptr<Pending>> taking(taking_.begin(), taking_.end());
  for (const auto& pending : taking) {
    const std::string bytes = pending->transfer.take_arrived();
    if (bytes.empty() || !taking_.contains(pending)) continue;
    const Data data = pending->data;
    const bool more = data(bytes);
    if (!taking_.contains(pending)) continue;
    if (!more) {
      end(pending, pending->transfer.stopped());
    } else if (pending->transfer.paused()) {
      go_on(pending);
    }
  }
}

void Http::Client::deliver() {
  hand_over();
  while (!ended_.empty()) {
    auto ended = std::exchange(ended_, {});
    for (Ended& each : ended) {
      auto* response = std::get_if<HttpResponse>(&each.outcome);
      const std::string last = each.pending->transfer.take_arrived();
      if (const Data data = each.pending->data; each.pending->done && data && !last.empty()) {
        const bool more = data(last);
        if (response != nullptr) response->stopped = !more;
      }
      // What it calls may drop any exchange, this one too.
      const Done done = std::exchange(each.pending->done, nullptr);
      if (done) done(std::move(each.outcome));
    }
    hand_over();
  }
  rest();
  // What went on may have brought as much again.
  for (const auto& pending : taking_) {
    if (pending->transfer.paused()) return deliver_later();
  }
}

void Http::Client::watch(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    polls_.erase(socket);
    return;
  }
  auto found = polls_.find(socket);
  if (found == polls_.end()) {
    auto poll = Poll::open(loop_, socket);
    GGEN_BUG_IF(!poll, poll.error().message.c_str());
    found = polls_.emplace(socket, std::move(*poll)).first;
  }
  const int events =
      (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  found->second.start(events, [this, socket](int code, int ready) {
    const auto self = shared_from_this();
    // What is wrong with a socket is said by using it: of a connection that had gone stale libcurl
    // makes a new one then.
    if (code < 0) ready = UV_READABLE | UV_WRITABLE;
    const int flags =
        (ready & UV_READABLE ? CURL_CSELECT_IN : 0) | (ready & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    drive(socket, flags);
    deliver();
  });
}

void Http::Client::set_timer(long milliseconds) {
  if (!timer_) return;  // nothing is under way
  if (milliseconds < 0) return timer_->stop();
  due_ = milliseconds == 0;
  timer_->start(static_cast<double>(milliseconds) / 1000, [this] {
    const auto self = shared_from_this();
    drive(CURL_SOCKET_TIMEOUT, 0);
    deliver();
  });
}

int Http::Client::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  static_cast<Client*>(self)->watch(socket, what);
  return 0;
}

int Http::Client::on_timer(CURLM*, long milliseconds, void* self) {
  static_cast<Client*>(self)->set_timer(milliseconds);
  return 0;
}

Http::Http(Loop& loop, Load load) : client_(std::make_shared<Client>(loop, std::move(load))) {}
Http::Http(Http&&) noexcept = default;
Http& Http::operator=(Http&&) noexcept = default;
Http::~Http() {
  if (client_) client_->close();
}

Http::Exchange Http::send(HttpRequest request, Done done, Data data) {
  auto pending = std::make_shared<Pending>(std::move(request), std::move(done), std::move(data));
  Exchange exchange(client_, pending);
  client_->send(pending);
  return exchange;
}

Http::Exchange::Exchange(std::shared_ptr<Client> client, std::shared_ptr<Pending> pending)
    : client_(std::move(client)), pending_(std::move(pending)) {}
Http::Exchange::Exchange(Exchange&&) noexcept = default;
Http::Exchange& Http::Exchange::operator=(Exchange&& other) noexcept {
  std::swap(client_, other.client_);
  std::swap(pending_, other.pending_);
  return *this;
}
Http::Exchange::~Exchange() {
  if (!pending_) return;
  pending_->done = nullptr;
  client_->drop(pending_);
}

}  // namespace ggen::loop
