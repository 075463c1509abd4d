-- At the end of a run, where its time went: a table of its stages, the slowest first.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local MOST_COLUMNS = 48 -- of a name
local COLORS = { good = "green", acceptable = "yellow", slow = "red" }

local params = { rows = { type = "integer", min = 1, default = 20,
  desc = "How many stages to show, the slowest" } }
for name, param in pairs(ggen.targets.params) do params[name] = param end

---@type ggen.Plugin
return {
  name = "profiler",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "A table of the stages of a run with their times and targets",
  params = params,
  setup = function(own, host)
    local screen, style = host.screen, host.style
    local targets, message = ggen.targets.of(own, host.project)
    if message then return nil, message end
    if host.options.dry_run then return {} end

    local function cells(row)
      local its = ggen.targets.cells(row)
      local color = COLORS[row.status]
      local met = color and style[color](style, its.met) or its.met
      return { ggen.report.cut(its.name, MOST_COLUMNS), its.time, its.target, met, its.percent }
    end

    return {
      on_run_end = function(_, run)
        local profile = ggen.targets.profile(targets, run:record())
        if #profile.stages == 0 then return end
        local rows = { { "stage", "time", "target", "met", "to target" } }
        local rest = 0
        for i, row in ipairs(profile.stages) do
          if i <= own.rows then rows[#rows + 1] = cells(row) else rest = rest + 1 end
        end
        if rest > 0 then rows[#rows + 1] = { ("(%d more)"):format(rest), "", "", "", "" } end
        rows[#rows + 1] = cells(profile.total)
        local plain = true
        for _, row in ipairs(profile.stages) do plain = plain and not row.status end
        -- Without a target three of the columns would be empty.
        if plain and not profile.total.status then
          for i, row in ipairs(rows) do rows[i] = { row[1], row[2] } end
        end
        local lines = ggen.report.table(rows)
        lines = lines:gsub("^[^\n]*", function(head) return style:dim(head) end)
        -- Apart from what has been said so far, if there is anything, and from what comes.
        local record = run:record()
        local said = #record.notes > 0 or #record.tasks > 0 and host.options.output ~= "none"
        screen:write((said and "\n" or "") .. lines .. "\n")
      end,
    }
  end,
}
