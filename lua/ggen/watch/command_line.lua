-- What the processes are started with: the command line and the environment of a run.
-- SPDX-License-Identifier: MIT
local M = {}

local OWN_OPTIONS = { ["--debounce"] = true, ["--clear"] = false, ["--restart"] = false }

---The words of a run's command line: those of ours without what only we know.
---@param argv string[] "watch" and what followed it
---@param again boolean not the first run
---@return string[]
function M.words(argv, again)
  local words, i = { "run" }, 2
  while argv[i] do
    local word = argv[i]
    if word == "--" then
      for j = i, #argv do words[#words + 1] = argv[j] end
      break
    end
    local takes_value = OWN_OPTIONS[word]
    if takes_value then i = i + 1 end
    local ours = takes_value ~= nil or word:find("^%-%-debounce=")
      or again and word == "--cache-clear"
    if not ours then words[#words + 1] = word end
    i = i + 1
  end
  return words
end

---A variable of the environment by which a start of ours tells the next one in its place.
M.VARIABLE = "GGEN_WATCH_AGAIN"

---Of a run: nobody else is told that.
---@return table<string, string>
function M.environment()
  local env = require("ggen.core.env").all()
  env[M.VARIABLE] = nil
  return env
end

return M
