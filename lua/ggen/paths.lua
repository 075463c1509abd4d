-- Paths and patterns as text, relative to the root of a project. Looks at no file.
-- SPDX-License-Identifier: MIT
local M = {}

-- "./a//b/../c/" to "a/c"; nil when it leaves the directory that it begins in.
function M.normalised(path)
  -- Nearly all paths are that already.
  local last = path:sub(-1)
  if last ~= "/" and last ~= "." and path:sub(1, 1) ~= "/" and path:sub(1, 1) ~= "."
    and not path:find("//", 1, true) and not path:find("/.", 1, true) then
    return path
  end
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      if #parts == 0 then return nil end
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

-- "a/b" and "../c/*.h" to "a/c/*.h"; nil when it leaves the root. A "/" at the end stays.
function M.joined(base, path)
  local inside = M.normalised(base == "" and path or base .. "/" .. path)
  return inside and inside .. (path:sub(-1) == "/" and "/" or "")
end

---@param path string
---@return boolean
function M.has_wildcard(path) return path:find("[*?%[{\\]") ~= nil end

---What all paths begin with that a pattern fits: its text before the first wildcard.
---@param pattern string
---@return string
function M.area(pattern) return pattern:match("^[^*?%[{\\]*") end

-- Cuts an absolute pattern into a directory without wildcards and the rest.
function M.split_fixed(pattern)
  local fixed = pattern:match("^[^*?%[{\\]*/") or "/"
  local base = fixed == "/" and "/" or fixed:sub(1, -2)
  return base, pattern:sub(#fixed + 1)
end

function M.relative_dir(dir, root)
  if dir == root then return "" end
  return dir:sub(#root + 2)
end

-- The patterns of a field: those below the directory of the file, those elsewhere in the project
-- (relative to its root) and those outside of it (absolute).
function M.sort_patterns(patterns, base, root)
  local here, elsewhere, outside = {}, {}, {}
  for _, pattern in ipairs(patterns) do
    local negated, path = pattern:match("^(!?)(.*)$")
    if path:sub(1, 1) == "/" then
      if negated == "" then outside[#outside + 1] = path end
    elseif path:match("^%.%.%f[/%z]") or path:find("/../", 1, true) then
      local inside = M.joined(base, path)
      if not inside then
        outside[#outside + 1] = root .. "/" .. (base == "" and "" or base .. "/") .. path
      else
        elsewhere[#elsewhere + 1] = negated .. inside
      end
    else
      here[#here + 1] = negated .. path
    end
  end
  return here, elsewhere, outside
end

-- A directory's name as a pattern that means nothing else.
function M.escaped(path) return (path:gsub("[*?%[%]{}!\\,]", "\\%0")) end

return M
