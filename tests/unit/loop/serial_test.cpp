// SPDX-License-Identifier: MIT
#include "loop/serial.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace ggen::loop;

TEST_CASE("serial: a job that waited and is quick runs on the loop's thread, in its turn",
          "[loop]") {
  Loop loop;
  Serial serial(loop);
  const auto here = std::this_thread::get_id();
  std::string order;
  std::vector<bool> on_loop;
  const auto add = [&](char name, const std::function<bool()>& quick) {
    serial.run(
        [&, name] {
          order += name;
          on_loop.push_back(std::this_thread::get_id() == here);
        },
        [&, name] { order += static_cast<char>(name - 'a' + 'A'); }, quick);
  };
  const auto yes = [] { return true; };
  const auto no = [] { return false; };
  add('a', yes);  // nobody is before it: the caller would have done it at once
  add('b', yes);
  add('c', no);
  add('d', yes);
  CHECK_FALSE(serial.idle());
  loop.run();
  CHECK(serial.idle());
  CHECK(on_loop == std::vector<bool>{false, true, false, true});
  // What is done is told in the order of the jobs.
  std::string told;
  for (const char c : order) told += c < 'a' ? std::string(1, c) : "";
  CHECK(told == "ABCD");
}
