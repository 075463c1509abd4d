-- The doctor: where results are kept, how much that is, and whether it is sound. What costs a look
-- at every byte is left to `cache verify`.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local place = require("ggen.doctor.place")
local units = require("ggen.units")

local M = { topic = "cache" }

-- More is not read: the answer has to come at once.
local MOST_RESULTS, MOST_JOURNAL = 20000, 16 * 1024 * 1024
local ELSEWHERE = "name another directory: GGEN_CACHE_DIR=DIR"

local function count(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

-- Results lie in 256 directories, by their keys: four of them tell how many there are.
local function guess(path)
  local found = 0
  for _, name in ipairs({ "00", "55", "aa", "ff" }) do
    found = found + #(fs.list(path .. "/actions/" .. name) or {})
  end
  return found * 64
end

-- What runs have added up (usage.h): eight bytes, the least first, and a check of them.
local function bytes_of(path)
  local text = fs.read(path .. "/usage", 64)
  if not text or #text ~= 16 then return nil end
  local bytes = 0
  for i = 8, 1, -1 do bytes = bytes * 256 + text:byte(i) end
  return bytes
end

local function contents(report, cache, path)
  local guessed, bytes = guess(path), bytes_of(path)
  local journal = fs.stat(path .. "/journal")
  if guessed > MOST_RESULTS or journal and journal.size > MOST_JOURNAL then
    report:ok(("about %d results%s, too many for a quick look (ggen-lua cache stats, verify)")
      :format(guessed, bytes and ", " .. units.format_size(bytes) or ""))
    return
  end
  local survey, message = async.await(function(resume) return cache:survey(resume) end)
  if not survey then
    report:problem("what is stored cannot be read: " .. tostring(message),
      "ggen-lua cache clear begins anew; nothing but time is lost")
    return
  end
  local stats = survey:stats()
  report:ok(("%s, %s"):format(count(stats.entries, "result"), units.format_size(stats.bytes)))
  if stats.unreadable > 0 then
    report:problem(("%s that cannot be read"):format(count(stats.unreadable, "result")),
      "ggen-lua cache verify removes them")
  end
  if stats.orphans > 0 then
    report:note(("%s that no result needs, %s"):format(count(stats.orphans, "blob"),
      units.format_size(stats.orphan_bytes)), "ggen-lua cache prune removes them")
  end
end

-- A file is cloned from the cache into the project where both lie on one file system.
local function beside_the_project(report, kept, project)
  if not project or project.problem or not project.mount or not kept.mount
    or project.mount == kept.mount then return end
  if project.reflink or kept.reflink then
    report:note(("it is on another file system than the project (%s, %s): outputs are copied,"
      .. " where one file system would share them"):format(kept.mount, project.mount),
      "a directory beside the project: GGEN_CACHE_DIR=DIR")
  end
end

---@async
---@param report ggen.doctor.Report
---@param shared { place: ggen.async.Future } of the project: its file system, or nil
function M.run(report, shared)
  local core = require("ggen.core.cache")
  local path, message = core.default_path()
  if not path then
    report:problem(message, ELSEWHERE)
    return
  end
  local cache, why, kind = core.open(path)
  local found = { place = function() return place.look(place.existing(path)) end,
    contents = function() if cache then contents(report, cache, path) end end }
  if cache then report:ok(path) elseif kind == "not_found" then
    report:ok(path .. ", not made yet")
  else
    report:problem(("%s cannot be opened: %s"):format(path, why), ELSEWHERE)
  end
  local parts = async.all({ found.place, found.contents })
  if place.tell(report, "it", path, parts[1], ELSEWHERE) then
    place.space(report, place.existing(path), "ggen-lua cache prune, or " .. ELSEWHERE)
    beside_the_project(report, parts[1], shared.place:wait())
  end
end

return M
