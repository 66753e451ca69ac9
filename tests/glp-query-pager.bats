#!/usr/bin/env bats
# The pager of glp-query: only in front of a terminal, chosen as git chooses, quiet when it is quit.

# shellcheck disable=SC2030,SC2031  # each test has variables of its own

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR GLP_PAGER PAGER LESS LV
  export TERM=xterm
  awk 'BEGIN { for (i = 1; i <= 5; i++) printf "{\"ts\":\"2026-01-05T10:00:0%d.000000000Z\",\"labels\":{\"app\":\"a\",\"n\":\"%d\"},\"line\":\"line %d\"}\n", i, i % 2, i }' >records
  glp-pack -o pack.glp <records 2>pack.err
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${RUNNING-}
}

# on_terminal COMMAND: what a terminal shows of it, without its carriage returns.
on_terminal() {
  run script -qec "$1" /dev/null
  output=${output//$'\r'/}
}

@test "the answer goes through the pager, and so do the words about it" {
  export GLP_PAGER='sed s/^/P:/'
  on_terminal "glp-query --color never --forward --limit 2 -s pack.glp '{}'"
  assert_status 0
  assert_equal "$output" 'P:glp-query: Common labels: {app="a"}
P:2026-01-05T10:00:01.000000000Z {n="1"} line 1
P:2026-01-05T10:00:02.000000000Z {n="0"} line 2
P:glp-query: stopped at --limit 2; there may be more'
  on_terminal "glp-query labels -s pack.glp"
  assert_equal "$output" $'P:app\nP:n'
}

@test "lines of standard input that are answered as they come do not wait for a pager" {
  export GLP_PAGER='sed s/^/P:/'
  on_terminal "cat records | glp-query -o raw --limit 2 -q '{}'"
  assert_equal "$output" $'line 1\nline 2'
  on_terminal "cat records | glp-query -o csv --limit 1 -q '{}'"
  assert_equal "$output" $'P:ts,app,n,line\nP:2026-01-05T10:00:05.000000000Z,a,1,line 5'
  on_terminal "cat records | glp-query --at 2026-01-05T10:00:05Z 'sum(count_over_time({}[1m]))'"
  assert_equal "$output" 'P:{} 5'
  on_terminal "cat records | glp-query labels"
  assert_equal "$output" $'P:app\nP:n'
}

@test "words for another place than the terminal do not go through the pager" {
  export GLP_PAGER='sed s/^/P:/'
  on_terminal "glp-query -o raw --limit 1 -s pack.glp '{}' 2>words"
  assert_equal "$output" "P:line 5"
  assert_equal "$(<words)" "glp-query: stopped at --limit 1; there may be more"
}

@test "there are colours in a pager and no control characters of the log" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a":"b"},"line":"\u001b[2Jred"}' |
    glp-pack -o escape.glp 2>pack.err
  GLP_PAGER='sed s/^/P:/' on_terminal "glp-query -s escape.glp '{}'"
  assert_contains "$output" $'\e[0m'
  assert_contains "$output" 'x1b[2Jred'
  refute_contains "$output" $'\e[2J'
}

@test "GLP_PAGER goes ahead of PAGER, and less is there without both" {
  mkdir bin
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "less with LESS=$LESS LV=$LV"\ncat\n' >bin/less
  chmod +x bin/less
  PATH=$PWD/bin:$PATH
  on_terminal "glp-query -o raw -s pack.glp '|= \"line 5\"'"
  assert_equal "$output" $'less with LESS=FRX LV=-c\nline 5'
  LESS=-S LV='' on_terminal "glp-query -o raw -s pack.glp '|= \"line 5\"'"
  assert_equal "$output" $'less with LESS=-S LV=\nline 5'
  PAGER='sed s/^/one:/' on_terminal "glp-query -o raw -s pack.glp '|= \"line 5\"'"
  assert_equal "$output" "one:line 5"
  # What a shell is needed for.
  PAGER=no GLP_PAGER='sed "s/^/two: /" | tr a-z A-Z' on_terminal "glp-query -o raw -s pack.glp '|= \"line 5\"'"
  assert_equal "$output" "TWO: LINE 5"
  TERM=dumb on_terminal "glp-query -o raw -s pack.glp '|= \"line 5\"'"
  assert_equal "$output" "line 5"
}

@test "less itself shows a short answer and is done" {
  on_terminal "stty rows 24 cols 80; glp-query -o raw --forward -s pack.glp '{}'"
  assert_status 0
  assert_equal "$(grep -o 'line [0-9]' <<<"$output" | paste -sd,)" "line 1,line 2,line 3,line 4,line 5"
}

@test "there is no pager with --no-pager, cat, an empty variable, --follow, or without a terminal" {
  mark='sed s/^/P:/'
  GLP_PAGER=$mark on_terminal "glp-query --no-pager -o raw --limit 1 -q -s pack.glp '{}'"
  assert_equal "$output" "line 5"
  GLP_PAGER='' PAGER=$mark on_terminal "glp-query -o raw --limit 1 -q -s pack.glp '{}'"
  assert_equal "$output" "line 5"
  GLP_PAGER=cat PAGER=$mark on_terminal "glp-query -o raw --limit 1 -q -s pack.glp '{}'"
  assert_equal "$output" "line 5"
  GLP_PAGER=$mark on_terminal "glp-query -f -o raw -q '|= \"line 5\"' <records"
  assert_equal "$output" "line 5"
  GLP_PAGER=$mark run --separate-stderr glp-query -o raw --limit 1 -q -s pack.glp '{}'
  assert_equal "$output" "line 5"
}

@test "a pager that is not there is no error" {
  GLP_PAGER=nosuchpager on_terminal "glp-query -o raw --limit 1 -q -s pack.glp '{}'"
  assert_status 0
  assert_equal "$output" "line 5"
}

@test "a pager that the shell does not find is an error, as nothing was shown" {
  GLP_PAGER='nosuchpager 2>/dev/null #' on_terminal "glp-query -o raw --limit 1 -q -s pack.glp '{}'"
  assert_status 2
  assert_contains "$output" "the pager 'nosuchpager 2>/dev/null #' was not found"
}

@test "the exit status is that of the query, whatever the pager's is" {
  export GLP_PAGER='cat; exit 7'
  on_terminal "glp-query -o raw -s pack.glp '{app=\"nosuch\"}'"
  assert_status 1
  on_terminal "glp-query -o raw -q --limit 1 -s pack.glp '{}'"
  assert_status 0
  on_terminal "(echo junk; cat records) | glp-query -o raw -q '|= \"line 5\"'"
  assert_status 3
  assert_contains "$output" "bad record"
  on_terminal "glp-query '{app=' <records"
  assert_status 2
  assert_contains "$output" "parse error at line 1, col 6"
}

@test "quitting the pager early ends the query quietly" {
  awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"ts\":\"2026-01-05T10:00:00.%09dZ\",\"labels\":{\"app\":\"a\"},\"line\":\"line %d of very many\"}\n", i, i }' >many
  glp-store append --dir store <many
  for source in store -; do
    GLP_PAGER='head -n 2' on_terminal "glp-query -s $source --forward -o raw -q '{}' <many"
    assert_status 0
    assert_equal "$output" $'line 0 of very many\nline 1 of very many'
  done
  # Also where nothing was printed yet, and nothing comes.
  mkfifo fifo
  sleep 60 >fifo 3>&- &
  RUNNING=$!
  GLP_PAGER='true' on_terminal "glp-query 'count_over_time({}[1m])' <fifo"
  assert_status 0
  assert_equal "$output" ""
}

@test "Ctrl-C stops the query and waits for the pager" {
  cat >pager <<'END'
#!/bin/sh
trap '' INT
echo the pager begins
cat
echo the pager ends
END
  chmod +x pager
  mkfifo fifo keys
  sleep 60 >fifo 3>&- &
  RUNNING=$!
  GLP_PAGER=$PWD/pager script -qec "glp-query 'count_over_time({}[1m])' <fifo; echo status \$?" /dev/null <keys >shown 3>&- &
  RUNNING="$RUNNING $!"
  exec 4>keys
  wait_for grep -q begins shown
  printf '\003' >&4
  wait_for grep -q status shown
  exec 4>&-
  assert_equal "$(tr -d '\r' <shown | sed 's/^\^C//')" 'the pager begins
the pager ends
glp-query: stopped before the end: the answer is not complete
status 3'
}
