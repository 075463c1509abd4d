-- Leaves changes out by globs: files that editors write beside others, documents that no task
-- reads, one part of a large tree.
-- SPDX-License-Identifier: MIT
local glob = require("ggen").std.glob

local function problem_of(pattern)
  local _, message = glob.match(pattern, "")
  return message
end

local function globs(default, desc)
  return { type = "list", of = { type = "string", check = problem_of }, single = true,
    default = default, desc = desc }
end

local function fits(patterns, path)
  for _, pattern in ipairs(patterns) do
    if glob.match(pattern, path) then return true end
  end
  return false
end

---@type ggen.Plugin
return {
  name = "patterns",
  kind = "watch",
  version = "1.0.0",
  api = 1,
  desc = "Leave out changes of files that fit globs, such as those of editors",
  positional = "ignore",
  params = {
    ignore = globs({ "**/*~", "**/.*.sw?", "**/.#*", "**/#*#", "**/4913" },
      "Globs of paths, relative to the project: what fits one does not count"),
    only = globs({ "**" }, "Globs of paths: what fits none of them does not count"),
  },
  setup = function(params)
    return {
      batch = function(_, events)
        local changes = {}
        for _, event in ipairs(events) do
          if fits(params.only, event.path) and not fits(params.ignore, event.path) then
            changes[#changes + 1] = event
          end
        end
        return changes
      end,
    }
  end,
}
