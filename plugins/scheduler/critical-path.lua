-- Starts first what has the longest way to the end of the run after it, by what the tasks took in
-- their last runs: whoever waits on that way makes the whole run longer. List scheduling by longest
-- remaining path: R. L. Graham, Bounds on Multiprocessing Timing Anomalies, 1969.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "critical-path",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start first what has the longest way to the end after it",
  setup = function()
    return {
      priorities = function(_, view) return view:remaining() end,
    }
  end,
}
