-- The packages that a project depends on, installed once for each lock file: gives the table of a
-- task. What the installer makes is stored like any other output, and restored from the cache
-- without running the installer while nothing of its key has moved: the lock file, the command, the
-- programs that install and their runtime, the platform.
--
--   p:task "deps" (std.deps.npm {})
--   p:task "test" { needs = { "deps" }, run = "npm test" }
-- SPDX-License-Identifier: MIT

---@class ggen.std.deps
---@overload fun(options: ggen.std.deps.Options): table
local M = {}

---@class ggen.std.deps.Options
---@field lock string|string[] the lock file, or several; they must be there
---@field install string|string[] the command that installs
---@field dir string|string[] the directories that it makes
---@field inputs? string[] more files that the result depends on, such as package.json
---@field tools? string[] more programs whose contents count, such as the runtime ("node")
---@field key_env? string[] variables handed through that count, such as a registry's address
---@field pass_env? string[] those that do not count, such as a token; proxies are known already
---@field env? table<string, string>
---@field make_lock? string the command that writes the lock file, for the message without one
---@field desc? string

local FIELDS = { lock = true, install = true, dir = true, inputs = true, tools = true,
  key_env = true, pass_env = true, env = true, make_lock = true, desc = true }

-- How installers reach the network from here. What they get does not depend on it.
local NETWORK = { "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
  "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR" }

local function as_list(value)
  if type(value) == "table" then return value end
  return { value }
end

local function joined(...)
  local all = {}
  for _, list in ipairs({ ... }) do
    for _, value in ipairs(list) do all[#all + 1] = value end
  end
  return all
end

-- An error without a place of its own names the line of the pipeline.
local function check(options)
  if type(options) ~= "table" then error("std.deps: a table expected", 0) end
  for name in pairs(options) do
    if not FIELDS[name] then
      local hint = require("ggen").suggest.hint(tostring(name), FIELDS)
      error(("std.deps: unknown field %q%s"):format(tostring(name), hint), 0)
    end
  end
  for _, name in ipairs({ "lock", "install", "dir" }) do
    if options[name] == nil then
      error(("std.deps: %q is missing"):format(name), 0)
    end
  end
end

-- The step that ends the task when a lock file is missing: what would be installed then is a matter
-- of luck, and must not be stored.
local function checks(locks, make_lock)
  local tests = {}
  for i, lock in ipairs(locks) do
    local quoted = "'" .. lock:gsub("'", "'\\''") .. "'"
    local text = ("there is no %s%s"):format(lock, make_lock
      and (": run `%s` and commit the file"):format(make_lock)
      or ": write it with the package manager and commit it")
    tests[i] = ("test -f %s || { echo '%s' >&2; exit 2; }"):format(quoted, text:gsub("'", "'\\''"))
  end
  return { sh = table.concat(tests, "\n") }
end

local function task_of(options)
  check(options)
  local locks, install = as_list(options.lock), options.install
  return {
    desc = options.desc or "Install what the project depends on",
    run = { checks(locks, options.make_lock), install },
    inputs = joined(locks, options.inputs or {}),
    outputs = as_list(options.dir),
    tools = options.tools, env = options.env,
    key_env = options.key_env, pass_env = joined(options.pass_env or {}, NETWORK),
  }
end

local function with(defaults, options)
  local all = {}
  for name, value in pairs(defaults) do all[name] = value end
  for name, value in pairs(options or {}) do all[name] = value end
  return task_of(all)
end

---npm: `npm ci` into node_modules, for package-lock.json. Node's own program counts, since native
---modules are built for it.
---   > deps.npm({ dir = { "node_modules", "web/node_modules" } }).outputs
---   < { "node_modules", "web/node_modules" }
---@param options? ggen.std.deps.Options fields that take the place of these
---@return table task for p:task
function M.npm(options)
  return with({ lock = "package-lock.json", install = "npm ci --no-audit --no-fund",
    dir = "node_modules", inputs = { "package.json", ".npmrc" }, tools = { "npm", "node" },
    key_env = { "NODE_ENV" }, pass_env = { "NPM_TOKEN", "NODE_AUTH_TOKEN", "NODE_EXTRA_CA_CERTS" },
    make_lock = "npm install --package-lock-only",
    desc = "Install the npm packages" }, options)
end

---pip: a virtual environment in .venv with what requirements.txt names. The environment has the
---absolute path of the checkout in it, so that it is installed anew elsewhere (env VIRTUAL_ENV).
---   > deps.pip({}).inputs
---   < { "requirements.txt" }
---@param options? ggen.std.deps.Options fields that take the place of these
---@return table task for p:task
function M.pip(options)
  local loading = require("ggen").loading()
  return with({ lock = "requirements.txt", dir = ".venv", tools = { "python3" },
    install = "python3 -m venv --clear .venv && .venv/bin/python -m pip install"
      .. " --disable-pip-version-check -r requirements.txt",
    env = loading and { VIRTUAL_ENV = loading.dir .. "/.venv" },
    pass_env = { "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT" },
    make_lock = "pip freeze > requirements.txt",
    desc = "Install the Python packages into .venv" }, options)
end

---cargo: the sources of all crates in Cargo.lock, in vendor/. `cargo build --offline` uses them by
---what `cargo vendor` writes to .cargo/config.toml, which is an output as well.
---   > deps.cargo_fetch({}).inputs
---   < { "Cargo.lock", "Cargo.toml" }
---@param options? ggen.std.deps.Options fields that take the place of these
---@return table task for p:task
function M.cargo_fetch(options)
  return with({ lock = "Cargo.lock", dir = { "vendor", ".cargo/config.toml" },
    inputs = { "Cargo.toml" }, tools = { "cargo" },
    pass_env = { "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN" },
    -- Without any crate nothing would be made.
    install = "mkdir -p .cargo vendor && cargo vendor --locked --quiet vendor > .cargo/config.toml",
    make_lock = "cargo generate-lockfile", desc = "Fetch the crates into vendor/" }, options)
end

---Go: the sources of all modules in go.sum, in vendor/, which `go build` uses by itself.
---   > deps.go_mod({}).tools
---   < { "go" }
---@param options? ggen.std.deps.Options fields that take the place of these
---@return table task for p:task
function M.go_mod(options)
  return with({ lock = "go.sum", install = "go mod vendor", dir = "vendor", inputs = { "go.mod" },
    tools = { "go" }, pass_env = { "GOPROXY", "GOMODCACHE", "GOFLAGS" }, make_lock = "go mod tidy",
    desc = "Fetch the Go modules into vendor/" }, options)
end

return setmetatable(M, { __call = function(_, options) return task_of(options) end })
