// SPDX-License-Identifier: MIT
#include "loop/http_message.h"

#include <catch2/catch.hpp>

using namespace ggen::loop;

TEST_CASE("http: what must not get into a request", "[loop]") {
  HttpRequest request;
  request.headers = {{"X-Name", "a value; with \"all\" sorts of = characters"}, {"Empty", ""}};
  CHECK_FALSE(check_request(request));
  for (const std::string method : {"", "GET x", "GET\r\nHost: b", "\xC3\xA4"}) {
    HttpRequest wrong = request;
    wrong.method = method;
    const auto failure = check_request(wrong);
    REQUIRE(failure);
    CHECK(failure->problem == HttpProblem::invalid);
  }
  for (const std::string name : {"", "a b", "a:", "a\n"}) {
    HttpRequest wrong = request;
    wrong.headers.emplace_back(name, "x");
    CHECK(check_request(wrong));
  }
  for (const std::string& value :
       {std::string("a\r\nInjected: 1"), std::string("a\nb"), std::string("a\0b", 3)}) {
    HttpRequest wrong = request;
    wrong.headers.emplace_back("X", value);
    CHECK(check_request(wrong));
  }
}

TEST_CASE("http: the head of a response, line by line", "[loop]") {
  HttpResponse response;
  take_head_line(response, "HTTP/1.1 103 Early Hints\r\n");
  take_head_line(response, "Link: </x>\r\n");
  take_head_line(response, "HTTP/1.1 200 OK\r\n");
  take_head_line(response, "Content-Type:  text/plain \r\n");
  take_head_line(response, "Retry-After:3\r\n");
  take_head_line(response, "Empty:\r\n");
  take_head_line(response, "nonsense\r\n");
  take_head_line(response, "\r\n");
  CHECK(response.status == 200);
  CHECK(response.headers ==
        HttpHeaders{{"content-type", "text/plain"}, {"retry-after", "3"}, {"empty", ""}});
  take_head_line(response, "HTTP/2 404\r\n");
  CHECK(response.status == 404);
  take_head_line(response, "HTTP/");
  CHECK(response.status == 0);
}
