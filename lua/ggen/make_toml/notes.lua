-- What `check` says about a make.toml beside errors: the notes of the reader, those of one kind
-- joined in one line.
-- SPDX-License-Identifier: MIT
local M = {}

-- "cache.enabled" -> "cache", "enabled"
local function split(key)
  local table_name, last = key:match('^(.*)%.([%w_-]+)$')
  if not table_name then table_name, last = key:match('^(.*)%.(".-")$') end
  return table_name or "", last or key
end

local PLURALS = { { "^has ", "have " }, { "^is ", "are " }, { "^needs ", "need " },
  { "^replaces ", "replace " }, { " and does ", " and do " } }

local function plural(text)
  for _, pair in ipairs(PLURALS) do text = text:gsub(pair[1], pair[2]) end
  return text
end

-- Tables with many entries of one form: the same key of several entries goes together.
local BY_KEY = { lifecycle = true, phases = true, tasks = true, workspace = true }

-- Notes that are said in one line: keys of one table, or one key (or one finding) in several.
local function group_of(note)
  local table_name, last = split(note.key)
  local said = note.text .. (note.hint or "")
  if note.kind ~= "unknown" then return said, false end
  if BY_KEY[table_name:match("^[^.]*")] then return last .. "\0" .. said, false end
  return table_name .. "\0\0" .. said, table_name ~= ""
end

local function join(group, file)
  local first = group[1]
  local many = #group > 1
  local names = {}
  for i, note in ipairs(group) do
    if group.one_table and many then
      names[i] = select(2, split(note.key))
    else
      names[i] = note.key
      if note.line ~= first.line then names[i] = ("%s (line %d)"):format(note.key, note.line) end
    end
  end
  local subject = table.concat(names, ", ")
  if group.one_table and many then subject = ("[%s] %s"):format(split(first.key), subject) end
  return ("%s:%d: %s %s%s"):format(file, first.line, subject,
    many and plural(first.text) or first.text, first.hint or "")
end

---The notes as lines of text, in the order of the file.
---@param model ggen.make_toml.Model
---@return string[]
function M.lines(model)
  local groups, by_name = {}, {}
  for _, note in ipairs(model.notes) do
    local name, one_table = group_of(note)
    local group = by_name[name]
    if not group then
      group = { one_table = one_table }
      by_name[name], groups[#groups + 1] = group, group
    end
    group[#group + 1] = note
  end
  local lines = {}
  for i, group in ipairs(groups) do lines[i] = join(group, model.file) end
  return lines
end

return M
