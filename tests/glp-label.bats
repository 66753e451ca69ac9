#!/usr/bin/env bats
# glp-label: which fields become labels or metadata.

load lib

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
