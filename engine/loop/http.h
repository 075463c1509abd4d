// A client for HTTP on the loop: libcurl's multi interface, driven by the readiness of its sockets.
// Connections are kept alive and shared by all exchanges of a client. Redirects are not followed.
// Bodies are whole, in memory, or come from files, go to files or to a function, piece by piece;
// knows nothing of what they mean.
//
// Proxies are those of the environment (http_proxy, https_proxy, no_proxy), but none for this
// machine: localhost, 127.x.x.x, [::1] and unix sockets.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "loop/http_message.h"
#include "loop/libcurl.h"
#include "loop/loop.h"

namespace ggen::loop {

class Http {
  class Client;
  struct Pending;

 public:
  using Done = std::function<void(HttpOutcome)>;
  // Takes a piece of a body. False: the rest is not wanted.
  using Data = std::function<bool(std::string_view)>;
  // Called on a worker thread, when the first request is made.
  using Load = std::function<const Result<LibCurl>&()>;

  explicit Http(Loop& loop, Load load = system_libcurl);
  // Closes the connections; exchanges that are under way end without a call.
  ~Http();
  Http(Http&&) noexcept;
  Http& operator=(Http&&) noexcept;

  // An exchange under way. Destroying it cancels: `done` is not called any more.
  class Exchange {
   public:
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;
    ~Exchange();

   private:
    friend class Http;
    Exchange(std::shared_ptr<Client> client, std::shared_ptr<Pending> pending);
    std::shared_ptr<Client> client_;
    std::shared_ptr<Pending> pending_;
  };

  // `done` is called once, on a later turn of the loop, whatever is wrong; `data`, if there is one,
  // before it with the body of a good answer (2xx), as it comes.
  [[nodiscard]] Exchange send(HttpRequest request, Done done, Data data = nullptr);

 private:
  std::shared_ptr<Client> client_;
};

}  // namespace ggen::loop
