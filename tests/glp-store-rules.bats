#!/usr/bin/env bats
# glp-store: what goes and what does not come in: delete, retention, limits, sync, Loki's YAML.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  servers=()
}

teardown() {
  stop "${servers[@]}"
}

# Ten lines of each of two apps, an hour apart, the last one an hour ago.
hourly() {
  jq -cn --argjson now "$(date +%s)" 'range(10; 0; -1) as $h | ("a", "b") as $app |
    {ts: (($now - $h * 3600) * 1000000000 | tostring), labels: {app: $app},
     line: "\($app) \($h) h ago", src: "1:2:\($app)@\(100 - $h)"}'
}

lines_in() { # DIR [QUERY]
  glp-query -q -s "$1" "${2:-{\}}" --forward -o raw
}

serve() {
  glp-store serve --listen 127.0.0.1:0 "$@" 2>store.err 3>&- &
  store_pid=$!
  servers+=("$store_pid")
  wait_for grep -q 'listening on' store.err
  API=$(grep -o 'http://[0-9.:]*' store.err)/loki/api/v1
}

push() {
  curl -sS -w ' %{http_code}' -H 'Content-Type: application/json' --data-binary @- "$API/push"
}

@test "delete removes what a selector, filters and times tell, and says how many" {
  hourly | glp-store append --dir s
  run --separate-stderr glp-store delete --dir s '{app="a"} |~ "^a [3-5] "' --dry-run
  assert_status 0
  assert_equal "$output" ""
  assert_equal "$stderr" "glp-store: would delete 3 entries, 27 B of text"
  assert_equal "$(lines_in s | wc -l)" 20
  run --separate-stderr glp-store delete --dir s '{app="a"} |~ "^a [3-5] "'
  assert_status 0
  assert_contains "$stderr" "glp-store: deleted 3 entries, rewrote 1 segment, "
  run --separate-stderr glp-store delete --dir s '{app="b"}' --from '200 min ago' --to '100 min ago'
  assert_status 0
  assert_contains "$stderr" "deleted 2 entries"
  assert_equal "$(lines_in s '{app="a"}' | wc -l)" 7
  assert_equal "$(lines_in s '{app="b"}' | tr '\n' ,)" \
    "b 10 h ago,b 9 h ago,b 8 h ago,b 7 h ago,b 6 h ago,b 5 h ago,b 4 h ago,b 1 h ago,"
  run --separate-stderr glp-store delete --dir s '{app="c"}'
  assert_status 0
  assert_equal "$stderr" "glp-store: deleted 0 entries"
  glp-store verify --dir s
}

@test "what was deleted does not come back from its file" {
  hourly >in
  glp-store append --dir s <in
  glp-store delete --dir s '{app="a"}'
  run --separate-stderr glp-store append --dir s <in
  assert_status 0
  assert_equal "$stderr" "glp-store: 0 added, 20 already there"
  glp-store compact --dir s
  glp-store append --dir s <in
  assert_equal "$(lines_in s '{app="a"}')" ""
  assert_equal "$(lines_in s | wc -l)" 10
}

@test "delete refuses what it cannot do" {
  hourly | glp-store append --dir s
  while IFS='|' read -r words query args; do
    # shellcheck disable=SC2086  # options
    run --separate-stderr glp-store delete --dir s "${query//\//|}" $args
    assert_status 2
    assert_contains "$stderr" "$words"
  done <<'END'
line filters|{app="a"} / json
line filters|{app="a"} / json / x="y"
parse error|{app=a}
log query|count_over_time({app="a"}[1m])
nothing in between|{app="a"}|--from now --to 2026-01-05
END
  run --separate-stderr glp-store delete '{app="a"}'
  assert_status 2
  run --separate-stderr glp-store delete --dir none '{app="a"}'
  assert_status 2
  [[ ! -e none ]]
  assert_equal "$(lines_in s | wc -l)" 20
}

@test "times of delete and export are those of glp-query, in whatever zone" {
  jq -cn '{ts: "1767571200000000000", labels: {app: "a"}, line: "1"},
    {ts: "1767585600000000000", labels: {app: "a"}, line: "2"}' | glp-store append --dir s
  export TZ=America/New_York
  local day=(--from '2026-01-05 03:00' --to '2026-01-05 05:00')
  assert_equal "$(glp-query -q -s s '{}' "${day[@]}" -o raw)" 2
  assert_equal "$(glp-store export --dir s "${day[@]}" | jq -r .line)" 2
  glp-store delete --dir s '{}' "${day[@]}"
  assert_equal "$(lines_in s)" 1
  for command in "delete --dir s {}" "export --dir s"; do
    # shellcheck disable=SC2086  # words
    run --separate-stderr glp-store $command --from nonsense
    assert_status 2
    assert_contains "$stderr" "--from: "
  done
}

@test "a duration below 0 is refused" {
  hourly | glp-store append --dir s
  for option in --retention --retention-stream; do
    run --separate-stderr glp-store compact --dir s "$option" '-1h {app="a"}'
    assert_status 2
    assert_contains "$stderr" "$option: "
  done
  run --separate-stderr glp-store compact --dir s --retention -1h
  assert_status 2
  assert_contains "$stderr" "--retention: '-1h': a duration is not below 0"
  run --separate-stderr glp-store append --dir s --reject-older=-1h </dev/null
  assert_status 2
  assert_equal "$(lines_in s | wc -l)" 20
}

@test "delete waits for nobody: a store with a writer is refused, a dry run is not" {
  hourly | glp-store append --dir s
  serve --dir s
  run --separate-stderr glp-store delete --dir s '{app="a"}'
  assert_status 2
  assert_contains "$stderr" "a store has one writer"
  run --separate-stderr glp-store delete --dir s '{app="a"}' --dry-run
  assert_status 0
  assert_contains "$stderr" "would delete 10 entries"
}

@test "compact removes what is beyond its retention, by age and by stream" {
  hourly | glp-store append --dir s
  run --separate-stderr glp-store compact --dir s --retention 450m \
    --retention-stream '150m {app="b"}' --retention-stream '1m {app="none"}'
  assert_status 0
  assert_contains "$stderr" "11 entries went, beyond the retention"
  assert_equal "$(lines_in s '{app="a"}' | wc -l)" 7
  assert_equal "$(lines_in s '{app="b"}' | tr '\n' ,)" "b 2 h ago,b 1 h ago,"
  run --separate-stderr glp-store compact --dir s --retention-stream '1m app'
  assert_status 2
}

@test "compact --max-bytes removes the oldest until the store is small enough" {
  python3 -c 'import json, random
random.seed(1)
for day in 1, 2, 3, 4:
    for i in range(500):
        text = "".join(chr(random.randrange(33, 127)) for _ in range(100))
        print(json.dumps({"ts": "2026-01-%02dT%02d:%02d:00Z" % (day, i // 21, i % 21), "labels": {"app": str(i % 3)},
                          "line": "%d %s" % (day, text)}))' | glp-store append --dir s
  glp-store compact --dir s
  all=$(stat -c %s s/fake/*.glp)
  glp-store compact --dir s --max-bytes 1G
  assert_equal "$(lines_in s | wc -l)" 2000
  run --separate-stderr glp-store compact --dir s --max-bytes $((all / 2))
  assert_status 0
  assert_contains "$stderr" "entries went, beyond the retention"
  (($(stat -c %s s/fake/*.glp) <= all / 2))
  assert_equal "$(lines_in s | grep -c ^4)" 500
  assert_equal "$(lines_in s | grep -c ^1 || true)" 0
  (($(lines_in s | wc -l) >= 700))
  run --separate-stderr glp-store compact --dir s --tenant fake --max-bytes 1
  assert_status 2
}

@test "serve does not answer what is beyond its retention, and removes it" {
  hourly | glp-store append --dir s
  serve --dir s --retention 250m
  all=$(curl -sSG "$API/query_range" --data-urlencode 'query={app=~".+"}' \
    --data-urlencode since=24h | jq '[.data.result[].values[]] | length')
  assert_equal "$all" 8
  # In the folder it goes a moment later.
  # shellcheck disable=SC2016  # of the inner shell
  wait_for bash -c '[[ $(glp-query -q -s s "{}" -o raw | wc -l) == 8 ]]'
}

@test "serve refuses what is too old or too new in Loki's words, append says so and goes on" {
  serve --dir s --reject-older 1h --reject-newer 10m
  now=$(date +%s)
  run push <<<'{"streams":[{"stream":{"app":"a"},"values":[["1000000000000000000","old"],["'"$now"'000000000","kept"],["'$((now + 7200))'000000000","new"]]}]}'
  assert_contains "$output" "entry for stream '{app=\"a\"}' has timestamp too new:"
  assert_contains "$output" "entry for stream '{app=\"a\"}' has timestamp too old: 2001-09-09T01:46:40Z, oldest acceptable timestamp is:"
  assert_contains "$output" " 400"
  stop "$store_pid"
  hourly | glp-store append --dir t --reject-older 350m 2>err && status=0 || status=$?
  assert_status 3
  assert_contains "$(<err)" "has timestamp too old:"
  assert_contains "$(<err)" "glp-store: 10 added, 0 already there, 10 refused"
  # What was refused is looked at again.
  hourly | glp-store append --dir t
  assert_equal "$(lines_in t | wc -l)" 20
}

@test "memory is written into a segment when it is old or idle" {
  mkfifo pipe
  glp-store append --dir s --chunk-idle-period 100ms <pipe 2>err 3>&- &
  servers+=("$!")
  exec 9>pipe
  hourly >&9
  wait_for test -e s/fake/00000001.glp
  hourly | sed 's/1:2/3:4/' >&9
  wait_for test -e s/fake/00000002.glp
  exec 9>&-
  wait "${servers[0]}"
}

@test "what was committed without an fsync survives kill -9, too" {
  for sync in interval off; do
    mkfifo "pipe-$sync"
    glp-store append --dir "$sync" --sync "$sync" <"pipe-$sync" 2>err 3>&- &
    pid=$!
    exec 9>"pipe-$sync"
    hourly >&9
    # shellcheck disable=SC2016  # of the inner shell
    wait_for bash -c '[[ $(glp-query -q -s "$0" "{}" -o raw | wc -l) == 20 ]]' "$sync"
    kill -9 "$pid"
    exec 9>&-
    wait "$pid" || true
    assert_equal "$(lines_in "$sync" | wc -l)" 20
  done
  run --separate-stderr glp-store append --dir s --sync never </dev/null
  assert_status 2
  assert_contains "$stderr" "always, interval, off"
}

loki_yml() {
  cat <<END
auth_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: 0
common:
  path_prefix: \${WHERE:-$PWD/here}
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - {from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i_, period: 24h}}
compactor:
  retention_enabled: true
limits_config:
  retention_period: 250m
  reject_old_samples: true
  reject_old_samples_max_age: 24h
  max_line_size: 10
  max_line_size_truncate: true
ruler:
  alertmanager_url: http://localhost:9093
END
}

@test "serve -c obeys Loki's configuration and names what does nothing, once" {
  loki_yml >loki.yml
  hourly | glp-store append --dir here
  glp-store serve -c loki.yml --expand-env 2>store.err 3>&- &
  servers+=("$!")
  wait_for grep -q 'listening on' store.err
  API=$(grep -o 'http://[0-9.:]*' store.err)/loki/api/v1
  assert_equal "$(grep -c . store.err)" 3
  grep -q 'loki.yml: rules are not evaluated here: ruler (line 20)' store.err
  grep -q 'loki.yml: not needed here: common.ring (line 8), schema_config (line 9)' store.err
  now=$(date +%s)
  run push <<<'{"streams":[{"stream":{"app":"new"},"values":[["1000000000000000000","old"],["'"$now"'000000000","0123456789abc"]]}]}'
  assert_contains "$output" "has timestamp too old"
  curl -sSG "$API/query_range" --data-urlencode 'query={app=~".+"}' --data-urlencode since=24h >body
  assert_equal "$(jq -r '.data.result[] | select(.stream.app == "new").values[][1]' body)" 0123456789
  assert_equal "$(jq '[.data.result[].values[]] | length' body)" 9
}

sixteen_labels() {
  jq -cn --arg now "$(date +%s)000000000" '{streams: [{stream: ([range(16) | {key: "l\(.)", value: "v"}] | from_entries), values: [[$now, "an error"]]}]}'
}

@test "a file of Loki's brings Loki's limits and discovery, no file none" {
  loki_yml >loki.yml
  serve -c loki.yml --expand-env
  run push < <(sixteen_labels)
  assert_contains "$output" "entry for stream '{l0=\"v\", l1=\"v\", "
  assert_contains "$output" "service_name=\"unknown_service\"}' has 16 label names; limit 15"
  now=$(date +%s)
  run push <<<'{"streams":[{"stream":{"app":"new"},"values":[["'"$now"'000000000","an error"]]}]}'
  assert_equal "$output" " 204"
  curl -sSG "$API/query_range" --data-urlencode 'query={app="new"}' >body
  assert_equal "$(jq -Sc '.data.result[0].stream' body)" '{"app":"new","detected_level":"error","service_name":"new"}'
  stop "$store_pid"
  serve --dir plain
  run push < <(sixteen_labels)
  assert_equal "$output" " 204"
  curl -sSG "$API/query_range" --data-urlencode 'query={l0="v"}' >body
  assert_equal "$(jq '.data.result[0].stream | length' body)" 16
}

@test "limits of the file are told in Loki's words, those of a tenant go before" {
  loki_yml >loki.yml
  {
    echo '  max_global_streams_per_user: 1'
    echo '  enforced_labels: [team]'
  } >limits
  sed -i '/^limits_config:/r limits' loki.yml
  echo 'runtime_config: {file: overrides.yml}' >>loki.yml
  echo 'overrides: {fake: {enforced_labels: [app], discover_service_name: []}}' >overrides.yml
  serve -c loki.yml --expand-env
  now=$(date +%s)000000000
  run push <<<'{"streams":[{"stream":{"team":"a"},"values":[["'"$now"'","x"]]}]}'
  assert_contains "$output" "missing required labels 'app' for user 'fake' for stream '{team=\"a\"}' (policy: '')"
  assert_contains "$output" " 400"
  run push <<<'{"streams":[{"stream":{"app":"a"},"values":[["'"$now"'","x"]]},{"stream":{"app":"b"},"values":[["'"$now"'","x"]]}]}'
  assert_contains "$output" "maximum active stream limit exceeded when trying to create stream {app=\"b\"}"
  assert_contains "$output" " 429"
}

@test "serve -c --check reads the configuration only; options win" {
  loki_yml >loki.yml
  WHERE=there run --separate-stderr glp-store serve -c loki.yml --expand-env --check
  assert_status 0
  assert_contains "$stderr" "valid: a store in there, on 127.0.0.1:0"
  run --separate-stderr glp-store serve -c loki.yml --check --dir mine --listen :3200
  assert_status 0
  assert_contains "$stderr" "valid: a store in mine, on :3200"
  [[ ! -e mine && ! -e there ]]
  sed -i 's/retention_period/retention_periode/' loki.yml
  run --separate-stderr glp-store serve -c loki.yml --check
  assert_status 2
  assert_contains "$stderr" "loki.yml:15:3: unknown key 'retention_periode' in limits_config; did you mean 'retention_period'?"
  run --separate-stderr glp-store serve --check --dir s
  assert_status 2
}
