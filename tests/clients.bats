# glp-store serve and clients that speak to Loki, as others wrote them: winston-loki, pino-loki and ws
# from the npm registry, curl, Prometheus, wrk. The modules are installed once for a build, into its
# folder; without a network, or a cache of npm, that fails, and so does the test.
load lib

setup_file() {
  export CLIENTS=${GLP_BUILD:-$(dirname "$GLP_BIN")}/clients
  mkdir -p "$CLIENTS"
  # Once for all: tests of several builds run in folders of their own.
  if ! cmp -s "$GLP_ROOT/tests/clients/package-lock.json" "$CLIENTS/installed"; then
    cp "$GLP_ROOT"/tests/clients/package*.json "$CLIENTS/"
    (cd "$CLIENTS" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
      cat "$CLIENTS/npm.log" >&2
      echo "npm ci failed in $CLIENTS: is the npm registry within reach?" >&2
      return 1
    }
    cp "$CLIENTS/package-lock.json" "$CLIENTS/installed"
  fi
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  stop "${servers[@]}"
}

# lines SELECTOR [CURL OPTION…]: those of the last hour, in the order of their text.
lines() {
  local selector=$1
  shift
  curl -sS -G --data-urlencode "query=$selector" -d limit=5000 "$@" "$API/query_range" |
    jq -r '.data.result[].values[][1]' | sort -V
}
numbered() { seq 0 $(($2 - 1)) | sed "s/^/$1 /"; } # TEXT COUNT

# push LINE…: of app="a", now.
push() {
  local line
  for line; do
    printf '{"streams":[{"stream":{"app":"a"},"values":[["%s","%s"]]}]}' "$(date +%s%N)" "$line" |
      curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @- "$API/push"
  done
}

# tail_ws OUT PARAMS: in the background; what came is in OUT.
tail_ws() {
  node "$GLP_ROOT/tests/clients/tail.js" "ws${API#http}/tail?query=%7Bapp%3D%22a%22%7D$2" >"$1" 3>&- &
  servers+=($!)
  wait_for grep -q '"open"' "$1"
}
came() { jq -r 'select(.line) | .line' "$1" | paste -sd' '; }
has_come() { [[ $(came "$1") == "$2" ]]; }
expect_come() { # OUT LINES
  wait_for has_come "$1" "$2" && return 0
  printf 'got:    %s\nwanted: %s\n' "$(<"$1")" "$2" >&2
  return 1
}
pings() { (($(grep -c ping "$1") >= $2)); }

@test "winston-loki pushes JSON and protobuf, each line once" {
  serve
  node "$GLP_ROOT/tests/clients/winston.js" "$STORE" json 200 'as json'
  node "$GLP_ROOT/tests/clients/winston.js" "$STORE" protobuf 200 'as protobuf'
  assert_equal "$(lines '{form="json"}')" "$(numbered 'as json' 200)"
  assert_equal "$(lines '{form="protobuf"}')" "$(numbered 'as protobuf' 200)"
  assert_equal "$(lines '{app="winston", level="error"}' | wc -l)" 200
}

@test "pino-loki pushes, each line once, with its metadata" {
  serve
  run --separate-stderr node "$GLP_ROOT/tests/clients/pino.js" "$STORE" 200 'a line'
  assert_status 0
  assert_equal "$output$stderr" ''
  assert_equal "$(lines '{app="pino"}' | jq -r .msg)" "$(numbered 'a line' 200)"
  assert_equal "$(lines '{app="pino"} | number="17"' | jq -r .msg)" 'a line 17'
}

@test "a node client over TLS with a token; with another token it is told" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>openssl.err
  echo secret >tokens
  chmod 600 tokens
  serve --tls-cert cert.pem --tls-key key.pem --token-file tokens
  export NODE_EXTRA_CA_CERTS=$PWD/cert.pem
  TOKEN=secret node "$GLP_ROOT/tests/clients/winston.js" "$STORE" protobuf 20 x
  assert_equal "$(lines '{app="winston"}' --cacert cert.pem -H 'Authorization: Bearer secret')" "$(numbered x 20)"
  run --separate-stderr env TOKEN=wrong node "$GLP_ROOT/tests/clients/winston.js" "$STORE" protobuf 20 y
  assert_status 1
  assert_contains "$stderr" 'HTTP 401'
}

@test "ws tails: what was, what comes, start and limit; pings are answered" {
  serve
  push one two three
  tail_ws all ''
  tail_ws last '&limit=2'
  tail_ws new "&start=$(date +%s%N)"
  expect_come all 'one two three'
  expect_come last 'two three'
  push four
  expect_come all 'one two three four'
  expect_come last 'two three four'
  expect_come new 'four'
  wait_for pings all 2
  push five
  expect_come all 'one two three four five'
  expect_come new 'four five'
  assert_equal "$(jq -c 'select(.line == "five") | .stream.app' all)" '"a"'
}

@test "ws tails with delay_for: in the order of time, later" {
  serve
  tail_ws late '&delay_for=1'
  now=$(date +%s%N)
  printf '{"streams":[{"stream":{"app":"a"},"values":[["%s","second"],["%s","first"]]}]}' "$((now + 2))" "$((now + 1))" |
    curl -sS --fail-with-body -H 'Content-Type: application/json' --data-binary @- "$API/push"
  expect_come late 'first second'
  (($(jq -s 'map(select(.line)) | map(.at) | min' late) - now / 1000000 >= 990))
}

@test "a server that stops closes its tails with 1001" {
  serve
  tail_ws a ''
  tail_ws b ''
  kill -TERM "$store_pid"
  wait_for grep -q closed a
  wait_for grep -q closed b
  assert_equal "$(jq -c 'select(.closed) | .closed' a b)" $'1001\n1001'
  WAIT_SECONDS=5 wait_for gone "$store_pid"
}

@test "curl pushes OTLP as JSON and reads it" {
  serve
  printf '{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"%s","severityText":"WARN","body":{"stringValue":"stock is low"},"attributes":[{"key":"item","value":{"intValue":"7"}}]}]}]}]}' "$(date +%s%N)" >otlp
  status=$(curl -sS -o body -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @otlp "$STORE/otlp/v1/logs")
  assert_contains '200 204' "$status"
  assert_equal "$(lines '{service_name="shop"} | item="7"')" 'stock is low'
}

@test "Prometheus scrapes, and promtool finds nothing wrong with the metrics" {
  serve
  push one
  run curl -sS "$STORE/metrics"
  run promtool check metrics <<<"$output"
  assert_equal "$output" ''
  assert_status 0
  port=$(free_port)
  printf 'global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n- job_name: glp\n  static_configs: [{targets: ["%s"]}]\n' "${STORE#http://}" >prometheus.yml
  prometheus --config.file=prometheus.yml --storage.tsdb.path="$PWD/tsdb" \
    --web.listen-address="127.0.0.1:$port" >prometheus.out 2>&1 3>&- &
  servers+=($!)
  asked() { curl -sS -G --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" | jq -r '.data.result[0].value[1]'; }
  is() { [[ $(asked "$1") == "$2" ]]; }
  wait_for is 'up{job="glp"}' 1
  wait_for is glp_store_push_entries_total 1
}

@test "64 connections of wrk that push and query: no error, no line lost, memory bounded" {
  run --separate-stderr "$GLP_ROOT/scripts/load" 5 --bin "$GLP_BIN"
  if [[ -n ${GLP_SANITIZE-} ]]; then # takes more memory
    stderr=$(grep -v 'RSS of' <<<"$stderr" || true)
    ((status != 1)) || status=0
  fi
  assert_equal "$stderr" ''
  assert_status 0
  assert_contains "$output" 'lines acknowledged'
}
