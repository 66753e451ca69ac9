load lib

# A tree of one layer each with nothing wrong in it.
small_tree() {
  mkdir -p "$1"/libcommon/{base,record,cli} "$1/tools/glp-a" "$1/tools/glp-b"
  echo '#include <string>' >"$1/libcommon/base/text.h"
  printf '#include "base/text.h"\n#include "record/record.h"\n' >"$1/libcommon/record/record.h"
  printf '#include <CLI/CLI.hpp>\n#include "record/record.h"\n' >"$1/libcommon/cli/main.cc"
  printf 'glp_layer(record SOURCES record.cc LIBS glp_base)\n' >"$1/libcommon/record/CMakeLists.txt"
  printf '#include "cli/main.h"\n#include "own.h"\n' >"$1/tools/glp-a/main.cc"
  : >"$1/tools/glp-a/own.h"
}

check() { run --separate-stderr "$GLP_ROOT/scripts/check-layers" "$1"; }

@test "check-layers passes a tree whose includes go down only" {
  small_tree "$BATS_TEST_TMPDIR/t"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 0
  assert_equal "$output" ""
}

@test "check-layers passes this tree" {
  check "$GLP_ROOT"
  assert_status 0
}

@test "check-layers refuses an upward include, and names file, line and both layers" {
  small_tree "$BATS_TEST_TMPDIR/t"
  echo '#include "record/record.h"' >>"$BATS_TEST_TMPDIR/t/libcommon/base/text.h"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 1
  assert_equal "$output" \
    'libcommon/base/text.h:2: layer base includes "record/record.h" of layer record, which is above it'
  assert_contains "$stderr" "base < io < record"
}

@test "check-layers refuses an upward include in a unit test, in angle brackets, with spaces" {
  small_tree "$BATS_TEST_TMPDIR/t"
  echo '  #  include <cli/main.h>' >"$BATS_TEST_TMPDIR/t/libcommon/record/record_test.cc"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 1
  assert_contains "$output" 'record_test.cc:1: layer record includes "cli/main.h"'
}

@test "check-layers refuses a tool that includes another tool, however it is spelled" {
  small_tree "$BATS_TEST_TMPDIR/t"
  : >"$BATS_TEST_TMPDIR/t/tools/glp-b/other.h"
  for spelled in ../glp-b/other.h glp-b/other.h tools/glp-b/other.h other.h; do
    printf '#include "%s"\n' "$spelled" >"$BATS_TEST_TMPDIR/t/tools/glp-a/main.cc"
    check "$BATS_TEST_TMPDIR/t"
    assert_status 1
    assert_contains "$output" "tools/glp-a/main.cc:1:"
  done
}

@test "check-layers refuses a layer that includes a tool, an unknown folder, or CLI11 outside cli" {
  small_tree "$BATS_TEST_TMPDIR/t"
  for include in '"tools/glp-a/own.h"' '"text.h"' '"../base/text.h"' '<CLI/CLI.hpp>'; do
    printf '#include %s\n' "$include" >"$BATS_TEST_TMPDIR/t/libcommon/record/record.h"
    check "$BATS_TEST_TMPDIR/t"
    assert_status 1
    assert_contains "$output" "libcommon/record/record.h:1:"
  done
}

@test "check-layers refuses a folder that is no layer, and a link upwards" {
  small_tree "$BATS_TEST_TMPDIR/t"
  mkdir "$BATS_TEST_TMPDIR/t/libcommon/misc"
  echo 'int x;' >"$BATS_TEST_TMPDIR/t/libcommon/misc/x.cc"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 1
  assert_contains "$output" "libcommon/misc is no layer"

  small_tree "$BATS_TEST_TMPDIR/u"
  echo 'glp_layer(record SOURCES record.cc LIBS glp_cli)' \
    >"$BATS_TEST_TMPDIR/u/libcommon/record/CMakeLists.txt"
  check "$BATS_TEST_TMPDIR/u"
  assert_status 1
  assert_contains "$output" "layer record links layer cli"
}

@test "check-layers refuses a type that two headers of a layer define, not one of two layers" {
  small_tree "$BATS_TEST_TMPDIR/t"
  printf 'struct A {\n};\n' >>"$BATS_TEST_TMPDIR/t/libcommon/base/text.h"
  printf 'struct A {\n};\nclass B;\n' >>"$BATS_TEST_TMPDIR/t/libcommon/record/record.h"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 0
  printf 'class A final {\n};\nclass B {\n};\n' >"$BATS_TEST_TMPDIR/t/libcommon/record/same.h"
  check "$BATS_TEST_TMPDIR/t"
  assert_status 1
  assert_equal "$output" "libcommon/record/same.h:1: A is defined in libcommon/record/record.h, too"
}

@test "check-layers says where there is no tree" {
  check "$BATS_TEST_TMPDIR/nowhere"
  assert_status 2
  assert_contains "$stderr" "no libcommon/ and tools/"
}

# --- setup -------------------------------------------------------------------------------------

# A machine made up of stand-ins: dpkg-query knows the packages in `installed`, apt-get notes how
# it was called and "installs", id says who we are, sudo refuses unless the file `sudo` is there.
machine() {
  M=$BATS_TEST_TMPDIR/m
  mkdir -p "$M/bin"
  "$GLP_ROOT/scripts/setup" --test --list >"$M/installed"
  echo 0 >"$M/uid"
  cat >"$M/bin/dpkg-query" <<END
#!/bin/bash
code=0
for p in "\${@:4}"; do
  if grep -qxF -- "\$p" $M/installed; then echo "installed \$p"; else code=1; fi
done
exit \$code
END
  cat >"$M/bin/apt-get" <<END
#!/bin/bash
echo "\$*" >>$M/calls
[[ ! -e $M/broken ]] || { echo 'E: no network'; exit 100; }
[[ "\$*" != *' install '* ]] || printf '%s\n' "\$@" >>$M/installed
END
  printf '#!/bin/bash\ncat %s/uid\n' "$M" >"$M/bin/id"
  # shellcheck disable=SC2016  # of the stand-in
  printf '#!/bin/bash\n[[ -e %s/sudo ]] || exit 1\n[[ $1 == -n ]] && shift\nexec "$@"\n' "$M" >"$M/bin/sudo"
  printf '#!/bin/bash\n' >"$M/bin/sleep"
  chmod +x "$M"/bin/*
  : >"$M/calls"
  PATH=$M/bin:$PATH
}

forget() { sed -i "/^$1\$/d" "$M/installed"; }

@test "setup does nothing where nothing is missing, without root too" {
  machine
  echo 1000 >"$M/uid"
  run --separate-stderr "$GLP_ROOT/scripts/setup" --test
  assert_status 0
  assert_equal "$output$stderr" ""
  assert_equal "$(cat "$M/calls")" ""
}

@test "setup installs what is missing and nothing else" {
  machine
  forget ninja-build
  forget bats
  run --separate-stderr "$GLP_ROOT/scripts/setup"
  assert_status 0
  assert_contains "$(cat "$M/calls")" "update"
  assert_contains "$(cat "$M/calls")" "--no-install-recommends ninja-build"
  refute_contains "$(cat "$M/calls")" "bats"
  run "$GLP_ROOT/scripts/setup" --test
  assert_contains "$(cat "$M/calls")" "--no-install-recommends bats"
}

@test "setup without root and without sudo prints the command to run" {
  machine
  echo 1000 >"$M/uid"
  forget cmake
  run --separate-stderr "$GLP_ROOT/scripts/setup"
  assert_status 2
  assert_contains "$stderr" "missing: cmake"
  assert_contains "$stderr" "sudo apt-get update && sudo apt-get install -y --no-install-recommends cmake"
  assert_equal "$(cat "$M/calls")" ""
}

@test "setup without root uses sudo where it asks for nothing" {
  machine
  echo 1000 >"$M/uid"
  : >"$M/sudo"
  forget cmake
  run --separate-stderr "$GLP_ROOT/scripts/setup"
  assert_status 0
  assert_contains "$(cat "$M/calls")" "install -y --no-install-recommends cmake"
}

@test "setup tries a failing apt once more, then shows its words" {
  machine
  forget cmake
  : >"$M/broken"
  run --separate-stderr "$GLP_ROOT/scripts/setup"
  assert_status 2
  assert_equal "$(grep -c update "$M/calls")" 2
  assert_contains "$stderr" "E: no network"
  assert_contains "$stderr" "missing: cmake"
}

@test "setup refuses an unknown argument" {
  run --separate-stderr "$GLP_ROOT/scripts/setup" --tset
  assert_status 2
  assert_contains "$stderr" "unknown argument '--tset'"
}

# --- run ---------------------------------------------------------------------------------------

# A checkout whose release build is the tools that are tested; nothing is installed or built.
checkout() {
  C=$BATS_TEST_TMPDIR/c
  mkdir -p "$C/scripts" "$C/build/release" "$C/stubs" "$C/work"
  cp "$GLP_ROOT/scripts/run" "$C/scripts/"
  ln -s "$GLP_ROOT/scripts/sample-node" "$C/scripts/sample-node"
  ln -s "$GLP_BIN" "$C/build/release/bin"
  printf '#!/bin/sh\n' | tee "$C/scripts/setup" >"$C/stubs/cmake"
  chmod +x "$C/scripts/setup" "$C/stubs/cmake"
  PATH=$C/stubs:$PATH
  cd "$C/work" || return 1
}

@test "run takes the small node in and shows labels, volume, errors and what to do next" {
  [[ ! -e /var/log/pods ]] || skip "this machine has pods of its own"
  checkout
  run --separate-stderr "$C/scripts/run"
  assert_status 0
  assert_contains "$output" "356 lines added"
  for part in "        97  default          frontend                 nginx" \
    "        25  default          cache-0                  redis" \
    "        16  kube-system      kube-proxy-n5rcj         kube-proxy" "until 2026-01-05 08:46:00" \
    "Newest errors" 'level=error msg="charge failed"' "glp-query -s glp-data"; do
    assert_contains "$output" "$part"
  done
  bars=$(sed -n 's/^  until .* \([0-9][0-9]*\) #*$/\1/p' <<<"$output")
  assert_equal "$((${bars//$'\n'/+}))" 356
  assert_contains "$stderr" "no pods on this machine"
}

@test "run a second time adds nothing twice" {
  checkout
  "$C/scripts/run" "$GLP_ROOT/scripts/sample-node/pods"
  run --separate-stderr "$C/scripts/run" "$GLP_ROOT/scripts/sample-node/pods"
  assert_status 0
  assert_contains "$output" "0 lines added"
  assert_contains "$output" "356 in glp-data"
}

@test "run takes any log file, names with spaces too, and its next commands work" {
  checkout
  printf 'first\nsecond error\n' >"my app.log"
  run --separate-stderr "$C/scripts/run" "my app.log"
  assert_status 0
  assert_contains "$output" "         2  my app.log"
  assert_equal "$(sed -n '/^  glp-query -s/p' <<<"$output" | wc -l)" 4
  while read -r command; do
    bash -c "$command" || {
      echo "failed: $command" >&2
      return 1
    }
  done < <(sed -n 's/^  \(glp-query -s\)/\1/p' <<<"$output")
}

@test "what README shows next works" {
  checkout
  "$C/scripts/run" "$GLP_ROOT/scripts/sample-node/pods"
  ln -s "$GLP_ROOT/scripts" scripts
  commands=$(sed -n '/^Then/,/^\*\*The flow/s/^    \(glp-\(query\|tail\) .*\)/\1/p' "$GLP_ROOT/README.md")
  assert_equal "$(wc -l <<<"$commands")" 4
  while read -r command; do
    run --separate-stderr bash -c "$command"
    assert_status 0
    [[ -n $output ]]
  done <<<"$commands"
}

@test "run says what is wrong with a path and with an option" {
  checkout
  run --separate-stderr "$C/scripts/run" nosuch.log
  assert_status 2
  assert_contains "$stderr" "nosuch.log: No such file"
  run --separate-stderr "$C/scripts/run" --frist
  assert_status 2
  assert_contains "$stderr" "unknown option '--frist'"
}

# --- the drop-ins ------------------------------------------------------------------------------

# As cmake --install lays them out.
installed() {
  I=$BATS_TEST_TMPDIR/i
  mkdir -p "$I/bin" "$I/share/glp"
  cp "$GLP_ROOT/scripts/promtail" "$I/bin/glp-promtail"
  cp "$GLP_ROOT/scripts/loki" "$I/bin/glp-loki"
  cp "$GLP_ROOT"/scripts/lib/{drop-in.bash,pipes.bash,yaml.awk} "$I/share/glp/"
  PATH=$I/bin:$PATH
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() { [[ -z ${servers-} ]] || stop "$servers"; }

promtail_yml() {
  cat >promtail.yml <<END
server:
  http_listen_port: 9080
  grpc_listen_port: 0

positions:
  filename: $PWD/positions.yaml

clients:
  - url: ${1-http://localhost:3100}/loki/api/v1/push
    external_labels: {cluster: "east"}

scrape_configs:
  - job_name: system      # of promtail's own documentation, in shape
    static_configs:
      - targets: [localhost]
        labels:
          job: varlogs
          __path__: ${2-/var/log/*log}
    pipeline_stages:
      - docker: {}
      - regex:
          source: filename
          expression: '(?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/'
      - labels:
          namespace:
          pod:
          app: container
      - match:
          selector: '{namespace!~"(default|kube-system)"}'
          action: drop
END
}

@test "glp-promtail makes a pipe of promtail's configuration" {
  installed
  promtail_yml
  run --separate-stderr glp-promtail -config.file=promtail.yml -check-syntax -print-config-stderr \
    --client.external-labels hostname=n1,cluster=west
  assert_status 0
  assert_contains "$stderr" "glp-tail -c promtail.yml --job system -f --positions $PWD/positions.yaml |
  glp-parse -c promtail.yml --job system |
  glp-push -c promtail.yml --external-label hostname=n1 --positions $PWD/positions.yaml"
  refute_contains "$stderr" "west"
  [[ ! -e positions.yaml ]]
}

@test "glp-promtail refuses what it does not understand, by key and line" {
  installed
  while IFS='|' read -r from to line key; do
    promtail_yml
    sed -i "s/$from/$to/" promtail.yml
    run --separate-stderr glp-promtail -config.file=promtail.yml -check-syntax
    assert_status 2
    assert_contains "$stderr" "promtail.yml:$line: $key"
  done <<'END'
targets:|tragets:|15:9|unknown key 'tragets' in scrape_configs[0].static_configs[0]
- docker: {}|- dokcer: {}|20:9|there is no stage 'dokcer'
- docker: {}|- multiline: {}|20:20|multiline: expected
action: drop|action: keep|29:11|match: expected stages
job_name: system|job_nam: system|13:5|unknown key 'job_nam' in scrape_configs[0]; did you mean 'job_name'?
job: varlogs|job: [a|18:19|this is not YAML
positions:|bogus: {a: 1}\npositions:|5:1|unknown key 'bogus'
    static_configs|    kubernetes_sd_configs: [{role: pod}]\n    static_configs|14:28|kubernetes_sd_configs is not read here; use static_configs
    external_labels:|    oauth2: {client_id: a}\n    external_labels:|10:13|glp-push cannot log in by oauth2
END
}

@test "glp-promtail makes a pipe for each scrape config, with positions of its own that begin as the file did" {
  installed
  promtail_yml "http://127.0.0.1:$(free_port)" "$PWD/x.log"
  sed -i '/pipeline_stages/,$d' promtail.yml
  printf '%s\n' '  - job_name: b c' '    static_configs: [{labels: {__path__: /nowhere/*.log}}]' \
    '    relabel_configs: [{source_labels: [__address__], target_label: host}]' >>promtail.yml
  run --separate-stderr glp-promtail -config.file=promtail.yml -check-syntax -print-config-stderr \
    -positions.file=p
  assert_status 0
  assert_contains "$stderr" "glp-tail -c promtail.yml --job system -f --positions p.system |
  glp-push -c promtail.yml --positions p.system
glp-tail -c promtail.yml --job 'b c' -f --positions p.b_c |
  glp-push -c promtail.yml --positions p.b_c"
  printf 'positions:\n  %s: "4"\n' "$PWD/x.log" >p
  printf 'one\ntwo\n' >x.log
  mkdir stubs
  printf '#!/bin/bash\nhead -n 3 >>"%s/got"\nexit 75\n' "$PWD" >stubs/glp-push
  chmod +x stubs/glp-push
  PATH=$PWD/stubs:$PATH run --separate-stderr timeout 20 glp-promtail -config.file=promtail.yml -positions.file=p
  assert_status 75
  cmp p p.system
  assert_equal "$(lines_of <got)" two
}

@test "glp-promtail names what has no meaning here, once, and goes on" {
  installed
  promtail_yml
  echo 'target_config: {sync_period: 10s}' >>promtail.yml
  run --separate-stderr glp-promtail -config.file=promtail.yml -check-syntax -log.level=debug
  assert_status 0
  assert_contains "$stderr" "promtail.yml:2:3: server: nothing listens"
  assert_contains "$stderr" "promtail.yml:31:30: sync_period: new files are found at once"
  assert_contains "$stderr" "-log.level has no meaning here"
}

@test "glp-promtail takes flags as Go does, and refuses others" {
  installed
  promtail_yml
  for flags in "-config.file promtail.yml -check-syntax=true" "--config.file=none.yml,promtail.yml --check-syntax"; do
    # shellcheck disable=SC2086  # words, meant to be split
    run --separate-stderr glp-promtail $flags
    assert_status 0
  done
  run --separate-stderr glp-promtail -config.fil=promtail.yml
  assert_status 2
  assert_contains "$stderr" "no flag -config.fil"
  run --separate-stderr glp-promtail -config.file=promtail.yml -check-syntax=perhaps
  assert_status 2
  run --separate-stderr glp-promtail
  assert_status 2
  assert_contains "$stderr" "-config.file is missing"
  run --separate-stderr glp-promtail -version
  assert_status 0
  assert_contains "$output" "glp-promtail"
}

@test "glp-promtail -stdin -dry-run prints what would be pushed, with the configuration's labels and stages" {
  installed
  promtail_yml
  # shellcheck disable=SC2016  # filled in by glp-promtail
  sed -i 's/"east"/${REGION:-nowhere}/; /match:/,$d' promtail.yml
  printf '%s\n' '{"log":"hello\n","stream":"stderr","time":"2026-01-05T00:00:00Z"}' >in
  REGION=north run --separate-stderr glp-promtail -config.file=promtail.yml -config.expand-env \
    -stdin -dry-run <in
  assert_status 0
  assert_json "$output" '.streams[0] | .values[0] == ["1767571200000000000", "hello"]
    and .stream == {job: "varlogs", stream: "stderr", cluster: "north"}'
}

@test "glp-loki takes what glp-promtail follows, and a TERM ends both after all is delivered" {
  installed
  port=$(free_port)
  cat >loki.yml <<END
auth_enabled: false
server:
  http_listen_port: $port
common:
  path_prefix: $PWD/loki
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - from: 2020-10-24
      store: tsdb
      object_store: filesystem
      schema: v13
limits_config: {reject_old_samples: false, max_query_length: 0}
END
  glp-loki -config.file=loki.yml -server.http-listen-address=127.0.0.1 2>loki.err 3>&- &
  servers=$!
  wait_for curl -fsS "http://127.0.0.1:$port/ready"
  grep -q 'loki.yml: not needed here: common.ring (line 7), schema_config' loki.err

  promtail_yml "http://127.0.0.1:$port" "$GLP_ROOT/scripts/sample-node/pods/*/*/*.log"
  glp-promtail -config.file=promtail.yml -client.external-labels=hostname=n1 2>promtail.err 3>&- &
  promtail=$!
  # Of the default and kube-system namespaces, what the regex of Deployments knows.
  # shellcheck disable=SC2016  # of the inner shell
  wait_for bash -c '[[ $(glp-query -q -s "$0" "{namespace=~\".+\"}" --from 2026-01-05 --to 2099-01-01 -o raw | wc -l) == 210 ]]' "http://127.0.0.1:$port"
  kill -TERM "$promtail"
  wait_for gone "$promtail"
  wait "$promtail"
  stop "$servers"
  assert_equal "$(glp-query labels hostname -q -s loki)" n1
  assert_equal "$(glp-query labels cluster -q -s loki)" east
}

@test "glp-promtail ends with the code of the part that died" {
  installed
  promtail_yml "http://127.0.0.1:$(free_port)" "$PWD/x.log"
  sed -i '/pipeline_stages/,$d' promtail.yml
  echo line >x.log
  mkdir stubs
  printf '#!/bin/bash\nread -r _\nexit 75\n' >stubs/glp-push
  chmod +x stubs/glp-push
  PATH=$PWD/stubs:$PATH
  run --separate-stderr timeout 20 glp-promtail -config.file=promtail.yml
  assert_status 75
  assert_contains "$stderr" "glp-push ended with 75"
}

@test "glp-loki refuses what contradicts one store on local files, by key and line" {
  installed
  while IFS='|' read -r text message; do
    printf 'auth_enabled: false\ncommon: {path_prefix: /tmp/x}\n%b\n' "$text" >loki.yml
    run --separate-stderr glp-loki -config.file=loki.yml -verify-config
    assert_status 2
    assert_contains "$stderr" "$message"
  done <<'END'
schema_config:\n  configs:\n    - object_store: s3|loki.yml:5:21: object_store: 's3'
ingester:\n  lifecycler:\n    ring: {kvstore: {store: consul}}|loki.yml:5:29: ingester.lifecycler.ring.kvstore.store: 'consul'
storage_config:\n  aws: {s3: x}|loki.yml:4:3: storage_config.aws: logs are kept in local files only
compactor: {retention_enabled: maybe}|loki.yml:3:32: retention_enabled: expected true or false
target: querier|loki.yml:3:9: target: 'querier'
server: {http_listen_port: x}|loki.yml:3:28: http_listen_port: expected a whole number, not 'x'
END
  printf 'auth_enabled: true\ncommon: {path_prefix: /tmp/x}\n' >loki.yml
  run --separate-stderr glp-loki -config.file=loki.yml -verify-config
  assert_status 0
  printf 'auth_enabled: false\ncommon: {path_prefix: "${GLP_X:-/tmp/x}"}\n' >loki.yml
  run --separate-stderr glp-loki -config.file=loki.yml -config.expand-env -verify-config \
    -server.http-listen-port=3101
  assert_status 0
  assert_contains "$stderr" "the configuration is valid: a store in /tmp/x, on 0.0.0.0:3101"
}

@test "the YAML reader: values, kinds and lines" {
  run --separate-stderr awk -f "$GLP_ROOT/scripts/lib/yaml.awk" <<'END'
a: 1 # comment
"b c": 'it''s'
list:
- x
- k: "tab\t"
  l:
- [p, "q, r", {s: t}]
empty: {}
text: |-
  two
    lines
END
  assert_status 0
  assert_equal "$output" "$(printf '%s\t%s\t%s\t%s\n' 1 plain /a 1 2 quoted '/b c' "it's" \
    4 plain /list/0 x 5 quoted /list/1/k '' 6 null /list/1/l '' 7 plain /list/2/0 p \
    7 quoted /list/2/1 'q, r' 7 plain /list/2/2/s t 8 map /empty '' 9 quoted /text 'two\n  lines' |
    sed 's/^\(5.*\)$/\1tab\\t/')"
}

@test "the YAML reader refuses what it does not read, with the line" {
  while IFS='|' read -r text message; do
    run --separate-stderr awk -f "$GLP_ROOT/scripts/lib/yaml.awk" < <(printf '%b\n' "$text")
    assert_status 1
    assert_contains "$stderr" "$message"
  done <<'END'
a: 1\nb: *x|2: anchors and aliases
a: !!str x|1: tags
a: >\n  x|1: folded text
a: b\n  c|2: a value that goes on
\ta: b|1: a tab
a: 1\na: 2|2: the key 'a' is given twice, first in line 1
a: b: c|1: ': ' within a value
a: [1, 2|1: 
a: 'x|1: a quoted text does not end
- a\nb: c|2: less indented
a: 1\n---\nb: 2|2: one document only
END
}

@test "bench makes its corpus and prints its table" {
  run --separate-stderr python3 "$GLP_ROOT/scripts/lib/bench.py" "$BATS_TEST_TMPDIR" --bytes 400K \
    --bin "$GLP_BIN" --no-peers
  assert_status 0
  for row in "tail | parse | label | filter" "tail | parse | label | push" \
    "whole pipe into the store" "records into the store" "compact" "|= needle of one line" \
    "|= needle of none" "|~ words, then digits" "sum by (namespace) of counts" \
    'rate of "error" by container' "last 1000 of a selector" "pattern, unwrap, max by minute" \
    "from nothing to an answer" "push: MB of text a CPU s" "1000 idle tails, MB more" "on disk"; do
    assert_contains "$output" "$row"
  done
}
