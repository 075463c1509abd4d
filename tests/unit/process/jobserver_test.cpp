// SPDX-License-Identifier: MIT
#include "process/jobserver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

using ggen::process::Jobserver;

namespace {

std::string flags_of(const Jobserver& server) { return " -j4 --jobserver-auth=" + server.auth(); }

// What a child has: the same pipe by descriptors of its own. Two owners of one descriptor would
// close it twice.
std::string inherited(const Jobserver& server) {
  const std::string& auth = server.auth();
  const auto comma = auth.find(',');
  const int read = dup(std::stoi(auth.substr(0, comma)));
  const int write = dup(std::stoi(auth.substr(comma + 1)));
  return "--jobserver-auth=" + std::to_string(read) + "," + std::to_string(write);
}

Jobserver joined(const std::string& makeflags) {
  auto client = Jobserver::join(makeflags);
  REQUIRE(client);
  REQUIRE(*client);
  return std::move(**client);
}

}  // namespace

TEST_CASE("jobserver: tokens are shared and come back", "[process][jobserver]") {
  const auto style = GENERATE(Jobserver::Style::pipe, Jobserver::Style::fifo);
  auto server = Jobserver::serve(3, style);
  REQUIRE(server);
  const bool pipe = style == Jobserver::Style::pipe;
  {
    auto client = joined(pipe ? inherited(*server) : flags_of(*server));
    CHECK(client.acquire());
    CHECK(server->acquire());
    CHECK(client.acquire());
    CHECK_FALSE(client.acquire());
    CHECK_FALSE(server->acquire());
    CHECK(client.held() == 2);
    client.release();
    CHECK(server->acquire());
    CHECK(server->held() == 2);
    CHECK_FALSE(server->acquire());
  }
  // The client is gone, and its last token is there again.
  CHECK(server->acquire());
  CHECK_FALSE(server->acquire());
}

TEST_CASE("jobserver: a token comes back as the byte that it was", "[process][jobserver]") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(write(ends[1], "x", 1) == 1);
  const int read_end = dup(ends[0]);
  {
    auto client =
        joined("--jobserver-auth=" + std::to_string(ends[0]) + "," + std::to_string(ends[1]));
    REQUIRE(client.acquire());
  }
  char token = 0;
  CHECK(read(read_end, &token, 1) == 1);
  CHECK(token == 'x');
  close(read_end);
}

TEST_CASE("jobserver: no slots beside the first job", "[process][jobserver]") {
  auto server = Jobserver::serve(0, Jobserver::Style::pipe);
  REQUIRE(server);
  CHECK_FALSE(server->acquire());
}

TEST_CASE("jobserver: children inherit a pipe that blocks", "[process][jobserver]") {
  auto server = Jobserver::serve(1, Jobserver::Style::pipe);
  REQUIRE(server);
  const int read_end = std::stoi(server->auth());
  CHECK((fcntl(read_end, F_GETFD) & FD_CLOEXEC) == 0);
  CHECK((fcntl(read_end, F_GETFL) & O_NONBLOCK) == 0);
  CHECK((fcntl(server->fd(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("jobserver: the fifo goes with its server", "[process][jobserver]") {
  std::string path;
  {
    auto server = Jobserver::serve(1, Jobserver::Style::fifo);
    REQUIRE(server);
    path = server->auth().substr(5);
    CHECK(access(path.c_str(), F_OK) == 0);
  }
  CHECK(access(path.c_str(), F_OK) != 0);
  CHECK(access(path.substr(0, path.rfind('/')).c_str(), F_OK) != 0);
}

TEST_CASE("jobserver: what MAKEFLAGS may hold", "[process][jobserver]") {
  for (const char* nothing : {"", "k", " -j4", "-j --output-sync", "--jobserver-auth="}) {
    INFO(nothing);
    const auto client = Jobserver::join(nothing);
    REQUIRE(client);
    CHECK_FALSE(*client);
  }
  // Closed by make, not there, no pipe, no numbers, a file of another kind.
  const int file = open("/dev/null", O_RDWR);
  const std::string null = std::to_string(file);
  for (const std::string& bad :
       {std::string("-2,-2"), std::string("987,988"), null + "," + null, std::string("3"),
        std::string("3;4"), std::string("99999999999999999999,4"), std::string("fifo:"),
        std::string("fifo:/nowhere/slots"), std::string("fifo:/dev/null")}) {
    INFO(bad);
    CHECK_FALSE(Jobserver::join(" -j4 --jobserver-auth=" + bad));
  }
  CHECK(fcntl(file, F_GETFD) >= 0);
  close(file);
}

TEST_CASE("jobserver: the last of several counts, and the old name", "[process][jobserver]") {
  auto server = Jobserver::serve(1, Jobserver::Style::pipe);
  REQUIRE(server);
  auto client = joined("--jobserver-auth=987,988 " + inherited(*server) + " -- CC=gcc");
  CHECK(client.acquire());
  std::string old = inherited(*server);
  old.replace(old.find("auth"), 4, "fds");
  auto second = joined("-j " + old);
  CHECK_FALSE(second.acquire());
}

TEST_CASE("jobserver: tokens that somebody died with are made anew", "[process][jobserver]") {
  const auto style = GENERATE(Jobserver::Style::pipe, Jobserver::Style::fifo);
  auto server = Jobserver::serve(3, style);
  REQUIRE(server);
  CHECK(server->mend() == 0);
  REQUIRE(server->acquire());
  char token = 0;
  REQUIRE(read(server->fd(), &token, 1) == 1);
  CHECK(server->mend() == 1);
  CHECK(server->held() == 1);
  CHECK(server->acquire());
  CHECK(server->acquire());
  CHECK_FALSE(server->acquire());

  // Somebody gives back what nobody had taken.
  const bool pipe = style == Jobserver::Style::pipe;
  const std::string& auth = server->auth();
  const int write_end = pipe ? dup(std::stoi(auth.substr(auth.find(',') + 1)))
                             : open(auth.substr(5).c_str(), O_WRONLY);
  REQUIRE(write(write_end, "++", 2) == 2);
  close(write_end);
  CHECK(server->mend() == -2);
  CHECK(server->held() == 3);
  CHECK_FALSE(server->acquire());
}

TEST_CASE("jobserver: the slots of others are theirs to mend", "[process][jobserver]") {
  auto server = Jobserver::serve(2, Jobserver::Style::pipe);
  REQUIRE(server);
  auto client = joined(inherited(*server));
  REQUIRE(server->acquire());
  CHECK(client.mend() == 0);
  CHECK(client.acquire());
  CHECK_FALSE(client.acquire());
}
