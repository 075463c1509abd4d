std = "luajit"
max_line_length = 100
files["spec"] = { std = "+busted" }
-- Built-in methods get `self` and arguments that not everybody needs.
unused_args = false
