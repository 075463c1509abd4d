-- The rules. Each has a name and find(tree) -> list of problems, where the tree is a table of
-- path -> text, so that planted.lua can make small trees of its own. Knows no file system.
-- SPDX-License-Identifier: MIT
local paths = require("ggen.paths")
local contains = require("ggen.contains")
local sorted = require("ggen.sorted")

local MAX_LINES = 600

-- Which folder of engine/ may include which (docs/design.md, "Layout and direction"). Folders of
-- later parts are here already.
local may_include = {
  base = {},
  graph = { "base" },
  trace = { "base" },
  loop = { "base" },
  hash = { "loop", "base" },
  watch = { "hash", "loop", "base" },
  cache = { "hash", "loop", "base" },
  incremental = { "graph", "hash", "cache", "base" },
  process = { "loop", "base" },
  state = { "hash", "loop", "base" },
  lua = {
    "hash", "watch", "cache", "incremental", "process", "state", "graph", "trace", "loop", "base",
  },
  cli = {
    "lua", "hash", "watch", "cache", "incremental", "process", "state", "graph", "trace", "loop",
    "base",
  },
}

-- Layers of Lua, from the top down: a module may require its own layer (plugins may not) and those
-- that are listed.
local may_require = {
  plugins = { "std", "public" },
  std = { "std", "public", "core" },
  host = { "host", "public", "core", "argparse" },
}

-- Calls visit(path, text) for the paths that match one of the patterns.
local function each(tree, patterns, visit)
  for _, path in ipairs(sorted.keys(tree)) do
    for _, pattern in ipairs(patterns) do
      if path:find(pattern) then
        visit(path, tree[path])
        break
      end
    end
  end
end

local function each_line(text, visit)
  local number = 0
  for line in (text .. (text:sub(-1) == "\n" and "" or "\n")):gmatch("([^\n]*)\n") do
    number = number + 1
    visit(line, number)
  end
  return number
end

local function find_includes(tree)
  local problems = {}
  each(tree, { "^engine/.*%.h$", "^engine/.*%.cpp$" }, function(path, text)
    local folder = path:match("^engine/([^/]+)/")
    local allowed = may_include[folder]
    if not allowed then
      problems[#problems + 1] = ("%s: engine/%s has no row in tests/check/rules.lua")
        :format(path, folder)
      return
    end
    each_line(text, function(line, number)
      local included = line:match('^%s*#%s*include%s*"([^"]+)"')
      if not included then return end
      local target = included:match("^([^/]+)/")
      if not target or not tree["engine/" .. included] then
        problems[#problems + 1] = ('%s:%d: include by folder, as in "base/result.h": %s')
          :format(path, number, included)
      elseif target ~= folder and not contains(allowed, target) then
        problems[#problems + 1] = ("%s:%d: engine/%s may not use engine/%s")
          :format(path, number, folder, target)
      end
    end)
  end)
  return problems
end

-- The layer of a module by its name.
local function layer_of(module)
  if module == "argparse" then return "argparse" end
  if module == "ggen" or module == "ggen.make_toml" then return "public" end
  if module:find("^ggen%.core%.") or module == "ggen.core" then return "core" end
  if module:find("^ggen%.plugins%.") then return "plugins" end
  if module == "ggen.std" or module:find("^ggen%.std%.") then return "std" end
  if module:find("^ggen%.") then return "host" end
  return "outside"
end

local outside_ok = { ffi = true, bit = true, jit = true, ["jit.util"] = true, ["jit.opt"] = true,
  ["table.new"] = true, ["table.clear"] = true, ["string.buffer"] = true }

local function find_requires(tree)
  local problems = {}
  local layers = { { "^plugins/.*%.lua$", "plugins" }, { "^stdlib/.*%.lua$", "std" },
    { "^lua/.*%.lua$", "host" } }
  for _, entry in ipairs(layers) do
    local pattern, layer = entry[1], entry[2]
    each(tree, { pattern }, function(path, text)
      each_line(text, function(line, number)
        if line:find("^%s*%-%-") then return end -- an example in a comment
        for module in line:gmatch("require%s*%(?%s*[\"']([%w_%.%-/]+)[\"']") do
          local target = layer_of(module)
          local ok = contains(may_require[layer], target)
            or (target == "outside" and outside_ok[module])
          if not ok then
            problems[#problems + 1] = ("%s:%d: %s may not require %s")
              :format(path, number, layer, module)
          end
        end
      end)
    end)
  end
  return problems
end

local function find_test_uses(tree)
  local problems = {}
  each(tree, { "^engine/", "^lua/", "^stdlib/", "^plugins/" }, function(path, text)
    each_line(text, function(line, number)
      if line:find('^%s*#%s*include%s*"tests/') or line:find("require%s*%(?%s*[\"']tests[%./]") then
        problems[#problems + 1] = ("%s:%d: nothing sees tests/"):format(path, number)
      end
    end)
  end)
  return problems
end

local sources = { "%.lua$", "%.h$", "%.cpp$", "%.c$", "%.sh$", "%.awk$",
  "%.ts$", "%.mjs$", "%.css$" }

local function find_spdx(tree)
  local problems = {}
  each(tree, sources, function(path, text)
    local head = text:sub(1, 2000)
    if not head:find("SPDX-License-Identifier: MIT", 1, true) then
      problems[#problems + 1] = path .. ": no SPDX-License-Identifier line near the top"
    end
  end)
  return problems
end

local function find_long(tree)
  local problems = {}
  local long = { "^engine/.*%.[hc]p?p?$", "^lua/.*%.lua$", "^stdlib/.*%.lua$", "^plugins/.*%.lua$",
    "^web/src/" }
  each(tree, long, function(path, text)
    local lines = each_line(text, function() end)
    if lines > MAX_LINES then
      problems[#problems + 1] = ("%s: %d lines; past %d it holds two ideas")
        :format(path, lines, MAX_LINES)
    end
  end)
  return problems
end

-- Written so that this file does not find itself.
local left_for_later = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X" }

local function find_left_for_later(tree)
  local problems = {}
  each(tree, sources, function(path, text)
    if path == "tests/check/planted.lua" then return end
    each_line(text, function(line, number)
      for _, word in ipairs(left_for_later) do
        if line:find("%f[%w]" .. word .. "%f[%W]") then
          problems[#problems + 1] = ("%s:%d: %s"):format(path, number, word)
        end
      end
    end)
  end)
  return problems
end

-- Places that exist on one machine only: where the author's tree lies.
local function find_machine_paths(tree)
  local problems = {}
  each(tree, { "" }, function(path, text)
    each_line(text, function(line, number)
      local tree_of_author = line:match("%f[%w/]/wor" .. "k/(%w+)")
      if tree_of_author == "main" or tree_of_author == "shared" then
        problems[#problems + 1] = ("%s:%d: a path of one machine"):format(path, number)
      end
    end)
  end)
  return problems
end

-- A C++ file that no CMakeLists.txt lists is not built, and nobody notices.
local function find_unlisted(tree)
  local problems = {}
  each(tree, { "^engine/.*%.cpp$", "^tests/unit/.*%.cpp$" }, function(path)
    local folder = path:match("^engine/[^/]+") or "tests/unit"
    local list = tree[folder .. "/CMakeLists.txt"] or ""
    local name = path:sub(#folder + 2)
    local found = false
    for word in list:gmatch("[^%s()]+") do found = found or word == name end
    if not found then
      problems[#problems + 1] = ("%s: not listed in %s/CMakeLists.txt"):format(path, folder)
    end
  end)
  return problems
end

-- Two files that give one module name would hide each other in the binary.
local function find_module_clashes(tree)
  local problems, owner = {}, {}
  each(tree, { "^lua/.*%.lua$", "^stdlib/.*%.lua$", "^plugins/.*%.lua$" }, function(path)
    local name = path:gsub("%.lua$", ""):gsub("^lua/", ""):gsub("^stdlib/", "")
      :gsub("^plugins/", "ggen/plugins/"):gsub("/init$", "")
    if owner[name] then
      problems[#problems + 1] = ("%s: has the same module name as %s"):format(path, owner[name])
    end
    owner[name] = path
  end)
  return problems
end

-- The anchors that a Markdown page offers, as its headings make them.
local function anchors_of(text)
  local anchors = {}
  each_line(text, function(line)
    local heading = line:match("^#+%s+(.-)%s*$")
    if heading then
      anchors[(heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))] = true
    end
  end)
  return anchors
end

local function find_dead_links(tree)
  local problems = {}
  each(tree, { "%.md$" }, function(path, text)
    local folder = path:match("^(.*)/[^/]*$") or ""
    local in_code = false
    each_line(text, function(line, number)
      if line:find("^%s*```") then in_code = not in_code end
      if in_code then return end
      for link in line:gsub("`[^`]*`", ""):gmatch("%]%(([^)%s]+)%)") do
        if not link:find("^%a[%w+.-]*:") then
          local file, anchor = link:match("^([^#]*)#?(.*)$")
          local target = file == "" and path or paths.normalised(folder .. "/" .. file)
          local is_folder = false
          for other in pairs(tree) do
            is_folder = is_folder or (target and other:sub(1, #target + 1) == target .. "/")
          end
          if not target or not (tree[target] or is_folder) then
            problems[#problems + 1] = ("%s:%d: dead link %s"):format(path, number, link)
          elseif anchor ~= "" and tree[target] and not anchors_of(tree[target])[anchor] then
            problems[#problems + 1] = ("%s:%d: no heading for %s"):format(path, number, link)
          end
        end
      end
    end)
  end)
  return problems
end

return {
  { name = "includes", desc = "which folder of engine/ may include which", find = find_includes },
  { name = "requires", desc = "plugins -> stdlib -> lua/ggen -> ggen.core", find = find_requires },
  { name = "tests", desc = "nothing sees tests/", find = find_test_uses },
  { name = "spdx", desc = "one SPDX line in every source", find = find_spdx },
  { name = "length", desc = "no source is longer than 600 lines", find = find_long },
  { name = "later", desc = "no work left for later in a comment", find = find_left_for_later },
  { name = "machine", desc = "no paths of one machine", find = find_machine_paths },
  { name = "listed", desc = "every C++ file is built", find = find_unlisted },
  { name = "modules", desc = "one file for each Lua module name", find = find_module_clashes },
  { name = "links", desc = "the links of the docs lead somewhere", find = find_dead_links },
}
