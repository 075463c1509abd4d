-- ggen-lua plugin new KIND NAME: a repository of a plugin, ready to push.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local scaffold = require("ggen.plugin.scaffold")

local M = {
  summary = "Make the repository of a plugin",
  description = "Makes ggen-KIND-NAME/ with a small plugin that works: its specs, the contract test"
    .. " of its kind, an example, a rockspec, a README, and what editors, luacheck, git and a CI"
    .. " need. All of its tests pass as they are.",
}

function M.configure(parser)
  parser:argument("kind", "What it decides."):choices(require("ggen.registry").kind_names())
    :argname("KIND")
  parser:argument("name", "How pipelines name it, behind its kind: small letters, digits and -.")
    :argname("NAME")
  parser:option("-o --output", "The directory to make (default: ggen-KIND-NAME).")
    :argname("DIR")
  parser:option("--owner", "Whose repository it is, as in its address (default: github.user of git,"
    .. " or YOU)."):argname("NAME")
  parser:flag("--no-git", "Do not make it a repository of git.")
end

local function check_name(kind, name)
  if #name > 64 or not name:find("^%l[%l%d]*$") and not name:find("^%l[%l%d%-]*[%l%d]$") then
    fault.raise(("plugin new: %q is no name of a plugin: small letters, digits and - between them,"
      .. " as in fair-share"):format(name))
  end
  if kind == "command" and cli.is_command(name) then
    fault.raise(("plugin new: ggen-lua %s is there already, and goes before a plugin: choose"
      .. " another name"):format(name))
  end
  for _, builtin in ipairs(require("ggen.registry").builtin()) do
    if builtin == kind .. "." .. name then
      fault.raise(("plugin new: %s is part of ggen-lua, and goes before an installed one: choose"
        .. " another name"):format(builtin))
    end
  end
end

-- A name as it stands in addresses.
local function is_owner(name) return name:find("^%w[%w._-]*$") ~= nil end

-- What git knows of its user.
local function git_config(name)
  local result = require("ggen").std.sh.run({ "git", "config", name },
    { env = { HOME = os.getenv("HOME") } })
  local value = result and result.code == 0 and result.stdout:match("^[^\n]+")
  return value or nil
end

local function write(dir, files)
  for path, text in require("ggen.sorted").pairs(files) do
    local full = dir .. "/" .. path
    fault.check(fs.mkdir((full:match("^(.*)/"))))
    fault.check(fs.write(full, text))
  end
end

-- Makes it a repository of git, unless it lies in one already or there is no git.
local function make_repository(dir)
  local sh, options = require("ggen").std.sh, { env = { HOME = os.getenv("HOME") } }
  local inside = sh.run({ "git", "-C", dir, "rev-parse", "--is-inside-work-tree" }, options)
  if not inside or inside.code == 0 then return false end
  local made = sh.run({ "git", "init", "-q", "-b", "main", dir }, options)
  return made ~= nil and made.code == 0
end

-- Writes the files, of which one page is made from what another says.
local function make(dir, options)
  local path = scaffold.path(options.kind, options.name)
  local text = scaffold.plugin(options)
  write(dir, { [path] = text })
  local plugin = require("ggen.registry").load(dir .. "/" .. path)
  local page = require("ggen.plugin.page").section(options.kind .. "." .. options.name, plugin,
    { source = text, use = require("ggen.plugin.templates." .. options.kind).use })
  local files = scaffold.files(options, plugin, page)
  write(dir, files)
  require("ggen.plugin.types").link(dir)
  return files
end

---@async
---@param args table
---@return integer code
function M.run(args)
  check_name(args.kind, args.name)
  if args.owner and not is_owner(args.owner) then
    fault.raise(("--owner: %q is no part of an address of a repository: letters, digits, - . and _")
      :format(args.owner))
  end
  local known = git_config("github.user")
  local base = cli.directory(args)
  local shown = args.output or scaffold.rock(args.kind, args.name)
  local dir = shown:sub(1, 1) == "/" and shown or base .. "/" .. shown
  if fs.stat(dir) and #(fs.list(dir) or { 1 }) > 0 then
    fault.raise(("plugin new: %s is there already, and not empty"):format(shown))
  end
  local options = { kind = args.kind, name = args.name,
    owner = args.owner or known and is_owner(known) and known or "YOU", time = os.time(),
    author = git_config("user.name") or "the authors of " .. scaffold.rock(args.kind, args.name) }
  local is_new = not fs.stat(dir, { follow = false })
  local done, files = pcall(make, dir, options)
  if not done then
    -- Half a repository would be in the way of the next try.
    if is_new then fs.remove(dir, { recursive = true }) end
    error(files, 0)
  end
  local is_git = not args.no_git and make_repository(dir)
  io.write(("Made %s:\n"):format(shown))
  for file in require("ggen.sorted").pairs(files) do io.write("  ", file, "\n") end
  io.write(("Next:\n  cd %s\n  ggen-lua plugin test && busted\n"):format(shown))
  if is_git then io.write("  git add . && git commit\n") end
  return 0
end

return M
