-- What a part of the doctor has found: lines that are well, lines that are good to know, and
-- problems, each with what to do. Plugins get one for their own health.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.Finding
---@field topic string what it is about: "cache", "plugin containers.pool"
---@field level "ok"|"note"|"problem"
---@field text string
---@field fix string? what to do about it

---@class ggen.doctor.Report: ggen.HealthReport
---@field findings ggen.Finding[]
---@field package _topic string
local Report = { __name = "ggen.HealthReport" }
Report.__index = Report

---@param topic string
---@return ggen.doctor.Report
function M.new(topic) return setmetatable({ findings = {}, _topic = topic }, Report) end

local function add(self, level, text, fix)
  table.insert(self.findings, { topic = self._topic, level = level, text = tostring(text),
    fix = fix and tostring(fix) or nil })
end

---Something is as it should be.
---@param text string
function Report:ok(text) add(self, "ok", text) end

---Something could be better, or is missing that not everybody needs.
---@param text string
---@param fix string? what to do
function Report:note(text, fix) add(self, "note", text, fix) end

---Something is wrong: ggen-lua doctor ends with 3.
---@param text string
---@param fix string what to do
function Report:problem(text, fix) add(self, "problem", text, fix) end

---@class ggen.doctor.Look
---@field topic string
---@field run fun(report: ggen.doctor.Report) may wait
---@field late fun(report: ggen.doctor.Report) says that it took too long

---Several looks at once, each with a report of its own: the slowest one is what they take.
---@async
---@param looks ggen.doctor.Look[]
---@param limit number seconds for each
---@return ggen.Finding[] in the order of the looks
function M.together(looks, limit)
  local async = require("ggen.async")
  local reports, calls, findings = {}, {}, {}
  for i, look in ipairs(looks) do
    reports[i] = M.new(look.topic)
    calls[i] = function()
      async.race({ function() look.run(reports[i]) end, function()
        async.sleep(limit)
        look.late(reports[i])
      end })
    end
  end
  async.all(calls)
  for _, report in ipairs(reports) do
    for _, finding in ipairs(report.findings) do findings[#findings + 1] = finding end
  end
  return findings
end

return M
