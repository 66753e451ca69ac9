#!/usr/bin/env bats
# glp-tail -c: the files that promtail's configuration says, with its labels.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  follower=
}

teardown() { if [[ -n $follower ]]; then stop "$follower"; fi; }

err_has() { grep -qF -- "$1" err; }

# Each record as LABELS LINE.
shown() { records | jq -r '(.labels | tostring) + " " + .line'; }

# config TEXT…: a configuration with a scrape config `app` of one static config, TEXT below it.
config() {
  {
    printf '%s\n' 'scrape_configs:' '  - job_name: app' '    static_configs:' \
      '      - labels: {job: app, __path__: ./app.log}'
    [[ $# -eq 0 ]] || printf '    %s\n' "$@"
  } >p.yml
  printf 'one\ntwo\n' >app.log
}

refuses() { # ERROR [ARG…]: exit 2, nothing on stdout, the error as it is
  run --separate-stderr glp-tail -c p.yml "${@:2}"
  assert_status 2
  assert_equal "$output" ""
  assert_contains "$stderr" "glp-tail: $1"
}

# --------------------------------------------------------------------------------- what is read

@test "promtail's own first example runs as it is" {
  cat >p.yml <<END
server:
  http_listen_port: 9080
  grpc_listen_port: 0

positions:
  filename: $PWD/positions.yaml

clients:
  - url: http://localhost:3100/loki/api/v1/push

scrape_configs:
- job_name: system
  static_configs:
  - targets:
      - localhost
    labels:
      job: varlogs
      __path__: $PWD/*log
END
  echo one >a.log
  echo two >b.log
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(shown <<<"$output")" \
    "{\"filename\":\"$PWD/a.log\",\"job\":\"varlogs\"} one
{\"filename\":\"$PWD/b.log\",\"job\":\"varlogs\"} two"
}

@test "an example with every block of a configuration runs as it is" {
  cat >p.yml <<'END'
global: {file_watch_config: {min_poll_frequency: 500ms, max_poll_frequency: 1s}}
server: {http_listen_port: 9080, log_level: info, enable_runtime_reload: true}
clients:
  - url: http://localhost:3100/loki/api/v1/push
    tenant_id: a
    external_labels: {cluster: eu}
    backoff_config: {min_period: 500ms, max_period: 5m, max_retries: 10}
    basic_auth: {username: u, password_file: /nowhere}
limits_config: {readline_rate_enabled: false, max_streams: 0}
target_config: {sync_period: 10s}
tracing: {enabled: false}
options: {}
scrape_configs:
  - job_name: app
    pipeline_stages:
      - docker: {}
      - match: {selector: '{app="x"}', stages: [{json: {expressions: {a: b}}}]}
    static_configs:
      - targets: [localhost]
        labels: {app: x, __path__: '*.log', __path_exclude__: 'b.log'}
END
  echo one >a.log
  echo two >b.log
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(shown <<<"$output")" "{\"app\":\"x\",\"filename\":\"$PWD/a.log\"} one"
}

@test "all scrape configs are read, each with its labels, and --job picks one" {
  config
  cat >>p.yml <<'END'
  - job_name: other
    static_configs:
      - labels: {kind: o, __path__: ./other.log}
END
  echo three >other.log
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -r '.labels.job // .labels.kind' | paste -sd' ')" "app app o"
  run --separate-stderr glp-tail -c p.yml --job other
  assert_equal "$(lines_of <<<"$output")" three
}

@test "--label adds to the labels of the configuration and wins over them" {
  config
  run --separate-stderr glp-tail -c p.yml --label job=mine --label x=y
  assert_equal "$(records <<<"$output" | jq -c '.labels | del(.filename)' | uniq)" '{"job":"mine","x":"y"}'
}

@test "relabel_configs make labels and paths of targets, and drop targets" {
  cat >p.yml <<'END'
scrape_configs:
  - job_name: app
    static_configs:
      - targets: [web, db, none]
        labels: {__dir: logs, env: PROD}
    relabel_configs:
      - {source_labels: [__address__], regex: none, action: drop}
      - {source_labels: [__dir, __address__], separator: /, target_label: __path__, replacement: ./$1.log}
      - {source_labels: [__address__], target_label: service}
      - {source_labels: [env], target_label: env, action: lowercase}
      - {source_labels: [__address__], target_label: __tmp_shard, modulus: 4, action: hashmod}
END
  mkdir logs
  for name in web db none; do echo "$name" >logs/$name.log; done
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -c '[.line, .labels.service, .labels.env, (.labels | length)]')" \
    '["web","web","prod",3]
["db","db","prod",3]'
}

@test "a target of another host is not read" {
  config 'relabel_configs: [{target_label: __host__, replacement: elsewhere}]'
  refuses "p.yml: nothing to read: of its targets 0 are dropped by relabel_configs, 1 have another __host__"
  HOSTNAME=elsewhere run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two"
}

@test "- is standard input with the labels of the first scrape config, or of --job's" {
  config
  cat >>p.yml <<'END'
  - job_name: other
    journal: {}
    static_configs: [{labels: {kind: o}}]
END
  run --separate-stderr glp-tail -c p.yml - <<<hello
  assert_status 0
  assert_equal "$(shown <<<"$output")" '{"job":"app"} hello'
  run --separate-stderr glp-tail -c p.yml --job other - <<<hello
  assert_equal "$(shown <<<"$output")" '{"kind":"o"} hello'
}

@test "- leaves out carriage returns at the end of a line and empty lines, as promtail -stdin does" {
  config
  input() { printf 'a\r\n\n\r\nb\rc\r\r\n\xff\r\n'; head -c 2000000 /dev/zero | tr '\0' x; printf '\r\n\n\r'; }
  run --separate-stderr glp-tail -c p.yml - < <(input)
  assert_status 0
  assert_equal "$(jq -r 'select(has("mark") | not) | .line64 // .line | if length > 9 then length else @json end' <<<"$output" | paste -sd' ')" \
    '"a" "b\rc" "/w==" 2000000'
  assert_contains "$output" '"in":8,"out":4,"dropped":{"empty_line":4}}'
  # A file's lines, and those of standard input without a configuration, are as they are.
  run --separate-stderr glp-tail - < <(printf 'a\r\n\n')
  assert_equal "$(jq -c 'select(has("mark") | not) | .line' <<<"$output" | paste -sd' ')" '"a\r" ""'
}

@test "- without any labels in the configuration gets job=stdin and the host's name" {
  echo 'clients: []' >p.yml
  HOSTNAME=box run --separate-stderr glp-tail -c p.yml - <<<hello
  assert_equal "$(shown <<<"$output")" '{"hostname":"box","job":"stdin"} hello'
}

@test "the first file that exists is taken of several with commas between" {
  config
  run --separate-stderr glp-tail -c none.yml,p.yml
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two"
  run --separate-stderr glp-tail -c none.yml,nor.yml
  assert_status 2
  assert_contains "$stderr" "none.yml,nor.yml"
}

@test "--expand-env fills in variables and their defaults" {
  cat >p.yml <<'END'
scrape_configs:
  - job_name: app
    static_configs:
      - labels: {host: "${MY_HOST}", zone: "${MY_ZONE:-eu}", cost: $$5, __path__: ./app.log}
END
  echo one >app.log
  MY_HOST=box run --separate-stderr glp-tail -c p.yml --expand-env
  assert_status 0
  assert_json "$(records <<<"$output")" '.labels.host == "box" and .labels.zone == "eu" and .labels.cost == "$5"'
}

@test "encoding is that of the scrape config" {
  config 'encoding: UTF-16LE'
  printf 'gr\xc3\xb6\xc3\x9fe\n' | iconv -f UTF-8 -t UTF-16LE >app.log
  run --separate-stderr glp-tail -c p.yml
  assert_equal "$(lines_of <<<"$output")" größe
}

@test "decompression takes a gzip file" {
  config 'decompression: {enabled: true, initial_delay: 10s, format: gz}'
  gzip app.log && mv app.log.gz app.log
  run --separate-stderr glp-tail -c p.yml
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two"
}

@test "positions.filename of the configuration is read" {
  config
  sed -i "1i positions: {filename: ./positions.yaml}" p.yml
  printf 'positions:\n  %s/app.log: "4"\n' "$PWD" >positions.yaml
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$(lines_of <<<"$output")" two
}

# ------------------------------------------------------------------------------------- the limits

@test "max_line_size drops longer lines, counted, or truncates them" {
  config
  echo 'limits_config: {max_line_size: 16}' >>p.yml
  printf 'short\n%s\n' 12345678901234567890 >app.log
  run --separate-stderr glp-tail -c p.yml
  assert_equal "$(lines_of <<<"$output")" short
  assert_json "$output" 'select(.mark == "end") | .in == 2 and .out == 1 and .dropped == {"line_too_long": 1}'
  sed -i 's/size: 16/size: 16, max_line_size_truncate: true/' p.yml
  run --separate-stderr glp-tail -c p.yml
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "short 1234567890123456"
}

@test "limits that cannot be kept are refused with their lines" {
  config 'pipeline_stages: [{docker: {}}]'
  echo 'limits_config: {max_line_size: 16}' >>p.yml
  refuses "p.yml:6:32: max_line_size: job 'app' has pipeline_stages"
  run --separate-stderr glp-tail -c p.yml --max-line-size 100
  assert_status 0
  config
  echo 'limits_config: {max_streams: 5}' >>p.yml
  refuses "p.yml:5:30: max_streams: nothing limits the streams"
}

@test "readline_rate drops lines above it, counted, with the position told" {
  config
  echo 'limits_config: {readline_rate_enabled: true, readline_rate: 0.001, readline_burst: 3}' >>p.yml
  seq 10 >app.log
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "1 2 3"
  assert_equal "$(jq -r 'select(.mark == "pos").src' <<<"$output" | cut -d@ -f2)" 21
  assert_json "$output" 'select(.mark == "end") | .in == 10 and .dropped == {"global_rate_limiter_drop": 7}'
  assert_contains "$stderr" "7"
}

@test "readline_rate without readline_rate_drop holds lines back and loses none" {
  config
  echo 'limits_config: {readline_rate_enabled: true, readline_rate_drop: false, readline_rate: 100, readline_burst: 1}' >>p.yml
  seq 30 >app.log
  begin=$(date +%s%N)
  run --separate-stderr glp-tail -c p.yml
  assert_equal "$(lines_of <<<"$output" | wc -l)" 30
  (($(date +%s%N) - begin >= 250000000))
  assert_json "$output" 'select(.mark == "end") | .dropped == {}'
}

# ------------------------------------------------------------------------------- file_sd_configs

sd() { # a configuration with targets in sd/*.json and sd/*.yml
  mkdir sd
  printf '%s\n' 'scrape_configs:' '  - job_name: sd' \
    '    file_sd_configs: [{files: [sd/*.json, sd/*.yml], refresh_interval: 1m}]' \
    '    relabel_configs: [{source_labels: [__meta_filepath], target_label: from}]' >p.yml
}

@test "file_sd_configs take targets of JSON and YAML files" {
  sd
  printf '[\n\t{"targets": ["localhost"],\n\t "labels": {"__path__": "./a.log", "app": "A"}}\n]\n' >sd/a.json
  printf '%s\n' '- targets: [localhost]' '  labels: {__path__: ./b.log, app: B}' >sd/b.yml
  echo one >a.log
  echo two >b.log
  run --separate-stderr glp-tail -c p.yml
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(records <<<"$output" | jq -c '[.line, .labels.app, .labels.from]')" \
    '["one","A","sd/a.json"]
["two","B","sd/b.yml"]'
}

@test "while following, targets come and go with the files, and a broken one keeps what it said" {
  sd
  echo '[{"targets": ["x"], "labels": {"__path__": "./a.log"}}]' >sd/a.json
  echo a1 >a.log
  echo b1 >b.log
  follow --poll -c p.yml
  expect "a1"
  echo '[{"targets": ["x"], "labels": {"__path__": "./b.log"}}]' >sd/new
  mv sd/new sd/b.json
  expect "a1 b1"
  echo '[{"targets": ["x"], ' >sd/new
  mv sd/new sd/a.json
  wait_for err_has "sd/a.json:"
  assert_contains "$(<err)" "the targets of this file stay as they were"
  echo a2 >>a.log
  expect "a1 b1 a2"
  assert_equal "$(grep -c sd/a.json err)" 1
}

@test "a list that is broken at the start is an error with its line" {
  sd
  printf '%s\n' '- targets: [localhost]' '  lables: {}' >sd/b.yml
  refuses "sd/b.yml:2:3: unknown key 'lables' in targets[0]; did you mean 'labels'?"
  printf '%s\n' '- targets: [localhost]' '  labels: {a: b}' >sd/b.yml
  refuses "sd/b.yml:1:3: the label __path__ is missing"
}

# ---------------------------------------------------------------------------------------- errors

@test "an unknown key is an error with its place and the nearest name" {
  config 'encodng: x'
  refuses "p.yml:5:5: unknown key 'encodng' in scrape_configs[0]; did you mean 'encoding'?"
}

@test "a wrong type, a wrong time, a key twice and broken YAML are errors with their places" {
  config 'decompression: {enabled: maybe}'
  refuses "p.yml:5:30: enabled: expected true or false, not 'maybe'"
  config 'decompression: {initial_delay: 10}'
  refuses "p.yml:5:36: initial_delay: expected a duration with its unit, as 500ms, 10s or 1h30m, not '10'"
  config 'job_name: again'
  refuses "p.yml:5:5: the key 'job_name' is given twice, first in line 2"
  config 'encoding: [a'
  refuses "p.yml:"
}

@test "a rule that cannot be is an error with its line" {
  config 'relabel_configs:' '  - action: keep' "    regex: '('"
  refuses "p.yml:7:16: regex '(': missing )"
}

@test "a source that is not files is refused with its line and what to use instead" {
  config
  printf '%s\n' '  - job_name: j' '    journal:' '      max_age: 12h' >>p.yml
  refuses "p.yml:7:7: journal is not read here; use glp-tail --exec -- journalctl -f -o json"
  run --separate-stderr glp-tail -c p.yml --job app
  assert_status 0
  config
  printf '%s\n' '  - job_name: d' '    docker_sd_configs: [{host: unix:///var/run/docker.sock}]' >>p.yml
  refuses "p.yml:6:24: docker_sd_configs is not read here; use static_configs with __path__: /var/lib/docker/containers/*/*-json.log"
  config
  printf '%s\n' '  - job_name: c' '    consul_sd_configs: [{server: x}]' >>p.yml
  refuses "p.yml:6:24: consul_sd_configs is not read here; use file_sd_configs"
}

@test "what cannot be read is an error: no such job, no path, a bad glob, no source, zlib" {
  config
  refuses "p.yml: no scrape config has the job_name 'x'; there are app" --job x
  sed -i 's/__path__: .*}/a: b}/' p.yml
  refuses "p.yml:4:9: the label __path__ is missing"
  config
  sed -i "s/__path__: .*}/__path__: '[a'}/" p.yml
  refuses "p.yml:4:9: __path__ [a: "
  printf '%s\n' 'scrape_configs:' '  - job_name: app' >p.yml
  refuses "p.yml:2:5: job 'app' has nothing to read: neither static_configs nor file_sd_configs"
  config 'decompression: {enabled: true, format: z}'
  refuses "p.yml:5:44: format: zlib data cannot be told by its first bytes"
  echo 'clients: []' >p.yml
  refuses "p.yml: nothing to read: no scrape_configs"
}

@test "--check reads the configuration and nothing else" {
  config
  rm app.log
  run --separate-stderr glp-tail -c p.yml --check
  assert_status 0
  assert_equal "$stderr" ""
  assert_contains "$output" $'job\tapp\tlines'
  config 'encoding: KLINGON'
  refuses "p.yml:5:15: " --check
}

@test "with -c no path is taken but '-', and --job and --check need -c" {
  config
  refuses "with -c the configuration says what to read; of paths it takes '-' only" app.log
  run --separate-stderr glp-tail --job app app.log
  assert_status 2
  assert_contains "$stderr" "--job is of a configuration: -c FILE"
  run --separate-stderr glp-tail --check app.log
  assert_status 2
}
