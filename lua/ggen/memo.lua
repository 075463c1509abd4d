-- What one run writes down for the next, so that a run with nothing to do looks at no task: that
-- all of a plan is up to date while nothing moves (the note `memo`), and how long the policies'
-- answers about that hold (`served`). What is known of single tasks is the engine's
-- (incremental/known.h).
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local hash = require("ggen.core.hash")

local M = {}

local LONGEST = 365 * 86400 -- seconds that a policy's answer is kept
local FAILED = 1 -- exit code of a run that came to its end

-- What the answers hang on beside the results, which the memo stands for: the configuration, and
-- the code of plugins. Nothing when that cannot be told: then policies are asked each time.
local function policies_digest(cache, project)
  if not project.snapshot then return nil end
  local parts = { cache._memo, project.snapshot:checksum() }
  for _, instance in ipairs(cache.policies) do
    parts[#parts + 1] = instance.name
    parts[#parts + 1] = instance.path and hash.file(instance.path) or ""
  end
  return hash.bytes(table.concat(parts, "\n"))
end

-- Whether the policies serve everything that is in place. The note has from when and until when:
-- clocks are set back.
local function is_served(cache, project, plan)
  local policy = cache:policy(project)
  if not policy then return true end
  local files, now, digest = cache.files, clock.unix(), policies_digest(cache, project)
  if digest then
    local of, from, to = (files:note("served") or ""):match("^(%x+) ([%d.]+) ([%d.]+)$")
    if of == digest and now >= tonumber(from) and now <= tonumber(to) then return true end
  end
  cache:define()
  if not files:ask(plan, policy) then return false end
  if digest and cache.holds >= 1 then
    local to = now + math.min(cache.holds, LONGEST)
    files:set_note("served", ("%s %.3f %.3f"):format(digest, now, to))
  end
  return true
end

---Whether all of a plan is known to be up to date; nothing on the disk has moved.
---@param cache ggen.Cache
---@param project ggen.Project
---@param plan userdata which is told
---@return ggen.Judgement?
function M.recall(cache, project, plan)
  local note = cache._memo and cache.files:note("memo")
  if not note then return nil end
  local of, fresh, idle, saved, new = note:match("^(%x+) (%d+) (%d+) ([%d.]+)( ?n?e?w?)$")
  if of ~= cache._memo or not is_served(cache, project, plan) then return nil end
  if new ~= "" then cache:define() end -- to write their hits down
  cache.files:trust(plan)
  cache._trusted, cache._same = true, new == ""
  return { fresh = tonumber(fresh), idle = tonumber(idle), saved = tonumber(saved) }
end

-- What the next run need not look at; a judgement when nothing is left to do.
local function look_again(cache, code)
  local files, found = cache.files, nil
  files:set_note("served", nil) -- these may be other results
  if cache._plan and cache.options.read and code <= FAILED then
    cache:define()
    found = files:conclude(cache._plan, cache._looked or not cache._found)
  else
    -- Interrupted: that is not waited for. Or nobody has asked what moved.
    files:set_note("fresh", nil)
  end
  return found
end

---At the end of a run. Nothing looks at files after this, and the index is saved.
---@param cache ggen.Cache
---@param code integer exit code of the run
function M.conclude(cache, code)
  local found, new = cache._found, ""
  if not cache._trusted or cache._looked then
    found = look_again(cache, code)
    -- The journal has the hits of those that were up to date before.
    if cache._looked then new = " new" end
  elseif cache._same then
    return
  end
  local note = found and cache._memo and ("%s %d %d %.3f%s"):format(cache._memo, found.fresh,
    found.idle, found.saved, new)
  cache.files:set_note("memo", note or nil)
end

return M
