# What a configuration of Loki's does to glp-store serve: at the start, while it runs, on SIGHUP.
load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  stop "${servers[@]}"
}

# push LABELS LINE [METADATA]: prints the status and the body.
push() {
  printf '{"streams":[{"stream":%s,"values":[["%s","%s"%s]]}]}' "$1" "$(date +%s%N)" "$2" "${3:+,$3}" |
    curl -sS -o body -w '%{http_code} ' -H 'Content-Type: application/json' --data-binary @- "$STORE${PREFIX-}/loki/api/v1/push"
  cat body
}
status() { curl -sS -o body -w '%{http_code}' "$STORE$1"; }
said() { grep -qF -- "$1" store.err; }
says() { (($(grep -cF -- "$1" store.err) >= $2)); }
metric() { status /metrics >/dev/null && grep "^$1 " body | cut -d' ' -f2; }

# overrides TEXT: another file in its place; one that is written where it lies may be read half.
overrides() {
  echo "$1" >new.yml
  mv new.yml overrides.yml
}

@test "limits of tenants follow their file; a broken one is told once and changes nothing" {
  echo 'auth_enabled: false' >loki.yml
  echo 'runtime_config: {file: overrides.yml, period: 20ms}' >>loki.yml
  overrides 'overrides: {fake: {max_line_size: 5}}'
  serve -c loki.yml
  assert_equal "$(push '{"app":"a"}' short)" '204 '
  assert_contains "$(push '{"app":"a"}' longer)" "400 max entry size '5' bytes exceeded"
  # What else changed waits for SIGHUP.
  echo 'limits_config: {max_line_size: 1}' >>loki.yml
  overrides 'overrides: {fake: {max_line_size: 10}, other: {max_line_size: 1}}'
  wait_for says 'read the limits of tenants again' 1
  assert_equal "$(push '{"app":"a"}' longer)" '204 '
  status /runtime_config >/dev/null
  assert_equal "$(python3 -c 'import yaml
print({t: v["max_line_size"] for t, v in yaml.safe_load(open("body"))["overrides"].items()})')" \
    "{'fake': 10, 'other': 1}"
  overrides 'overrides: {fake: {max_lin_size: 1}}'
  wait_for said "goes on as it was: overrides.yml:1:20: unknown key 'max_lin_size' in overrides.fake"
  assert_equal "$(push '{"app":"a"}' longer)" '204 '
  assert_equal "$(metric glp_store_config_last_reload_successful)" 0
  rm overrides.yml
  wait_for says 'goes on as it was: ' 2
  overrides 'overrides: {fake: {max_line_size: 3}}'
  wait_for says 'read the limits of tenants again' 2
  assert_contains "$(push '{"app":"a"}' short)" '400 '
  assert_equal "$(metric glp_store_config_reload_failures_total)" 2
  assert_equal "$(metric glp_store_config_reloads_total)" 2
  assert_equal "$(metric glp_store_config_last_reload_successful)" 1
  assert_equal "$(grep -c 'goes on' store.err)" 2
}

@test "http_path_prefix stands in front of every path" {
  echo 'auth_enabled: false' >loki.yml
  echo 'server: {http_path_prefix: /logs/}' >>loki.yml
  serve -c loki.yml
  assert_contains "$(<store.err)" "listening on $STORE/logs"
  for path in /ready /metrics /config /loki/api/v1/labels /loki/api/v1/status/buildinfo; do
    assert_equal "$(status "$path")" 404
    assert_equal "$(status "/logs$path")" 200
  done
  assert_equal "$(status /logs)" 404
  PREFIX=/logs push '{"app":"a"}' one
  jq -cn '{ts: (now * 1e9 | floor | tostring), labels: {app: "a"}, line: "two"}' |
    glp-push --url "$STORE/logs/loki/api/v1/push"
  assert_equal "$(glp-query -q -s "$STORE/logs" '{app="a"}' --since 1h --forward -o raw)" $'one\ntwo'
  assert_equal "$(glp-query labels -s "$STORE/logs/" --since 1h)" $'app\nservice_name'
}

@test "SIGHUP: what can change does, what cannot is named" {
  cat >loki.yml <<'EOF'
auth_enabled: false
server: {log_level: info}
ingester: {chunk_idle_period: 30m}
EOF
  serve -c loki.yml
  cat >loki.yml <<'EOF'
auth_enabled: true
server: {log_level: debug, http_path_prefix: /x, http_listen_conn_limit: 9}
ingester: {chunk_idle_period: 1h}
querier: {max_concurrent: 2}
runtime_config: {file: overrides.yml, period: 20ms}
EOF
  echo 'overrides: {a: {max_line_size: 5}}' >overrides.yml
  kill -HUP "$store_pid"
  wait_for said 'read its configuration again'
  assert_equal "$(grep -o '[a-z.]*[a-z_]*: stays .*' store.err)" \
    'ingester.chunk_idle_period: stays 30m0s, 1h0m0s needs a restart
querier.max_concurrent: stays 4, 2 needs a restart
server.http_listen_conn_limit: stays 2048, 9 needs a restart
server.http_path_prefix: stays "", "/x" needs a restart'
  assert_equal "$(push '{"app":"a"}' one)" '401 no org id'
  assert_equal "$(status /log_level)" 200
  assert_contains "$(<body)" debug
  wait_for said 'GET /log_level 200'
  # What runs is what /config tells.
  status /config >/dev/null
  assert_equal "$(python3 -c 'import yaml
c = yaml.safe_load(open("body"))
print(c["auth_enabled"], c["ingester"]["chunk_idle_period"], c["querier"]["max_concurrent"], c["server"]["log_level"],
      c["server"]["http_path_prefix"] == "", c["runtime_config"]["file"])')" 'True 30m0s 4 debug True overrides.yml'
  # The file that this one named is looked at from now on.
  echo 'overrides: {a: {max_line_size: 6}}' >overrides.yml
  wait_for said 'read the limits of tenants again'
  echo 'nonsense: 1' >loki.yml
  kill -HUP "$store_pid"
  wait_for said "goes on as it was: loki.yml:1:1: unknown key 'nonsense'"
  assert_equal "$(push '{"app":"a"}' one)" '401 no org id'
}

# What deletion_mode says of requests that wait is asked again whenever the configuration is read.
@test "deletion_mode filter-only hides and keeps, filter-and-delete removes; SIGHUP changes both and the period" {
  mode() {
    printf 'auth_enabled: false\nlimits_config: {deletion_mode: %s}\ncompactor: {delete_request_cancel_period: %s}\n' "$1" "$2" >loki.yml
  }
  removed() { [[ $(curl -sS "$API/delete" | jq -r '.[].status') == processed ]]; }
  mode filter-only 0s
  serve -c loki.yml
  assert_equal "$(push '{"app":"a"}' secret)" '204 '
  assert_equal "$(push '{"app":"b"}' kept)" '204 '
  curl -sS -X POST "$API/delete?query=%7Bapp=%22a%22%7D&start=1000000000"
  shown() { glp-query -q -s "$STORE" '{app=~".+"}' --since 1h -o raw; }
  assert_equal "$(shown)" kept
  mode filter-and-delete 24h
  kill -HUP "$store_pid"
  wait_for says 'read its configuration again' 1
  refute_contains "$(<store.err)" 'needs a restart'
  status /config >/dev/null
  assert_contains "$(<body)" 'delete_request_cancel_period: 24h0m0s'
  assert_equal "$(curl -sS "$API/delete" | jq -r '.[].status')" received
  kill -TERM "$store_pid"
  wait "$store_pid"
  assert_equal "$(glp-query -q -s store '{app=~".+"}' -o raw | sort)" $'kept\nsecret'
  serve -c loki.yml
  assert_equal "$(shown)" kept
  mode filter-and-delete 0s
  kill -HUP "$store_pid"
  wait_for removed
  kill -TERM "$store_pid"
  wait "$store_pid"
  assert_equal "$(glp-query -q -s store '{app=~".+"}' -o raw)" kept
}

@test "/config shows what is in force, and no secret" {
  echo 'secret-token' >tokens
  chmod 600 tokens
  cat >loki.yml <<'EOF'
auth_enabled: false
compactor: {retention_enabled: true, compaction_interval: 5m, delete_max_interval: 2h}
server: {http_server_read_timeout: 10m, graceful_shutdown_timeout: 5s}
distributor: {max_recv_msg_size: 1KB}
limits_config:
  retention_period: 744h
  retention_stream: [{selector: '{app="a"}', priority: 2, period: 24h}]
  block_ingestion_until: 2026-01-05
EOF
  serve -c loki.yml --token-file tokens
  curl -sS -H 'Authorization: Bearer secret-token' "$STORE/config" >body
  refute_contains "$(<body)" secret-token
  python3 - "$PWD" <<'EOF'
import sys, yaml
config = yaml.safe_load(open("body"))
assert config["storage_config"]["filesystem"]["directory"] == sys.argv[1] + "/store", config
assert config["server"]["http_server_read_timeout"] == "10m0s", config
assert config["server"]["graceful_shutdown_timeout"] == "5s", config
assert config["compactor"]["compaction_interval"] == "5m0s", config
assert config["compactor"]["delete_max_interval"] == "2h0m0s", config
assert config["distributor"]["max_recv_msg_size"] == 1024, config
assert config["glp"]["token_file"] == "tokens", config
limits = config["limits_config"]
assert limits["retention_period"] == "31d", limits
assert limits["retention_stream"] == [{"selector": '{app="a"}', "priority": 2, "period": "1d"}], limits
assert limits["block_ingestion_until"].startswith("2026-01-05T00:00:00"), limits
EOF
  assert_equal "$(curl -sS -H 'Authorization: Bearer secret-token' "$STORE/services")" \
    $'server => Running\nstore => Running'
  run curl -sS -o body -w '%{http_code}' -H 'Authorization: Bearer secret-token' -X POST \
    "$API/delete?query=%7Ba%3D%22b%22%7D&start=1&max_interval=3h"
  assert_equal "$output $(<body)" "400 max_interval can't be greater than 2h0m0s"
  # Above max_recv_msg_size.
  run curl -sS -o body -w '%{http_code}' -H 'Authorization: Bearer secret-token' --data-binary \
    "$(printf '%02000d' 1)" "$API/push"
  assert_equal "$output" 413
}

@test "a stream without labels is refused as Loki does, and glp-push tells; a folder takes it" {
  serve
  assert_equal "$(push '{}' x)" '400 error at least one label pair is required per stream'
  printf '%s\n' '{"ts":"1767571201000000000","labels":{},"line":"bare"}' \
    '{"ts":"1767571202000000000","labels":{"app":"a"},"line":"kept"}' >in
  run --separate-stderr glp-push --url "$STORE" <in
  assert_status 3
  assert_contains "$stderr" 'error at least one label pair is required per stream'
  assert_contains "$stderr" '1 records were refused: missing_labels 1; glp-label --set NAME=VALUE gives them labels'
  assert_equal "$(glp-query -q -s "$STORE" '{app="a"}' --from 2026-01-05 --to 2026-01-06 -o raw)" kept
  glp-store append --dir folder <in
  assert_equal "$(glp-query -q -s folder '{}' --forward -o raw)" $'bare\nkept'
}

@test "metadata without a value stays what it was sent as" {
  serve
  assert_equal "$(push '{"app":"a"}' x '{"k":"","trace":"t1"}')" '204 '
  curl -sSG "$API/query_range" --data-urlencode 'query={app="a"} | k="" | trace="t1"' >body
  assert_equal "$(jq -Sc '.data.result[0].stream' body)" '{"app":"a","k":"","trace":"t1"}'
}

# listen_as_manager: the messages of the service go into `told`.
listen_as_manager() {
  python3 - <<'EOF' 3>&- &
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
with open("told", "w", buffering=1) as f:
    while True:
        f.write(s.recv(1000).decode() + "\n")
EOF
  servers+=($!)
  wait_for test -S notify
}
told() { (($(grep -c "$1" told) >= $2)); }

# begin_push BODY: all of a push but the last byte of BODY, which is left to the test, to descriptor 5;
# the server has read the head of it.
begin_push() {
  exec 5<>"/dev/tcp/127.0.0.1/${STORE##*:}"
  printf 'POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %s\r\n\r\n' "${#1}" >&5
  read -r -t 20 first <&5
  assert_equal "$first" $'HTTP/1.1 100 Continue\r'
  printf '%s' "${1%?}" >&5
}
stops_listening() { ! (exec 6<>"/dev/tcp/127.0.0.1/${STORE##*:}") 2>/dev/null; }

@test "SIGTERM: a slow request is finished within graceful_shutdown_timeout" {
  printf 'auth_enabled: false\nserver: {graceful_shutdown_timeout: 1m}\n' >loki.yml
  serve -c loki.yml
  begin_push '{"streams":[{"stream":{"app":"a"},"values":[["'"$(date +%s%N)"'","slow"]]}]}'
  kill -TERM "$store_pid"
  wait_for stops_listening
  printf '}' >&5
  answer=$(timeout 20 cat <&5)
  assert_contains "$answer" 'HTTP/1.1 204 No Content'
  assert_contains "$answer" 'Connection: close'
  status=0
  wait "$store_pid" || status=$?
  assert_status 0
  refute_contains "$(<store.err)" 'cut off'
  assert_equal "$(glp-query -q -s store '{app="a"}' -o raw)" slow
}

@test "SIGTERM: a request slower than graceful_shutdown_timeout is cut off, and that is said" {
  printf 'auth_enabled: false\nserver: {graceful_shutdown_timeout: 1m}\n' >loki.yml
  serve -c loki.yml
  # The one of the last reload counts.
  printf 'auth_enabled: false\nserver: {graceful_shutdown_timeout: 200ms}\n' >loki.yml
  kill -HUP "$store_pid"
  wait_for said 'read its configuration again'
  push '{"app":"a"}' kept
  begin_push '{"streams":[{"stream":{"app":"a"},"values":[["'"$(date +%s%N)"'","slow"]]}]}'
  start=$EPOCHREALTIME
  kill -TERM "$store_pid"
  timeout 20 cat <&5 >answer || true
  refute_contains "$(<answer)" 'HTTP/1.1 204'
  status=0
  wait "$store_pid" || status=$?
  assert_status 0
  took=$((${EPOCHREALTIME/./} - ${start/./}))
  ((took >= 200000 && took < 20000000))
  assert_contains "$(<store.err)" 'glp-store: cut off 1 request that had not ended after 200ms'
  assert_equal "$(glp-query -q -s store '{app="a"}' -o raw)" kept
}

@test "the service manager's watchdog is fed, also while the configuration is read again" {
  listen_as_manager
  NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=100000 serve
  wait_for told WATCHDOG=1 3
  kill -HUP "$store_pid"
  wait_for told RELOADING=1 1
  wait_for told READY=1 2
  assert_contains "$(<told)" MONOTONIC_USEC=
  fed=$(grep -c WATCHDOG=1 told)
  wait_for told WATCHDOG=1 $((fed + 2))
  # Of a service of another process nothing is told.
  stop "$store_pid"
  : >told
  NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=20000 WATCHDOG_PID=1 serve
  wait_for told READY=1 1
  kill -TERM "$store_pid"
  wait_for told STOPPING=1 1
  assert_equal "$(grep -c WATCHDOG told || true)" 0
}
