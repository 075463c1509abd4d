-- What is in an archive, read from its own directory without unpacking it: names, sizes, kinds.
-- Refuses what would reach out of the place that it is unpacked in, or never end.
-- SPDX-License-Identifier: MIT
local M = {}

M.MOST_BYTES, M.MOST_FILES = 128 * 1024 * 1024, 10000 -- unpacked

---@class ggen.ArchiveEntry
---@field name string
---@field size integer unpacked

---@param name string of a file in an archive
---@return string? problem
function M.name_problem(name)
  if name == "" or #name > 1024 then return "a name of 1 to 1024 characters expected" end
  if name:find("[%c\\]") then return "there is a character in it that no path of a rock has" end
  if name:sub(1, 1) == "/" or name:find("^%a:") then return "it is absolute" end
  for part in (name .. "/"):gmatch("([^/]*)/") do
    if part == ".." then return "it leads out of the archive" end
  end
end

local function add(entries, name, size)
  local problem = M.name_problem(name)
  if problem then return nil, ("the file %q in it: %s"):format(name, problem) end
  entries.bytes = entries.bytes + size
  entries[#entries + 1] = { name = name, size = size }
  if #entries > M.MOST_FILES then
    return nil, ("there are more than %d files in it"):format(M.MOST_FILES)
  end
  if entries.bytes > M.MOST_BYTES then
    return nil, ("unpacked it has more than %d MiB"):format(M.MOST_BYTES / 2 ^ 20)
  end
  return true
end

-- zip ---------------------------------------------------------------------------------------------

local function number(text, at, bytes)
  local value = 0
  for i = at + bytes - 1, at, -1 do value = value * 256 + (text:byte(i) or 0) end
  return value
end

local LINK, FILE, DIRECTORY = 0xA000, 0x8000, 0x4000

-- The end of the archive says where its directory is. A comment may follow; zip64 is for more than
-- any rock has.
local function directory(text)
  for at = #text - 21, math.max(1, #text - 21 - 65535), -1 do
    if text:sub(at, at + 3) == "PK\5\6" then
      local start, size = number(text, at + 16, 4), number(text, at + 12, 4)
      -- Others look for it where it would have to begin to end here.
      if start + size + 1 ~= at then return nil end
      return start + 1, number(text, at + 10, 2), at
    end
  end
end

---@param text string
---@return ggen.ArchiveEntry[]?
---@return string? message
function M.zip(text)
  local at, count, ending = directory(text)
  if not at then return nil, "it is no zip archive, or not all of it is here" end
  local entries = { bytes = 0 }
  for _ = 1, count do
    if text:sub(at, at + 3) ~= "PK\1\2" or at > ending then
      return nil, "the directory of the archive is damaged"
    end
    local length, extra, comment = number(text, at + 28, 2), number(text, at + 30, 2),
      number(text, at + 32, 2)
    local name = text:sub(at + 46, at + 45 + length)
    local mode = number(text, at + 40, 2)
    if mode >= 0x1000 then
      local kind = mode - mode % 0x1000
      if kind == LINK then return nil, ("%q in it is a link"):format(name) end
      if kind ~= FILE and kind ~= DIRECTORY then
        return nil, ("%q in it is no file"):format(name)
      end
    end
    -- The file itself has its name once more: who unpacks may go by that one.
    local start = number(text, at + 42, 4) + 1
    local again = number(text, start + 26, 2)
    if text:sub(start, start + 3) ~= "PK\3\4" or text:sub(start + 30, start + 29 + again) ~= name
    then
      return nil, ("%q has another name in the archive than in its directory"):format(name)
    end
    local ok, message = add(entries, name, number(text, at + 24, 4))
    if not ok then return nil, message end
    at = at + 46 + length + extra + comment
  end
  return entries
end

-- tar ---------------------------------------------------------------------------------------------

local function field(block, from, to) return block:sub(from, to):match("^%Z*") end

local FILES = { ["0"] = true, ["\0"] = true, ["7"] = true, ["5"] = true }
local NOTES = { g = true } -- a comment of git

---@param text string unpacked by gzip already
---@return ggen.ArchiveEntry[]?
---@return string? message
function M.tar(text)
  local entries, at, long = { bytes = 0 }, 1, nil
  while at + 511 <= #text do
    local block = text:sub(at, at + 511)
    if not block:find("%Z") then return entries end
    local size = tonumber((field(block, 125, 136):gsub(" ", "")), 8)
    if not size or size < 0 then return nil, "it is no tar archive, or it is damaged" end
    local kind, prefix = block:sub(157, 157), field(block, 346, 500)
    local data = text:sub(at + 512, at + 511 + size)
    if #data < size then return nil, "not all of the archive is here" end
    local name = field(block, 1, 100)
    if prefix ~= "" and block:sub(258, 262) == "ustar" then name = prefix .. "/" .. name end
    if kind == "L" then
      long = data:match("^%Z*")
    elseif (kind == "x" or kind == "g") and (data:find("^%d+ size=") or data:find("\n%d+ size=")
      or data:find("GNU.sparse", 1, true) or kind == "g" and data:find("\n?%d+ path=")) then
      return nil, "its entries have two sizes or two names" -- who unpacks may go by the other
    elseif kind == "x" then
      long = data:match("^%d+ path=([^\n]*)\n") or data:match("\n%d+ path=([^\n]*)\n") or long
    elseif not NOTES[kind] then
      name, long = long or name, nil
      if not FILES[kind] then return nil, ("%q in it is a link, or no file"):format(name) end
      local ok, message = add(entries, name, size)
      if not ok then return nil, message end
    end
    at = at + 512 + math.ceil(size / 512) * 512
  end
  return entries
end

return M
