-- The modules of a go.work. A workspace has the name of its directory there; one depends on another
-- when its go.mod requires that module, or one that a `replace` puts into its directory.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local path = require "ggen.std.path"

local WORK, MOD = "go.work", "go.mod"

-- Directives, and whether one line of them may stand without a word.
local KNOWN = {
  [WORK] = { go = true, toolchain = true, use = true, replace = true, godebug = true },
  [MOD] = { module = true, go = true, toolchain = true, require = true, replace = true,
    exclude = true, retract = true, godebug = true, tool = true, ignore = true },
}

-- The words of a line without its comment; quoted ones without their quotes.
local function words_of(line)
  local words, at = {}, 1
  while true do
    at = line:find("%S", at)
    if not at or line:sub(at, at + 1) == "//" then return words end
    local quote = line:sub(at, at):match('["`]')
    local first, last, word = line:find(quote and "^" .. quote .. "([^" .. quote .. "]*)" .. quote
      or "^([^%s]+)", at)
    if not first then return nil, "a quoted word does not end on this line" end
    local comment = not quote and word:find("//", 1, true)
    if comment and comment > 1 and word:sub(comment - 1, comment - 1) ~= ":" then
      words[#words + 1] = word:sub(1, comment - 1)
      return words
    end
    words[#words + 1] = word
    at = last + 1
  end
end

-- Calls visit(directive, words, line) for each, in blocks or alone; returns what visit returns, or
-- what is wrong and where.
local function parse(bytes, file, visit)
  local block, opened, number = nil, nil, 0
  for line in (bytes:gsub("\r", "") .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local words, message = words_of(line)
    if not words then return nil, message, file, number end
    if block then
      if words[1] == ")" then
        block = nil
      elseif #words > 0 then
        message = visit(block, words, number)
      end
    elseif #words > 0 then
      local directive = table.remove(words, 1)
      local attached = directive:match("^(%a+)%($")
      if attached then directive, words[1] = attached, "(" end
      if not KNOWN[file:match("[^/]*$")][directive] then
        return nil, ("unknown directive %q%s"):format(directive,
          ggen.suggest.hint(directive, KNOWN[file:match("[^/]*$")])), file, number
      end
      if words[1] == "(" then
        if words[2] ~= ")" then block, opened = directive, number end
      else
        message = visit(directive, words, number)
      end
    end
    if message then return nil, message, file, number end
  end
  if block then return nil, ('"%s (" is not closed'):format(block), file, opened end
  return true
end

local function join(dir, name) return dir == "" and name or dir .. "/" .. name end

local function is_path(word) return word:match("^%.%.?/") or word:match("^%.%.?$") end

-- The directory that a path in the file of `dir` means; nil when it is outside.
local function directory(dir, word)
  if word:sub(1, 1) == "/" then return nil end
  local clean = path.normalize(join(dir, word))
  if clean:match("^%.%.%f[/%z]") then return nil end
  return clean == "." and "" or clean
end

-- "replace OLD [VERSION] => NEW [VERSION]" to replaced[OLD] = directory.
local function take_replace(words, dir, replaced)
  local arrow
  for i, word in ipairs(words) do
    if word == "=>" then arrow = i end
  end
  if not arrow or arrow == 1 or not words[arrow + 1] then
    return '"replace OLD => NEW" is expected'
  end
  if is_path(words[arrow + 1]) then replaced[words[1]] = directory(dir, words[arrow + 1]) end
end

-- What one go.mod says.
local function read_module(loading, dir)
  local file = join(dir, MOD)
  local bytes, message, wrong_file, line = loading:decode(file)
  if not bytes then return nil, message, wrong_file, line end
  local module = { requires = {}, replaced = {} }
  local ok
  ok, message, wrong_file, line = parse(bytes, file, function(directive, words)
    if directive == "module" then
      if not words[1] then return "the name of the module is missing" end
      module.name = words[1]
    elseif directive == "require" then
      if not words[2] then return '"require MODULE VERSION" is expected' end
      module.requires[#module.requires + 1] = words[1]
    elseif directive == "replace" then
      return take_replace(words, dir, module.replaced)
    end
  end)
  if not ok then return nil, message, wrong_file, line end
  if not module.name then return nil, "it does not say which module this is", file end
  return module
end

local function find()
  local loading = ggen.loading()
  local bytes, message, file, line = loading:decode(WORK)
  if not bytes then return nil, message, file, line end
  local uses, replaced = {}, {}
  local ok
  ok, message, file, line = parse(bytes, WORK, function(directive, words, number)
    if directive == "use" then
      if #words ~= 1 then return '"use DIRECTORY" is expected' end
      local dir = directory("", words[1])
      if not dir then return ("use %q: it leads out of the project"):format(words[1]) end
      if not loading:exists(join(dir, MOD)) then
        return ("use %q: there is no %s there"):format(words[1], MOD)
      end
      uses[#uses + 1] = { dir = dir, line = number }
    elseif directive == "replace" then
      return take_replace(words, "", replaced)
    end
  end)
  if not ok then return nil, message, file, line end

  local list, by_module, by_dir = {}, {}, {}
  for _, use in ipairs(uses) do
    if by_dir[use.dir] then
      return nil, ("%q is used twice"):format(use.dir), WORK, use.line
    end
    local module
    module, message, file, line = read_module(loading, use.dir)
    if not module then return nil, message, file, line end
    if by_module[module.name] then
      return nil, ("the module %s is there twice"):format(module.name), WORK, use.line
    end
    local name = use.dir ~= "" and use.dir or module.name:match("[^/]*$")
    local entry = { name = name, dir = use.dir, file = WORK, line = use.line, module = module }
    list[#list + 1], by_module[module.name], by_dir[use.dir] = entry, entry, entry
  end
  for _, entry in ipairs(list) do
    local found = {}
    entry.depends_on = {}
    for _, required in ipairs(entry.module.requires) do
      local dir = replaced[required] or entry.module.replaced[required]
      local other = by_module[required] or dir and by_dir[dir]
      if other and other ~= entry and not found[other] then
        found[other] = true
        entry.depends_on[#entry.depends_on + 1] = other.name
      end
    end
    table.sort(entry.depends_on)
  end
  for _, entry in ipairs(list) do entry.module = nil end
  return list
end

---@type ggen.Plugin
return {
  name = "go-work",
  kind = "workspaces",
  version = "1.0.0",
  api = 1,
  desc = "The modules of a go.work, and what each depends on",
  permissions = { "fs:.:ro" },
  setup = function() return { find = find } end,
}
