-- The options of `ggen-lua lua`, read as lua and luajit read theirs. Runs nothing.
-- SPDX-License-Identifier: MIT
local M = {}

---@class ggen.InterpreterOptions
---@field acts { [1]: "e"|"l"|"j"|"O", [2]: string }[] in the order in which they are run
---@field script integer? position of the script's name among the arguments; nil without one
---@field stdin boolean the script is the standard input
---@field interactive boolean
---@field version boolean
---@field clean boolean -E: nothing of the environment
---@field code boolean there is a -e or a -l

local TAKES = { ["-e"] = true, ["-l"] = true, ["-j"] = true }

---@param args string[]
---@return ggen.InterpreterOptions?
---@return string? message
function M.read(args)
  local options = { acts = {}, stdin = false, interactive = false, version = false, clean = false,
    code = false }
  local i = 1
  while args[i] do
    local word = args[i]
    local flag = word:sub(1, 2)
    if word == "-" then
      options.script, options.stdin = i, true
      break
    elseif word == "--" then
      options.script = args[i + 1] and i + 1
      options.stdin = args[i + 1] == "-"
      break
    elseif word:sub(1, 1) ~= "-" then
      options.script = i
      break
    elseif word == "-i" then
      options.interactive, options.version = true, true
    elseif word == "-v" then
      options.version = true
    elseif word == "-E" then
      options.clean = true
    elseif TAKES[flag] or flag == "-O" then
      local value = word:sub(3)
      if value == "" and flag ~= "-O" then
        i = i + 1
        value = args[i]
        if not value then return nil, ("%s needs a value"):format(flag) end
      end
      if flag == "-e" or flag == "-l" then options.code = true end
      options.acts[#options.acts + 1] = { flag:sub(2), value }
    else
      return nil, ("unknown option %s"):format(word)
    end
    i = i + 1
  end
  return options
end

return M
