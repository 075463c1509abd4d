-- ggen-lua hash: the digests that cache keys are made of, printed as sha256sum prints them.
-- SPDX-License-Identifier: MIT
local M = {
  summary = "Print the digests of files and directories",
  description = "Prints the SHA-256 digest of files as sha256sum does. A directory has the digest "
    .. "of its files that git does not ignore, by path, kind and content: a line that ends in "
    .. "\"/\". A glob stands for the files that match it and that git does not ignore.",
}

function M.configure(parser)
  parser:argument("paths", "A file, a directory or a glob."):args("+"):argname("PATH")
  parser:flag("--json", "As JSON.")
end

-- One line of a checksum file: names that would break it are escaped, and the line says so.
local function line(digest, path)
  local escaped, count = path:gsub("[\\\n\r]", { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r" })
  return (count > 0 and "\\" or "") .. digest .. "  " .. escaped .. "\n"
end

-- Calls add(row) for what the word stands for; nil, message if it is nothing.
local function collect(dir, word, add)
  local fs, hash = require("ggen.core.fs"), require("ggen.core.hash")
  local path = word:sub(1, 1) == "/" and word or dir .. "/" .. word
  local info, message = fs.stat(path)
  if info and info.type == "directory" then
    -- Below the directory that we are in, so that its rules count too.
    local real = assert(fs.realpath(path))
    local inside = real:sub(1, #dir + 1) == dir .. "/" and real:sub(#dir + 2)
    local tree, why = hash.tree(inside and dir or real, inside or "")
    if not tree then return nil, why end
    local name = word:match("^(.-)/*$")
    add({ path = (name == "" and "/" or name .. "/"), kind = "tree", digest = tree.digest,
      files = #tree.files })
    return true
  end
  if not info and word:find("[%*%?%[{]") then
    local tree, why = hash.tree(dir, "", { word })
    if not tree then return nil, why end
    if #tree.files == 0 then return nil, "no file matches" end
    for _, file in ipairs(tree.files) do
      add({ path = file.path, kind = file.kind == "l" and "link" or "file", digest = file.digest })
    end
    return true
  end
  if not info then return nil, message end
  local digest, why = hash.file(path)
  if not digest then return nil, why end
  add({ path = word, kind = "file", digest = digest })
  return true
end

---@param args table
---@return integer
function M.run(args)
  local json = require("ggen.core.json")
  local dir = require("ggen.cli").directory(args)
  local rows, code = {}, 0
  local function add(row)
    rows[#rows + 1] = row
    if not args.json then io.write(line(row.digest, row.path)) end
  end
  for _, word in ipairs(args.paths) do
    local ok, message = collect(dir, word, add)
    if not ok then
      io.stderr:write("ggen-lua hash: ", word, ": ", message, "\n")
      code = 1
    end
  end
  if args.json then
    io.write(json.encode(json.array(rows), { indent = 2, invalid_utf8 = "replace" }), "\n")
  end
  return code
end

return M
