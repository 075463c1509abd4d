---@meta
-- The types of the parser that `args` of a command plugin adds to. It is argparse's
-- (https://argparse.readthedocs.io); here is what installed plugins have of it.
-- SPDX-License-Identifier: MIT

---The options of a subcommand. What is missing here installed plugins do not have.
---@class ggen.Parser
local Parser = {}

---Adds an argument; `run` finds it under its name.
---@param name string
---@param description? string
---@return ggen.ParserArgument
function Parser:argument(name, description) end

---Adds an option with a value: "-o --output". `run` finds it under its longest name, with `_` for
---`-`.
---@param names string
---@param description? string
---@return ggen.ParserOption
function Parser:option(names, description) end

---Adds an option without a value, which is true when it is given.
---@param names string
---@param description? string
---@return ggen.ParserOption
function Parser:flag(names, description) end

---Of these only one may be given.
---@param ... ggen.ParserOption|ggen.ParserArgument
---@return ggen.Parser self
function Parser:mutex(...) end

---Puts these together in the help.
---@param name string
---@param ... ggen.ParserOption|ggen.ParserArgument
---@return ggen.Parser self
function Parser:group(name, ...) end

---What the command is for, above its options in the help.
---@param text string
---@return ggen.Parser self
function Parser:description(text) end

---What stands at the end of the help.
---@param text string
---@return ggen.Parser self
function Parser:epilog(text) end

---An argument of a subcommand.
---@class ggen.ParserArgument
local ParserArgument = {}

---What it is for, in the help.
---@param text string
---@return ggen.ParserArgument self
function ParserArgument:description(text) end

---What it is when it is not given.
---@param value string
---@return ggen.ParserArgument self
function ParserArgument:default(value) end

---How many values it takes: "1", "?", "*", "+", "2-4".
---@param count string|integer
---@return ggen.ParserArgument self
function ParserArgument:args(count) end

---What its value is called in the help.
---@param name string|string[]
---@return ggen.ParserArgument self
function ParserArgument:argname(name) end

---The values that it may have.
---@param values string[]
---@return ggen.ParserArgument self
function ParserArgument:choices(values) end

---Makes of the text what `run` gets; nil and a message refuse it. A table maps texts.
---@param convert table|fun(value: string): any?, string?
---@return ggen.ParserArgument self
function ParserArgument:convert(convert) end

---The name under which `run` finds it.
---@param name string
---@return ggen.ParserArgument self
function ParserArgument:target(name) end

---Leaves it out of the help.
---@param hidden boolean
---@return ggen.ParserArgument self
function ParserArgument:hidden(hidden) end

---Whether the help says the default.
---@param show boolean
---@return ggen.ParserArgument self
function ParserArgument:show_default(show) end

---An option of a subcommand.
---@class ggen.ParserOption
local ParserOption = {}

---What it is for, in the help.
---@param text string
---@return ggen.ParserOption self
function ParserOption:description(text) end

---What it is when it is not given.
---@param value string
---@return ggen.ParserOption self
function ParserOption:default(value) end

---How many values it takes: "1", "?", "*", "+", "2-4".
---@param count string|integer
---@return ggen.ParserOption self
function ParserOption:args(count) end

---What its value is called in the help.
---@param name string|string[]
---@return ggen.ParserOption self
function ParserOption:argname(name) end

---The values that it may have.
---@param values string[]
---@return ggen.ParserOption self
function ParserOption:choices(values) end

---Makes of the text what `run` gets; nil and a message refuse it. A table maps texts.
---@param convert table|fun(value: string): any?, string?
---@return ggen.ParserOption self
function ParserOption:convert(convert) end

---The name under which `run` finds it.
---@param name string
---@return ggen.ParserOption self
function ParserOption:target(name) end

---Leaves it out of the help.
---@param hidden boolean
---@return ggen.ParserOption self
function ParserOption:hidden(hidden) end

---Whether the help says the default.
---@param show boolean
---@return ggen.ParserOption self
function ParserOption:show_default(show) end

---How often it may be given: "?", "*", "0-1".
---@param count string|integer
---@return ggen.ParserOption self
function ParserOption:count(count) end

---What it begins with, before the command line is read.
---@param value any
---@return ggen.ParserOption self
function ParserOption:init(value) end

---Whether the last of several wins; otherwise the first does, and the others are refused.
---@param overwrite boolean
---@return ggen.ParserOption self
function ParserOption:overwrite(overwrite) end
