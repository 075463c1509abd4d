-- ggen-lua plugin pack: a rock of the plugin here, to publish or to install elsewhere.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local sources = require("ggen.plugin.sources")
local zip_file = require("ggen.plugin.zip_file")

local M = {
  summary = "Make a rock of the plugin in this directory",
  description = "Makes NAME-VERSION.src.rock of the files that git does not ignore. The same files"
    .. " give the same bytes, whenever and wherever. Before that the rockspec, the table of the"
    .. " plugin, the tag and the changelog are compared; after it LuaRocks installs the rock into a"
    .. " directory of its own.",
}

function M.configure(parser)
  parser:argument("rockspec", "The rockspec (default: the one that is here)."):args("?")
    :argname("FILE")
  parser:option("-o --output", "The directory to write to (default: this one)."):argname("DIR")
  parser:flag("--binary", "Also make NAME-VERSION.all.rock, which has what is installed and no"
    .. " sources.")
end

local function luarocks(words, cwd)
  local argv = { "luarocks", "--lua-version=5.1", unpack(words) }
  local result, message = require("ggen").std.sh.run(argv, { cwd = cwd, timeout = "2m",
    env = { LUAROCKS_CONFIG = os.getenv("LUAROCKS_CONFIG"), LC_ALL = "C" } })
  if not result or result.code == 127 then
    fault.raise(("rocks are made with LuaRocks, and it is not here: %s (apt-get install luarocks)")
      :format(message or "not found"))
  end
  if result.code ~= 0 then
    local said = (result.stderr .. result.stdout):gsub("^%s+", ""):gsub("%s+$", "")
    fault.raise(("luarocks %s: %s"):format(table.concat(words, " "), said))
  end
end

-- Every file below a directory.
local function files_below(dir, prefix, files)
  for _, path in ipairs(fault.check(fs.glob(dir, "**"))) do
    files[prefix .. path] = fault.check(fs.read(dir .. "/" .. path))
  end
  return files
end

-- Installs the rock as its users will, and looks whether the modules are what they were.
local function check_rock(rock, from, files, work)
  local tree = work .. "/tree"
  luarocks({ "install", "--tree", tree, "--deps-mode", "none", rock }, work)
  for module, path in pairs(from.spec.build.modules or {}) do
    if type(path) == "string" and path:find("%.lua$") then
      local installed = ("%s/share/lua/5.1/%s"):format(tree, module:gsub("%.", "/"))
      local bytes = fs.read(installed .. ".lua") or fs.read(installed .. "/init.lua")
      if bytes ~= files[path:gsub("^%./", "")] then
        fault.raise(("LuaRocks installs another module %s than %s is"):format(module, path))
      end
    end
  end
  return tree
end

-- What LuaRocks has installed, as a rock.
local function installed_files(tree, from)
  local files = files_below(("%s/lib/luarocks/rocks-5.1/%s/%s"):format(tree, from.name,
    from.version), "", {})
  if fs.stat(tree .. "/lib/lua") then
    fault.raise("--binary: the rock has modules in C, which are for one sort of machine only")
  end
  files_below(tree .. "/share/lua/5.1", "lua/", files)
  return files
end

local function write(dir, name, files)
  local path = dir .. "/" .. name
  fault.check(fs.write(path, zip_file.encode(files)))
  return path
end

local function make(from, args, output, work)
  local files, packed = sources.files(from), {}
  for module, path in require("ggen.sorted").pairs(from.spec.build.modules or {}) do
    if type(path) == "string" and not files[path:gsub("^%./", "")] then
      fault.raise(("the module %s would be missing in the rock: does git ignore %s?"):format(
        module, path))
    end
  end
  local prefix = sources.source_dir(from) .. "/"
  for path, bytes in pairs(files) do packed[prefix .. path] = bytes end
  packed[from.file] = from.text
  luarocks({ "lint", from.file }, from.dir)
  local name = ("%s-%s.src.rock"):format(from.name, from.version)
  local tree = check_rock(write(work, name, packed), from, files, work)
  local made = { write(output, name, packed) }
  if args.binary then
    made[2] = write(output, ("%s-%s.all.rock"):format(from.name, from.version),
      installed_files(tree, from))
  end
  return made
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local dir = cli.directory(args)
  local from = sources.open(args.rockspec, dir)
  local problems = sources.problems(from, args.load_timeout)
  if #problems > 0 then
    fault.raise(("%s: %s"):format(from.file, table.concat(problems, "\n  ")))
  end
  local output = args.output or dir
  if output:sub(1, 1) ~= "/" then output = dir .. "/" .. output end
  fault.check(fs.mkdir(output))
  output = fault.check(fs.realpath(output))
  local work = fault.check(fs.make_temp_dir("ggen-pack-"))
  local ok, made = pcall(make, from, args, output, work)
  fs.remove(work, { recursive = true })
  if not ok then error(made, 0) end
  for _, path in ipairs(made) do
    local info = fault.check(fs.stat(path))
    io.write(("Wrote %s (%s)\n"):format(require("ggen.locate").display(path, fs.cwd()),
      require("ggen.units").format_size(info.size)))
  end
  return 0
end

return M
