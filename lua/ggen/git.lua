-- What git knows of a directory: which files differ from where a branch began. Starts git, and says
-- in plain words what is wrong when it cannot answer. Knows no task.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fault = require("ggen.fault")
local process = require("ggen.core.process")
local suggest = require("ggen.suggest")

local M = {}

local MOST_OUTPUT = 256 * 1024 * 1024

local function run(dir, words)
  local env = require("ggen.core.env").all()
  env.LC_ALL, env.GIT_OPTIONAL_LOCKS = "C", "0"
  local argv = { "git", "-C", dir, "--no-pager" }
  for _, word in ipairs(words) do argv[#argv + 1] = word end
  return async.await(function(resume)
    local handle, message = process.run({ argv = argv, env = env, cwd = dir,
      capture = MOST_OUTPUT }, resume)
    if not handle then
      resume({ code = 127, stdout = "", stderr = message, error = { message = message } })
    end
    return handle
  end)
end

local function split(text, separator)
  local list = {}
  for part in text:gmatch("[^" .. separator .. "]+") do list[#list + 1] = part end
  return list
end

local function is_shallow(dir)
  return run(dir, { "rev-parse", "--is-shallow-repository" }).stdout:find("^true") ~= nil
end

local SHALLOW = "this clone is shallow, its history is cut off: git fetch --unshallow gets the"
  .. " rest (in GitHub Actions: fetch-depth: 0 at actions/checkout)"

-- Why git could not compare with a commit.
local function explain(dir, ref, result)
  local said = (result.stderr or ""):match("[^\n]*") or ""
  if result.error or result.code == 127 then
    fault.raise("--since asks git, and it cannot be started: "
      .. (result.error and result.error.message or said))
  end
  if said:find("not a git repository", 1, true) then
    fault.raise(("--since: %s is in no git repository"):format(dir))
  end
  if run(dir, { "rev-parse", "--verify", "--quiet", "HEAD^{commit}" }).code ~= 0 then
    fault.raise("--since: there is no commit here yet")
  end
  local known = run(dir, { "rev-parse", "--verify", "--quiet", ref .. "^{commit}" }).code == 0
  if not known then
    local names = {}
    local refs = run(dir, { "for-each-ref", "--format=%(refname:short)" }).stdout or ""
    for _, name in ipairs(split(refs, "\n")) do names[name] = true end
    local hint = suggest.hint(ref, names)
    if hint == "" and names["origin/" .. ref] then
      hint = (" (did you mean \"origin/%s\"?)"):format(ref)
    elseif hint == "" and is_shallow(dir) then
      hint = ("; %s"):format(SHALLOW)
    end
    fault.raise(("--since: git knows no commit %q%s"):format(ref, hint))
  end
  if said:find("merge base", 1, true) then
    if is_shallow(dir) then
      fault.raise(("--since: git does not see where this and %s parted: %s"):format(ref, SHALLOW))
    end
    fault.raise(("--since: %s and what is checked out have no common history"):format(ref))
  end
  fault.raise("--since: git: " .. said:gsub("^%a+: ", ""))
end

local function diff(dir, words)
  local line = { "diff", "--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff",
    "--no-color" }
  for _, word in ipairs(words) do line[#line + 1] = word end
  line[#line + 1] = "--"
  return run(dir, line)
end

-- Against the point where the branches parted, with what is not committed yet.
local function differences(dir, ref)
  local result = diff(dir, { "--merge-base", ref })
  if result.code ~= 0 and (result.stderr or ""):find("multiple merge bases", 1, true) then
    local base = run(dir, { "merge-base", "HEAD", ref }).stdout:match("%x+")
    if base then result = diff(dir, { base }) end
  end
  return result
end

---@class ggen.git.Changes
---@field top string absolute directory of the working tree
---@field tracked string[] files that were changed, added or removed, relative to it
---@field untracked string[] that git does not ignore

---What has changed since the branch that is checked out parted from `ref`.
---@async
---@param dir string absolute
---@param ref string
---@return ggen.git.Changes changes raises a fault when git cannot tell
function M.changes(dir, ref)
  if ref == "" or ref:find("^%-") or ref:find("[%z\n]") then
    fault.raise(("--since: %q is no name of a commit"):format(ref))
  end
  local changed, others, top
  async.all({
    function() changed = differences(dir, ref) end,
    function()
      others = run(dir, { "ls-files", "-o", "-z", "--exclude-standard", "--full-name", "--", ":/" })
    end,
    function() top = run(dir, { "rev-parse", "--show-toplevel" }) end,
  })
  -- Outside of a repository only this one says so.
  for _, result in ipairs({ top, changed, others }) do
    if result.code ~= 0 then explain(dir, ref, result) end
    if result.truncated then fault.raise("--since: git lists too many files") end
  end
  return { top = (top.stdout:gsub("\n$", "")), tracked = split(changed.stdout, "%z"),
    untracked = split(others.stdout, "%z") }
end

return M
