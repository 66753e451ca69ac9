#!/usr/bin/env bats
# glp-label: which fields become labels or metadata.

load lib

setup() { cd "$BATS_TEST_TMPDIR" || return 1; }

T='"ts":"2026-01-01T00:00:00.000000000Z"'

# record LABELS [REST]
record() { printf '{%s,"labels":%s,"line":"l"%s}\n' "$T" "$1" "${2-}"; }
# labels OPTION…: the labels that come out, a line each.
labels() { glp-label "$@" | records | jq -c .labels; }

@test "--set sets, replaces and with an empty value takes away" {
  run --separate-stderr labels --set b=2 --set a=new --set c= < <(record '{"a":"1","c":"3"}')
  assert_status 0
  assert_equal "$output" '{"a":"new","b":"2"}'
  assert_equal "$stderr" ""
}

@test "--from-field sets labels from fields, and the fields stay" {
  run --separate-stderr glp-label --from-field level,app=name,none < <(record '{"job":"x"}' ',"fields":{"level":"info","name":"web"}')
  assert_status 0
  assert_equal "${lines[0]}" "{$T,\"labels\":{\"app\":\"web\",\"job\":\"x\",\"level\":\"info\"},\"line\":\"l\",\"fields\":{\"level\":\"info\",\"name\":\"web\"}}"
}

@test "each record gets its own values also where the labels in front are the same" {
  run --separate-stderr labels --from-field a < <(
    for v in 1 2 2 '' 1; do record '{"job":"x"}' ",\"fields\":{\"a\":\"$v\"}"; done
    record '{"job":"x"}'; record '{"job":"y"}' ',"fields":{"a":"1"}')
  assert_equal "$output" '{"a":"1","job":"x"}
{"a":"2","job":"x"}
{"a":"2","job":"x"}
{"job":"x"}
{"a":"1","job":"x"}
{"job":"x"}
{"a":"1","job":"y"}'
}

@test "--from-path reads both forms of a Kubernetes path" {
  run --separate-stderr labels --from-path --drop filename < <(
    record '{"filename":"/var/log/pods/kube-system_kube-proxy-x7_28e71490-d614/kube-proxy/3.log"}'
    record '{"filename":"/var/log/pods/default_web-5c6f_28e7/app/0.log.20260105-000000.gz"}'
    record '{"filename":"/var/log/containers/web-5c6f_default_app-0123456789abcdef0123456789abcdef.log"}'
    record '{"filename":"/var/log/containers/kube-api-node.one_kube-system_kube-api-0123456789abcdef.log"}'
    record '{"filename":"/var/log/syslog"}'
    record '{"filename":"/srv/a_b_c/notes/readme.log"}'
    record '{"job":"x"}')
  assert_equal "$output" '{"container":"kube-proxy","namespace":"kube-system","pod":"kube-proxy-x7"}
{"container":"app","namespace":"default","pod":"web-5c6f"}
{"container":"app","namespace":"default","pod":"web-5c6f"}
{"container":"kube-api","namespace":"kube-system","pod":"kube-api-node.one"}
{}
{}
{"job":"x"}'
}

@test "--rename, --drop and --keep work in the order given" {
  run --separate-stderr labels --rename a=b,c=d --drop e < <(record '{"a":"1","b":"old","c":"2","e":"3"}')
  assert_equal "$output" '{"b":"1","d":"2"}'
  run --separate-stderr labels --keep a,z --rename a=z < <(record '{"a":"1","b":"2","z":"9"}')
  assert_equal "$output" '{"z":"1"}'
  run --separate-stderr labels --rename a=z --keep a,z < <(record '{"a":"1","b":"2"}')
  assert_equal "$output" '{"z":"1"}'
}

@test "--meta takes fields, else labels, which then go" {
  run --separate-stderr glp-label --meta trace,who=user,pod,none < <(
    record '{"job":"x","pod":"p-1"}' ',"meta":{"old":"1","trace":"0"},"fields":{"trace":"t1","user":"u\"1"}')
  assert_status 0
  assert_equal "${lines[0]}" "{$T,\"labels\":{\"job\":\"x\"},\"line\":\"l\",\"meta\":{\"old\":\"1\",\"pod\":\"p-1\",\"trace\":\"t1\",\"who\":\"u\\\"1\"},\"fields\":{\"trace\":\"t1\",\"user\":\"u\\\"1\"}}"
}

@test "names that are no label names are refused" {
  for option in '--set 1a=x' '--set a' '--from-field a-b' '--rename a=b.c' '--drop a,,b' '--meta x=' '--keep é'; do
    # shellcheck disable=SC2086  # an option and its value
    run --separate-stderr glp-label $option </dev/null
    assert_status 2
    assert_equal "$output" ""
    assert_contains "$stderr" "glp-label: ${option%% *}: "
  done
}

@test "nothing to do is a usage error" {
  run --separate-stderr glp-label </dev/null
  assert_status 2
  assert_contains "$stderr" "nothing to do is given"
}

@test "line, src, unknown keys and marks pass through" {
  run --separate-stderr glp-label --set a=1 < <(
    echo '{"mark":"file","src":"F@0","path":"/x"}'
    printf '{%s,"labels":{},"line64":"/w==","src":"F@2","k":{"n": 1.50}}\n' "$T"
    echo '{"mark":"end","tool":"glp-tail","in":1,"out":1,"dropped":{}}')
  assert_status 0
  assert_equal "$output" '{"mark":"file","src":"F@0","path":"/x"}
{'"$T"',"labels":{"a":"1"},"line64":"/w==","src":"F@2","k":{"n": 1.50}}
{"mark":"end","tool":"glp-tail","in":1,"out":1,"dropped":{}}
{"mark":"end","tool":"glp-label","in":1,"out":1,"dropped":{}}'
}

@test "fields from a path through glp-parse become labels" {
  run --separate-stderr bash -c "glp-parse --regex 'pods/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^/]*/(?P<container>[^/]+)/' --source filename | glp-label --from-field namespace,pod,container --drop filename | grep -v mark" < <(
    record '{"filename":"/var/log/pods/ns_pod-1_uid/app/0.log"}')
  assert_status 0
  assert_contains "$output" '"labels":{"container":"app","namespace":"ns","pod":"pod-1"}'
}

@test "--rename changes all its names at once, so that two can swap" {
  run --separate-stderr bash -c 'echo "{\"labels\":{\"a\":\"1\",\"b\":\"2\"},\"line\":\"x\"}" | glp-label --rename a=b,b=a'
  assert_status 0
  assert_json "$(head -n 1 <<<"$output")" '.labels == {"a":"2","b":"1"}'
}

@test "--relabel applies Prometheus' rules in their place among the options" {
  cat >rules.yml <<'EOF'
- source_labels: [namespace, pod]
  separator: /
  regex: (.+)/(.+)-\w+
  target_label: workload
  replacement: ${2}.${1}
- action: labelmap
  regex: k8s_(.+)
- action: labeldrop
  regex: k8s_.*
- source_labels: [pod]
  target_label: __tmp_pod
EOF
  run --separate-stderr labels --set namespace=shop --relabel rules.yml --rename workload=app < <(
    record '{"k8s_zone":"a","namespace":"x","pod":"web-5c6f"}')
  assert_status 0
  assert_equal "$output" '{"app":"web.shop","namespace":"shop","pod":"web-5c6f","zone":"a"}'
}

@test "--relabel takes a mapping with relabel_configs, too, and every action" {
  cat >rules.yml <<'EOF'
relabel_configs:
  - {action: keep, source_labels: [env], regex: prod|test}
  - {action: drop, source_labels: [app], regex: noise.*}
  - {action: keepequal, source_labels: [a], target_label: b}
  - {action: dropequal, source_labels: [env], target_label: app}
  - {action: hashmod, source_labels: [app], modulus: 8, target_label: shard}
  - {action: lowercase, source_labels: [app], target_label: app}
  - {action: uppercase, source_labels: [env], target_label: env}
  - {action: labelkeep, regex: app|env|shard}
EOF
  run --separate-stderr glp-label --relabel rules.yml < <(
    record '{"a":"1","app":"Web","b":"1","env":"prod"}'
    record '{"a":"1","app":"Web","b":"1","env":"dev"}'
    record '{"a":"1","app":"noise-2","b":"1","env":"prod"}'
    record '{"a":"1","app":"Web","b":"2","env":"prod"}'
    record '{"a":"1","app":"test","b":"1","env":"test"}')
  assert_status 0
  assert_json "${lines[0]}" '.labels | .app == "web" and .env == "PROD" and (.shard | test("^[0-7]$")) and length == 3'
  assert_json "${lines[1]}" '.dropped == {"relabel": 4} and .out == 1'
}

@test "records that rules drop are told as dealt with" {
  printf -- '- {action: drop, source_labels: [app], regex: x}\n' >rules.yml
  run --separate-stderr glp-label --relabel rules.yml < <(
    record '{"app":"x"}' ',"src":"F@10"'
    record '{"app":"y"}' ',"src":"F@20"'
    record '{"app":"x"}' ',"src":"F@30"')
  assert_equal "$(jq -c 'select(.mark == "pos") | .src' <<<"$output")" '"F@10"
"F@30"'
}

@test "what is wrong with a file of rules is said with its place" {
  printf -- '- action: kepp\n' >rules.yml
  run --separate-stderr glp-label --relabel rules.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "--relabel: rules.yml:1:11: unknown action 'kepp'; did you mean 'keep'?"
  printf -- '- target_label: a\n  regex: "("\n' >rules.yml
  run --separate-stderr glp-label --relabel rules.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "--relabel: rules.yml:2:10: regex '(': missing ): ("
  printf -- '- {source_label: [a], target_label: b}\n' >rules.yml
  run --separate-stderr glp-label --relabel rules.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "source_labels"
  printf 'scrape_configs: []\n' >rules.yml
  run --separate-stderr glp-label --relabel rules.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "rules.yml:1:1: "
  : >rules.yml
  run --separate-stderr glp-label --relabel rules.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "rules.yml: there are no rules in it"
  run --separate-stderr glp-label --relabel none.yml </dev/null
  assert_status 2
  assert_contains "$stderr" "none.yml"
}

@test "--max-values warns once of a label with more values, and names the frequent ones" {
  run --separate-stderr glp-label --max-values 3 < <(
    for v in a b c a c c d e f; do record "{\"job\":\"x\",\"pod\":\"$v\"}"; done)
  assert_status 0
  assert_equal "$(grep -vc mark <<<"$output")" 9
  assert_equal "$stderr" "glp-label: label 'pod' has more than 3 values; most frequent: 'c' (3), 'a' (2), 'b' (1), 'd' (1); each value is a stream of its own, and servers limit these; --meta pod makes it metadata"
}

@test "--max-values looks at the labels as they leave" {
  run --separate-stderr glp-label --meta pod --max-values 1 < <(
    for v in a b c; do record "{\"job\":\"x\",\"pod\":\"$v\"}"; done)
  assert_equal "$stderr" ""
  run --separate-stderr glp-label --from-field user --max-values 1 < <(
    for v in a b; do record '{"job":"x"}' ",\"fields\":{\"user\":\"$v\"}"; done)
  assert_contains "$stderr" "label 'user' has more than 1 values"
}

@test "an error about a name says what is allowed and a name like it" {
  run --separate-stderr glp-label --set app-name=x </dev/null
  assert_status 2
  assert_contains "$stderr" "--set: 'app-name' is no name of a label; letters, digits and _ are, not starting with a digit; try 'app_name'"
  run --separate-stderr glp-label --from-field 1st=x </dev/null
  assert_contains "$stderr" "try '_1st'"
}

@test "a bad name that came with a record is said once and can be renamed or dropped" {
  run --separate-stderr glp-label --set x=1 < <(record '{"a-b":"1"}'; record '{"a-b":"2"}')
  assert_status 0
  assert_equal "$(grep -c "'a-b' is no name of a label" <<<"$stderr")" 1
  run --separate-stderr labels --rename a-b=a_b --drop c.d < <(record '{"a-b":"1","c.d":"2"}')
  assert_equal "$output" '{"a_b":"1"}'
  assert_equal "$stderr" ""
}
