-- The tasks of a run as test cases, in the XML that CI systems read. What is written is what the
-- schemas of Ant, Maven Surefire and Jenkins have in common (tests/schema/junit.xsd).
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local BYTES = 64 * 1024 -- of output, at most, with each failure
local REPLACEMENT = "\239\191\189" -- U+FFFD

-- XML 1.0 has no control characters but tab and line ends, no halves of characters, no U+FFFE and
-- no U+FFFF; not even as numbers.
local function legal(text)
  if not text:find("[^ -~\n\t]") then return text end -- nearly all
  local json = ggen.json.encode(text, { invalid_utf8 = "replace" })
  text = json and ggen.json.decode(json) or ""
  return (text:gsub("\27%[[%d;?]*[@-~]", ""):gsub("\r\n?", "\n")
    :gsub("[%z\1-\8\11-\31\127]", REPLACEMENT):gsub("\239\191[\190\191]", REPLACEMENT))
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["\n"] = "&#10;", ["\t"] = "&#9;" }

local function attribute(text)
  if not text:find("[^%w .,:/#=_-]") then return text end -- nearly all
  return (legal(text):gsub('[&<>"\n\t]', ENTITIES))
end

local function content(text) return (legal(text):gsub("[&<>]", ENTITIES)) end

local function seconds(value) return ("%.3f"):format(math.max(tonumber(value) or 0, 0)) end

local function open(name, attributes, ending)
  local parts = { "<", name }
  for _, pair in ipairs(attributes) do
    parts[#parts + 1] = (' %s="%s"'):format(pair[1], attribute(tostring(pair[2])))
  end
  parts[#parts + 1] = ending or ">"
  return table.concat(parts)
end

-- What the test case of a task has in it; nothing for one that passed.
local function outcome(task, ended)
  local function with(element, message, kind, text)
    local attributes = { { "message", message }, kind and { "type", kind } }
    if not text or text == "" then return "      " .. open(element, attributes, "/>") .. "\n" end
    return ("      %s%s</%s>\n"):format(open(element, attributes), content(text), element)
  end
  local why = ended.reason or task.message or ("exit code %d"):format(task.code or 1)
  if task.status == "failed" then
    return with("failure", why, ended.kind or "exit code", ended.output)
  elseif task.status == "optional" then
    return with("skipped", "failed, and is optional: " .. why, nil, ended.output)
  elseif task.status == "skipped" then
    return with("skipped", task.reason or "skipped")
  end
end

-- The suites in the order of their first task: { name, tasks, fresh: the ids of those that were up
-- to date }.
local function suites_of(record, suite_of)
  local list, by_name = {}, {}
  local function suite_named(name)
    local suite = by_name[name]
    if not suite then
      suite = { name = name, tasks = {}, fresh = {} }
      by_name[name] = suite
      list[#list + 1] = suite
    end
    return suite
  end
  for _, task in ipairs(record.tasks or {}) do
    table.insert(suite_named(suite_of(task.id, task.workspace)).tasks, task)
  end
  for _, id in ipairs(record.fresh or {}) do
    local fresh = suite_named(suite_of(id, id:match("^([^#:]+)#"))).fresh
    fresh[#fresh + 1] = id
  end
  return list
end

-- A run that did not pass must not look as if it had.
local function run_itself(record, suites)
  if (record.code or 0) == 0 then return end
  for _, task in ipairs(record.tasks or {}) do
    if task.status == "failed" then return end
  end
  local text = { gate = "a gate said no", interrupted = "interrupted",
    timeout = "the time of the run was over" }
  local case = { id = "(run)", status = "failed", duration = 0, kind = record.status,
    message = text[record.status] or "the run failed" }
  for _, suite in ipairs(suites) do
    if suite.name == record.pipeline then return table.insert(suite.tasks, case) end
  end
  suites[#suites + 1] = { name = record.pipeline, tasks = { case }, fresh = {} }
end

local function properties(record)
  local totals, git = record.totals or {}, record.git or {}
  local list = { { "ggen-lua", record.ggen }, { "pipeline", record.pipeline },
    { "run", record.id }, { "command", table.concat(record.command or {}, " ") },
    { "status", record.status }, { "commit", git.commit }, { "branch", git.branch },
    { "machine", record.machine }, { "jobs", record.jobs }, { "wall", totals.wall },
    { "hit_rate", tonumber(totals.hit_rate) } }
  local lines = {}
  for _, pair in ipairs(list) do
    if pair[2] ~= nil and pair[2] ~= "" then
      lines[#lines + 1] = "      " .. open("property", { { "name", pair[1] },
        { "value", pair[2] } }, "/>") .. "\n"
    end
  end
  return table.concat(lines)
end

local function write_suite(out, suite, number, record, ended)
  local cases, failures, skipped, time = {}, 0, 0, 0
  for _, task in ipairs(suite.tasks) do
    local name = task.workspace and task.id:gsub("^.-#", "") or task.id
    local inside = outcome(task, ended[task.id] or { kind = task.kind })
    if task.status == "failed" then failures = failures + 1 end
    if task.status == "skipped" or task.status == "optional" then skipped = skipped + 1 end
    time = time + (tonumber(task.duration) or 0)
    cases[#cases + 1] = "    " .. open("testcase", { { "name", name }, { "classname", suite.name },
      { "time", seconds(task.duration) } }, inside and ">\n" or "/>\n")
      .. (inside and inside .. "    </testcase>\n" or "")
  end
  -- In most runs nearly all: they differ in their names alone.
  local ending = ('" classname="%s" time="0.000"/>\n'):format(attribute(suite.name))
  for _, id in ipairs(suite.fresh) do
    cases[#cases + 1] = '    <testcase name="'
      .. attribute(id:match("^[^#:]+#(.*)$") or id) .. ending
  end
  out[#out + 1] = "  " .. open("testsuite", { { "name", suite.name }, { "id", number },
    { "package", record.pipeline or "" }, { "tests", #suite.tasks + #suite.fresh },
    { "failures", failures },
    { "errors", 0 }, { "skipped", skipped }, { "time", seconds(time) },
    { "timestamp", (record.time or ""):match("^[%d-]+T[%d:]+") or "1970-01-01T00:00:00" },
    { "hostname", "localhost" } }, ">\n")
  out[#out + 1] = "    <properties>\n" .. properties(record) .. "    </properties>\n"
  out[#out + 1] = table.concat(cases)
  out[#out + 1] = "    <system-out/>\n    <system-err/>\n  </testsuite>\n"
end

-- The whole file. `ended`: reason, kind and output of the tasks that failed, by id.
local function document(record, ended, suite_of)
  local out = { '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' }
  local suites = suites_of(record, suite_of)
  run_itself(record, suites)
  for i, suite in ipairs(suites) do write_suite(out, suite, i - 1, record, ended) end
  out[#out + 1] = "</testsuites>\n"
  return table.concat(out)
end

-- Of tasks that several phases have, the first one counts.
local function phase_names(project)
  local names = {}
  for _, phase in ipairs(project:phase_tasks()) do
    for _, id in ipairs(phase.tasks) do names[id] = names[id] or phase.name end
  end
  return names
end

---@type ggen.Plugin
return {
  name = "junit",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Write the tasks of a run as test cases of a JUnit XML file",
  permissions = { "fs:$path" },
  params = {
    path = { type = "string", default = ".ggen/junit.xml",
      desc = "The file, relative to the project's directory" },
    suites = { type = "enum", values = { "workspace", "phase" }, default = "workspace",
      desc = "What a test suite is; tasks outside of all are in one with the pipeline's name" },
    tail = { type = "integer", min = 0, default = 100,
      desc = "Lines of output with a failure, the last ones; 64 KiB at most" },
  },
  setup = function(params, host)
    if host.options.dry_run then return { writes = { params.path } } end
    local ended = {}
    return {
      writes = { params.path },
      on_task_log = function(_, _, log)
        if params.tail > 0 then log:keep_tail(BYTES) end
      end,
      on_task_end = function(_, task, result)
        if result.status ~= "failed" then return end
        local output = result.log and result.log:tail(params.tail) or ""
        ended[task.id] = { reason = ggen.report.reason(result), output = output:sub(-BYTES),
          kind = result.timed_out and "timeout" or result.signal and "signal" or "exit code" }
      end,
      on_run_end = function(_, run)
        local record = run:record()
        local phases = params.suites == "phase" and phase_names(run.project)
        ggen.report.write(run, "observer.junit", params.path, document(record, ended,
          function(id, workspace)
            return phases and phases[id] or not phases and workspace or record.pipeline
          end))
      end,
    }
  end,
}
