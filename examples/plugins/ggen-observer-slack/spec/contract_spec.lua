-- The contract of the kind, one test for each of its checks: what `ggen-lua plugin test` runs.
-- SPDX-License-Identifier: MIT
require("ggen.contract").busted("lua/ggen/plugins/observer/slack.lua")
