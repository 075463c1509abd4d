-- Rules over the figures of a run: which one holds is said at its end, and told to a command or to
-- a web hook. Neither can fail the run.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local std = require("ggen.std")

local LEVELS = { info = "info", warning = "warning", critical = "error" }
local MOST_ANSWER = 64 * 1024 -- bytes of a web hook's answer, and of a command's output

local function check_address(url)
  if not url:find("^https?://[^/%s][^%s]*$") then
    return "an address that begins with http:// or https:// is expected"
  end
end

local rule = { type = "record", fields = {
  name = { type = "string", required = true, desc = "Names the alert in messages",
    check = function(value)
      if not value:find("%S") then return "a name cannot be empty" end
      if value:find("%c") then return "a name cannot hold control characters" end
    end },
  condition = { type = "string", required = true, desc = "When it is told" },
  severity = { type = "enum", values = { "info", "warning", "critical" }, default = "warning" },
  run = { type = "union", expects = "a command, or a list of its words", any_of = {
    { type = "string", check = function(value)
      if not value:find("%S") then return "the command is empty" end
    end },
    { type = "list", of = { type = "string" }, check = function(value)
      if #value == 0 then return "the command is empty" end
    end } } },
  pass_env = { type = "list", of = { type = "string" }, single = true, default = {} },
  webhook = { type = "string", check = check_address },
  webhook_env = { type = "string" },
} }

-- One rule, checked and compiled; nil, a message and the field that is wrong.
local function compile(given, project)
  local checked, message, where = ggen.schema.check(rule, given)
  if checked == nil then
    return nil, ggen.schema.message(message, where),
      where:match("^[^.[]+") or message:match('^unknown field "([^"]*)"')
  end
  checked.holds, message = ggen.metrics.compile(checked.condition, project)
  if not checked.holds then
    return nil, ("alert %q: %s"):format(checked.name, message), "condition"
  end
  return checked
end

-- The rules of a file; nil, a message, the file and the line.
local function read(path, host, add)
  local full = path:sub(1, 1) == "/" and path or host.project_dir .. "/" .. path
  local text, message = ggen.files.read(full)
  if not text then return nil, ('field "file": %s'):format(message:gsub("^read ", "")) end
  local value, line = std.toml.decode_lines(text)
  if not value then
    local number, rest = line:match("^line (%d+), column %d+: (.*)$")
    return nil, rest or line, full, tonumber(number)
  end
  for key in pairs(value) do
    if key ~= "alert" then
      return nil, ("unknown key %q%s: a rule is a table [[alert]]"):format(key,
        ggen.suggest.hint(key, { "alert" })), full, line(value, key)
    end
  end
  local list = value.alert or {}
  if type(list) ~= "table" or #list == 0 and next(list) ~= nil then
    return nil, "a rule is written as [[alert]], with two brackets", full, line(value, "alert")
  end
  for i, given in ipairs(list) do
    local field
    value, message, field = add(given)
    if not value then
      local at = type(given) == "table" and field and line(given, field) or line(list, i)
      return nil, message, full, at
    end
  end
  return true
end

local function format(value, unit)
  if unit == "seconds" then return ggen.units.format_duration(value) end
  if unit == "bytes" then return ggen.units.format_size(value) end
  if unit == "ratio" then return ("%.1f %%"):format(100 * value) end
  return ("%d"):format(value)
end

-- One line, which does nothing to a terminal: conditions may have several lines, names of tasks and
-- what commands say may be anything.
local function line_of(text) return (text:gsub("%s*%c+%s*", " ")) end

-- What is told of an alert: { name, severity, condition, text, values }.
local function alert_of(rule_of, values)
  local parts = {}
  for _, metric in ipairs(rule_of.holds.metrics) do
    local value = values[metric.name]
    parts[#parts + 1] = ("%s is %s"):format(metric.name, value and format(value, metric.unit)
      or "not known")
  end
  return { name = rule_of.name, severity = rule_of.severity, condition = rule_of.condition,
    values = values, text = line_of(("alert %s: %s (%s)"):format(rule_of.name,
      rule_of.condition, table.concat(parts, ", "))) }
end

-- nil, or what went wrong.
local function run_command(rule_of, alert, record, dir, timeout)
  local env = { GGEN_ALERT_NAME = alert.name, GGEN_ALERT_SEVERITY = alert.severity,
    GGEN_ALERT_CONDITION = alert.condition, GGEN_ALERT_TEXT = alert.text,
    GGEN_ALERT_VALUES = ggen.json.encode(alert.values), GGEN_PIPELINE = record.pipeline,
    GGEN_RUN_ID = record.id, GGEN_RUN_STATUS = record.status }
  for _, name in ipairs(rule_of.pass_env) do env[name] = ggen.environment.variable(name) end
  local result, message = std.sh.run(rule_of.run, { cwd = dir, env = env, timeout = timeout,
    limit = MOST_ANSWER })
  if not result then return "its command was not started: " .. message end
  if result.code == 0 then return nil end
  local last = (result.stderr or ""):gsub("%s+$", ""):match("[^\n]*$")
  return ("its command failed: %s%s"):format(result.message or ("exit code %d"):format(
    result.code), last ~= "" and ": " .. last or "")
end

-- Who knows the whole address of a web hook may write to it: a log gets its host at most. What is
-- sent is named in front of a message, without blanks.
local function without_address(message, url)
  local host = url:match("^%a+://([^/?#]*)"):gsub("^.*@", ""):gsub("%%", "%%%%")
  return (message:gsub("^(%u+) %S+:", "%1 " .. host .. ":", 1))
end

local function call_webhook(url, alert, record, timeout)
  local wrong = check_address(url)
  if wrong then return "its web hook was not told: " .. wrong end
  local git = record.git or {}
  local body = ggen.json.encode({ alert = alert.name, severity = alert.severity,
    condition = alert.condition, text = alert.text, values = alert.values, run = record.id,
    time = record.time, pipeline = record.pipeline, status = record.status, code = record.code,
    commit = git.commit, branch = git.branch, machine = record.machine },
    { invalid_utf8 = "replace" })
  local response, message = ggen.http.request({ method = "POST", url = url,
    headers = { ["Content-Type"] = "application/json" }, body = body, timeout = timeout,
    max_bytes = MOST_ANSWER })
  if not response then
    return "its web hook was not told: " .. without_address(tostring(message), url)
  end
  if response.status >= 200 and response.status < 300 then return nil end
  return ("its web hook answered %s"):format(response.status)
end

---@type ggen.Plugin
return {
  name = "alerts",
  kind = "observer",
  version = "1.0.0",
  api = 1,
  desc = "Tell when a figure of a run is beyond a limit",
  positional = "rules",
  permissions = { "process", "net:*", "env:*", "fs:$file:ro" },
  params = {
    rules = { type = "list", of = { type = "any" },
      desc = "Rules, each a table: name, condition (as \"task.test.duration > 15s and hit_rate <"
        .. " 0.8\"), severity (info, warning, critical), run (a command, which has the alert in"
        .. " GGEN_ALERT_*), pass_env (variables of the caller for it), webhook (an address that"
        .. " gets the alert as JSON) or webhook_env (a variable of the caller with that address);"
        .. " written as the list itself" },
    file = { type = "string", desc = "A TOML file with more rules, each a table [[alert]]" },
    timeout = { type = "duration", default = "5s", desc = "For each command and web hook",
      check = function(value) if value == 0 then return "must be above zero" end end },
  },
  setup = function(params, host)
    local rules, names = {}, {}
    local function add(given)
      local compiled, message, field = compile(given, host.project)
      if not compiled then return nil, message, field end
      if names[compiled.name] then
        return nil, ("there are two alerts %q"):format(compiled.name), "name"
      end
      names[compiled.name] = true
      rules[#rules + 1] = compiled
      return compiled
    end
    for i, given in ipairs(params.rules or {}) do
      local compiled, message = add(given)
      if not compiled then return nil, ("rule %d: %s"):format(i, message) end
    end
    if params.file then
      local ok, message, file, line = read(params.file, host, add)
      if not ok then return nil, message, file, line end
    end
    if #rules == 0 and not params.file then
      return nil, 'there is no rule: { { name = "slow", condition = "wall > 60s" } }, or { file ='
        .. ' "alerts.toml" } with tables [[alert]]'
    end
    if #rules == 0 or host.options.dry_run then return {} end

    local function tell(rule_of, alert, record, warnings)
      local function attempt(send, whom, ...)
        local ok, problem = pcall(send, whom, alert, record, ...)
        if not ok and problem == ggen.async.CANCELLED then error(problem, 0) end
        if problem then
          warnings[#warnings + 1] = line_of(("alert %s: %s"):format(alert.name,
            tostring(problem)))
        end
      end
      if rule_of.run then attempt(run_command, rule_of, host.project_dir, params.timeout) end
      local url = rule_of.webhook or rule_of.webhook_env
        and ggen.environment.variable(rule_of.webhook_env) or ""
      if url ~= "" then attempt(call_webhook, url, params.timeout) end
    end

    return {
      on_run_end = function(_, run)
        local record = run:record()
        if record.status == "interrupted" then return end -- who is waiting wants to go
        local calls, warnings = {}, {}
        for _, its in ipairs(rules) do
          local holds, values = its.holds:holds(record)
          if holds then
            local alert = alert_of(its, values)
            run.events:note(LEVELS[its.severity], alert.text)
            if its.run or its.webhook or its.webhook_env then
              calls[#calls + 1] = function() tell(its, alert, record, warnings) end
            end
          end
        end
        if #calls > 0 then ggen.async.all(calls) end
        for _, text in ipairs(warnings) do run.events:note("warning", text) end
      end,
    }
  end,
}
