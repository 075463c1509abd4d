-- Alerts: rules of the pipeline and of a file, what they say and whom they tell.
-- SPDX-License-Identifier: MIT
local a_run = require("a_run")
local fs = require("ggen.core.fs")
local ggen = require("ggen")
local json = require("ggen.core.json")
local server = require("server")

describe("observer.alerts", function()
  local folder, kept_http

  before_each(function()
    folder = assert(fs.make_temp_dir("ggen-alerts-spec-"))
    kept_http = rawget(ggen, "http")
  end)
  after_each(function()
    rawset(ggen, "http", kept_http)
    assert(fs.remove(folder, { recursive = true }))
  end)

  local function use(params, host)
    host = host or {}
    host.project_dir = folder
    return a_run.use("observer.alerts", params, host)
  end

  -- What was said at the end of a run.
  local function said(params, changes)
    local run = a_run.run(a_run.record(changes), a_run.project(folder))
    local impl = use(params)
    if impl.on_run_end then impl:on_run_end(run) end
    return run.said
  end

  local function with_variable(name, value, body)
    local getenv = os.getenv
    os.getenv = function(wanted) -- luacheck: ignore 122
      if wanted == name then return value end
      return getenv(wanted)
    end
    local ok, result = pcall(body)
    os.getenv = getenv -- luacheck: ignore 122
    assert.is_true(ok, result)
    return result
  end

  local function refused(params, project)
    local ok, problem = pcall(use, params, { project = project })
    assert.is_false(ok)
    local here = folder:gsub("%p", "%%%0") .. "/"
    return (tostring(problem):gsub('plugin "observer.alerts": ', ""):gsub(here, ""))
  end

  it("are told by their severity, and only those that hold", function()
    assert.same({ "info: alert a: wall > 1s (wall is 2.50 s)",
      "warning: alert b: hit_rate < 0.8 (hit_rate is 40.0 %)",
      "error: alert c: peak_memory > 2GiB or clean_build_time > 1s (peak_memory is 3.0 GiB,"
        .. " clean_build_time is not known)" }, said({
      { name = "a", condition = "wall > 1s", severity = "info" },
      { name = "b", condition = "hit_rate < 0.8" },
      { name = "c", condition = "peak_memory > 2GiB or clean_build_time > 1s",
        severity = "critical" },
      { name = "d", condition = "misses > 3" } }))
    assert.same({}, said({ { name = "a", condition = "wall > 1s" } }, { status = "interrupted" }))
  end)

  it("say nothing that does something to a terminal", function()
    assert.same({ "warning: alert a: wall > 1s or wall > 9s (wall is 2.50 s)",
      "warning: alert a: its command failed: exit code 1: [31mred" }, said({
      { name = "a", condition = "wall > 1s\n  or wall > 9s",
        run = "printf '\\033[31mred\\n' >&2; exit 1" } }))
    assert.matches("a name cannot hold control characters",
      refused({ { name = "a\27[31m", condition = "wall > 1s" } }))
  end)

  it("without any rule are refused with what to give", function()
    for _, params in ipairs({ {}, { timeout = "1s" } }) do
      assert.equal('pipeline.lua:3: there is no rule: { { name = "slow", condition = "wall > 60s" }'
        .. ' }, or { file = "alerts.toml" } with tables [[alert]]', refused(params))
    end
  end)

  it("come from a file, too", function()
    assert(fs.write(folder .. "/alerts.toml", [=[
[[alert]]
name = "slow"
condition = 'task."web#test".duration > 1s'

[[alert]]
name = "misses"
condition = "misses > 2"
severity = "critical"
]=]))
    assert.same({ "warning: alert a: wall > 1s (wall is 2.50 s)",
      'warning: alert slow: task."web#test".duration > 1s (task."web#test".duration is 1.40 s)',
      "error: alert misses: misses > 2 (misses is 3)" },
      said({ { name = "a", condition = "wall > 1s" }, file = "alerts.toml" }))
  end)

  it("with something wrong are refused when they are set up", function()
    assert.equal('pipeline.lua:3: rule 1: alert "a": unknown metric "hit_rat" (did you mean'
      .. ' "hit_rate"?)', refused({ { name = "a", condition = "hit_rat < 1" } }))
    assert.equal('pipeline.lua:3: rule 2: there are two alerts "a"', refused({
      { name = "a", condition = "wall > 1s" }, { name = "a", condition = "wall > 1s" } }))
    assert.equal('pipeline.lua:3: rule 1: unknown field "conditon" (did you mean "condition"?)',
      refused({ { name = "a", conditon = "wall > 1s" } }))
    assert.equal('pipeline.lua:3: rule 1: field "name" is missing',
      refused({ { condition = "wall > 1s" } }))
    assert.matches("expected a table", refused({ "wall > 1s" }))
    for _, command in ipairs({ "", " ", {} }) do
      assert.matches("the command is empty", refused({ { name = "a", condition = "wall > 1s",
        run = command } }))
    end
    assert.matches("begins with http", refused({ { name = "a", condition = "wall > 1s",
      webhook = "ftp://x" } }))
    local project = { phases = {}, names = function() return { test = true } end,
      exact = function(_, name) return name == "test" and { 1 } or nil end }
    assert.equal('pipeline.lua:3: rule 1: alert "a": no task has the name "tset" (did you mean'
      .. ' "test"?)', refused({ { name = "a", condition = "task.tset.duration > 1s" } }, project))
    assert.matches("^pipeline.lua:3: field \"file\": .*No such file", refused({ file = "x.toml" }))
  end)

  it("of a file are refused with its line", function()
    for text, message in pairs({
      ["[[alert]]\nname = 'a'\n"] = 'x.toml:1: field "condition" is missing',
      ["\n[[alert]]\nname = 'a'\ncondition = 'wal > 1s'\n"] =
        'x.toml:4: alert "a": unknown metric "wal" (did you mean "wall"?)',
      ["[[alert]]\nname = 'a'\ncondition = 'wall > 1s'\nseverity = 'bad'\n"] = 'x.toml:4: field'
        .. ' "severity": expected one of "info", "warning", "critical", got text "bad"',
      ["[[alert]]\nname = 'a'\ncondition = 'wall > 1s'\n[[alert]]\nname='a'\ncondition='ok > 1'"] =
        'x.toml:5: there are two alerts "a"',
      ["[alert]\nname = 'a'\n"] = "x.toml:1: a rule is written as [[alert]], with two brackets",
      ["alert = 3"] = "x.toml:1: a rule is written as [[alert]], with two brackets",
      ["\nalert = [3]"] = "x.toml:2: expected a table, got number 3",
      ["\n[[alerts]]\n"] = 'x.toml:2: unknown key "alerts" (did you mean "alert"?): a rule is a'
        .. " table [[alert]]",
      ["a = 1\na = 2"] = "x.toml:2: Error while parsing key-value pair: cannot redefine existing"
        .. " integer 'a'",
    }) do
      assert(fs.write(folder .. "/x.toml", text))
      assert.equal(message, refused({ file = "x.toml" }))
    end
    for _, text in ipairs({ "", "# nothing" }) do
      assert(fs.write(folder .. "/x.toml", text))
      assert.same({}, said({ file = "x.toml" }))
    end
    assert(fs.write(folder .. "/x.toml", "\255\0["))
    assert.matches("^x.toml:1: ", refused({ file = "x.toml" }))
  end)

  it("are told to a command, with the alert in its environment", function()
    local shown = said({ { name = "slow 'x'", condition = "wall > 1s", severity = "critical",
      run = 'printf "%s|" "$GGEN_ALERT_NAME" "$GGEN_ALERT_SEVERITY" "$GGEN_ALERT_CONDITION"'
        .. ' "$GGEN_ALERT_TEXT" "$GGEN_ALERT_VALUES" "$GGEN_PIPELINE" "$GGEN_RUN_ID"'
        .. ' "$GGEN_RUN_STATUS" "$HOSTILE" > out' }, { name = "quiet", condition = "wall > 9s",
      run = "touch not" } })
    assert.same({ "error: alert slow 'x': wall > 1s (wall is 2.50 s)" }, shown)
    assert.equal("slow 'x'|critical|wall > 1s|alert slow 'x': wall > 1s (wall is 2.50 s)|"
      .. '{"wall":2.5}|shop|20261102T202300.123-f841ad|ok||', fs.read(folder .. "/out"))
    assert.is_nil(fs.stat(folder .. "/not"))
  end)

  it("whose command fails or hangs are one warning", function()
    local shown = said({ timeout = "50ms",
      { name = "a", condition = "wall > 1s", run = "echo no >&2; exit 3" },
      { name = "b", condition = "wall > 1s", run = "exec tail -f /dev/null" },
      { name = "c", condition = "wall > 1s", run = { "no-such-program-at-all" } } })
    table.sort(shown)
    assert.equal(6, #shown)
    assert.equal("warning: alert a: its command failed: exit code 3: no", shown[1])
    assert.equal("warning: alert b: its command failed: timed out after 0.05 s", shown[3])
    assert.matches("^warning: alert c: its command ", shown[5])
  end)

  it("are posted to a web hook", function()
    local seen
    rawset(ggen, "http", { request = function(request)
      seen = request
      return { status = 204 }
    end })
    assert.equal(1, #said({ { name = "a", condition = "wall > 1s", webhook = "http://h/x" } }))
    assert.equal("POST http://h/x", seen.method .. " " .. seen.url)
    assert.equal(5, seen.timeout)
    assert.equal("application/json", seen.headers["Content-Type"])
    assert.same({ alert = "a", severity = "warning", condition = "wall > 1s",
      text = "alert a: wall > 1s (wall is 2.50 s)", values = { wall = 2.5 },
      run = "20261102T202300.123-f841ad", time = "2026-11-02T20:23:00.123Z", pipeline = "shop",
      status = "ok", code = 0, commit = ("1402f91c"):rep(5), branch = "main",
      machine = "linux-x86_64/2 cpus/24 GiB/cpu" }, json.decode(seen.body))
  end)

  it("take the address of a web hook from a variable of the caller", function()
    local seen = {}
    rawset(ggen, "http", { request = function(request)
      seen[#seen + 1] = request.url
      return { status = 200 }
    end })
    local rule = { name = "a", condition = "wall > 1s", webhook_env = "HOOK" }
    assert.equal(1, #with_variable("HOOK", "https://h/y", function() return said({ rule }) end))
    assert.same({ "https://h/y" }, seen)
    rule.webhook_env = "NO_SUCH_VARIABLE_AT_ALL"
    assert.equal(1, #said({ rule }))
    assert.equal(1, #seen)
  end)

  it("whose web hook refuses, is away or breaks are one warning", function()
    local function told(request)
      rawset(ggen, "http", { request = request })
      return said({ { name = "a", condition = "wall > 1s", webhook = "http://h/x" } })[2]
    end
    assert.equal("warning: alert a: its web hook answered 500",
      told(function() return { status = 500 } end))
    assert.equal("warning: alert a: its web hook was not told: no answer",
      told(function() return nil, "no answer", "timeout" end))
    assert.equal("warning: alert a: its web hook was not told: POST h: refused",
      told(function(request) return nil, "POST " .. request.url .. ": refused", "refused" end))
    assert.equal("warning: alert a: broken", told(function() error("broken", 0) end))
  end)

  it("reach a server, and whatever it does is one warning", function()
    local function told(url, timeout)
      local shown = said({ timeout = timeout, { name = "a", condition = "wall > 1s",
        webhook = url .. "/secret?token=secret" } })
      assert.equal("warning: alert a: wall > 1s (wall is 2.50 s)", shown[1])
      assert.is_true(#shown <= 2)
      return shown[2] and shown[2]:gsub(":%d+:", ":PORT:")
    end
    server.with({ { status = 204 } }, function(url, requests)
      assert.is_nil(told(url))
      server.wait(requests, 1)
      assert.equal("POST /secret?token=secret", requests[1].method .. " " .. requests[1].path)
      assert.equal("application/json", requests[1].headers["content-type"])
      local body = json.decode(requests[1].body)
      assert.equal("a wall > 1s 2.5", ("%s %s %s"):format(body.alert, body.condition,
        body.values.wall))
    end)
    server.with({ { close = true } }, function(url)
      assert.matches("^warning: alert a: its web hook was not told: POST 127.0.0.1:PORT: ",
        told(url))
    end)
    server.with({ { status = 500 }, { status = 302, headers = { Location = "/x" } },
      { hold = true } }, function(url)
      assert.equal("warning: alert a: its web hook answered 500", told(url))
      assert.equal("warning: alert a: its web hook answered 302", told(url))
      assert.matches("^warning: alert a: its web hook was not told: POST 127.0.0.1:PORT: .*0.05 s",
        told(url, "50ms"))
    end)
    assert.matches("^warning: alert a: its web hook was not told: POST 127.0.0.1:PORT: ",
      told("http://127.0.0.1:1"))
  end)

  it("keep the address of a web hook to themselves, however it is written", function()
    for _, url in ipairs({ "http://me:secret@127.0.0.1:1/secret", "http://127.0.0.1:1/a b/secret",
      "HTTP://127.0.0.1:1?secret", "http://127.0.0.1:1/%zz/secret#secret", "secret",
      "ftp://127.0.0.1/secret" }) do
      local shown = with_variable("HOOK", url, function()
        return said({ { name = "a", condition = "wall > 1s", webhook_env = "HOOK" } })
      end)
      assert.equal(2, #shown)
      assert.matches("its web hook was not told: ", shown[2])
      assert.is_nil(shown[2]:find("secret"), shown[2])
    end
  end)
end)
