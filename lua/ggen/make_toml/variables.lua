-- The variables that the commands of a phase name: with `cache = true` their values enter the key.
-- Not a shell's reader: what may name a variable counts, also in quotes and behind a backslash,
-- because `sh -c '... $NAME'` reads it there. One too many costs a run, one too few a wrong hit.
-- SPDX-License-Identifier: MIT
local M = {}

local NAME = "([%a_][%w_]*)"
local PATTERNS = {
  "%${?[#!]?" .. NAME, -- $NAME, ${NAME:-text}, ${#NAME}, ${!NAME}
  "%[%s+!?%s*%-v%s+" .. NAME, -- [[ -v NAME ]]
  -- os.environ["NAME"], os.getenv("NAME"), process.env.NAME, $ENV{NAME}
  "[eE][nN][vV]%w*%.?g?e?t?%s*[%.%[{(\"'][%s%[{(\"']*" .. NAME,
}

local function add_of_text(text, add)
  for _, pattern in ipairs(PATTERNS) do
    for name in text:gmatch(pattern) do add(name) end
  end
  for words in text:gmatch("printenv([^\n;|&)]*)") do
    for name in words:gmatch("%f[%w_]" .. NAME) do add(name) end
  end
  -- $((NAME + 1)) and ((NAME))
  for sum in text:gmatch("%(%b()") do
    for name in sum:gmatch("%f[%w_]" .. NAME) do add(name) end
  end
end

local function add_of(value, add)
  if type(value) == "string" then return add_of_text(value, add) end
  if type(value) ~= "table" then return end
  for _, element in pairs(value) do add_of(element, add) end
end

-- What a condition asks of the environment.
local function add_of_condition(condition, add)
  for _, key in ipairs({ "env_set", "env_not_set", "env_true", "env_false" }) do
    for _, name in ipairs(condition[key] or {}) do add(name) end
  end
  for name in pairs(condition.env or {}) do add(name) end
  if condition.profiles then add("CARGO_MAKE_PROFILE") end
  for _, key in ipairs({ "script", "files_exist", "files_not_exist" }) do
    add_of(condition[key], add)
  end
end

---@param phase { condition: table? }
---@param commands any[] that run: texts, lists of words, scripts with their runner
---@param env table<string, any>? what the file sets: these need not come from outside
---@param first string[]? names that come before
---@return string[] names sorted behind `first`, without repeats; GGEN_ENV is always one
function M.of(phase, commands, env, first)
  local seen, more, names = {}, {}, {}
  for _, name in ipairs(first or {}) do
    seen[name] = true
    names[#names + 1] = name
  end
  local function add(name)
    -- $_ is a shell's own.
    if seen[name] or name == "_" or (env and env[name] ~= nil) then return end
    seen[name] = true
    more[#more + 1] = name
  end
  if not seen.GGEN_ENV then more[1], seen.GGEN_ENV = "GGEN_ENV", true end
  add_of(commands, add)
  add_of(env, add)
  if phase.condition then add_of_condition(phase.condition, add) end
  table.sort(more)
  for _, name in ipairs(more) do names[#names + 1] = name end
  return names
end

return M
