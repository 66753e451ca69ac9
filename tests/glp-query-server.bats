#!/usr/bin/env bats
# What glp-query asks of servers beside queries: tails, long ranges in parts, lists, deletes.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  for name in $(compgen -e LOKI_); do unset "$name"; done
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${PIDS-}
}

# A small Loki (tests/tail_server.py ARGS); sets URL.
loki() {
  "$GLP_ROOT/tests/tail_server.py" "$@" >port 3>&- &
  PIDS="${PIDS-} $!"
  wait_for test -s port
  URL=http://127.0.0.1:$(<port)
}

post() { curl -fsS --data-binary "$2" "$URL/$1" >/dev/null; }
asked() { curl -fsS "$URL/log"; }
tails() { [[ $(curl -fsS "$URL/tails") == "$1" ]]; }

# tail_it ARGS…: glp-query -f in the background ($tailer), into out and err.
tail_it() {
  glp-query -s "$URL" -f -o raw "$@" '{app="a"}' >out 2>err 3>&- &
  tailer=$!
  PIDS="${PIDS-} $tailer"
}
# The lines that were printed, joined by blanks, are these.
printed() { [[ $(paste -sd' ' out) == "$1" ]]; }
expect_lines() {
  wait_for printed "$1" && return 0
  echo "got: $(paste -sd' ' out); wanted: $1" >&2
  cat err >&2
  return 1
}
# end_tail SIGNAL STATUS
end_tail() {
  kill "-$1" "$tailer"
  status=0
  wait "$tailer" || status=$?
  stderr=$(<err)
  assert_status "$2"
}
now() { date +%s%N; }

@test "-f on a server prints lines as they come and ends with 0 when it is stopped" {
  loki
  post add "$(($(now) - 60000000000)) old"
  tail_it
  wait_for tails 1
  post add "$(now) one"$'\n'"$(now) two"
  expect_lines "one two"
  end_tail TERM 0
  assert_equal "$(<err)" ""
}

@test "-f with --since begins with what is there, with --limit with the newest of it" {
  loki --max 2
  for i in 5 4 3 2 1; do post add "$(($(now) - i * 60000000000)) m$i"; done
  tail_it --since 10m
  wait_for tails 1
  post add "$(now) new"
  expect_lines "m5 m4 m3 m2 m1 new"
  end_tail TERM 0
  wait_for tails 0
  tail_it --limit 3
  expect_lines "m2 m1 new"
  wait_for tails 1
  post add "$(now) newer"
  expect_lines "m2 m1 new newer"
  end_tail INT 0
}

@test "after a lost connection what came meanwhile is printed, nothing twice" {
  loki
  tail_it
  wait_for tails 1
  start=$(now)
  post add "$start one"
  expect_lines "one"
  # The server is away for the quick try and the one behind it.
  post cut 2
  post add "quiet $((start + 1)) two"$'\n'"quiet $start also one's time"
  expect_lines "one also one's time two"
  wait_for tails 1
  post add "twice $((start + 2)) three"$'\n'"$((start + 3)) four"
  expect_lines "one also one's time two three four"
  end_tail TERM 0
  assert_contains "$(<err)" "; trying again"
  assert_contains "$(<err)" "is back, and nothing is missing"
}

@test "a tail that is stopped while the server is away says that lines may be missing" {
  loki
  tail_it
  wait_for tails 1
  post cut 1000
  wait_for grep -q "trying again" err
  end_tail TERM 3
  assert_contains "$(<err)" "was away: what came after"
}

@test "entries that the server dropped are said and make the status 3" {
  loki
  tail_it
  wait_for tails 1
  post drop "1767571200000000000"
  wait_for grep -q "left out 1 entries from 2026-01-05T00:00:00" err
  end_tail TERM 3
  assert_contains "$(<err)" 'one of them of {app="a"}'
}

@test "a server without a tail is asked again and again" {
  loki --no-tail
  tail_it
  wait_for grep -q "has no tail" err
  start=$(now)
  post add "$start one"$'\n'"$start two"
  expect_lines "one two"
  post add "$((start + 1)) three"
  expect_lines "one two three"
  end_tail TERM 0
}

@test "a tail of a server that is not there is given up" {
  run --separate-stderr env LOKI_CLIENT_RETRIES=0 glp-query -s http://127.0.0.1:1 -f '{app="a"}'
  assert_status 75
  assert_equal "$output" ""
}

@test "-f refuses what does nothing on a server" {
  for option in --forward "--to now" "--step 1m" "-C 1" "-o csv" --hist "--delay-for 6s"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query -s http://127.0.0.1:1 -f $option '{app="a"}'
    assert_status 2
  done
  run --separate-stderr glp-query -s http://127.0.0.1:1 -f 'rate({app="a"}[1m])'
  assert_status 2
  assert_contains "$stderr" "gives numbers"
}

@test "a reader that leaves ends a tail quietly" {
  loki
  { glp-query -s "$URL" -f -o raw '{app="a"}' 2>err; echo "status $?" >status; } | head -n 1 >out &
  PIDS="$PIDS $!"
  wait_for tails 1
  post add "$(now) one"
  wait_for grep -q one out
  wait_for grep -q status status
  assert_equal "$(<err)" ""
}

# 100 lines at 10 times within four hours.
long_range() {
  for i in {0..9}; do
    for j in {0..9}; do echo "$((1767571200000000000 + i * 1500000000000)) line$i$j"; done
  done
}
in_range() { glp-query -q -s "$URL" --from 2026-01-05 --to 2026-01-05T06:00:00Z "$@" '{app="a"}'; }

@test "several connections read a long range as one does, in order" {
  loki --max 15
  post add "$(long_range)"
  for way in --forward ""; do
    for format in raw jsonl default csv loki; do
      # shellcheck disable=SC2086
      in_range $way -o "$format" >one
      # shellcheck disable=SC2086
      in_range $way -o "$format" --parallel-max-workers 4 --parallel-duration 20m >many
      # The figures of an answer are of its own time.
      diff <(sed 's/"stats".*//' one) <(sed 's/"stats".*//' many)
    done
  done
  [[ $(in_range -o raw --parallel-max-workers 3 | sort -u | wc -l) -eq 100 ]]
}

@test "part files are read once, merged in order and removed" {
  loki
  post add "$(long_range)"
  run --separate-stderr in_range -o raw --forward --part-path-prefix p/x
  assert_status 2
  mkdir p
  in_range -o raw --forward --part-path-prefix p/x >out
  assert_equal "$(<out)" ""
  assert_equal "$(find p -name '*.part' | wc -l)" 6
  [[ -e p/x_20260105T010000.000000000_20260105T020000.000000000.part ]]
  rm p/x_20260105T010000.000000000_20260105T020000.000000000.part
  before=$(asked | grep -c query_range)
  in_range -o raw --forward --part-path-prefix p/x --parallel-max-workers 2 --merge-parts --keep-parts >out
  assert_equal "$(asked | grep -c query_range)" $((before + 1))
  in_range -o raw --forward | diff - out
  assert_equal "$(find p -type f | wc -l)" 6
  in_range -o raw --part-path-prefix p/x --merge-parts --overwrite-completed-parts >out
  in_range -o raw | diff - out
  assert_equal "$(find p -type f | wc -l)" 0
}

@test "parallel reading goes with lines of one server only" {
  for option in "--limit 5" "-f" "--at now" "-C 1" "--merge-parts" "--parallel-duration 0s" \
    "--part-path-prefix p -o csv" "--keep-parts --part-path-prefix p"; do
    # shellcheck disable=SC2086
    run --separate-stderr glp-query -s http://127.0.0.1:1 --parallel-max-workers 2 $option '{a="b"}'
    assert_status 2
  done
  run --separate-stderr glp-query --parallel-max-workers 2 '{a="b"}' </dev/null
  assert_status 2
}

@test "warnings of a server make the status 3, --stats says what it looked at" {
  loki
  run --separate-stderr glp-query -s "$URL" -o raw --from 0 --to now --stats '{app="a"} |= "warn"'
  assert_status 3
  assert_contains "$stderr" "glp-query: half of it"
  assert_contains "$stderr" "looked at 7 entries, 2.0 kB of lines, in 500ms"
}

@test "volume, stats, fields, patterns and labels are asked of a server" {
  loki
  run --separate-stderr glp-query -s "$URL" volume '{app="a"}' --target-labels app,env --aggregate-by series
  assert_status 0
  assert_equal "$output" '{app="a"} 30'
  assert_contains "$(asked)" "targetLabels=app%2Cenv&aggregateBy=series"
  run --separate-stderr glp-query -s "$URL" volume '{app="a"}' --step 1m
  assert_equal "$output" '1970-01-01T00:01:00.000000000Z {app="a"} 30'
  run --separate-stderr glp-query -s "$URL" stats '{app="a"}'
  assert_equal "$output" $'streams 1\nchunks 2\nentries 4\nbytes 30'
  run --separate-stderr glp-query -s "$URL" fields '{app="a"}' -o csv
  assert_equal "$output" $'field,type,values,parsers,path\nstatus,int,3,json,http.status\nlevel,string,1,,'
  assert_contains "$(asked)" "line_limit=1000"
  run --separate-stderr glp-query -s "$URL" fields '{app="a"}' status
  assert_equal "$output" $'200\n404'
  run --separate-stderr glp-query -s "$URL" patterns '{app="a"}' -o jsonl
  assert_equal "$output" '{"pattern":"GET <_>","count":9,"errors":0,"first":"1970-01-01T00:01:00.000000000Z","last":"1970-01-01T00:01:00.000000000Z"}
{"pattern":"took <_>","count":3,"errors":3,"first":"1970-01-01T00:01:00.000000000Z","last":"1970-01-01T00:01:10.000000000Z"}'
  run --separate-stderr glp-query -s "$URL" series --analyze-labels -o csv
  assert_equal "$output" $'label,values,streams\napp,1,1'
}

@test "the same is told of a folder and of records" {
  cat >records <<'END'
{"ts":"2026-01-05T10:00:00Z","labels":{"app":"api","env":"prod"},"line":"{\"status\":200}"}
{"ts":"2026-01-05T10:00:01Z","labels":{"app":"api","env":"prod"},"line":"{\"status\":404}"}
{"ts":"2026-01-05T10:02:00Z","labels":{"app":"db","env":"prod"},"line":"took=3ms"}
END
  glp-store append --dir store <records 2>err
  for source in store -; do
    run --separate-stderr glp-query -s "$source" volume '{env="prod"}' --target-labels app <records
    assert_status 0
    assert_equal "$output" $'{app="api"} 28\n{app="db"}  8'
    run --separate-stderr glp-query -s "$source" stats -o jsonl <records
    assert_json "$output" '.streams == 2 and .entries == 3 and .bytes == 36'
    run --separate-stderr glp-query -s "$source" fields -o csv <records
    assert_equal "$output" $'field,type,values,parsers,path\nstatus,int,2,json,status\ntook,duration,1,logfmt,'
    run --separate-stderr glp-query -s "$source" fields '{app="api"}' status <records
    assert_equal "$(sort <<<"$output")" $'200\n404'
    run --separate-stderr glp-query -s "$source" series --analyze-labels <records
    assert_equal "$output" $'label  values  streams\napp    2       2\nenv    1       2'
  done
  run --separate-stderr glp-query -s store stats '{app="nosuch"}'
  assert_status 1
}

@test "delete creates, lists and cancels requests of a server" {
  loki
  export LOKI_ADDR=$URL
  run --separate-stderr glp-query delete create '{app="a"}' --from 2026-01-05 --to 2026-01-06 --max-interval 1h
  assert_status 0
  assert_equal "$output" d1
  run --separate-stderr glp-query delete list -o csv
  assert_equal "$output" 'id,start,end,status,created,query
d1,1970-01-01T00:01:00.000000000Z,1970-01-01T00:02:00.500000000Z,received,1970-01-01T00:03:00.000000000Z,"{app=""a""}"'
  run --separate-stderr glp-query delete cancel d1 --force
  assert_status 0
  assert_contains "$(asked)" 'POST /loki/api/v1/delete?query=%7Bapp%3D%22a%22%7D&start=2026-01-05T00%3A00%3A00.000000000Z&end=2026-01-06T00%3A00%3A00.000000000Z&max_interval=1h0m0s'
  assert_contains "$(asked)" 'DELETE /loki/api/v1/delete?request_id=d1&force=true'
  # A range that nobody gave is not guessed.
  run --separate-stderr glp-query delete create '{app="a"}'
  assert_status 2
  run --separate-stderr glp-query delete list --force
  assert_status 2
  run --separate-stderr glp-query -s . delete list
  assert_status 2
  assert_contains "$stderr" "glp-store delete"
}

@test "LOKI_ADDR is asked where standard input is /dev/null" {
  loki
  post add "$(($(now) - 1000000000)) line"
  run --separate-stderr env LOKI_ADDR="$URL" glp-query -o raw '{app="a"}' </dev/null
  assert_status 0
  assert_equal "$output" line
}
