#!/usr/bin/env bats
# What glp-query promises: sources, times, output, answers that are complete or say they are not.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
}

teardown() {
  # shellcheck disable=SC2086  # a list of pids
  stop ${SERVERS-}
}

# Six entries in two streams, one of them with metadata; 10:00:00 to 10:00:05, out of order.
entries() {
  cat <<'END'
{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a error"}
{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /a ok"}
{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"app":"db","env":"prod"},"line":"slow query","meta":{"trace":"7"}}
{"ts":"2026-01-05T10:00:03.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /b Error"}
{"ts":"2026-01-05T10:00:04.000000000Z","labels":{"app":"db","env":"prod"},"line":"checkpoint"}
{"ts":"2026-01-05T10:00:05.000000000Z","labels":{"app":"api","env":"prod"},"line":"GET /c ok"}
END
}

# The same entries in every kind of source. Sets SOURCES to the options that name them; stdin is
# the records, whichever source is asked.
all_sources() {
  entries >records
  glp-store append --dir store <records 2>store.err
  glp-pack -o pack.glp <records 2>pack.err
  serve served
  SOURCES=("-s store" "-s pack.glp" "-s -" "-s $URL --from 2026-01-05 --to 2026-01-06")
}

# A glp-store that holds the records; sets URL.
serve() { # DIR
  glp-store append --dir "$1" <records 2>"$1.err"
  local port
  port=$(free_port)
  glp-store serve --dir "$1" --listen "127.0.0.1:$port" 2>"$1.log" 3>&- &
  SERVERS="${SERVERS-} $!"
  URL=http://127.0.0.1:$port
  wait_for curl -fsS "$URL/ready"
}

ask() { run --separate-stderr glp-query "$@" <records; }

@test "a log query gives the matching lines of any source, the newest first" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o raw '{app="api"} |~ "(?i)error"'
    assert_status 0
    # Records on stdin pass in their own order.
    [[ $source == "-s -" ]] || assert_equal "$output" $'GET /b Error\nGET /a error'
    [[ $source != "-s -" ]] || assert_equal "$output" $'GET /a error\nGET /b Error'
    assert_equal "$stderr" ""
  done
}

@test "--forward gives the oldest line first" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o raw --forward '{app="api"} != "ok"'
    assert_status 0
    assert_equal "$output" $'GET /a error\nGET /b Error'
  done
}

@test "records on stdin pass in the order of arrival, with --forward and without" {
  entries >records
  for way in --forward "" -f; do
    # shellcheck disable=SC2086
    ask -o raw $way '{app="api"}'
    assert_equal "$output" $'GET /a error\nGET /a ok\nGET /b Error\nGET /c ok'
  done
}

@test "a streaming query prints what came although the input stays open" {
  mkfifo fifo
  glp-query -o raw '{}' <fifo >out 3>&- &
  pid=$!
  exec 4>fifo
  entries | head -n 1 >&4
  WAIT_SECONDS=5 wait_for grep -q error out
  kill -TERM "$pid"
  WAIT_SECONDS=5 wait_for gone "$pid"
  status=0
  wait "$pid" || status=$?
  exec 4>&-
  assert_equal "$status" 0
}

@test "a query that is stopped while it collects says that the answer is not complete" {
  mkfifo fifo
  glp-query 'count_over_time({}[1m])' <fifo >out 2>err 3>&- &
  pid=$!
  exec 4>fifo
  entries >&4
  wait_for grep -q "SigCgt:.*4...$" "/proc/$pid/status"
  kill -TERM "$pid"
  WAIT_SECONDS=5 wait_for gone "$pid"
  status=0
  wait "$pid" || status=$?
  exec 4>&-
  assert_equal "$status" 3
  assert_equal "$(<err)" "glp-query: stopped before the end: the answer is not complete"
}

@test "nothing matched ends with 1" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source '{app="nosuch"}'
    assert_status 1
    assert_equal "$output" ""
    # shellcheck disable=SC2086
    ask $source 'count_over_time({app="nosuch"}[1m])'
    assert_status 1
    assert_equal "$output" ""
  done
}

@test "the default output says common labels once on stderr and pads the others" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # What the streams on stdin share is not known before its end.
    [[ $source == "-s -" ]] && continue
    # shellcheck disable=SC2086
    ask $source '{env="prod"} |~ "ok|check"'
    assert_status 0
    assert_equal "$output" '2026-01-05T10:00:05.000000000Z {app="api"} GET /c ok
2026-01-05T10:00:04.000000000Z {app="db"}  checkpoint
2026-01-05T10:00:00.000000000Z {app="api"} GET /a ok'
    assert_equal "$stderr" 'glp-query: Common labels: {env="prod"}'
  done
}

@test "-q says nothing about common labels and the limit" {
  entries >records
  ask -q --limit 1 '{}'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "${#lines[@]}" 1
}

@test "metadata stands among the labels" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source '{app="db"} |= "slow"'
    local labels='trace="7"'
    [[ $source != "-s -" ]] || labels='app="db", env="prod", trace="7"'
    assert_equal "$output" "2026-01-05T10:00:02.000000000Z {$labels} slow query"
  done
}

@test "jsonl gives back the records, metadata in its own place" {
  entries >records
  glp-store append --dir store <records
  glp-pack -o pack.glp <records
  for source in store pack.glp; do
    ask -s "$source" -o jsonl '{env="prod"}'
    assert_status 0
    assert_equal "$output" "$(sort -r records)"
  done
  ask -o jsonl '{env="prod"}'
  assert_status 0
  assert_equal "$output" "$(<records)"
}

@test "jsonl of a server's answer is records too" {
  entries >records
  serve served
  ask -s "$URL" --from 2026-01-05 --to 2026-01-06 -o jsonl '{env="prod"}'
  assert_status 0
  assert_equal "$(jq -Sc '{ts, line, labels: (.labels + (.meta // {}))}' <<<"$output")" \
    "$(sort -r records | jq -Sc '{ts, line, labels: (.labels + (.meta // {}))}')"
}

@test "jsonl of one query is the input of the next" {
  entries >records
  run --separate-stderr bash -c \
    "glp-query -o jsonl '{app=\"api\"}' <records | glp-filter '|= \"GET /a\"' | glp-query -o raw '|= \"ok\"'"
  assert_status 0
  assert_equal "$output" "GET /a ok"
}

@test "loki gives the body of the API's answer with metadata merged into the labels" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o loki '{app="db"}'
    assert_status 0
    assert_equal "${#lines[@]}" 1
    assert_json "$output" '.status == "success" and .data.resultType == "streams"'
    assert_equal "$(jq -Sc '.data.result | sort' <<<"$output")" \
      '[{"stream":{"app":"db","env":"prod"},"values":[["1767607204000000000","checkpoint"]]},{"stream":{"app":"db","env":"prod","trace":"7"},"values":[["1767607202000000000","slow query"]]}]'
    # shellcheck disable=SC2086
    ask $source -o loki '{app="nosuch"}'
    assert_status 1
    assert_json "$output" '.data.result == []'
  done
}

@test "labels that a query makes stand among the others, and in jsonl in the fields" {
  entries >records
  local query='| pattern "<method> <path> <rest>" | rest != "" | line_format "{{.path}}"'
  assert_equal "$(glp-query --forward --limit 1 -q "$query" <records)" \
    '2026-01-05T10:00:01.000000000Z {app="api", env="prod", method="GET", path="/a", rest="error"} /a'
  assert_equal "$(glp-query --forward --limit 1 -q -o jsonl "$query" <records)" \
    '{"ts":"2026-01-05T10:00:01.000000000Z","labels":{"app":"api","env":"prod"},"line":"/a","fields":{"method":"GET","path":"/a","rest":"error"}}'
  assert_equal "$(glp-query -o loki -q "$query" <records | jq -c '.data.result[0].stream')" \
    '{"app":"api","env":"prod","method":"GET","path":"/a","rest":"error"}'
  assert_equal "$(glp-query -o jsonl -q '{app="db"} |= "slow" | label_format trace_id=trace | drop env' <records)" \
    '{"ts":"2026-01-05T10:00:02.000000000Z","labels":{"app":"db"},"line":"slow query","meta":{"trace_id":"7"}}'
}

@test "common labels are not said of streams that the query changes" {
  entries >records
  run --separate-stderr glp-query -s - '{app="db"} |= "slow" | drop env' <records
  assert_equal "$output" '2026-01-05T10:00:02.000000000Z {app="db", trace="7"} slow query'
  assert_equal "$stderr" ""
}

@test "metrics count by parsed labels, and a line with an error ends them" {
  entries >records
  assert_equal "$(glp-query -o jsonl --at 2026-01-05T10:00:05Z \
    'sum by (method) (count_over_time({} | pattern "<method> <path>" [1m]))' <records |
    jq -c 'select(.labels.method == "GET").value')" 4
  run --separate-stderr glp-query --at 2026-01-05T10:00:05Z 'count_over_time({} | json [1m])' <records
  assert_status 2
  assert_contains "$stderr" "pipeline error: 'JSONParserErr' for series: "
  assert_equal "$(glp-query -o jsonl --at 2026-01-05T10:00:05Z \
    'sum by (__error__) (count_over_time({} | json [1m]))' <records | jq -c '[.labels, .value]')" \
    '[{"__error__":"JSONParserErr"},6]'
}

@test "raw gives the bytes of the line, whatever they are" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{},"line64":"/wAbWzMxbQo="}' >records
  glp-store append --dir store <records
  glp-pack -o pack.glp <records
  for source in store pack.glp -; do
    assert_equal "$(glp-query -s "$source" -o raw '{}' <records | od -An -tx1 | tr -d ' \n')" ff001b5b33316d0a0a
    ask -s "$source" -o jsonl '{}'
    assert_equal "$output" "$(<records)"
  done
}

@test "a metric goes from the first entry to the last at round times" {
  entries >records
  glp-store append --dir store <records
  for source in store -; do
    ask -s "$source" --step 2s 'sum by (app) (count_over_time({env="prod"}[2s]))'
    assert_status 0
    assert_equal "$output" '2026-01-05T10:00:00.000000000Z {app="api"} 1
2026-01-05T10:00:02.000000000Z {app="api"} 1
2026-01-05T10:00:04.000000000Z {app="api"} 1
2026-01-05T10:00:06.000000000Z {app="api"} 1
2026-01-05T10:00:02.000000000Z {app="db"}  1
2026-01-05T10:00:04.000000000Z {app="db"}  1'
  done
}

@test "a metric's points are at --from, --from + --step and so on to --to" {
  all_sources
  for source in "-s store" "-s pack.glp" "-s -" "-s $URL"; do
    # shellcheck disable=SC2086
    ask $source --from 2026-01-05T10:00:00Z --to 2026-01-05T10:00:08Z --step 4 \
      'rate({app="api"}[4s])'
    assert_status 0
    assert_equal "$output" '2026-01-05T10:00:00.000000000Z {app="api", env="prod"} 0.25
2026-01-05T10:00:04.000000000Z {app="api", env="prod"} 0.5
2026-01-05T10:00:08.000000000Z {app="api", env="prod"} 0.25'
  done
  # A server takes multiples of the step.
  for source in store pack.glp -; do
    ask -s "$source" --from 2026-01-05T10:00:01Z --to 2026-01-05T10:00:05Z --step 4s \
      'rate({app="api"}[4s])'
    assert_equal "$output" '2026-01-05T10:00:01.000000000Z {app="api", env="prod"} 0.5
2026-01-05T10:00:05.000000000Z {app="api", env="prod"} 0.5'
  done
}

@test "--at gives a metric at one instant" {
  all_sources
  for source in "-s store" "-s pack.glp" "-s -" "-s $URL"; do
    # shellcheck disable=SC2086
    ask $source --at 2026-01-05T10:00:05Z -o jsonl 'sum by (app) (count_over_time({env="prod"}[1h]))'
    assert_status 0
    assert_equal "$output" '{"ts":"2026-01-05T10:00:05.000000000Z","labels":{"app":"api"},"value":4}
{"ts":"2026-01-05T10:00:05.000000000Z","labels":{"app":"db"},"value":2}'
    # shellcheck disable=SC2086
    ask $source --at 1767607205 -o loki 'sum(count_over_time({env="prod"}[1h]))'
    assert_json "$output" '.data.resultType == "vector" and .data.result[0].value == [1767607205,"6"]'
  done
}

@test "a ratio of two metrics is the same from every source" {
  all_sources
  for source in "-s store" "-s pack.glp" "-s -" "-s $URL"; do
    # shellcheck disable=SC2086
    ask $source --at 2026-01-05T10:00:05Z \
      'sum by (app) (count_over_time({env="prod"}[1h])) / on () group_left sum(count_over_time({env="prod",app="api"}[1h]))'
    assert_status 0
    assert_equal "$output" '{app="api"} 1
{app="db"}  0.5'
  done
}

@test "sort gives an instant's series in the order of their values" {
  entries >records
  ask --at 2026-01-05T10:00:05Z -o jsonl 'sort(sum by (app) (count_over_time({env="prod"}[1h])))' <records
  assert_equal "$(jq -c '[.labels.app, .value]' <<<"$output")" '["db",2]
["api",4]'
}

@test "a query that is a number needs no logs" {
  assert_equal "$(glp-query '1 + 2 * 3' </dev/null)" '{} 7'
  run --separate-stderr glp-query --at 1767607205 -o loki '7 / 2' </dev/null
  assert_status 0
  assert_json "$output" '.data.resultType == "scalar" and .data.result == [1767607205,"3.5"]'
  run --separate-stderr glp-query --at 1767607205 -o loki 'vector(1)' </dev/null
  assert_json "$output" '.data.resultType == "vector" and .data.result[0].value == [1767607205,"1"]'
}

@test "--at with a log query is refused" {
  entries >records
  ask --at now '{}'
  assert_status 2
  assert_contains "$stderr" "--at goes with a metric query"
}

@test "an option that would do nothing is refused" {
  entries >records
  local metric='count_over_time({}[1m])'
  while IFS='#' read -r args words; do
    # shellcheck disable=SC2086
    ask $args
    assert_status 2
    assert_equal "$output" ""
    assert_equal "$stderr" "glp-query: $words"
  done <<END
labels -f#-f does not go with \`labels\`
labels --limit 1#--limit does not go with \`labels\`
series -C 1#-A, -B and -C do not go with \`series\`
series --at now#--at does not go with \`series\`
patterns --step 1m#--step does not go with \`patterns\`
patterns --plot#--plot does not go with \`patterns\`
fmt --since 1h {}#--since, --from and --to do not go with \`fmt\`
fmt -s - {}#-s does not go with \`fmt\`
fmt -o csv {}#-o does not go with \`fmt\`
explain -A 1 {}#-A, -B and -C do not go with \`explain\`
--delay-for 1s $metric#--delay-for goes with -f and a metric: it is how long a step waits for entries that are late
-f --delay-for 1s {}#--delay-for goes with -f and a metric: it is how long a step waits for entries that are late
END
}

@test "who does not know whether a query gives lines or numbers may say --limit and --step" {
  entries >records
  ask --limit 1 --step 10s --quiet 'sum(count_over_time({}[10s]))'
  assert_equal "$output" "2026-01-05T10:00:00.000000000Z {} 1
2026-01-05T10:00:10.000000000Z {} 5"
  ask --limit 1 --step 10s --quiet -o raw '{}'
  assert_equal "$output" "GET /a error"
}

@test "what is absent is absent as long as there is data" {
  all_sources
  # The server is told the range, the others find it.
  for source in "-s store" "-s pack.glp" "-s -"; do
    # shellcheck disable=SC2086
    ask $source 'sum(absent_over_time({app="nosuch"}[1s]))'
    assert_status 0
    assert_contains "$output" '2026-01-05T10:00:00.000000000Z {} 1'
    assert_contains "$output" "$(jq -rs 'max_by(.ts).ts' records) {} 1"
  done
}

@test "any number of jobs gives the same answer" {
  all_sources
  for jobs in 0 1 3 1000000 18446744073709551615; do
    ask -s store -j $jobs -o raw '{app="api"} |~ "(?i)error"'
    assert_status 0
    assert_equal "$output" $'GET /b Error\nGET /a error'
  done
}

@test "a range includes its start and not its end" {
  all_sources
  for source in "-s store" "-s pack.glp" "-s -" "-s $URL"; do
    # shellcheck disable=SC2086
    ask $source -o raw --from 2026-01-05T10:00:01Z --to 1767607203 '{env="prod"}'
    assert_status 0
    [[ $source == "-s -" ]] || assert_equal "$output" $'slow query\nGET /a error'
    [[ $source != "-s -" ]] || assert_equal "$output" $'GET /a error\nslow query'
  done
}

@test "times that are none are refused with the option's name" {
  entries >records
  for option in "--from yesterdayish" "--to 2026-13-01" "--at x" "--since x" "--step 0" \
    "--step x"; do
    # shellcheck disable=SC2086
    ask $option '{}'
    assert_status 2
    assert_contains "$stderr" "${option%% *}"
    assert_equal "$output" ""
  done
  ask --from 2026-01-06 --to 2026-01-05 '{}'
  assert_status 2
  assert_contains "$stderr" "ends"
  ask --from 1h --since 1h '{}'
  assert_status 2
  ask --from 1970-01-01 --to now --step 1ms 'rate({}[1m])'
  assert_status 2
  assert_contains "$stderr" "--step"
}

@test "--limit cuts the answer and says so" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask $source -o raw --limit 2 '{env="prod"}'
    assert_status 0
    [[ $source == "-s -" ]] || assert_equal "$output" $'GET /c ok\ncheckpoint'
    [[ $source != "-s -" ]] || assert_equal "$output" $'GET /a error\nGET /a ok'
    assert_equal "$stderr" "glp-query: stopped at --limit 2; there may be more"
    # shellcheck disable=SC2086
    ask $source -o raw --limit 7 '{env="prod"}'
    assert_equal "${#lines[@]}" 6
    assert_equal "$stderr" ""
  done
}

@test "labels lists names, and values of one name" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask labels $source
    assert_status 0
    assert_equal "$output" $'app\nenv'
    # shellcheck disable=SC2086
    ask labels app $source
    assert_equal "$output" $'api\ndb'
    # shellcheck disable=SC2086
    ask labels nosuch $source
    assert_status 1
    # shellcheck disable=SC2086
    ask labels app -o loki $source
    assert_json "$output" '. == {"status":"success","data":["api","db"]}'
    # shellcheck disable=SC2086
    ask labels app -o jsonl $source
    assert_equal "$output" $'"api"\n"db"'
  done
}

@test "series lists the label sets of streams" {
  all_sources
  for source in "${SOURCES[@]}"; do
    # shellcheck disable=SC2086
    ask series $source
    assert_status 0
    assert_equal "$output" $'{app="api", env="prod"}\n{app="db", env="prod"}'
    # shellcheck disable=SC2086
    ask series '{app=~"d.*"}' -o jsonl $source
    assert_equal "$output" '{"app":"db","env":"prod"}'
    # shellcheck disable=SC2086
    ask series '{app="nosuch"}' $source
    assert_status 1
  done
  ask series '{app=' -s store
  assert_status 2
}

@test "labels and series look at the range that is given" {
  entries >records
  ask series --from 2026-01-05T10:00:04.5Z
  assert_equal "$output" '{app="api", env="prod"}'
  ask labels --to 2026-01-05
  assert_status 1
}

@test "several sources are merged by time, equal times in the order of the sources" {
  all_sources
  sed 's/"app":"[a-z]*"/"app":"other"/; s/"line":"/"line":"2 /' records >others
  for other in store pack.glp "$URL"; do
    range="--from 2026-01-05 --to 2026-01-06"
    # shellcheck disable=SC2086
    run --separate-stderr glp-query -s "$other" -s - $range -o raw --forward \
      '{env="prod"} !~ "GET"' <others
    assert_status 0
    assert_equal "$output" $'slow query\n2 slow query\ncheckpoint\n2 checkpoint'
    # shellcheck disable=SC2086
    run --separate-stderr glp-query -s "$other" -s - $range -o raw '{env="prod"} !~ "GET"' <others
    assert_equal "$output" $'2 checkpoint\ncheckpoint\n2 slow query\nslow query'
    run --separate-stderr glp-query -s "$other" -s - --at 2026-01-05T10:00:05Z \
      'sum by (app) (count_over_time({env="prod"}[1h]))' <others
    assert_status 0
    assert_equal "$output" \
      $'{app="api"}   4\n{app="db"}    2\n{app="other"} 6'
    # shellcheck disable=SC2086
    run --separate-stderr glp-query labels app -s "$other" -s - $range <others
    assert_equal "$output" $'api\ndb\nother'
  done
}

@test "an error in the query is shown with a caret" {
  entries >records
  ask '{app="api"'
  assert_status 2
  assert_equal "$output" ""
  assert_contains "$stderr" "parse error at line 1, col 11"
  assert_contains "$stderr" $'{app="api"\n          ^'
}

@test "words that are no query, source or value are refused" {
  entries >records
  ask
  assert_status 2
  assert_contains "$stderr" "a query is missing"
  ask '{app="api"}' '|=' x
  assert_status 2
  assert_contains "$stderr" "quote the query"
  ask -s nosuch.glp '{}'
  assert_status 2
  assert_contains "$stderr" "nosuch.glp: no such store or file"
  ask -s records '{}'
  assert_status 2
  assert_contains "$stderr" "standard input"
  mkdir empty
  ask -s empty '{}'
  assert_status 2
  assert_contains "$stderr" "empty"
  ask -s - -s - '{}'
  assert_status 2
  ask -o nosuch '{}'
  assert_status 2
  ask --token-file nosuch -s http://127.0.0.1:9 '{}'
  assert_status 2
  assert_contains "$stderr" "nosuch"
}

@test "bad records and gaps make the answer incomplete" {
  { entries | head -n 1; echo junk; echo '{"mark":"gap","src":"a@9","bytes":3,"why":"truncated"}'; } >records
  for way in "" --forward; do
    # shellcheck disable=SC2086
    ask $way -o raw '{}'
    assert_status 3
    assert_equal "$output" "GET /a error"
    assert_contains "$stderr" "bad record"
    assert_contains "$stderr" '"bytes":3,"why":"truncated"'
  done
}

@test "a pack that was cut off gives what is whole and ends with 3" {
  all_sources
  head -c $(($(wc -c <pack.glp) - 20)) pack.glp >cut.glp
  ask -s cut.glp -o raw '{}'
  assert_status 3
  assert_contains "$stderr" "cut.glp"
}

@test "a server's pages are put together to the whole answer, each line once" {
  awk 'BEGIN { for (i = 0; i < 12000; i++) printf "{\"ts\":\"2026-01-05T10:00:%02d.%09dZ\",\"labels\":{\"app\":\"%s\"},\"line\":\"line %d\"}\n", i / 3000, int(i % 3000 / 7), i % 2 ? "a" : "b", i }' >records
  serve served
  for order in "--forward sort" " sort -r"; do
    # shellcheck disable=SC2086
    ask ${order%%sort*} -s "$URL" --from 2026-01-05 --to 2026-01-06 -q -o jsonl '{app=~".+"}'
    assert_status 0
    assert_equal "$(sort <<<"$output" | sha256sum)" "$(sort records | sha256sum)"
    jq -r .ts <<<"$output" >stamps
    # shellcheck disable=SC2086
    ${order#--forward} <stamps >ordered
    cmp ordered stamps
  done
}

@test "--batch sizes never change an answer" {
  # Up to 40 entries share a time; of those that are equal in all a store keeps one.
  awk 'BEGIN { srand(7); for (i = 0; i < 300; i++) printf "{\"ts\":\"2026-01-05T10:00:00.%09dZ\",\"labels\":{\"app\":\"%s\"},\"line\":\"line %d\"%s}\n", int(i / (i < 100 ? 40 : 3)), rand() < 0.5 ? "a" : "b", rand() * 9, rand() < 0.3 ? ",\"meta\":{\"m\":\"" int(rand() * 3) "\"}" : "" }' >records
  serve served
  for order in "" --forward; do
    for limit in 0 55; do
      # shellcheck disable=SC2086
      ask -s "$URL" --from 2026-01-05 --to 2026-01-06 -q -o jsonl $order --limit $limit '{app=~".+"}'
      assert_status 0
      whole=$output
      assert_equal "${#lines[@]}" "$((limit ? limit : $(sort -u records | wc -l)))"
      for batch in 1 2 7 41 1000 100000; do
        # shellcheck disable=SC2086
        ask -s "$URL" --from 2026-01-05 --to 2026-01-06 -q -o jsonl $order --limit $limit --batch $batch '{app=~".+"}'
        assert_status 0
        assert_equal "$output" "$whole"
      done
    done
  done
  # What is evaluated here of a server's entries, and what has no batches at all.
  sort -u records | sed 's/"app":"/&other /' | glp-pack -o pack.glp 2>pack.err
  local entries
  entries=$(sort -u records | wc -l)
  for batch in 1 7; do
    ask -s "$URL" -s pack.glp --batch $batch -o jsonl --at 2026-01-05T11:00:00Z \
      'sum(count_over_time({app=~".+"}[2h]))'
    assert_equal "$(jq .value <<<"$output")" $((2 * entries))
    ask -s pack.glp --batch $batch -q -o raw '{}'
    assert_equal "${#lines[@]}" "$entries"
  done
}

@test "more entries of one time than the server gives end with 3 and are said" {
  awk 'BEGIN { for (i = 0; i < 5100; i++) printf "{\"ts\":\"2026-01-05T10:00:00.000000000Z\",\"labels\":{\"app\":\"a\"},\"line\":\"line %d\"}\n", i }' >records
  serve served
  ask -s "$URL" --from 2026-01-05 --to 2026-01-06 -q -o raw '{app="a"}'
  assert_status 3
  assert_contains "$stderr" "5000"
  assert_equal "${#lines[@]}" 5000
  sed 's/"app":"/&other /' records | glp-pack -o pack.glp 2>pack.err
  ask -s "$URL" -s pack.glp --from 2026-01-05 --to 2026-01-06 -q -o raw --batch 100 '{app=~".*a"}'
  assert_status 3
  assert_contains "$stderr" "max_entries_limit_per_query"
  assert_equal "${#lines[@]}" 10100
}

@test "a server's refusal is shown in its own words" {
  all_sources
  ask -s "$URL" '{app="api"'
  assert_status 2
  assert_contains "$stderr" "400"
  assert_contains "$stderr" "parse error at line 1, col 11"
  ask -s "$URL" '{}'
  assert_status 2
  assert_contains "$stderr" "at least one"
}

@test "a server that does not answer ends with 75" {
  entries >records
  ask -s "http://127.0.0.1:$(free_port)" '{app="api"}'
  assert_status 75
  assert_equal "$output" ""
  assert_contains "$stderr" "gave no answer"
}

@test "tenant and token go to the server, LOKI_ADDR names it" {
  cat >server.py <<'END'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("seen", "a") as seen:
            print(self.path.split("?")[0], self.headers["X-Scope-OrgID"], self.headers["Authorization"], file=seen)
        body = b'{"status":"success","data":{"resultType":"streams","result":[]}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
  python3 server.py >port 3>&- &
  SERVERS=$!
  wait_for test -s port
  echo secret >token
  run --separate-stderr glp-query -s "http://127.0.0.1:$(<port)" --tenant t1 --token-file token -o raw '{a="b"}'
  assert_status 1
  assert_equal "$(<seen)" "/loki/api/v1/query_range t1 Bearer secret"
  rm seen
  LOKI_ADDR=http://127.0.0.1:$(<port) run script -qec "glp-query -o raw '{a=\"b\"}'" /dev/null
  assert_status 1
  assert_equal "$(<seen)" "/loki/api/v1/query_range None None"
}

@test "labels are coloured by stream on demand, and never with NO_COLOR" {
  entries >records
  ask --color always '{}'
  assert_contains "$output" $'\e[0m'
  ask '{}'
  refute_contains "$output" $'\e['
  NO_COLOR=1 run script -qec "glp-query '{}' <records" /dev/null
  refute_contains "$output" $'\e['
  run script -qec "TERM=xterm glp-query '{}' <records" /dev/null
  assert_contains "$output" $'\e[0m'
}

@test "control characters reach a terminal in no output" {
  printf '%s\n' '{"ts":"2026-01-05T10:00:00.000000000Z","labels":{"a":"x\u001b[2J"},"line":"\u001b[31mred\u009b1m \u007f\nnext"}' >records
  for format in default raw jsonl loki; do
    run script -qec "glp-query --color never -o $format '{}' <records" /dev/null
    assert_status 0
    refute_contains "$output" $'\e[31m'
    refute_contains "$output" $'\e[2J'
    refute_contains "$output" $'\u009b'
    refute_contains "$output" $'\x7f'
  done
  run script -qec "glp-query series <records; glp-query labels a <records" /dev/null
  refute_contains "$output" $'\e'
}

@test "a reader that goes away ends the scan quietly" {
  awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"ts\":\"2026-01-05T10:00:00.%09dZ\",\"labels\":{\"app\":\"a\"},\"line\":\"line %d\"}\n", i, i }' >records
  glp-store append --dir store <records
  for source in store -; do
    run --separate-stderr bash -c "glp-query -q -s $source '{}' <records | head -n 1; echo \${PIPESTATUS[0]}"
    assert_equal "$stderr" ""
    assert_equal "${lines[-1]}" 0
  done
}

@test "fmt prints a query as Loki's formatter does, and asks no source" {
  run --separate-stderr env LOKI_ADDR=http://127.0.0.1:9 glp-query fmt '{app="api"}|="a"|json|b>1' </dev/null
  assert_status 0
  assert_equal "$output" '{app="api"} |= "a" | json | b>1'
  local query='sum by(app)(rate({app="api"} |= "error" # what went wrong
    | json | line_format "{{.a}}" [5m])) / sum by(app)(rate({app="api"} [5m]))'
  run --separate-stderr glp-query fmt <<<"$query"
  assert_status 0
  assert_equal "$output" '  sum by (app)(rate({app="api"} |= "error" | json | line_format "{{.a}}"[5m]))
/
  sum by (app)(rate({app="api"}[5m]))'
  # What it printed means the same, and stays as it is.
  local printed=$output
  run --separate-stderr glp-query fmt <<<"$printed"
  assert_status 0
  assert_equal "$output" "$printed"
  run script -qec "glp-query fmt '{a=\"b\"}'" /dev/null
  assert_status 0
  assert_equal "${output%$'\r'}" '{a="b"}'
}

@test "fmt shows where a query cannot be parsed" {
  run --separate-stderr glp-query fmt '{app="api"'
  assert_status 2
  assert_equal "$output" ""
  assert_contains "$stderr" $'{app="api"\n          ^'
  for query in '' '  ' 'x y' '{a="b"} {c="d"}'; do
    run --separate-stderr glp-query fmt <<<"$query"
    assert_status 2
    assert_contains "$stderr" "parse error"
    run --separate-stderr glp-query fmt "$query" </dev/null
    assert_status 2
    assert_contains "$stderr" "parse error"
  done
  run --separate-stderr bash -c 'head -c 10000000 /dev/zero | tr "\0" x | glp-query fmt'
  assert_status 2
  assert_contains "$stderr" "too long"
  run --separate-stderr glp-query fmt '{}' '{}'
  assert_status 2
  assert_contains "$stderr" "one word too many"
}

@test "every query in glp-logql(7) is one, and runs" {
  entries >records
  local query count=0
  while IFS= read -r query; do
    run --separate-stderr glp-query fmt "$query"
    assert_status 0
    run --separate-stderr glp-query -s - "$query" <records
    [[ $status -le 1 ]] || assert_contains "$stderr" "pipeline error"
    count=$((count + 1))
  done < <(sed -n 's/^    //p' "$GLP_ROOT/tools/glp-query/glp-logql.txt")
  ((count > 60))
}

# interrupted ARGS…: runs glp-query on a fifo that stays open until it waits there, and sends SIGINT.
interrupted() {
  rm -f fifo
  mkfifo fifo
  # A shell lets its background jobs ignore SIGINT.
  python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("glp-query", ["glp-query"] + sys.argv[1:])' "$@" <fifo >out 2>err 3>&- &
  local pid=$!
  exec 4>fifo
  entries >&4
  wait_for waits "$pid"
  [[ ! -f wanted ]] || wait_for test -s seen
  kill -INT "$pid"
  WAIT_SECONDS=5 wait_for gone "$pid"
  status=0
  wait "$pid" || status=$?
  exec 4>&-
}

@test "Ctrl-C while an answer is collected ends with 3 and words" {
  for how in "count_over_time({}[1m])" "--hist {}" "--plot {}" "-o csv {}" "-o table {}" \
    "-o loki {}" "patterns {}"; do
    # shellcheck disable=SC2086
    interrupted $how
    assert_status 3
    assert_contains "$(<err)" "stopped before the end: the answer is not complete"
  done
}

@test "Ctrl-C while a server thinks ends with 3 and words" {
  cat >server.py <<'END'
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
while True:
    kept.append(server.accept())
    open("seen", "w").write("asked")
END
  python3 server.py >port 3>&- &
  SERVERS=$!
  wait_for test -s port
  touch wanted
  for query in '{a="b"}' 'rate({a="b"}[1m])'; do
    rm -f seen
    interrupted -s "http://127.0.0.1:$(<port)" "$query"
    assert_status 3
    assert_contains "$(<err)" "stopped before the end: the answer is not complete"
  done
}

@test "an empty store and empty input match nothing" {
  : >records
  glp-store append --dir store <records
  for source in store -; do
    for query in '{}' 'count_over_time({}[1m])' labels series; do
      ask -s "$source" "$query"
      assert_status 1
      assert_equal "$output" ""
    done
  done
}

@test "a line of 100 MB passes" {
  [[ -z ${GLP_SANITIZE-} ]] || skip "too slow with sanitizers"
  { printf '{"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"'
    head -c 100000000 /dev/zero | tr '\0' x
    printf '"}\n'; } >records
  for way in "" --forward; do
    # shellcheck disable=SC2086
    assert_equal "$(glp-query -q $way -o raw '|= "xxxx"' <records | wc -c)" 100000001
  done
}
