-- Proves the rules of the house on every run of the tests: which folder may use which, one SPDX
-- line a source, no file too long, no work left for later in a comment, no dead link in the docs.
-- Runs in plain luajit, so that it needs no build: luajit tests/check/run.lua [ROOT]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. here .. "/../../lua/?.lua;" .. package.path

local rules = require("rules")
local planted = require("planted")

local root = arg[1] or here .. "/../.."

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- The tree as git sees it where there is git, else as it lies there.
local function list_files()
  local command = "cd " .. quote(root) .. " && { git ls-files -co --exclude-standard 2>/dev/null"
    .. " || find . -type f -not -path '*/build/*' -not -path '*/.ggen/*' -not -path './.git/*'"
    .. " | sed 's,^./,,'; } | sort"
  local pipe = assert(io.popen(command))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

local text_suffixes = {
  lua = true, h = true, cpp = true, c = true, md = true, sh = true, cmake = true, txt = true,
  case = true, awk = true, json = true, toml = true,
  ts = true, mjs = true, css = true, html = true,
}

local function load_tree()
  local tree = {}
  for _, path in ipairs(list_files()) do
    local suffix = path:match("[^/]%.(%w+)$")
    local file = io.open(root .. "/" .. path, "rb")
    if file then -- git also lists what was deleted since
      file:close()
      local is_text = suffix == nil or text_suffixes[suffix]
      tree[path] = is_text and read(root .. "/" .. path) or ""
    end
  end
  return tree
end

local passed, failed = 0, 0

local function count(ok) if ok then passed = passed + 1 else failed = failed + 1 end end

local tree = load_tree()
for _, rule in ipairs(rules) do
  local problems = rule.find(tree)
  table.sort(problems)
  count(#problems == 0)
  if #problems > 0 then
    print(("%s: %s"):format(rule.name, rule.desc))
    for _, problem in ipairs(problems) do print("  " .. problem) end
  end
end

-- A rule that finds nothing may have become blind: each must find what is planted for it, and
-- nothing in the tree that keeps the rules.
for _, rule in ipairs(rules) do
  local cases = planted[rule.name] or {}
  if #cases == 0 then
    count(false)
    print(("%s: nothing is planted for this rule in planted.lua"):format(rule.name))
  end
  for i, case in ipairs(cases) do
    local problems = rule.find(case.tree)
    local ok = #problems == #case.finds
    for _, expected in ipairs(case.finds) do
      ok = ok and table.concat(problems, "\n"):find(expected, 1, true) ~= nil
    end
    count(ok)
    if not ok then
      print(("%s: planted case %d should find %d:\n    %s\n  but found %d:\n    %s")
        :format(rule.name, i, #case.finds, table.concat(case.finds, "\n    "),
          #problems, table.concat(problems, "\n    ")))
    end
  end
end

print(("check: %d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and 0 or 1)
