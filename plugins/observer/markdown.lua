-- The optimization report of a run as a Markdown page: its stages against their targets, what made
-- it quick, what would make it quicker, and what to do next.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local time, size = ggen.units.format_duration, ggen.units.format_size

-- What stands for itself in Markdown, in a table's cell too.
local function escape(text)
  return (tostring(text):gsub("%c", " "):gsub("[\\`*_%[%]<>|~#]", "\\%0"))
end

-- A word that is to be read as it is.
local function code(text)
  text = tostring(text):gsub("%c", " ")
  local fence = text:find("`", 1, true) and "``" or "`"
  local padding = #fence == 2 and " " or ""
  return fence .. padding .. text:gsub("|", "\\|") .. padding .. fence
end

local function row(cells) return "| " .. table.concat(cells, " | ") .. " |\n" end

local function stages_table(profile, most)
  local out = { row({ "stage", "time", "target", "met", "to target" }),
    "| --- | ---: | ---: | --- | ---: |\n" }
  local function add(its, bold)
    local cells = ggen.targets.cells(its)
    local name = bold and "**" .. cells.name .. "**" or escape(cells.name)
    out[#out + 1] = row({ name, cells.time, cells.target, cells.met, cells.percent })
  end
  for i = 1, math.min(#profile.stages, most) do add(profile.stages[i]) end
  if #profile.stages > most then
    out[#out + 1] = row({ ("(%d more)"):format(#profile.stages - most), "", "", "", "" })
  end
  add(profile.total, true)
  return table.concat(out)
end

local function verdict(profile)
  local total = profile.total
  local required, stretch = ggen.targets.missed(profile)
  if #required > 0 then return "slow", required end
  if #stretch > 0 then return "acceptable", stretch end
  local any = total.status
  for _, its in ipairs(profile.stages) do any = any or its.status end
  return any and "good" or nil, {}
end

local function plugins_of(project, kind)
  local names = {}
  for i, name in ipairs(project:plugins(kind)) do
    names[i] = code(name:sub(#kind + 2))
  end
  return table.concat(names, ", ")
end

local function count(number, word) return ("%d %s%s"):format(number, word, number == 1 and ""
  or "s") end

-- What made this run as quick as it was.
local function applied(record, project)
  local totals, list = record.totals or {}, {}
  local function add(text, ...) list[#list + 1] = "- " .. text:format(...) .. "\n" end
  local fresh, restored = totals.fresh or 0, totals.restored or 0
  if fresh + restored > 0 then
    local rate, served = tonumber(totals.hit_rate), {}
    if fresh > 0 then served[1] = count(fresh, "task") .. " up to date" end
    if restored > 0 then served[#served + 1] = count(restored, "task") .. " restored" end
    add("Cache: %s%s; that saved %s", table.concat(served, " and "),
      rate and (" (hit rate %.0f %%)"):format(100 * rate) or "", time(totals.saved or 0))
  else
    add("Cache: nothing was served from it")
  end
  local busy = 0
  for _, task in ipairs(record.tasks or {}) do busy = busy + (tonumber(task.ran) or 0) end
  local wall = tonumber(totals.wall) or 0
  if wall > 0 and busy > 0 then
    add("Parallelism: up to %s at a time; %s of work in %s, %.1f tasks at a time on average",
      count(record.jobs or 1, "task"), time(busy), time(wall), busy / wall)
  else
    add("Parallelism: up to %s at a time", count(record.jobs or 1, "task"))
  end
  local scheduler = plugins_of(project, "scheduler")
  add("Scheduler: %s", scheduler ~= "" and scheduler or "the default")
  local cache = plugins_of(project, "cache")
  if cache ~= "" then add("Cache policies: %s", cache) end
  local path = record.critical_path or {}
  if #path > 0 and wall > 0 and tonumber(totals.critical_path) then
    local names = {}
    for i = 1, math.min(#path, 8) do names[i] = code(path[i]) end
    if #path > 8 then names[9] = "…" end
    add("Critical path: %s, %.0f %% of the run: %s", time(totals.critical_path),
      100 * totals.critical_path / wall, table.concat(names, " → "))
  end
  if (totals.peak_memory or 0) > 0 then
    add("Memory: %s at most, of one task", size(totals.peak_memory))
  end
  return table.concat(list)
end

-- What the run, and those before it, recommend.
local function recommendations(run, targets)
  local record = run:record()
  local ok, list = pcall(function()
    -- What earlier runs say is about tasks that ran.
    local lines = #record.tasks > 0 and ggen.history.open(run.project.dir):lines({ most = 200,
      pipeline = record.pipeline, machine = record.machine })
    return ggen.recommendations.of(record, lines or {}, targets)
  end)
  if ok then return list end
  run.events:note("warning", "observer.markdown: no recommendations: " .. tostring(list))
  return {}
end

local function recommended(list)
  local out = {}
  for i, its in ipairs(list) do
    local gain = tonumber(its.gain)
    out[#out + 1] = ("%d. %s%s\n"):format(i, escape(its.text),
      gain and (" — about %s"):format(time(gain)) or "")
    if its.evidence then out[#out + 1] = ("   - evidence: %s\n"):format(escape(its.evidence)) end
  end
  return table.concat(out)
end

local function failures(record)
  local out = {}
  for _, task in ipairs(record.tasks or {}) do
    if task.status == "failed" and #out < 20 then
      out[#out + 1] = ("- %s: %s\n"):format(code(task.id),
        escape(task.message or ("exit code %s"):format(task.code)))
    end
  end
  return table.concat(out)
end

local function next_steps(record, status, path)
  local out = {}
  local function add(text, ...) out[#out + 1] = "- " .. text:format(...) .. "\n" end
  if record.status == "failed" then add("`ggen-lua run --failed` runs what failed") end
  add("`ggen-lua perf report --run %s` takes this run apart", record.id)
  local slowest
  for _, task in ipairs(record.tasks or {}) do
    if task.cache == "miss" and (tonumber(task.ran) or 0) > 0
      and (not slowest or task.ran > slowest.ran) then
      slowest = task
    end
  end
  if slowest then
    add("%s says why %s, which ran longest, was not served from the cache",
      code("ggen-lua why " .. slowest.id), code(slowest.id))
  end
  if status == "slow" and #path > 0 then
    add("Work on the critical path first: nothing else makes the run shorter")
  end
  add("`ggen-lua perf history` shows how this changes from run to run")
  return table.concat(out)
end

local function document(run, targets, most)
  local record = run:record()
  local profile = ggen.targets.profile(targets, record)
  local status, missed = verdict(profile)
  local totals, git = record.totals or {}, record.git or {}
  local out = { ("# Optimization report: %s\n\n"):format(escape(record.pipeline)) }
  local function add(...) for _, text in ipairs({ ... }) do out[#out + 1] = text end end
  add(("Run %s of %s: %s in %s, %s"):format(code(record.id), record.time,
    count(totals.tasks or 0, "task"), time(tonumber(totals.wall) or 0),
    status and "**" .. status .. "**" or "no targets"))
  if record.status ~= "ok" then add((" (%s)"):format(escape(record.status))) end
  if git.commit then
    add((".\nCommit %s%s"):format(code(git.commit:sub(1, 12)),
      git.dirty == true and ", with changes" or ""))
  end
  add(".\n\n")
  for _, line in ipairs(missed) do add("- ", escape(line), "\n") end
  if #missed > 0 then add("\n") end
  local failed = failures(record)
  if failed ~= "" then add("## What failed\n\n", failed, "\n") end
  add("## Stages against targets\n\n", stages_table(profile, most), "\n")
  add("## What was applied\n\n", applied(record, run.project), "\n")
  local list = recommendations(run, targets)
  add("## Recommendations\n\n", #list > 0 and recommended(list) or "None.\n", "\n")
  add("## Next steps\n\n", next_steps(record, status, record.critical_path or {}))
  return table.concat(out)
end

local params = {
  path = { type = "string", default = ".ggen/report.md",
    desc = "The file, relative to the project's directory" },
  rows = { type = "integer", min = 1, default = 50, desc = "How many stages to list, the slowest" },
  summary = { type = "boolean", default = false,
    desc = "Also append it to the summary of the job, under GitHub Actions (the file that"
      .. " GITHUB_STEP_SUMMARY names)" },
}
for name, param in pairs(ggen.targets.params) do params[name] = param end

---@type ggen.Plugin
return {
  name = "markdown",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Write the optimization report of a run as a Markdown page",
  permissions = { "fs:$path", "fs:.:ro", "env:GITHUB_STEP_SUMMARY",
    "fs:$GITHUB_STEP_SUMMARY" },
  params = params,
  setup = function(own, host)
    local targets, message = ggen.targets.of(own, host.project)
    if message then return nil, message end
    if host.options.dry_run then return { writes = { own.path } } end

    return {
      writes = { own.path },
      on_run_end = function(_, run)
        local text = document(run, targets, own.rows)
        ggen.report.write(run, "observer.markdown", own.path, text)
        local summary = own.summary and ggen.environment.variable("GITHUB_STEP_SUMMARY") or ""
        if summary ~= "" then ggen.report.append(run, "observer.markdown", summary, text) end
      end,
    }
  end,
}
