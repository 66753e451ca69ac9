#!/usr/bin/env bats
# What `glp-query explain` promises: what a query will read and do, as it then does.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
  cat >records <<'EOF'
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a status=200"}
{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a status=500 error"}
{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"app":"db","env":"prod"},"line":"slow query"}
{"ts":"2026-01-05T10:10:00.000000000Z","labels":{"app":"api","env":"test"},"line":"GET /b status=404 error"}
EOF
  # Two segments: of prod, and of test.
  head -n 3 records | glp-store append --dir store 2>store.err
  tail -n 1 records | glp-store append --dir store 2>store.err
}

# Stored sizes are the format's own affair.
without_sizes() { sed -E 's/^( *stored +).*/\1…/'; }

@test "a log query: what is searched first, what follows, which labels are wanted, what is read" {
  # shellcheck disable=SC2016  # template's dollars
  run --separate-stderr glp-query explain -s store \
    '{env="prod"} |= "error" or "slow" != "x" | logfmt | status>=500 | line_format "{{.status}}" |= "5"'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(without_sizes <<<"$output")" 'query     {env="prod"} |= "error" or "slow" != "x" | logfmt | status>=500 | line_format "{{.status}}" |= "5"

scan 1    {env="prod"} |= "error" or "slow" != "x" | logfmt | status>=500 | line_format "{{.status}}" |= "5"
  selector  {env="prod"}
  time      all there is, newest first
  lines     are read
  first     |= "error" or "slow"
              looks for "error"; or "slow"
            != "x"
              looks for lines without: "x"
  then      | logfmt
              is asked for all labels
            | status>=500
            | line_format "{{.status}}"
            |= "5"
  source    store
    streams   2 of 3
    blocks    2 to read; left out: 1 of other streams, 0 of other times, 0 where no line can pass
    stored    …
    entries   3'
}

@test "a metric has a scan for each range aggregation, and reads no lines where it counts" {
  run --separate-stderr glp-query explain -s store --from 2026-01-05T10:05:00Z --to 2026-01-05T10:15:00Z \
    'sum by (app) (count_over_time({env=~".+"}[1m])) / sum by (app) (rate({} |~ "(?i)error|panic" | logfmt [1h] offset 1m))'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(without_sizes <<<"$output")" 'query     (sum by (app)(count_over_time({env=~".+"}[1m])) / sum by (app)(rate({} |~ "(?i)error|panic" | logfmt[1h] offset 1m0s)))

scan 1    count_over_time({env=~".+"}[1m])
  selector  {env=~".+"}
  time      from 2026-01-05T10:04:00.000000001Z to before 2026-01-05T10:15:00.000000001Z, oldest first
  lines     are not read: times and streams suffice
  source    store
    streams   3 of 3
    blocks    1 to read; left out: 0 of other streams, 2 of other times, 0 where no line can pass
    stored    …
    entries   1

scan 2    rate({} |~ "(?i)error|panic" | logfmt[1h] offset 1m0s)
  selector  {}
  time      from 2026-01-05T09:04:00.000000001Z to before 2026-01-05T10:14:00.000000001Z, oldest first
  lines     are read
  first     |~ "(?i)error|panic"
              looks for "error" in any case or "panic" in any case
  then      | logfmt
              is asked for app
  source    store
    streams   3 of 3
    blocks    3 to read; left out: 0 of other streams, 0 of other times, 0 where no line can pass
    stored    …
    entries   4'
}

@test "a metric at one instant; one that reads nothing" {
  run --separate-stderr glp-query explain -s store --at 2026-01-05T10:00:30Z 'rate({env="prod"}[20s])'
  assert_status 0
  assert_contains "$output" \
    'from 2026-01-05T10:00:10.000000001Z to before 2026-01-05T10:00:30.000000001Z, oldest first'
  run --separate-stderr glp-query explain -s store --at 2026-01-05T10:00:30Z '{env="prod"}'
  assert_status 2
  run --separate-stderr glp-query explain -s store 'vector(2)'
  assert_status 0
  assert_contains "$output" 'scans     none: it reads nothing'
}

@test "what it says is what the run then reads" {
  local query
  glp-pack -o pack.glp <records
  for source in store pack.glp; do
    for query in '{env="prod"}' '{}' '{app="api"} |= "error"' '{app="none"}' \
      'sum by (app) (count_over_time({env="prod"}[1h]))' 'count_over_time({app="api"} | logfmt [1h])'; do
      glp-query explain -s "$source" -o jsonl "$query" >plan
      glp-query -s "$source" -o loki "$query" >answer || true
      assert_equal "$(jq -c '[.sources[0] | .blocks, .blocks + .blocks_stream + .blocks_time + .blocks_filter, .entries]' plan)" \
        "$(jq -c '.data.stats | [.querier.store.totalChunksDownloaded, .querier.store.totalChunksRef, .summary.totalLinesProcessed]' answer)"
      jq -e '.sources[0] | .bytes <= .bytes_total and (.bytes > 0) == (.blocks > 0)' plan
      # Lines count only where they are read.
      jq -e --slurpfile answer answer \
        '.lines == ($answer[0].data.stats.summary.totalBytesProcessed > 0) or .sources[0].blocks == 0' plan
    done
  done
}

@test "-o jsonl is an object for each scan" {
  run --separate-stderr glp-query explain -s store -o jsonl --to 2026-01-05T10:05:00Z --forward \
    '{env="prod"} |~ "\\d+" |= "error" | json | logfmt | x="1" | keep x'
  assert_status 0
  assert_equal "$(jq -c '.sources[0] |= (.bytes = 0 | .bytes_total = 0)' <<<"$output")" \
    '{"query":"{env=\"prod\"} |~ \"\\\\d+\" |= \"error\" | json | logfmt | x=\"1\" | keep x","scan":1,"expression":"{env=\"prod\"} |~ \"\\\\d+\" |= \"error\" | json | logfmt | x=\"1\" | keep x","selector":"{env=\"prod\"}","from":null,"to":"2026-01-05T10:05:00.000000000Z","direction":"forward","lines":true,"first":[{"filter":"|= \"error\"","search":"\"error\""},{"filter":"|~ \"\\\\d+\"","search":"the regular expression in every line"}],"then":[{"stage":"| json","labels":"all"},{"stage":"| logfmt","labels":"all"},{"stage":"| x=\"1\""},{"stage":"| keep x"}],"sources":[{"source":"store","streams":2,"streams_total":3,"blocks":2,"blocks_stream":1,"blocks_time":0,"blocks_filter":0,"bytes":0,"bytes_total":0,"entries":3,"memory_entries":0}]}'
  run --separate-stderr glp-query explain -s store -o jsonl 'rate({}[1m]) / rate({}[5m])'
  assert_status 0
  assert_equal "$(jq -s 'map(.scan)|tostring' <<<"$output")" '"[1,2]"'
  run --separate-stderr glp-query explain -s store -o csv '{}'
  assert_status 2
  assert_contains "$stderr" '-o csv is not for plans'
}

@test "sources that cannot tell say so, and the rest is told" {
  run --separate-stderr glp-query explain -s store -s - 'sum(rate({env="prod"}[1m]))' <records
  assert_status 0
  assert_contains "$output" 'time      all there is, oldest first; the windows are not known before the data is'
  assert_contains "$output" 'streams   2 of 3'
  assert_contains "$output" '  source    -
    plan      none: what a query will read can be told of stores and .glp files only'
  # No server is asked.
  run --separate-stderr glp-query explain -s http://127.0.0.1:1 -o jsonl --from 2026-01-05 --to 2026-01-06 '{env="prod"}'
  assert_status 0
  assert_equal "$(jq -c .sources <<<"$output")" \
    '[{"source":"http://127.0.0.1:1","unknown":"what a query will read can be told of stores and .glp files only"}]'
}

@test "a query that is none is refused with its place" {
  run --separate-stderr glp-query explain -s store '{env="prod"} |= error'
  assert_status 2
  assert_equal "$output" ""
  run --separate-stderr glp-query explain -s store
  assert_status 2
  assert_contains "$stderr" 'a query is missing'
}

@test "what --limit does to a scan is told" {
  run --separate-stderr glp-query explain -s store --limit 2 '{}'
  assert_status 0
  assert_contains "$output" '  lines     are read until 2 were found'
  run --separate-stderr glp-query explain -s store --limit 2 -o jsonl '{}'
  assert_json "$output" '.limit == 2 and .lines'
  run --separate-stderr glp-query explain -s store -o jsonl '{}'
  assert_json "$output" 'has("limit") | not'
}

@test "blocks in which no line can pass are left out, and said" {
  awk 'BEGIN {
    for (i = 0; i < 2000; ++i) {
      printf "{\"ts\":%d,\"labels\":{\"app\":\"a\"},\"line\":\"job %d done\"}\n", i, 4711000 + i * i % 7
      printf "{\"ts\":%d,\"labels\":{\"app\":\"b\"},\"line\":\"user went away\"}\n", i
    }
  }' >many
  glp-pack -o many.glp <many 2>pack.err
  run --separate-stderr glp-query explain -s many.glp '{} |= "job q7w8e9r1t2y3"'
  assert_status 0
  assert_contains "$output" "blocks    0 to read; left out: 0 of other streams, 0 of other times, 2 where no line can pass"
  run --separate-stderr glp-query explain -s many.glp '{} |= "job 4711002 "'
  assert_contains "$output" "blocks    1 to read; left out: 0 of other streams, 0 of other times, 1 where no line can pass"
  run --separate-stderr glp-query -s many.glp -o raw --limit 1 '{} |= "job 4711002 "'
  assert_status 0
  assert_equal "$output" 'job 4711002 done'
}
