-- What a phase of a make.toml runs, as the expression that a task of a pipeline.lua has for it.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local sorted = require("ggen.sorted")
local steps = require("ggen.steps")

local M = {}

local quote = lua_text.quote

local SHELLS = { sh = true, bash = true, dash = true, zsh = true, ksh = true }
local INLINE = { python = "-c", python3 = "-c", node = "-e", perl = "-e", ruby = "-e", lua = "-e",
  luajit = "-e", php = "-r" }

-- A command as an expression, and whether it is a plain text.
local function step_of(command)
  if type(command) == "string" then return quote(command), true end
  if not command.script then return lua_text.texts(command, "    ", 4), false, command end
  local runner = command.runner or "sh"
  local program = runner:match("([^/]+)$")
  if runner:sub(1, 1) == "@" then
    local message = ("echo '%s is a runner of cargo-make alone' >&2; exit 1"):format(runner)
    return ("{ sh = %s }"):format(quote(message)), false
  elseif SHELLS[program] then
    return ("{ sh = %s, shell = %s }"):format(quote(command.script), quote(runner)), false
  elseif INLINE[program] then
    return ("{ %s, %s, %s }"):format(quote(runner), quote(INLINE[program]),
      quote(command.script)), false, { runner, INLINE[program], command.script }
  end
  local script = 'file=$(mktemp) && printf %s "$2" >"$file" && "$1" "$file"; code=$?;'
    .. ' rm -f "$file"; exit $code'
  return ('{ "sh", "-c", %s, "sh", %s, %s }'):format(quote(script), quote(runner),
    quote(command.script)), false, { "sh", "-c", script, "sh", runner, command.script }
end

-- `run` of a list of commands. Empty ones do nothing, and a pipeline does not take them.
local function run_of(commands, indent, used)
  local items, texts, argv, all_texts = {}, {}, nil, true
  for _, command in ipairs(commands) do
    if type(command) ~= "string" or command:find("%S") then
      local item, is_text, words = step_of(command)
      items[#items + 1], texts[#texts + 1], argv = item, command, words
      all_texts = all_texts and is_text
    end
  end
  if #items == 0 then return commands[1] and '"true"' or nil end
  if #items == 1 then
    -- A list of words may look like a list of commands.
    if argv and steps.form(argv) ~= "argv" then return "{ " .. items[1] .. " }" end
    return items[1]
  end
  if not (all_texts and steps.form(texts) == "list") then
    for i, text in ipairs(texts) do
      if type(text) == "string" then items[i] = ("{ sh = %s }"):format(items[i]) end
    end
  end
  return lua_text.list(items, indent, used)
end

---What a phase runs, with the commands that stand in for it in one environment.
---@param phase ggen.make_toml.Phase
---@return string? expression nil when it runs nothing
function M.expression(phase)
  local items = {}
  for _, name in ipairs(sorted.keys(phase.environments or {})) do
    local run = run_of(phase.environments[name].commands or {}, "    ", #name + 8)
    if run then items[#items + 1] = ("    %s = %s,\n"):format(lua_text.key(name), run) end
  end
  local run = run_of(phase.commands, "  ", #items == 0 and 9 or 24)
  if #items == 0 then return run end
  return ("({\n%s  })[environment]%s"):format(table.concat(items), run and " or " .. run or "")
end

return M
