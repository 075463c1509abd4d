-- What a run looks at first: whether files have moved, while the rest is still being made ready.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local incremental = require("ggen.core.incremental")

local M = {}

local MOST_THREADS = 8

---@param project ggen.Project
---@return userdata? files of ggen.core.incremental, string? message why not
function M.open(project)
  return incremental.open({
    root = project.dir, index = project.dir .. "/.ggen/index/files",
    graph = require("ggen.plan").freeze(project),
    threads = math.min(require("ggen.core.env").cpus(), MOST_THREADS),
  })
end

---@class ggen.FirstLook what a run looks at first, while somebody else is still at work
---@field files userdata
---@field unmoved boolean? every file is as the index has it; nil until that is known

---Looks whether files have moved, on other threads. finish() comes before anything else is done
---with the files, and in any case.
---@param project ggen.Project
---@return ggen.FirstLook? look nil when there cannot be a cache
---@return fun() finish waits for it
function M.begin(project)
  local files = M.open(project)
  if not files then return nil, function() end end
  local look, known = { files = files }, async.future()
  files:verify(function(unmoved)
    look.unmoved = unmoved
    known:resolve()
  end)
  return look, function() known:wait() end
end

return M
