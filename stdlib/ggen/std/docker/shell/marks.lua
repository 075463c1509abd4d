-- What comes from a resident shell: the output of a command between the marks of its job. Pure but
-- for the job that it fills in.
--
--   out                       err
--   MARK+123  output          MARK+  output      begins: the pid
--   MARK=0 user sys orphans   MARK=              has ended, and how
--   MARK!                                        there is no such directory
--   MARK?                                        there is no such program
--
-- A mark is a byte that is rare in output and 128 random bits, others for each command.
-- SPDX-License-Identifier: MIT
local M = {}

local START = "\24" -- of a mark; 030 in script.lua

---Before a command, or a question: what will mark it.
---@param job table
---@param hex string the random part of its mark
function M.begin(job, hex)
  job.mark, job.out, job.err = START .. hex, { hold = "" }, { hold = "" }
end

---@param job table
---@return boolean
function M.is_over(job) return job.out.ended and job.err.ended end

local function emit(job, which, bytes)
  local kept = job.kept and job.kept[which]
  if kept and kept.left > 0 then
    local part = bytes:sub(1, kept.left)
    kept[#kept + 1], kept.left = part, kept.left - #part
  end
  if job.on_output then job.on_output(which, bytes) end
end

local on_mark = {}

on_mark["+"] = function(job, side, payload)
  side.begun = true
  job.pid = job.pid or payload:match("^%d+$")
end

on_mark["="] = function(job, side, payload)
  side.ended = true
  if payload ~= "" then job.ending = payload end
end

on_mark["!"] = function(job)
  job.message = ("there is no directory %s in the container"):format(job.cwd)
end

on_mark["?"] = function(job)
  job.message = ("the container has no program %s"):format(job.program)
end

---Divides what came into output and marks. What may become a mark is kept until more has come. What
---comes before the first mark is of what was left behind by the command before.
---@param job table
---@param which "out"|"err"
---@param bytes string
function M.feed(job, which, bytes)
  local side, mark = job[which], job.mark
  local text, from, search = side.hold .. bytes, 1, 1
  side.hold = ""
  local function pass(to)
    local owner = side.begun and job or job.before
    if owner and to >= from then
      emit(owner, which, from == 1 and to == #text and text or text:sub(from, to))
    end
  end
  while true do
    local at = text:find(START, search, true)
    if not at then return pass(#text) end
    local found = text:sub(at, at + #mark - 1)
    local stop = found == mark and text:find("\n", at + #mark, true)
    if stop then
      pass(at - 1)
      local handler = on_mark[text:sub(at + #mark, at + #mark)]
      if handler then handler(job, side, text:sub(at + #mark + 1, stop - 1)) end
      from, search = stop + 1, stop + 1
    elseif at + #found > #text and found == mark:sub(1, #found) or found == mark then
      pass(at - 1)
      side.hold = text:sub(at)
      return
    else
      search = at + 1
    end
  end
end

return M
