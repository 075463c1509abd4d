-- Six stages: select a template, generate code from it, set up a clean room with a database, test
-- against it, validate, report. The database is a container of its own for each task that wants
-- one, as new; without a container engine it is a process.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local std = require "ggen.std"
local template = require "tools.template"

local p = ggen.pipeline "cleanroom" { desc = "Code from templates, tested in a clean room" }

p:use "containers.pool" {
  db = std.containers.postgres {
    image = os.getenv "CLEANROOM_IMAGE", -- any image of PostgreSQL 13 or later
    size = 3,
    fallback = {
      run = "sh tools/postgres.sh",
      env = { POSTGRES_USER = "postgres", POSTGRES_PASSWORD = "postgres", POSTGRES_DB = "test" },
    },
  },
  keep = "10m", -- paused, for the next run
}

-- The limits of the six stages, 60 s in all; `gate = true` would fail a run that misses them.
p:use "observer.targets" { preset = "required" }
p:use "observer.markdown" { path = "build/run.md" }

local SUITES = { "client", "history", "rules" }

p:task "template-selection" {
  desc = "Choose the cheapest template that offers what the model needs",
  run = function(ctx)
    local templates = {}
    for _, entry in ipairs(ctx.fs.list "templates") do
      templates[entry.name] = assert(std.toml.decode(
        assert(ctx.fs.read("templates/" .. entry.name .. "/template.toml"))))
    end
    local model = assert(std.toml.decode(assert(ctx.fs.read "model.toml")))
    local name = assert(template.choose(model, templates))
    ctx.log.info("template: " .. name)
    assert(ctx.fs.mkdir "build")
    assert(ctx.fs.write("build/template", name .. "\n"))
  end,
  inputs = { "model.toml", "templates/*/template.toml" },
  outputs = { "build/template" },
}

p:task "code-generation" {
  desc = "Make the schema and the client",
  needs = { "template-selection" },
  run = function(ctx)
    local name = ctx.fs.read("build/template"):match "%S+"
    local model = assert(std.toml.decode(assert(ctx.fs.read "model.toml")))
    for _, file in ipairs { "schema.sql", "client.sh" } do
      local text = assert(ctx.fs.read("templates/" .. name .. "/" .. file .. ".in"))
      assert(ctx.fs.write("build/" .. file, template.render(text, template.view(model, name))))
    end
  end,
  inputs = { "model.toml", "templates/**", "build/template" },
  outputs = { "build/schema.sql", "build/client.sh" },
}

p:task "cleanroom-setup" {
  desc = "Load the schema into a database in which nothing is",
  needs = { "code-generation" },
  services = { "db" },
  run = "sh tools/setup.sh",
  inputs = { "build/schema.sql", "tests/people.sql", "tools/setup.sh", "tools/psql.sh" },
  outputs = { "build/room.sql", "build/tables.txt" },
}

p:task "test" {
  desc = "Test the generated code, each suite in a clean room of its own",
  needs = { "cleanroom-setup" },
  matrix = { suite = SUITES },
  services = { "db" },
  run = "sh tests/${matrix.suite}.sh",
  inputs = { "build/room.sql", "build/client.sh", "tests/*.sh", "tools/psql.sh" },
  outputs = { "build/results/${matrix.suite}.tsv" },
}

p:task "validation" {
  desc = "What was made is whole, and all results are good",
  needs = { "test" },
  services = { "db" },
  run = "sh tools/validate.sh " .. table.concat(SUITES, " "),
  inputs = { "build/client.sh", "build/room.sql", "build/tables.txt", "build/results/*.tsv",
    "tools/validate.sh", "tools/psql.sh" },
}

p:task "reporting" {
  desc = "Write build/report.md",
  needs = { "validation" },
  run = function(ctx)
    local lines = { "# Clean room", "", "Template: " .. ctx.fs.read("build/template"), "",
      "| suite | passed | failed |", "| --- | ---: | ---: |" }
    for _, suite in ipairs(SUITES) do
      local counts = { ok = 0, failed = 0 }
      for result in assert(ctx.fs.read("build/results/" .. suite .. ".tsv")):gmatch "(%a+)\t" do
        counts[result] = counts[result] + 1
      end
      lines[#lines + 1] = ("| %s | %d | %d |"):format(suite, counts.ok, counts.failed)
    end
    assert(ctx.fs.write("build/report.md", table.concat(lines, "\n") .. "\n"))
  end,
  inputs = { "build/template", "build/results/*.tsv" },
  outputs = { "build/report.md" },
}

p:phase "testing" { "test" }
p:phase "all" { "reporting", "testing" }
p:default "all"

return p
