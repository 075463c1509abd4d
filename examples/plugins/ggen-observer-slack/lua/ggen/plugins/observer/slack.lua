-- Tells a channel of Slack, or of a server that takes the same messages, how runs end, through an
-- incoming webhook. Messages go out at the end of a run; one that could not be sent waits in
-- .ggen/slack for the next run.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local VARIABLE = "SLACK_WEBHOOK_URL"

-- What Slack takes: characters of a header, of any other text, and blocks of a message. Bytes are
-- counted, which are never less.
local MOST_HEADER, MOST_TEXT, MOST_BLOCKS = 150, 3000, 50
local MOST_NAME = 200 -- bytes of a name within a text
local UNSENT = { files = 8, bytes = 256 * 1024 } -- of what waits for the next run

-- Texts -----------------------------------------------------------------------------------------

local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["`"] = "\203\139" }

-- What turns the direction of writing, and could show a name as another one.
local TURNS = { "\226\128[\170-\174]", "\226\129[\166-\169]", "\226\128[\142\143]" }

-- A text for Slack, at most so many bytes of it, cut between letters: no name mentions anybody, is
-- a link, or ends the code that it stands in. Bytes that are no UTF-8 are left out.
local function escaped(text, most, plain)
  for _, pattern in ipairs(TURNS) do text = text:gsub(pattern, "") end
  text = text:gsub("\194[\128-\159]", ""):gsub("\r\n?", "\n"):gsub("[%z\1-\8\11-\31\127]", "")
  local parts, size = {}, 0
  for letter in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    local shown = not plain and ESCAPED[letter] or letter
    size = size + #shown
    if size > most - 3 then
      parts[#parts + 1] = "\226\128\166" -- an ellipsis
      break
    end
    parts[#parts + 1] = shown
  end
  return table.concat(parts)
end

-- Of a line, or a name: it has no lines.
local function line(text, most, plain)
  return escaped(text:gsub("%s+", " "), most or MOST_NAME, plain)
end

local function code(text, most) return "`" .. line(text, most) .. "`" end

-- What somebody is called with: "@here", "@U024BE7LH" or "@S0614TZR7", as Slack wants it.
local function mention(word)
  local name = word:gsub("^@", "")
  if name == "here" or name == "channel" or name == "everyone" then return "<!" .. name .. ">" end
  if name:find("^S%w+$") then return "<!subteam^" .. name .. ">" end
  return "<@" .. name .. ">"
end

-- The message -----------------------------------------------------------------------------------

local WORDS = { ok = "is well again", failed = "failed", gate = "was stopped by a gate",
  timeout = "took too long", always = "is done" }

local function mrkdwn(text) return { type = "mrkdwn", text = text } end
local function section(text) return { type = "section", text = mrkdwn(text) } end

local function word_of(record, recovered)
  if record.status == "ok" and not recovered then return WORDS.always end
  return WORDS[record.status] or record.status
end

local function summary(record, mentions, link)
  local git, parts = record.git or {}, {}
  if #mentions > 0 then parts[1] = table.concat(mentions, " ") end
  parts[#parts + 1] = code(table.concat(record.command, " "), 500)
  parts[#parts + 1] = "after " .. ggen.units.format_duration(record.totals.wall)
  if git.branch then parts[#parts + 1] = "on " .. code(git.branch) end
  if git.commit then
    parts[#parts + 1] = ("at `%s`%s"):format(line(git.commit:sub(1, 10)),
      git.dirty and " with changes" or "")
  end
  if link then
    -- Slack's links know these two signs.
    parts[#parts + 1] = ("<%s|the job>"):format((escaped(link, 1000):gsub("|", "%%7C")))
  end
  return table.concat(parts, " ")
end

local function failure_text(failure)
  local head = ("*%s* %s"):format(code(failure.id), line(failure.reason, 500))
  local tail = failure.tail:gsub("%s+$", "")
  if tail == "" then return head end
  return ("%s\n```%s```"):format(head, escaped(tail, MOST_TEXT - #head - 10))
end

local function totals_text(totals)
  local parts = {}
  for _, name in ipairs({ "failed", "ok", "skipped", "not_run" }) do
    local count = totals[name]
    if count and count > 0 then
      parts[#parts + 1] = ("%d %s"):format(count, (name:gsub("_", " ")))
    end
  end
  return table.concat(parts, ", ")
end

---The message about a run.
---@param record table of run:record()
---@param told { failures: table[], most: integer, recovered: boolean, mentions: string[],
---link: string? }
---@return table message for an incoming webhook
local function message_of(record, told)
  local title = ("%s %s %s"):format(record.status == "ok" and "\226\156\147" or "\226\156\151",
    record.pipeline, word_of(record, told.recovered))
  local blocks = {
    { type = "header", text = { type = "plain_text", emoji = false,
      text = line(title, MOST_HEADER, true) } },
    section(summary(record, told.mentions, told.link)),
  }
  local shown = math.min(#told.failures, told.most, MOST_BLOCKS - 4)
  for i = 1, shown do blocks[#blocks + 1] = section(failure_text(told.failures[i])) end
  if shown < #told.failures then
    blocks[#blocks + 1] = section(("and %d more"):format(#told.failures - shown))
  end
  blocks[#blocks + 1] = { type = "context", elements = ggen.json.array({
    mrkdwn(("%s \194\183 %s"):format(totals_text(record.totals), line(record.machine or "", 300))),
  }) }
  return { text = line(title, MOST_TEXT), blocks = ggen.json.array(blocks) }
end

-- Where it goes ---------------------------------------------------------------------------------

local LOCAL = { ["localhost"] = true, ["127.0.0.1"] = true, ["[::1]"] = true }

-- The address is the secret: it is not sent over a wire that everybody can read.
local function check_address(url)
  local scheme, host = url:match("^(https?)://([^/?#%s@]+)[^%s]*$")
  if not scheme then return "an address that begins with https:// is expected" end
  if scheme == "http" and not LOCAL[host:gsub(":%d+$", "")] then
    return "the address has to begin with https://: who reads it may write to the channel"
  end
end

-- The same message without the address, of which the path is the secret.
local function without_address(message, url)
  local host = url:match("^%a+://([^/?#]*)")
  for _, text in ipairs({ url, (url:gsub("[?#].*$", "")) }) do
    local from, to = message:find(text, 1, true)
    while from do
      message = message:sub(1, from - 1) .. host .. message:sub(to + 1)
      from, to = message:find(text, from + #host, true)
    end
  end
  return message
end

local function variable(name)
  local value = ggen.environment.variable(name)
  return value ~= "" and value or nil
end

-- What CI systems say about where their job is shown.
local function link_of_job()
  local server, repository = variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY")
  local run = variable("GITHUB_RUN_ID")
  if server and repository and run then
    return ("%s/%s/actions/runs/%s"):format(server, repository, run)
  end
  return variable("CI_JOB_URL") or variable("BUILDKITE_BUILD_URL") or variable("BUILD_URL")
end

local function is_link(text) return text:find("^https?://[^%s<>]+$") ~= nil end

-- Recovery --------------------------------------------------------------------------------------

local MOST_KEPT = 50 -- pipelines and commands that failed last time

-- Remembers whether this command failed; returns whether it did the last time.
local function remember(path, record)
  local name, failed_before = record.pipeline .. " " .. table.concat(record.command, " "), false
  local failed = record.status ~= "ok"
  local ok, problem = ggen.files.update(path, function(kept)
    kept = type(kept) == "table" and type(kept.failed) == "table" and kept or { failed = {} }
    local list = {}
    for _, other in ipairs(kept.failed) do
      if other == name then failed_before = true else list[#list + 1] = other end
    end
    if failed then list[#list + 1] = name end
    while #list > MOST_KEPT do table.remove(list, 1) end
    if failed == failed_before then return nil end -- it is there already
    return { failed = ggen.json.array(list) }
  end)
  return failed_before, not ok and problem or nil
end

local function check_mention(word)
  local name = word:gsub("^@", "")
  if name == "here" or name == "channel" or name == "everyone" or name:find("^[UWS]%w+$") then
    return nil
  end
  return '"@here", "@channel", or the id of a member (U...) or of a group (S...) is expected: Slack'
    .. " knows no names in messages"
end

---@type ggen.Plugin
return {
  name = "slack",
  kind = "observer",
  version = "0.1.0",
  api = "^1",
  desc = "Tell a Slack channel when a run fails, and when it is well again",
  permissions = { "env:SLACK_WEBHOOK_URL", "net:hooks.slack.com:443", "fs:.ggen/slack",
    "env:GITHUB_SERVER_URL", "env:GITHUB_REPOSITORY", "env:GITHUB_RUN_ID", "env:CI_JOB_URL",
    "env:BUILDKITE_BUILD_URL", "env:BUILD_URL" },
  params = {
    on = { type = "enum", values = { "failure", "change", "always" }, default = "change",
      desc = "What is told: runs that fail; also the first one that does not, after one that did;"
        .. " or all." },
    mention = { type = "list", of = { type = "string", check = check_mention }, single = true,
      default = {}, desc = 'Who is called when a run fails: "@here", "@channel", ids of members'
        .. " and of groups." },
    link = { type = "string", desc = "Where the job is shown (default: what GitHub Actions, GitLab,"
      .. " Buildkite and Jenkins say).",
      check = function(value)
        if not is_link(value) then return "an address that begins with https:// is expected" end
      end },
    most = { type = "integer", min = 1, max = 40, default = 5,
      desc = "So many failed tasks are told with their last lines." },
    lines = { type = "integer", min = 0, max = 50, default = 8, desc = "So many lines of each." },
    wait = { type = "duration", default = "5s",
      desc = "So long the end of a run waits for Slack; then the next run sends the message." },
  },
  setup = function(params, host)
    local url = variable(VARIABLE) or ""
    local wrong = url ~= "" and check_address(url) or nil
    if wrong then return nil, ("the variable %s: %s"):format(VARIABLE, wrong) end

    local observer = {}

    function observer.health(_, report)
      if url == "" then
        report:note(VARIABLE .. " is not set: nothing is told", "set it to the address of an"
          .. " incoming webhook, where somebody should be told")
      else
        report:ok("it tells " .. url:match("^%a+://([^/?#]*)"))
      end
    end

    if url == "" or host.options and host.options.dry_run then return observer end

    local dir = host.project_dir .. "/.ggen/slack"
    local failures, delivery = {}, ggen.delivery.new({
      name = "slack", dir = dir, limits = UNSENT,
      request = function()
        return { url = url, headers = { ["Content-Type"] = "application/json" },
          timeout = math.max(params.wait, 1) }
      end,
    })

    function observer.on_run_start() delivery:resume() end

    function observer.on_task_end(_, task, result)
      if result.status ~= "failed" or result.optional or #failures > 1000 then return end
      failures[#failures + 1] = { id = task.id, reason = ggen.report.reason(result) or "failed",
        tail = #failures < params.most and params.lines > 0 and result.log
          and result.log:tail(params.lines) or "" }
    end

    function observer.on_run_end(_, run)
      local record = run:record()
      if not record or record.status == "interrupted" then return end -- who did that knows it
      local recovered, problem = remember(dir .. "/last.json", record)
      local failed = record.status ~= "ok"
      if failed or params.on == "always" or params.on == "change" and recovered then
        local mentions, link = {}, params.link or link_of_job()
        for i, word in ipairs(failed and params.mention or {}) do mentions[i] = mention(word) end
        delivery:post("message", assert(ggen.json.encode(message_of(record, { failures = failures,
          most = params.most, recovered = recovered, mentions = mentions,
          link = link and is_link(link) and link or nil }), { invalid_utf8 = "replace" })))
      end
      local report = delivery:finish(params.wait)
      if report.kept + report.lost > 0 then problem = report.problem or problem end
      if not problem then return end
      local rest = report.kept > 0 and "; the next run sends it" or ""
      run.events:note("warning", "slack: " .. ggen.delivery.said(without_address(problem, url))
        .. rest)
    end

    function observer.close() delivery:close() end

    return observer
  end,
}
