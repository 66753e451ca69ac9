#!/usr/bin/env bats
# What a server tells of its logs beside queries: sizes, fields, labels, patterns, limits, and what
# old clients ask.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  stop "${servers[@]}"
}

# get PATH [k=v…]: prints the status and the body, of GET and of POST, which are the same.
get() {
  local path=$1 args=()
  shift
  for pair in "$@"; do args+=(--data-urlencode "$pair"); done
  curl -sS -w '%{http_code} ' -o posted "${args[@]}" "$STORE$path" >posted.status
  curl -sS -w '%{http_code} ' -o body -G "${args[@]}" "$STORE$path" | tee status
  cat body
  cmp -s status posted.status
  diff <(jq -cS 'del(.data.stats?, .stats?)' body 2>/dev/null || cat body) \
    <(jq -cS 'del(.data.stats?, .stats?)' posted 2>/dev/null || cat posted)
}

# Three streams, ten seconds from 2026-01-05 00:00:00 on.
fill() {
  curl -fsS -H 'Content-Type: application/json' --data-binary @- "$STORE/loki/api/v1/push" <<'EOF'
{"streams":[
 {"stream":{"app":"a","env":"x"},"values":[["1767571201000000000","user 17 logged in"],["1767571202000000000","user 18 logged in"],["1767571205000000000","{\"status\":200,\"http\":{\"dur\":\"12ms\"}}"]]},
 {"stream":{"app":"b","env":"x"},"values":[["1767571203000000000","level=warn n=1"],["1767571204000000000","level=error n=2",{"trace":"t1"}]]},
 {"stream":{"job":"17"},"values":[["1767571209000000000","12345"]]}]}
EOF
}

DAY='start=1767571200'
END='end=1767571210'

@test "index/stats counts streams, chunks, entries and bytes of a selector and a time" {
  serve
  fill
  run get /loki/api/v1/index/stats 'query={env="x"}' "$DAY" "$END"
  assert_status 0
  assert_equal "$output" '200 {"streams":2,"chunks":2,"bytes":99,"entries":5}'
  run get /loki/api/v1/index/stats 'query={env="none"}' "$DAY" "$END"
  assert_equal "$output" '200 {"streams":0,"chunks":0,"bytes":0,"entries":0}'
  run get /loki/api/v1/index/shards 'query={env="x"}' "$DAY" "$END"
  assert_json "$(<body)" '.shards | length == 1 and .[0].stats.entries == 5'
}

@test "index/volume gives bytes by the labels of the selector, by target labels, by names" {
  serve
  fill
  run get /loki/api/v1/index/volume 'query={env="x"}' "$DAY" "$END"
  assert_status 0
  assert_equal "$(jq -c '.data.resultType, .data.result' body | paste -sd' ')" \
    '"vector" [{"metric":{"env":"x"},"value":[1767571210,"99"]}]'
  get /loki/api/v1/index/volume 'query={}' targetLabels=app "$DAY" "$END"
  assert_equal "$(jq -c '[.data.result[] | .metric.app, .value[1]]' body)" '["a","70","b","29"]'
  get /loki/api/v1/index/volume 'query={}' aggregateBy=labels limit=2 "$DAY" "$END"
  assert_equal "$(jq -c '[.data.result[] | .metric, .value[1]]' body)" '[{"app":""},"99",{"env":""},"99"]'
  run get /loki/api/v1/index/volume 'query={}' aggregateBy=x "$DAY" "$END"
  assert_equal "$output" '400 invalid aggregation option'
}

@test "index/volume_range gives bytes by step" {
  serve
  fill
  get /loki/api/v1/index/volume_range 'query={job="17"}' step=5 "$DAY" "$END"
  assert_equal "$(jq -c '.data.resultType, .data.result' body | paste -sd' ')" \
    '"matrix" [{"metric":{"job":"17"},"values":[[1767571210,"5"]]}]'
}

@test "detected fields have types and parsers, detected labels leave out ids" {
  serve
  fill
  get /loki/api/v1/detected_fields 'query={env="x"}' "$DAY" "$END"
  assert_equal "$(jq -c '[.fields[] | [.label, .type, .cardinality, .parsers, .jsonPath]]' body)" \
    '[["http_dur","duration",1,["json"],["http","dur"]],["level","string",2,["logfmt"],null],["n","int",2,["logfmt"],null],["status","int",1,["json"],["status"]],["trace","string",1,null,null]]'
  get /loki/api/v1/detected_fields 'query={env="x"}' limit=1 line_limit=1 "$DAY" "$END"
  assert_equal "$(jq -c '[.limit, .fields[].label]' body)" '[1,"http_dur"]'
  get /loki/api/v1/detected_field/level/values 'query={env="x"}' "$DAY" "$END"
  assert_equal "$(<body)" '{"values":["error","warn"],"limit":1000}'
  get /loki/api/v1/detected_labels "$DAY" "$END"
  assert_equal "$(<body)" '{"detectedLabels":[{"label":"app","cardinality":2},{"label":"env","cardinality":1}]}'
  run get /loki/api/v1/detected_fields 'query=rate({env="x"}[1m])' "$DAY" "$END"
  assert_contains "$output" '400 '
}

@test "patterns are counted by step" {
  serve
  fill
  get /loki/api/v1/patterns 'query={app="a"} |= "logged"' "$DAY" "$END"
  assert_equal "$(<body)" \
    '{"status":"success","data":[{"pattern":"user <_> logged in","level":"unknown","samples":[[1767571200,2]]}]}'
}

@test "categories stand behind the lines for who asks for them" {
  serve
  fill
  curl -fsS -G -H 'X-Loki-Response-Encoding-Flags: categorize-labels' -o body \
    --data-urlencode 'query={app="b"} | logfmt | n=2' -d "$DAY" -d "$END" "$STORE/loki/api/v1/query_range"
  assert_equal "$(jq -c '.data | del(.stats)' body)" \
    '{"resultType":"streams","encodingFlags":["categorize-labels"],"result":[{"stream":{"app":"b","env":"x"},"values":[["1767571204000000000","level=error n=2",{"structuredMetadata":{"trace":"t1"},"parsed":{"level":"error","n":"2"}}]]}]}'
}

@test "old clients get what they ask for" {
  serve
  fill
  get /api/prom/query 'query={app="b"}' 'regexp=err.r' "$DAY" "$END"
  assert_equal "$(jq -c 'del(.stats)' body)" \
    '{"streams":[{"labels":"{app=\"b\", env=\"x\", trace=\"t1\"}","entries":[{"ts":"2026-01-05T00:00:04.000000000Z","line":"level=error n=2"}]}]}'
  get /api/prom/label "$DAY" "$END"
  assert_equal "$(<body)" '{"values":["app","env","job"]}'
  get /api/prom/label/app/values "$DAY" "$END"
  assert_equal "$(<body)" '{"values":["a","b"]}'
  get /api/prom/series 'match={job="17"}' "$DAY" "$END"
  assert_equal "$(<body)" '{"status":"success","data":[{"job":"17"}]}'
  run get /api/prom/query 'query=rate({app="b"}[1m])' "$DAY" "$END"
  assert_contains "$output" '400 legacy endpoints only support streams'
}

@test "limits are told to Grafana and to people" {
  serve --loki-limits
  run curl -fsS "$STORE/loki/api/v1/drilldown-limits"
  assert_json "$output" '.limits.max_query_series == 500 and .limits.max_query_length == "30d1h" and .pattern_ingester_enabled'
  run curl -fsS "$STORE/config/tenant/v1/limits"
  assert_contains "$output" 'max_line_size: 262144'
}

@test "a query with too many large expressions is refused and the server goes on" {
  serve
  fill
  query="{app=\"a\"} |~ \"x\"$(printf ' or "a{1000}"%.0s' {1..900})"
  run curl -sS -w '%{http_code}' --data-urlencode "query=$query" -d "$DAY" -d "$END" "$STORE/loki/api/v1/query_range"
  assert_contains "$output" '400'
  assert_contains "$output" 'the regular expressions of the query are too large together'
  run get /loki/api/v1/query_range 'query={job="17"}' "$DAY" "$END"
  assert_contains "$output" '200 '
}
