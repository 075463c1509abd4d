-- Paths as texts, with "/" between their parts. Pure: no function here looks at a file, and ".." is
-- taken out of a path without asking whether the part before it is a link.
-- SPDX-License-Identifier: MIT

---@class ggen.std.path
local M = {}

---Puts parts together. Empty parts count for nothing; an absolute part begins anew.
---   > path.join("src", "gen/", "a.c")
---   < "src/gen/a.c"
---   > path.join("src", "/etc", "passwd")
---   < "/etc/passwd"
---@param ... string
---@return string path "." when there is no part
function M.join(...)
  local result = ""
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    if part:sub(1, 1) == "/" or result == "" then
      result = part
    elseif part ~= "" then
      result = result .. (result:sub(-1) == "/" and "" or "/") .. part
    end
  end
  return result == "" and "." or result
end

---The parts of a path. An absolute path begins with the part "/"; "." and empty parts are left out.
---   > path.split("/usr//lib/./x")
---   < { "/", "usr", "lib", "x" }
---@param path string
---@return string[]
function M.split(path)
  local parts = {}
  if path:sub(1, 1) == "/" then parts[1] = "/" end
  for part in path:gmatch("[^/]+") do
    if part ~= "." then parts[#parts + 1] = part end
  end
  return parts
end

---The shortest path that means the same: no "." and no "//", and ".." only at the start.
---   > path.normalize("./src//gen/../a.c/")
---   < "src/a.c"
---   > path.normalize("../x/..")
---   < ".."
---@param path string
---@return string
function M.normalize(path)
  local parts = {}
  for _, part in ipairs(M.split(path)) do
    local last = parts[#parts]
    if part ~= ".." or last == nil or last == ".." then
      parts[#parts + 1] = part
    elseif last ~= "/" then
      parts[#parts] = nil
    end
  end
  if parts[1] == "/" then return "/" .. table.concat(parts, "/", 2) end
  return #parts == 0 and "." or table.concat(parts, "/")
end

---   > path.is_absolute("/usr"), path.is_absolute("usr")
---   < true, false
---@param path string
---@return boolean
function M.is_absolute(path) return path:sub(1, 1) == "/" end

local function without_end_slash(path)
  local plain = path:gsub("/+$", "")
  return plain == "" and path ~= "" and "/" or plain
end

---The path without its last part.
---   > path.dirname("src/gen/a.c")
---   < "src/gen"
---   > path.dirname("a.c"), path.dirname("/a.c")
---   < ".", "/"
---@param path string
---@return string
function M.dirname(path)
  local dir = without_end_slash(path):match("^(.*)/[^/]*$")
  if not dir then return "." end
  return dir == "" and "/" or without_end_slash(dir)
end

---The last part of a path, without `suffix` if it ends with that.
---   > path.basename("src/a.c")
---   < "a.c"
---   > path.basename("src/a.test.lua", ".test.lua")
---   < "a"
---@param path string
---@param suffix? string
---@return string
function M.basename(path, suffix)
  path = without_end_slash(path)
  local name = path == "/" and path or path:match("[^/]*$")
  if suffix and suffix ~= "" and #name > #suffix and name:sub(-#suffix) == suffix then
    return name:sub(1, -#suffix - 1)
  end
  return name
end

---The last part from its last dot on. A dot at the start of a name makes no extension.
---   > path.extension("src/a.tar.gz"), path.extension(".bashrc")
---   < ".gz", ""
---@param path string
---@return string
function M.extension(path)
  return M.basename(path):match("^.+(%.[^.]*)$") or ""
end

---The last part without its extension.
---   > path.stem("src/a.tar.gz"), path.stem(".bashrc")
---   < "a.tar", ".bashrc"
---@param path string
---@return string
function M.stem(path)
  return M.basename(path, M.extension(path))
end

---The path with another extension ("" takes it away).
---   > path.with_extension("src/main.c", ".o")
---   < "src/main.o"
---@param path string
---@param extension string with its dot
---@return string
function M.with_extension(path, extension)
  path = without_end_slash(path)
  return path:sub(1, #path - #M.extension(path)) .. extension
end

---The absolute path of `path` as seen from `dir`.
---   > path.absolute("../x", "/work/api")
---   < "/work/x"
---@param path string
---@param dir string absolute
---@return string? path
---@return string? message
function M.absolute(path, dir)
  if not M.is_absolute(path) and not M.is_absolute(dir) then
    return nil, ('"%s" is not absolute'):format(dir)
  end
  return M.normalize(M.join(dir, path))
end

---The way from the directory `base` to `path`. Both are absolute, or both are relative to the same
---directory.
---   > path.relative("/work/api/src/a.c", "/work/lib")
---   < "../api/src/a.c"
---   > path.relative("src/a.c", "/work")
---   < nil, '"src/a.c" and "/work" must both be absolute or both be relative'
---@param path string
---@param base string
---@return string? path
---@return string? message
function M.relative(path, base)
  if M.is_absolute(path) ~= M.is_absolute(base) then
    return nil, ('"%s" and "%s" must both be absolute or both be relative'):format(path, base)
  end
  local to, from = M.split(M.normalize(path)), M.split(M.normalize(base))
  local same = 0
  while to[same + 1] and to[same + 1] == from[same + 1] do same = same + 1 end
  local parts = {}
  for i = same + 1, #from do
    if from[i] == ".." then
      return nil, ('"%s" leaves the directory that both begin in'):format(base)
    end
    parts[#parts + 1] = ".."
  end
  for i = same + 1, #to do parts[#parts + 1] = to[i] end
  return #parts == 0 and "." or table.concat(parts, "/")
end

---Whether `path` is `dir` or lies below it.
---   > path.is_inside("src/gen/a.c", "src"), path.is_inside("src-old/a.c", "src")
---   < true, false
---@param path string
---@param dir string
---@return boolean
function M.is_inside(path, dir)
  local relative = M.relative(path, dir)
  return relative ~= nil and relative ~= ".." and relative:sub(1, 3) ~= "../"
end

return M
