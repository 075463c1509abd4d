-- Ready-made recipes for the container pool: how a well-known service is started, when it is ready,
-- what brings it back to how a lease found it, and which variables the tasks get.
--
--   p:use "containers.pool" {
--     db = std.containers.postgres { image = "postgres:16", size = 3, database = "shop" },
--     cache = std.containers.redis(),
--   }
--   p:task "test" { services = { "db", "cache" }, run = "pytest" }
--
-- Each takes an image, or a table of changes: its own options, and every field of the pool. `env`
-- is added to the recipe's own, any other field stands instead of it. `socket = true` does without
-- a network: the tasks reach the service by its unix socket. What comes back is a table of plain
-- values, which may be changed further.
--
-- A service is as good as new for each lease, or it is replaced: where a reset finds something
-- changed that it does not bring back, it says so, and the container goes. What is neither brought
-- back nor found is said with each recipe.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@class ggen.std.containers
local M = {}

-- A name that stands in a command line, an address and a file of SQL.
local function name(value)
  return { type = "string", default = value, check = function(given)
    if not given:find("^[%a_][%w_$-]*$") then return "letters, digits, _, - and $ expected" end
  end }
end

local function password(value)
  return { type = "string", default = value, check = function(given)
    if given == "" or given:find("%c") then return "a password of printable characters expected" end
  end }
end

local socket = { type = "union", any_of = { { type = "boolean" }, { type = "string" } },
  expects = "true, or the directory of the container that the socket is in" }

local sql = { type = "string", check = function(given)
  if #given > 100000 then
    return "longer than 100,000 bytes: mount it where the image looks for it, see its page"
  end
end }

local no_socket = { type = "any", check = function()
  return "this service listens on no unix socket"
end }

local settings = { type = "map", of = { type = "union", expects = "a text, a number or true/false",
  any_of = { { type = "string" }, { type = "number" }, { type = "boolean" } } } }

-- The changes, checked: those of the recipe by its schema, the pool's fields by name. An error
-- without a place of its own names the line of the pipeline.
local function checked(recipe, changes, own)
  if changes == nil then changes = {} end
  if type(changes) == "string" then changes = { image = changes } end
  if type(changes) ~= "table" then
    error(("std.containers.%s: an image or a table expected, got %s"):format(recipe,
      type(changes)), 0)
  end
  -- What is in a field of the pool the pool checks; here only the names matter.
  local fields = {}
  for field in pairs(require("ggen.std.container_pool.spec").fields) do
    fields[field] = { type = "any" }
  end
  fields.image, fields.socket = { type = "string" }, socket
  for field, spec in pairs(own) do fields[field] = spec end
  local options, message, where = ggen.schema.check({ type = "record", fields = fields }, changes)
  if not options then
    error(("std.containers.%s: %s"):format(recipe, ggen.schema.message(message, where)), 0)
  end
  if options.env ~= nil and type(options.env) ~= "table" then
    error(("std.containers.%s: field \"env\": a table expected"):format(recipe), 0)
  end
  return options
end

-- What a container has gone through before its first lease is part of its configuration: one that
-- was kept does not serve with another recipe, or another SQL of a new container.
local function label(spec, recipe, init)
  local digest = init and " " .. require("ggen.core.hash").bytes(init):sub(1, 16) or ""
  spec.env.GGEN_RECIPE = recipe .. digest
end

-- The recipe's spec with the changes of the pool's fields. `user` is the recipe's where it has one:
-- who logs in, and not as whom the container runs.
local function merged(spec, options, own)
  for field in pairs(require("ggen.std.container_pool.spec").fields) do
    local value = options[field]
    if field == "env" then
      for key, inner in pairs(value or {}) do spec.env[key] = inner end
    elseif value ~= nil and field ~= "socket" and not own[field] then
      spec[field] = value
    end
  end
  return spec
end

-- A unix socket instead of a port: the directory of the container, or nil.
local function socket_directory(options, usual)
  if not options.socket then return nil end
  return options.socket == true and usual or options.socket
end

local function place(spec, options, usual, port)
  spec.socket = socket_directory(options, usual)
  if spec.socket then spec.network = "none" else spec.ports = { port } end
  return spec.socket ~= nil
end

local function script(body, ...) return { "sh", "-c", body, "ggen", ... } end

local function in_address(word)
  return (word:gsub("[^%w_.~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- "-c name=value" for each setting, in the order of the names.
local function arguments(list, values, form)
  for _, key in ipairs(require("ggen.std.list").keys(values)) do
    local value = values[key]
    if type(value) == "boolean" then value = value and "on" or "off" end
    for _, word in ipairs(form(key, tostring(value))) do list[#list + 1] = word end
  end
  return list
end

---@class ggen.std.containers.Changes what every recipe takes: the fields of the pool, and these
---@field image? string the image
---@field env? table<string, string> more variables of the container
---@field socket? boolean|string true: no network, the unix socket in its usual directory; or the
---directory of the container that it is in

---@class ggen.std.containers.Postgres: ggen.std.containers.Changes
---@field user? string the superuser ("postgres")
---@field password? string ("postgres")
---@field database? string made anew for each lease ("test")
---@field init? string SQL that a new container runs once in the database, such as its schema
---@field settings? table<string, string|number|boolean> of the server: { max_connections = 200 }

---PostgreSQL 13 or later: `postgres:16`, with fsync off, since nobody needs its data after a crash.
---Tasks get `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE` and, without `socket`,
---`DATABASE_URL`.
---
---When the container is new, its database is copied to the template `ggen_template`: with what
---`init`, and the image's own scripts, have put into it. The reset ends the connections that are
---left, drops the databases and roles that are younger than the template, makes the database from
---it again and takes ALTER SYSTEM back. A lease that wrote into the databases
---`postgres` or `template1`, or changed older roles or databases, costs the container.
---
---Not brought back and not found: rows in other databases that the image's own scripts have made,
---files that COPY ... TO wrote in the container, counters of statistics, numbers of transactions.
---   > containers.postgres({ database = "shop" }).env.POSTGRES_DB
---   < "shop"
---   > containers.postgres({ socket = true }).network
---   < "none"
---@param changes? string|ggen.std.containers.Postgres an image, or a table of changes
---@return table spec of a container of the pool
function M.postgres(changes)
  local own = { user = name("postgres"), password = password("postgres"), database = name("test"),
    init = sql, settings = settings }
  local options = checked("postgres", changes, own)
  local user, secret, database = options.user, options.password, options.database
  local scripts = require("ggen.std.containers.postgres")
  local spec = {
    image = "docker.io/library/postgres:16",
    env = { POSTGRES_USER = user, POSTGRES_PASSWORD = secret, POSTGRES_DB = database },
    ready = { cmd = script(scripts.READY, user, database, secret, options.init or ""),
      timeout = "60s" },
    reset = script(scripts.RESET, user, database, secret),
  }
  local all = { fsync = false, synchronous_commit = false, full_page_writes = false,
    wal_init_zero = false }
  for key, value in pairs(options.settings or {}) do all[key] = value end
  spec.cmd = arguments({}, all, function(key, value) return { "-c", key .. "=" .. value } end)
  local by_socket = place(spec, options, "/var/run/postgresql", 5432)
  spec.lease = {
    PGHOST = by_socket and "${socket}" or "${host}", PGPORT = by_socket and "5432" or "${port}",
    PGUSER = user, PGPASSWORD = secret, PGDATABASE = database,
    DATABASE_URL = not by_socket and ("postgresql://%s:%s@${host}:${port}/%s"):format(
      in_address(user), in_address(secret), in_address(database)) or nil,
  }
  label(spec, "postgres 1", options.init)
  return merged(spec, options, own)
end

---@class ggen.std.containers.Redis: ggen.std.containers.Changes
---@field password? string none without it
---@field settings? table<string, string|number|boolean> of the server: { maxmemory = "64mb" }

---Redis 6 or later, or Valkey: `redis:7`, with nothing kept on disk. Tasks get `REDIS_URL`,
---`REDIS_HOST`, `REDIS_PORT` and, with a password, `REDIS_PASSWORD`; with `socket` `REDIS_URL`
---(`unix://`) and `REDIS_SOCKET`.
---
---The reset ends the connections and scripts that are left, empties all databases, forgets scripts,
---functions, the logs and counters of the server, and sets back what CONFIG SET has changed: some
---20 ms. A lease that changed users (ACL) or modules costs the container.
---
---Not brought back and not found: files that SAVE or CONFIG REWRITE wrote, identifiers of
---replication.
---   > containers.redis("valkey/valkey:8").image
---   < "valkey/valkey:8"
---   > containers.redis({ password = "a b" }).lease.REDIS_URL
---   < "redis://:a%20b@${host}:${port}/0"
---@param changes? string|ggen.std.containers.Redis an image, or a table of changes
---@return table spec of a container of the pool
function M.redis(changes)
  local own = { password = password(nil), settings = settings }
  local options = checked("redis", changes, own)
  local secret = options.password
  local scripts = require("ggen.std.containers.redis")
  local spec = {
    image = "docker.io/library/redis:7", env = {},
    ready = { cmd = script(scripts.READY, secret or "") },
    reset = script(scripts.RESET, secret or ""),
  }
  local by_socket = place(spec, options, "/run/ggen", 6379)
  local all = { save = "", appendonly = "no", ["protected-mode"] = "no", requirepass = secret }
  if by_socket then
    all.unixsocket, all.unixsocketperm = spec.socket .. "/redis.sock", "777"
  end
  for key, value in pairs(options.settings or {}) do
    all[key] = type(value) == "boolean" and (value and "yes" or "no") or value
  end
  spec.cmd = arguments({ "redis-server" }, all, function(key, value)
    return { "--" .. key, value }
  end)
  local login = secret and ":" .. in_address(secret) .. "@" or ""
  if by_socket then
    spec.lease = { REDIS_SOCKET = "${socket}/redis.sock",
      REDIS_URL = "unix://" .. login .. "${socket}/redis.sock" }
  else
    spec.lease = { REDIS_HOST = "${host}", REDIS_PORT = "${port}",
      REDIS_URL = "redis://" .. login .. "${host}:${port}/0" }
  end
  spec.lease.REDIS_PASSWORD = secret
  label(spec, "redis 1")
  return merged(spec, options, own)
end

---@class ggen.std.containers.Mysql: ggen.std.containers.Changes
---@field user? string who the tasks are ("test"); "root" for its master
---@field password? string of the user and of root ("test")
---@field database? string made anew for each lease ("test")
---@field init? string SQL that a new container runs once in the database, such as its schema
---@field settings? table<string, string|number|boolean> of the server: { max_connections = 200 }

---MySQL 8 or MariaDB: `mysql:8.4`. Tasks get `MYSQL_HOST`, `MYSQL_TCP_PORT`, `MYSQL_PORT`,
---`MYSQL_USER`, `MYSQL_PASSWORD`, `MYSQL_PWD`, `MYSQL_DATABASE` and `MYSQL_URL`.
---
---When the container is new, its database is written to a file with what `init` has put into it.
---The reset ends the connections that are left, drops the users and databases that are newer and
---fills the database from that file. A lease that changed global
---variables, older users or privileges costs the container.
---
---Not brought back and not found: rows in other databases that the image's own scripts have made,
---the binary log, the slow log.
---   > containers.mysql({ image = "mariadb:11" }).lease.MYSQL_HOST
---   < "${host}"
---@param changes? string|ggen.std.containers.Mysql an image, or a table of changes
---@return table spec of a container of the pool
function M.mysql(changes)
  local own = { user = name("test"), password = password("test"), database = name("test"),
    init = sql, settings = settings }
  local options = checked("mysql", changes, own)
  local user, secret, database = options.user, options.password, options.database
  local scripts = require("ggen.std.containers.mysql")
  local spec = {
    image = "docker.io/library/mysql:8.4",
    env = { MYSQL_ROOT_PASSWORD = secret, MYSQL_DATABASE = database },
    ready = { cmd = script(scripts.READY, database, secret, options.init or ""), timeout = "120s" },
    reset = script(scripts.RESET, database, secret),
  }
  -- The image refuses to make root a second time.
  if user ~= "root" then spec.env.MYSQL_USER, spec.env.MYSQL_PASSWORD = user, secret end
  local all = { ["innodb-flush-log-at-trx-commit"] = 0, ["sync-binlog"] = 0 }
  for key, value in pairs(options.settings or {}) do
    all[(key:gsub("_", "-"))] = value
  end
  spec.cmd = arguments({}, all, function(key, value)
    return { "--" .. key .. "=" .. value }
  end)
  local by_socket = place(spec, options, "/var/run/mysqld", 3306)
  spec.lease = { MYSQL_USER = user, MYSQL_PASSWORD = secret, MYSQL_PWD = secret,
    MYSQL_DATABASE = database }
  if by_socket then
    spec.lease.MYSQL_UNIX_PORT = "${socket}/mysqld.sock"
  else
    spec.lease.MYSQL_HOST, spec.lease.MYSQL_PORT = "${host}", "${port}"
    spec.lease.MYSQL_TCP_PORT = "${port}"
    spec.lease.MYSQL_URL = ("mysql://%s:%s@${host}:${port}/%s"):format(in_address(user),
      in_address(secret), in_address(database))
  end
  label(spec, "mysql 1", options.init)
  return merged(spec, options, own)
end

---@class ggen.std.containers.Rabbitmq: ggen.std.containers.Changes
---@field user? string ("guest")
---@field password? string ("guest")
---@field vhost? string ("/")

---RabbitMQ 3.8 or later: `rabbitmq:4`. Tasks get `AMQP_URL`, `RABBITMQ_HOST`, `RABBITMQ_PORT`,
---`RABBITMQ_USER`, `RABBITMQ_PASSWORD` and `RABBITMQ_VHOST`.
---
---The reset is the server's own: the application is stopped, its state thrown away, and started as
---it was when new: some seconds. Not brought back: plugins that a lease has switched on, and the
---log.
---   > containers.rabbitmq({ image = "rabbitmq:4-management" }).lease.AMQP_URL
---   < "amqp://guest:guest@${host}:${port}/%2F"
---@param changes? string|ggen.std.containers.Rabbitmq an image, or a table of changes
---@return table spec of a container of the pool
function M.rabbitmq(changes)
  local own = { user = name("guest"), password = password("guest"),
    vhost = { type = "string", default = "/" }, socket = no_socket }
  local options = checked("rabbitmq", changes, own)
  local user, secret, vhost = options.user, options.password, options.vhost
  local spec = {
    image = "docker.io/library/rabbitmq:4",
    env = { RABBITMQ_DEFAULT_USER = user, RABBITMQ_DEFAULT_PASS = secret,
      RABBITMQ_DEFAULT_VHOST = vhost },
    ready = { log = "Server startup complete", timeout = "120s" },
    reset = script("rabbitmqctl -q stop_app && rabbitmqctl -q reset && rabbitmqctl -q start_app"
      .. " && rabbitmqctl -q await_startup"),
    ports = { 5672 },
    lease = {
      RABBITMQ_HOST = "${host}", RABBITMQ_PORT = "${port}", RABBITMQ_USER = user,
      RABBITMQ_PASSWORD = secret, RABBITMQ_VHOST = vhost,
      AMQP_URL = ("amqp://%s:%s@${host}:${port}/%s"):format(in_address(user), in_address(secret),
        in_address(vhost)),
    },
  }
  return merged(spec, options, own)
end

---@class ggen.std.containers.Minio: ggen.std.containers.Changes
---@field user? string the access key ("minioadmin")
---@field password? string the secret key, of 8 characters or more ("minioadmin")
---@field region? string ("us-east-1")

---MinIO, a store that speaks S3: `quay.io/minio/minio`. Tasks get `AWS_ENDPOINT_URL`,
---`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_DEFAULT_REGION`, which the
---SDKs and the command line of AWS know.
---
---Each lease has a new container, since the server knows no command that forgets everything: it
---starts in less than a second. Buckets are named by their path: `http://host:port/bucket`.
---   > containers.minio({ region = "eu-central-1" }).lease.AWS_REGION
---   < "eu-central-1"
---@param changes? string|ggen.std.containers.Minio an image, or a table of changes
---@return table spec of a container of the pool
function M.minio(changes)
  local own = { user = name("minioadmin"), region = { type = "string", default = "us-east-1" },
    password = { type = "string", default = "minioadmin", check = function(given)
      if #given < 8 then return "8 characters or more expected" end
    end }, socket = no_socket }
  local options = checked("minio", changes, own)
  return merged({
    image = "quay.io/minio/minio:latest",
    cmd = { "server", "/data" },
    env = { MINIO_ROOT_USER = options.user, MINIO_ROOT_PASSWORD = options.password,
      MINIO_REGION = options.region },
    ready = { http = "/minio/health/ready", timeout = "60s" },
    reset = "recreate",
    ports = { 9000 },
    lease = { AWS_ENDPOINT_URL = "http://${host}:${port}", AWS_ACCESS_KEY_ID = options.user,
      AWS_SECRET_ACCESS_KEY = options.password, AWS_REGION = options.region,
      AWS_DEFAULT_REGION = options.region },
  }, options, own)
end

return M
