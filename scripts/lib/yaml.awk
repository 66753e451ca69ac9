# A strict reader of the block YAML that promtail's and Loki's configurations are written in.
# Prints each value as a line:  LINE <tab> KIND <tab> POINTER <tab> VALUE
#
#   KIND     plain | quoted | null | map (empty) | list (empty)
#   POINTER  the way to the value as a JSON pointer (RFC 6901): /scrape_configs/0/job_name
#   VALUE    with \\, \n and \t for backslash, newline and tab
#
# Read: block mappings and sequences, plain and quoted scalars, |-literals, one-line [] and {}.
# Everything else of YAML (anchors, tags, folded and many-line scalars, several documents, tabs as
# indentation, a key given twice) is an error: "LINE: why" on stderr, exit 1. Nothing is guessed.
#
#   awk -v expand_env=1 -f yaml.awk FILE     fills in ${NAME} and ${NAME:-default} first

function fail(line, why) {
  printf "%d: %s\n", line, why > "/dev/stderr"
  failed = 1
  exit 1
}

# --- lines ---

function expand(text, line,    out, at, end, name, fallback, has_fallback, value) {
  out = ""
  while ((at = index(text, "${")) > 0) {
    out = out substr(text, 1, at - 1)
    text = substr(text, at + 2)
    end = index(text, "}")
    if (end == 0) fail(line, "'${' without '}'")
    name = substr(text, 1, end - 1)
    text = substr(text, end + 1)
    fallback = ""
    has_fallback = 0
    if (match(name, /:?[-=]/)) {
      fallback = substr(name, RSTART + RLENGTH)
      has_fallback = 1
      name = substr(name, 1, RSTART - 1)
    }
    if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) fail(line, "'${" name "}' is no name of a variable")
    value = name in ENVIRON ? ENVIRON[name] : ""
    if (value == "" && has_fallback) value = fallback
    if (index(value, "\n")) fail(line, "the value of " name " has more than one line")
    out = out value
  }
  out = out text
  gsub(/\\\\/, "\\", out)
  return out
}

{
  sub(/\r$/, "")
  raw[NR] = expand_env ? expand($0, NR) : $0
}

# Moves `cur` to the next line that says something, and sets `indent` and `text` from it;
# `indent` is -1 behind the last.
function advance() {
  while (++cur <= NR) {
    text = raw[cur]
    match(text, /^ */)
    indent = RLENGTH
    text = substr(text, indent + 1)
    if (text == "" || text ~ /^#/) continue
    if (text ~ /^\t/) {
      if (text ~ /^[ \t]*(#|$)/) continue
      fail(cur, "a tab in the indentation")
    }
    if (indent == 0 && text ~ /^---([ \t]|$)/) {
      if (seen_text || text !~ /^---[ \t]*(#.*)?$/) fail(cur, "one document only is read")
      continue
    }
    if (indent == 0 && text ~ /^\.\.\.[ \t]*$/) fail(cur, "'...' is not read")
    if (indent == 0 && text ~ /^%/) fail(cur, "directives are not read")
    sub(/[ \t]+$/, "", text)
    seen_text = 1
    return
  }
  indent = -1
  text = ""
}

# --- values ---

function emit(line, kind, pointer, value) {
  gsub(/\\/, "&&", value)
  gsub(/\n/, "\\n", value)
  gsub(/\t/, "\\t", value)
  print line "\t" kind "\t" pointer "\t" value
}

function below(pointer, key) {
  gsub(/~/, "~0", key)
  gsub(/\//, "~1", key)
  if (key == "") fail(cur, "an empty key")
  if (key ~ /[\t\n\\]/) fail(cur, "a key with a tab, newline or backslash")
  if ((pointer "/" key) in given) fail(cur, "the key '" key "' is given twice, first in line " given[pointer "/" key])
  given[pointer "/" key] = cur
  return pointer "/" key
}

# Reads a quoted scalar at the start of `s`: sets `scalar` and returns what follows it.
function quoted(s, line,    q, out, c, i, n) {
  q = substr(s, 1, 1)
  out = ""
  n = length(s)
  for (i = 2; i <= n; i++) {
    c = substr(s, i, 1)
    if (c == q) {
      if (q == "'" && substr(s, i + 1, 1) == "'") {
        out = out "'"
        i++
        continue
      }
      scalar = out
      return substr(s, i + 1)
    }
    if (c == "\\" && q == "\"") {
      c = substr(s, ++i, 1)
      if (c == "n") c = "\n"
      else if (c == "t") c = "\t"
      else if (c == "r") c = "\r"
      else if (c != "\\" && c != "\"" && c != "/" && c != " ") fail(line, "the escape '\\" c "' is not read")
    }
    out = out c
  }
  fail(line, "a quoted text does not end in its line")
}

function refuse_start(s, line, in_flow,    c) {
  c = substr(s, 1, 1)
  if (c == "&" || c == "*") fail(line, "anchors and aliases are not read")
  if (c == "!") fail(line, "tags are not read")
  if (c == ">") fail(line, "folded text ('>') is not read; use '|' or quotes")
  if (c != "" && index(in_flow ? "@`%|#" : "@`%|]},", c)) fail(line, "'" c "' cannot begin a value")
  if (s ~ /^\?([ \t]|$)/) fail(line, "complex keys ('? ') are not read")
}

function is_null(s) { return s == "" || s == "~" || s == "null" || s == "Null" || s == "NULL" }

# One value within [] or {}: what follows it is returned.
function flow(s, pointer, line,    close_at, key, i, rest) {
  sub(/^[ \t]+/, "", s)
  refuse_start(s, line, 1)
  if (s ~ /^[\[]/) {
    s = substr(s, 2)
    for (i = 0; ; i++) {
      sub(/^[ \t]+/, "", s)
      if (s ~ /^\]/) {
        if (i == 0) emit(line, "list", pointer, "")
        return substr(s, 2)
      }
      if (i > 0) {
        if (s !~ /^,/) fail(line, "',' or ']' was expected in a list that ends in its line")
        s = substr(s, 2)
        sub(/^[ \t]+/, "", s)
        if (s ~ /^\]/) return substr(s, 2)
      }
      if (s ~ /^,/) fail(line, "an empty list item")
      s = flow(s, pointer "/" i, line)
    }
  }
  if (s ~ /^\{/) {
    s = substr(s, 2)
    for (i = 0; ; i++) {
      sub(/^[ \t]+/, "", s)
      if (s ~ /^\}/) {
        if (i == 0) emit(line, "map", pointer, "")
        return substr(s, 2)
      }
      if (i > 0) {
        if (s !~ /^,/) fail(line, "',' or '}' was expected in a mapping that ends in its line")
        s = substr(s, 2)
        sub(/^[ \t]+/, "", s)
        if (s ~ /^\}/) return substr(s, 2)
      }
      if (s ~ /^["']/) {
        s = quoted(s, line)
        key = scalar
      } else {
        refuse_start(s, line, 1)
        if (!match(s, /^[^]\[{},:]+/)) fail(line, "a key was expected within {}")
        key = substr(s, 1, RLENGTH)
        s = substr(s, RLENGTH + 1)
        sub(/[ \t]+$/, "", key)
      }
      sub(/^[ \t]+/, "", s)
      if (s ~ /^:/) {
        if (s !~ /^:([ \t,}]|$)/) fail(line, "':' within {} needs a space behind it")
        s = flow(substr(s, 2), below(pointer, key), line)
      } else {
        emit(line, "null", below(pointer, key), "")
      }
    }
  }
  if (s ~ /^["']/) {
    rest = quoted(s, line)
    emit(line, "quoted", pointer, scalar)
    return rest
  }
  if (s ~ /^-([ \t"']|$)/) fail(line, "a list item within [] or {}")
  if (s == "") fail(line, "[] and {} must end in their line")
  match(s, /^[^]\[{},]*/)
  rest = substr(s, RLENGTH + 1)
  s = substr(s, 1, RLENGTH)
  if (s ~ /(^|[ \t])#/) fail(line, "a comment within [] or {}")
  if (s ~ /:([ \t]|$)/) fail(line, "a mapping without {} within [] or {}")
  sub(/[ \t]+$/, "", s)
  emit(line, is_null(s) ? "null" : "plain", pointer, is_null(s) ? "" : s)
  return rest
}

function nothing_more(rest, line) {
  if (rest !~ /^[ \t]*$/ && rest !~ /^[ \t]+#/) fail(line, "not understood behind a value: " rest)
}

# The value that stands in its line. Leaves `cur` on the next line.
function value_of(s, pointer, outer,    line, rest) {
  line = cur
  if (s ~ /^\|/) {
    literal(s, pointer, outer)
    return
  }
  refuse_start(s, line)
  if (is_item(s)) fail(line, "a list begins on its own line")
  if (s ~ /^["']/) {
    rest = quoted(s, line)
    nothing_more(rest, line)
    emit(line, "quoted", pointer, scalar)
  } else if (s ~ /^[\[{]/) {
    nothing_more(flow(s, pointer, line), line)
  } else {
    if (match(s, /[ \t]+#/)) s = substr(s, 1, RSTART - 1)
    if (s ~ /:([ \t]|$)/) fail(line, "': ' within a value; put it into quotes")
    emit(line, is_null(s) ? "null" : "plain", pointer, is_null(s) ? "" : s)
  }
  advance()
  if (indent > outer) fail(cur, "a value that goes on in the next line is not read; use '|' or quotes on one line")
}

# A |-literal: the lines deeper than `outer`, as they are.
function literal(s, pointer, outer,    line, chomp, depth, out, i, t, blank) {
  line = cur
  chomp = substr(s, 2)
  sub(/[ \t]+#.*$/, "", chomp)
  if (chomp != "" && chomp != "-" && chomp != "+") fail(line, "'" s "' is not read; use '|' or '|-'")
  depth = -1
  out = ""
  blank = ""
  for (i = cur + 1; i <= NR; i++) {
    t = raw[i]
    if (t ~ /^ *$/) {
      blank = blank (depth >= 0 ? substr(t, depth + 1) : "") "\n"
      continue
    }
    match(t, /^ */)
    if (RLENGTH <= outer) break
    if (depth < 0) depth = RLENGTH
    if (RLENGTH < depth) fail(i, "less indented than the first line of its text")
    out = out blank substr(t, depth + 1) "\n"
    blank = ""
  }
  if (chomp == "-") sub(/\n$/, "", out)
  if (chomp == "+") out = out blank
  emit(line, "quoted", pointer, out)
  cur = i - 1
  advance()
}

# --- structure ---

function is_item(s) { return s == "-" || s ~ /^-[ \t]/ }

# The key that `text` begins with: sets `key` and `after`; 0 where it is no mapping entry.
function split_key(s,    rest) {
  if (s ~ /^["']/) {
    rest = quoted(s, cur)
    key = scalar
    if (rest !~ /^[ \t]*:([ \t]|$)/) return 0
    sub(/^[ \t]*:[ \t]*/, "", rest)
    after = rest
    return 1
  }
  if (s ~ /^[\[{|]/) return 0
  if (!match(s, /:([ \t]|$)/)) return 0
  key = substr(s, 1, RSTART - 1)
  if (key ~ /[ \t]#/) return 0
  after = substr(s, RSTART + 1)
  sub(/^[ \t]+/, "", after)
  sub(/[ \t]+$/, "", key)
  return 1
}

function block(pointer,    depth) {
  depth = indent
  if (is_item(text)) sequence(depth, pointer)
  else mapping(depth, pointer)
  if (indent > depth) fail(cur, "indented deeper than what it belongs to")
}

function sequence(depth, pointer,    i, rest, column, line) {
  for (i = 0; indent == depth && is_item(text); i++) {
    line = cur
    rest = substr(text, 2)
    match(rest, /^[ \t]*/)
    column = depth + 1 + RLENGTH
    rest = substr(rest, RLENGTH + 1)
    if (rest ~ /^#/) rest = ""
    if (rest == "") {
      advance()
      if (indent > depth) block(pointer "/" i)
      else emit(line, "null", pointer "/" i, "")
    } else {
      refuse_start(rest, cur)
      if (is_item(rest) || split_key(rest)) {
        indent = column
        text = rest
        block(pointer "/" i)
      } else {
        value_of(rest, pointer "/" i, depth)
      }
    }
  }
}

function mapping(depth, pointer,    where, line, rest) {
  while (indent == depth) {
    if (is_item(text)) fail(cur, "a list item where a key was expected")
    refuse_start(text, cur)
    if (!split_key(text)) fail(cur, "'key: value' was expected: " text)
    where = below(pointer, key)
    line = cur
    rest = after
    if (rest ~ /^#/) rest = ""
    if (rest != "") {
      value_of(rest, where, depth)
      continue
    }
    advance()
    if (indent > depth) block(where)
    else if (indent == depth && is_item(text)) sequence(depth, where)
    else emit(line, "null", where, "")
  }
}

END {
  if (failed) exit 1
  cur = 0
  seen_text = 0
  advance()
  if (indent >= 0) {
    block("")
    if (indent >= 0) fail(cur, "less indented than the start of the file")
  }
}
