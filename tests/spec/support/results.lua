-- Fills a cache as runs do, with results whose times and sizes a spec chooses. Knows nothing of
-- what is done with them. SPDX-License-Identifier: MIT
local async = require("ggen.async")
local definitions = require("ggen.core.definitions")
local fs = require("ggen.core.fs")
local graph = require("ggen.core.graph")
local incremental = require("ggen.core.incremental")

local M = {}

local CACHED, KEYED, HAS_OUTPUTS = 1, 2, 4 -- incremental/definitions.h

---A method of the engine with a callback at its end, waited for.
---@async
function M.wait(object, method, ...)
  local arguments, count = { ... }, select("#", ...)
  return async.await(function(resume)
    arguments[count + 1] = resume
    return object[method](object, unpack(arguments, 1, count + 1))
  end)
end

---@class spec.Stored
---@field key string
---@field action userdata
---@field content string of its only output, a file with the name of the task

---A project in `dir` whose task I has run and printed nothing; its result is stored at
---`created[I]`, where that is a number.
---@async
---@param dir string
---@param created (number|false)[]
---@return userdata assessor
---@return userdata cache in `dir`/cache
---@return spec.Stored[]
function M.fill(dir, created)
  local tasks, builder = graph.new(), definitions.builder()
  for i = 1, #created do
    tasks:add("t" .. i)
    builder:task(CACHED + KEYED + HAS_OUTPUTS, nil, builder:set("", { "t" .. i }, {}, true, false),
      nil, { "command", "", "make " .. i })
  end
  assert(tasks:freeze())
  local files = assert(incremental.open({ root = dir, index = dir .. "/.ggen/index/files",
    threads = 1, graph = tasks }))
  local cache = assert(files:open_cache(dir .. "/cache"))
  assert(files:define((builder:finish())))
  local stored = {}
  for i, time in ipairs(created) do
    local key = assert(M.wait(files, "assess", i)).key
    local marks = assert(M.wait(files, "mark", i))
    local content = "made by " .. i
    assert(fs.write(dir .. "/t" .. i, content))
    local action = assert(M.wait(files, "after_run", i, marks)).action
    if time then
      assert(M.wait(files, "capture", action, nil, { created = time, duration = 2.25 }))
    end
    stored[i] = { key = key, action = action, content = content }
  end
  return files, cache, stored
end

return M
