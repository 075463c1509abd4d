// SPDX-License-Identifier: MIT
#include "state/lifecycle_key.h"

#include <catch2/catch.hpp>

#include "base/file.h"
#include "hash/sha256.h"

using namespace ggen;
using namespace ggen::state;

TEST_CASE("lifecycle key: keys that the original has recorded", "[state]") {
  CHECK(lifecycle_key("build", {"echo BUILD"}, {}, {}).hex() ==
        "c69e8f4de30969afc5f448157f1db2b80960074d732791e2e6b50c517bd537f6");
  CHECK(lifecycle_key("lint", {"echo '\xf0\x9f\x94\x8d Linting code... (npm run lint)'"}, {}, {})
            .hex() == "b57334916ecb9d552c8457e8b2e7e386a7a58d6fd90a565b734f143740fdc423");
  CHECK(lifecycle_key("init", {"mkdir -p generated/src", "echo 'Demo project initialized'"}, {}, {})
            .hex() == "6e17f8379219fe968d9b1a701c8f0d7fe1f5b1b5eb870cf25898b06f14ce770e");
}

TEST_CASE("lifecycle key: commands, variables and inputs in their order", "[state]") {
  const auto dir = make_temp_dir("/tmp", "ggen-unit-").value();
  REQUIRE(write_file(dir + "/in", "bytes"));
  CHECK(lifecycle_key("p", {}, {}, {}) == hash::sha256("p"));
  CHECK(lifecycle_key("p", {"a", "b"}, {{"GGEN_ENV", "prod"}, {"B", ""}}, {dir + "/in", dir}) ==
        hash::sha256("p\na\nb\nGGEN_ENV=prod\nB=\n" + dir + "/inbytes\n" + dir));
  CHECK(remove_tree(dir));
}
