# Writes the C of the records in a schema file; what the fields mean is known to field.h of the store.
# SPDX-License-Identifier: MIT
#
#   awk -v part=header -f generate.awk shop.schema > records.h
#   awk -v part=source -f generate.awk shop.schema > records.c

function fail(message) {
  printf "%s:%d: %s\n", FILENAME, FNR, message | "cat >&2"
  close("cat >&2")
  failed = 1
  exit 1
}

function c_type(i) {
  if (type[i] == "text") return "char " field[i] "[" size[i] + 1 "]"
  if (type[i] == "money") return "money " field[i]
  return "int64_t " field[i]
}

function write_header(i) {
  printf "\nstruct %s {\n", record
  for (i = 1; i <= fields; i++) printf "  %s;\n", c_type(i)
  print "};"
  printf "extern const char %s_header[];\n", record
  printf "/* NULL, or what is wrong with the line. */\n"
  printf "const char *%s_read(const char *line, struct %s *record);\n", record, record
  printf "bool %s_write(FILE *to, const struct %s *record);\n", record, record
}

function read_call(i) {
  if (type[i] == "text") return "field_text(&from, record->" field[i] ", sizeof record->" field[i] ")"
  return "field_" type[i] "(&from, &record->" field[i] ")"
}

function write_source(i, names) {
  for (i = 1; i <= fields; i++) names = names (i > 1 ? "\\t" : "") field[i]
  printf "\nconst char %s_header[] = \"# %s\\n\";\n", record, names

  printf "\nconst char *%s_read(const char *line, struct %s *record) {\n", record, record
  print "  struct fields from = fields_of(line);"
  for (i = 1; i <= fields; i++)
    printf "  if (!%s) return \"bad %s\";\n", read_call(i), field[i]
  print "  return fields_end(&from) ? NULL : \"too many fields\";"
  print "}"

  printf "\nbool %s_write(FILE *to, const struct %s *record) {\n", record, record
  for (i = 1; i <= fields; i++)
    printf "  %sfield_put_%s(to, record->%s, '%s')%s\n", i == 1 ? "return " : "       ",
           type[i], field[i], i < fields ? "\\t" : "\\n", i < fields ? " &&" : ";"
  print "}"
}

BEGIN {
  if (part != "header" && part != "source") {
    print "generate.awk: say -v part=header or -v part=source" | "cat >&2"
    failed = 1
    exit 2
  }
  print "/* Made by generate.awk. */"
  if (part == "header") {
    print "#ifndef RECORDS_H\n#define RECORDS_H\n"
    print "#include <stdbool.h>\n#include <stdint.h>\n#include <stdio.h>\n\n#include \"money.h\""
  } else {
    print "#include \"records.h\"\n\n#include \"field.h\""
  }
}

/^[ \t]*(#|$)/ { next }

$1 == "record" {
  if (record != "") fail("record " record " has no end")
  if ($2 !~ /^[a-z][a-z0-9_]*$/ || NF != 2) fail("a record needs one name in small letters")
  record = $2
  fields = 0
  next
}

$1 == "end" {
  if (record == "") fail("end without a record")
  if (fields == 0) fail("record " record " has no fields")
  if (part == "header") write_header(); else write_source()
  record = ""
  next
}

{
  if (record == "") fail("field " $1 " stands outside of a record")
  if ($1 !~ /^[a-z][a-z0-9_]*$/) fail("bad field name: " $1)
  if ($2 == "text") {
    if ($3 !~ /^[1-9][0-9]*$/ || NF != 3) fail("text needs a size, such as: " $1 " text 12")
  } else if ($2 == "count" || $2 == "money") {
    if (NF != 2) fail($2 " takes no size")
  } else {
    fail("unknown type: " $2)
  }
  fields++
  field[fields] = $1
  type[fields] = $2
  size[fields] = $3
}

END {
  if (!failed && record != "") fail("record " record " has no end")
  if (!failed && part == "header") print "\n#endif"
}
