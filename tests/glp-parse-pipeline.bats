#!/usr/bin/env bats
# glp-parse: whole pipelines: promtail's configuration, YAML and options alike, and looking inside.

load lib

GOLDEN=$GLP_ROOT/tests/golden-promtail

setup() { cd "$BATS_TEST_TMPDIR" || return 1; }

# line TEXT…: a record for each.
line() {
  local text
  for text in "$@"; do
    jq -nc --arg line "$text" '{ts: "2026-01-01T00:00:00.000000000Z", labels: {job: "x"}, line: $line}'
  done
}

promtail_yml() {
  cat >promtail.yml <<'END'
clients: [{url: "http://127.0.0.1:9/loki/api/v1/push"}]
scrape_configs:
  - job_name: web
    pipeline_stages:
      - logfmt: {mapping: {level: , msg: }}
      - labels: {level: }
      - match:
          selector: '{level="debug"}'
          action: drop
          drop_counter_reason: too_much
      - output: {source: msg}
    static_configs: [{targets: [localhost], labels: {job: web, __path__: web.log}}]
  - job_name: plain
    static_configs: [{targets: [localhost], labels: {job: plain, __path__: plain.log}}]
END
}

# golden CMD: what promtail made of the lines is what CMD makes of them.
golden() {
  run "$GOLDEN/run.py" "$GOLDEN/cases.json" "$1"
  [[ $status -eq 0 ]] || { echo "$output" >&2; return 1; }
  assert_equal "${lines[-1]}" "127 passed, 0 failed"
}

@test "promtail's configuration gives what promtail made of the same lines" {
  # shellcheck disable=SC2016  # of the command that is run for each case
  golden 'glp-tail -c "$CFG" - | glp-parse -c "$CFG"'
}

@test "so do its stages as YAML" {
  # shellcheck disable=SC2016
  golden 'glp-tail -c "$CFG" - | glp-parse --as-promtail -e "$STAGES"'
}

@test "so does the pipe that --explain prints" {
  # shellcheck disable=SC2016
  golden 'pipe=$(glp-parse -c "$CFG" --explain) || exit
    glp-tail -c "$CFG" - | sh -c "$pipe"'
}

# same ARG…: one process and the pipe that --explain prints give the same records of `in`; the pipe.
same() {
  glp-parse "$@" <in 2>/dev/null | records >one
  glp-parse "$@" --explain </dev/null >pipe
  sh pipe <in 2>/dev/null | records >many
  [[ -s one ]]
  cmp one many || { cat pipe >&2; diff one many >&2; return 1; }
}

@test "--explain says each stage by its option, one process a stage" {
  line '{"log":"level=INFO msg=\"it'"'"'s\" x\n","stream":"stderr","time":"2026-01-05T00:00:00Z"}' >in
  same --docker --regex "msg=\"(?P<m>it's)" --logfmt level,text=msg --source m -e '- output: {source: m}'
  assert_equal "$(cat pipe)" "glp-parse --docker |
  glp-parse --regex 'msg=\"(?P<m>it'\\''s)' |
  glp-parse --logfmt level,text=msg --source m |
  glp-parse --output m"
}

@test "--explain says as YAML what no option says" {
  line 'level=info' >in
  same -e '- logfmt: {mapping: {"a,b": level, c: level}}' --labels 'c'
  assert_equal "$(cat pipe)" "glp-parse -e '{logfmt: {mapping: {'\\''a,b'\\'': level, c: level}}}' |
  glp-parse --labels c"
}

@test "--explain keeps stages together that read labels changed in front of them, and says why" {
  line 'a=1 b=2' 'a=3' >in
  same --logfmt a,b --static-labels job=y --labels was=job --labeldrop was
  assert_equal "$(cat pipe)" "glp-parse --logfmt a,b |
  # in one process: labels reads 'job', which static_labels changes as a label
  glp-parse --static-labels job=y --labels was=job |
  glp-parse --labeldrop was"
}

@test "--explain reckons with the labels of static_configs and relabel_configs" {
  pipe_with() {
    cat >p.yml <<YAML
clients: [{url: "http://127.0.0.1:1/loki/api/v1/push"}]
scrape_configs:
- job_name: web
  pipeline_stages: [{json: {expressions: {pod: }}}, {labels: {pod: }}]
  $1
YAML
    glp-parse -c p.yml --explain
  }
  one_process=$'# in one process: labels reads \'pod\', a label, which json may hide\nglp-parse --as-promtail --json pod --labels pod'
  run --separate-stderr pipe_with 'static_configs: [{labels: {app: a, __path__: /x}}]'
  assert_equal "$output" $'glp-parse --as-promtail --json pod |\n  glp-parse --as-promtail --labels pod'
  run --separate-stderr pipe_with 'static_configs: [{labels: {pod: a, __path__: /x}}]'
  assert_equal "$output" "$one_process"
  run --separate-stderr pipe_with 'relabel_configs: [{source_labels: [a], target_label: pod}]'
  assert_equal "$output" "$one_process"
}

@test "--explain of blocks, events of several lines, pieces and drops gives the same records" {
  line '2026-01-05T00:00:00Z stdout P level=' '2026-01-05T00:00:01Z stdout F debug a=1' \
    '2026-01-05T00:00:02Z stdout F level=info a=2' '2026-01-05T00:00:03Z stdout F   more' \
    '2026-01-05T00:00:04Z stderr F level=info a=3' >in
  same --cri --multiline '^level' --logfmt level,a --labels level \
    --match '{level="info", stream="stdout"} |~ "(?s)a=2.*more"' --static-labels found=yes \
    --match '{found="yes"}' --output a --end-match --end-match \
    --match-drop '{level="debug"}' --reason noise --structured-metadata number=a --labelallow level,found
  grep -q -- '--end-match --end-match' pipe
  same --cri --drop 'a=[12]' --drop-field stream,none --drop-longer 1KB --decolorize --tenant stream
}

@test "an empty list of stages passes records on, also when it is explained" {
  line a b >in
  same -e '[]'
  assert_equal "$(cat pipe)" "glp-parse -e '[]'"
  promtail_yml
  run --separate-stderr bash -c 'glp-parse -c promtail.yml --job plain <in | grep -vc mark'
  assert_status 0
  assert_equal "$output" 2
}

@test "-c runs the stages of a job, and says which where there are several" {
  promtail_yml
  line 'level=info msg=hello' 'level=debug msg=no' >in
  run --separate-stderr glp-parse -c promtail.yml <in
  assert_status 0
  assert_contains "${lines[0]}" '"labels":{"job":"x","level":"info"},"line":"hello"'
  assert_contains "${lines[-1]}" '"in":2,"out":1,"dropped":{"too_much":1}'
  assert_contains "$stderr" "the stages of the first scrape config, 'web', are for all lines; --job chooses another: web, plain"
  run --separate-stderr glp-parse -c promtail.yml --job web <in
  assert_equal "$stderr" ""
  run --separate-stderr glp-parse -c promtail.yml --job wob <in
  assert_status 2
  assert_contains "$stderr" "no scrape config has the job_name 'wob'; there are web, plain"
}

@test "-c fills in variables where it is asked to" {
  promtail_yml
  # shellcheck disable=SC2016  # for glp-parse
  sed -i 's/level="debug"/level="${DROPPED:-none}"/' promtail.yml
  line 'level=info msg=hello' >in
  DROPPED=info run --separate-stderr glp-parse -c promtail.yml --job web --expand-env <in
  assert_status 0
  assert_contains "$output" '"too_much":1'
}

@test "options and -e may stand in front of -c and behind it" {
  promtail_yml
  line 'x level=info msg=hello' >in
  run --separate-stderr glp-parse --regex '^x (?P<rest>.*)' --output rest -c promtail.yml --job web \
    -e 'static_labels: {a: b}' --labeldrop job <in
  assert_status 0
  assert_contains "${lines[0]}" '"labels":{"a":"b","level":"info"},"line":"hello"'
}

@test "an option and its YAML are the same stage" {
  local row option yaml
  line 'level=info a=1' >in
  while read -r row; do
    option=${row%% ## *} yaml=${row#* ## }
    eval "glp-parse --logfmt level,a $option" <in | records >one
    glp-parse --logfmt level,a -e "$yaml" <in | records >two
    cmp one two
  done <<'END'
--regex '(?P<b>a=.)' --source level ## regex: {expression: "(?P<b>a=.)", source: level}
--pattern '<x>=<_>' ## pattern: {expression: <x>=<_>}
--labels level,b=a ## labels: {level: , b: a}
--static-labels c=1,d=e ## static_labels: {c: "1", d: e}
--labelallow level ## labelallow: [level]
--labeldrop job,level ## labeldrop: [job, level]
--structured-metadata level,b=a ## structured_metadata: {level: , b: a}
--tenant a ## tenant: {source: a}
--tenant value=me ## tenant: {value: me}
--tenant label=job ## tenant: {label: job}
--timestamp a=Unix --fallback RFC3339 --fallback ANSIC --on-failure skip ## timestamp: {source: a, format: Unix, fallback_formats: [RFC3339, ANSIC], action_on_failure: skip}
--timestamp 'a=2006-01-02 15:04' --location Europe/Berlin ## timestamp: {source: a, format: "2006-01-02 15:04", location: Europe/Berlin}
--drop info --reason gone ## drop: {expression: info, drop_counter_reason: gone}
--drop 1 --source a --with longer_than=3 ## drop: {expression: "1", source: a, longer_than: 3}
--drop-field level=info ## drop: {source: level, value: info}
--drop-field level,a ## drop: {source: [level, a]}
--drop-longer 8KB ## drop: {longer_than: 8KB}
--drop-older 24h ## drop: {older_than: 24h}
--limit 100 --with drop=true ## limit: {rate: 100, burst: 100, drop: true}
--limit 0.5:7 ## limit: {rate: 0.5, burst: 7}
--sampling 1 ## sampling: {rate: 1}
--pack level --with ingest_timestamp=false ## pack: {labels: [level], ingest_timestamp: false}
--multiline ^level --max-lines 3 --max-wait 1s ## multiline: {firstline: ^level, max_lines: 3, max_wait_time: 1s}
--match '{job="x"} |= "a"' --output a --end-match ## match: {selector: '{job="x"} |= "a"', stages: [{output: {source: a}}]}
--match-drop '{job="x"}' --reason r ## match: {selector: '{job="x"}', action: drop, drop_counter_reason: r}
--template 'b={{ .a }}{{ .level }}' ## template: {source: b, template: '{{ .a }}{{ .level }}'}
--replace '(a)=' --by '<{{ .Value }}>' ## replace: {expression: '(a)=', replace: '<{{ .Value }}>'}
--csv x,y --with "separator=' '" ## csv: {columns: [x, y], separator: ' '}
--kv --with "pair_separator=' '" ## kv: {pair_separator: ' '}
--metrics-stage '{n: {type: Counter, config: {match_all: true, action: inc}}}' ## metrics: {n: {type: Counter, config: {match_all: true, action: inc}}}
END
}

@test "a mistake names its place, what was expected and the nearest known name" {
  mistake() { # WORDS ARG…
    run --separate-stderr glp-parse "${@:2}" </dev/null
    assert_status 2
    assert_equal "$output" ""
    assert_contains "$stderr" "$1"
  }
  mistake "-e:1:3: there is no stage 'regx'; did you mean 'regex'?" -e '- regx: {expression: a}'
  mistake "-e:2:11: unknown key 'expresion' in regex; did you mean 'expression'?" \
    -e $'- docker:\n- regex: {expresion: a, expression: b}'
  mistake "-e[2]:1:3: expected one stage" -e '- docker:' -e '- a'
  mistake "glp-parse: -e:1:1: this is not YAML" -e '- {'
  mistake "--cri: unknown key 'max_partial_line' in cri; did you mean 'max_partial_lines'?" --cri --with max_partial_line=1
  mistake "--timestamp: location: " --timestamp a=Unix --location Nowhere
  mistake "--location: must stand behind the option it belongs to: --syslog, --klog or --timestamp" --location UTC
  mistake "--with: must stand behind the option of the stage it belongs to" --with a=b
  mistake "--with: 'a': expected KEY=VALUE" --cri --with a
  mistake "--source: was given before for the same stage" --regex a --source b --source c
  mistake "--regex: regular expression" --match '{}' --regex '(' --end-match
  mistake "--match: its --end-match is missing" --match '{}' --docker
  mistake "--end-match: there is no --match" --docker --end-match
  local -a deep
  for _ in {1..51}; do deep+=(--match '{}'); done
  mistake "--match: nested too deep" "${deep[@]}"
  mistake "--labels: 'a,': expected" --labels a,
  mistake "--static-labels: 'a': expected NAME=VALUE" --static-labels a
  mistake "--limit: '0': expected RATE" --limit 0
  mistake "--job is of a configuration" --docker --job a
  mistake "one at a time" --docker --tap --explain-time
  promtail_yml
  sed -i 's/- output: {source: msg}/- output: {source: [msg]}/' promtail.yml
  mistake "promtail.yml:11:26: source: expected a text, not a list" -c promtail.yml
}

@test "a setting that promtail passes over is told under -c, and no error" {
  promtail_yml
  sed -i 's/- output: {source: msg}/- output: {source: msg, format: x}/' promtail.yml
  run --separate-stderr glp-parse -c promtail.yml --job web --check
  assert_status 0
  assert_contains "$stderr" "promtail.yml:11:31: unknown key 'format' in output; it takes source"
}

@test "--check reads the stages of every job and nothing else" {
  promtail_yml
  run --separate-stderr timeout 20 glp-parse -c promtail.yml --check < <(exec sleep 60)
  assert_status 0
  assert_equal "$output$stderr" ""
  sed -i 's/job_name: plain/&\n    pipeline_stages: [{dockr: {}}]/' promtail.yml
  run --separate-stderr glp-parse -c promtail.yml --check </dev/null
  assert_status 2
  assert_contains "$stderr" "promtail.yml:14:24: there is no stage 'dockr'; did you mean 'docker'?"
  run --separate-stderr glp-parse -c promtail.yml --job web --check </dev/null
  assert_status 0
  run --separate-stderr glp-parse --regex '(' --check </dev/null
  assert_status 2
}

@test "--tap shows a line after every stage, what changed marked, and nothing raw" {
  { line $'{"log":"level=info m=a\\u001b[0m\\n","stream":"stderr","time":"2026-01-05T00:00:00Z"}'
    line 'level=debug'; } | sed '1s/}$/,"src":"F@9"}/' >in
  run --separate-stderr glp-parse --docker --logfmt level --labels level --labeldrop job \
    --match '{level="debug"}' --match-drop '{}' --reason noise --end-match --multiline '^level' --tap <in
  assert_status 0
  assert_equal "$output" 'record 1 (F@9)
  in              ts=2026-01-01T00:00:00.000000000Z labels={job="x"} line={"log":"level=info m=a\u001b[0m\n","stream":"stderr","time":"2026-01-05T00:00:00Z"}
  1 docker        *ts=2026-01-05T00:00:00.000000000Z labels={job="x", *stream="stderr"} *line=level=info m=a\x1b[0m
  2 logfmt        ts=2026-01-05T00:00:00.000000000Z labels={job="x", stream="stderr"} fields={*level="info"} line=level=info m=a\x1b[0m
  3 labels        ts=2026-01-05T00:00:00.000000000Z labels={job="x", *level="info", stream="stderr"} fields={level="info"} line=level=info m=a\x1b[0m
  4 labeldrop     ts=2026-01-05T00:00:00.000000000Z labels={level="info", stream="stderr", -job} fields={level="info"} line=level=info m=a\x1b[0m
  5 match         does not match, so past 1 stage
  7 multiline     held back
record 2
  in              ts=2026-01-01T00:00:00.000000000Z labels={job="x"} line=level=debug
  1 docker        ts=2026-01-01T00:00:00.000000000Z labels={job="x"} fields={*__error__="docker: not a JSON object"} line=level=debug
  2 logfmt        ts=2026-01-01T00:00:00.000000000Z labels={job="x"} fields={__error__="docker: not a JSON object", *level="debug"} line=level=debug
  3 labels        ts=2026-01-01T00:00:00.000000000Z labels={job="x", *level="debug"} fields={__error__="docker: not a JSON object", level="debug"} line=level=debug
  4 labeldrop     ts=2026-01-01T00:00:00.000000000Z labels={level="debug", -job} fields={__error__="docker: not a JSON object", level="debug"} line=level=debug
  5 match         ts=2026-01-01T00:00:00.000000000Z labels={level="debug"} fields={__error__="docker: not a JSON object", level="debug"} line=level=debug
  6 match         dropped: noise
let go (F@9)
  out             ts=2026-01-05T00:00:00.000000000Z labels={level="info", stream="stderr"} fields={level="info"} line=level=info m=a\x1b[0m'
}

@test "--tap has colours on a terminal and where they are asked for, not where NO_COLOR is set" {
  line 'a=1' >in
  run --separate-stderr glp-parse --logfmt a --tap --color always <in
  assert_contains "$output" $'fields={\e[32m*a="1"\e[0m}'
  run script -qec 'glp-parse --logfmt a --tap <in' /dev/null
  assert_contains "$output" $'\e[32m*a="1"\e[0m'
  NO_COLOR=1 run script -qec 'glp-parse --logfmt a --tap <in' /dev/null
  refute_contains "$output" $'\e['
  run --separate-stderr glp-parse --logfmt a --tap <in
  refute_contains "$output" $'\e['
}

@test "--explain-time says layout, zone and what was assumed" {
  line 't=2026-10-25T00:30:00Z' 'nothing' >in
  run --separate-stderr glp-parse --logfmt t --timestamp t=RFC3339 --explain-time <in
  assert_status 0
  assert_contains "${lines[0]}" "record 1: 2 timestamp: '2026-10-25T00:30:00Z' of t read by 'RFC3339'"
  assert_contains "${lines[0]}" ": 2026-10-25T00:30:00.000000000Z"
  assert_contains "${lines[1]}" "record 2: 2 timestamp: no field or label 't'; one nanosecond behind the stream's last time: 2026-10-25T00:30:00.000000001Z"
  [[ ${#lines[@]} -eq 2 ]]
  line 't="Oct 25 02:30:00"' >in
  run --separate-stderr glp-parse --logfmt t --timestamp 't=Jan _2 15:04:05' --location Europe/Berlin --explain-time <in
  assert_contains "$output" "year 2025 (assumed: "
  assert_contains "$output" "Europe/Berlin"
  line '{"log":"a\n","stream":"stdout","time":"2026-01-05T00:00:00Z"}' 'plain' >in
  run --separate-stderr glp-parse --docker --explain-time <in
  assert_equal "$output" "record 1: 1 docker: the line says 2026-01-05T00:00:00.000000000Z
record 2: 2026-01-01T00:00:00.000000000Z, as it was read: no stage gave another"
}

@test "--auto --explain tells what each file is" {
  echo '{"a":1}' >a.log
  printf '%s\n' '{"log":"x=1 y=2\n","stream":"stdout","time":"2026-01-05T00:00:00Z"}' >b.log
  yes 'some words' | head -n 10 >c.log
  run --separate-stderr bash -c 'glp-tail a.log b.log c.log | glp-parse --auto --explain'
  assert_status 0
  assert_equal "$output" "glp-parse --auto"
  assert_contains "$stderr" "a.log: json (1 line)"
  assert_contains "$stderr" "b.log: docker; stdout logfmt (1 line)"
  assert_contains "$stderr" "c.log: plain (10 lines)"
}

cases_yml() {
  cat >cases.yml <<'END'
pipeline: {config: promtail.yml, job: web}
labels: {job: web}
cases:
  - name: good
    input:
      - level=info msg=hello
      - {line: level=debug msg=no, labels: {a: b}}
      - {line64: "/w==", ts: 2026-01-05T01:00:00+01:00, meta: {m: n}}
    expect:
      - {line: hello, labels: {job: web, level: info}, ts: 2026-01-01T00:00:00Z, fields: {msg: hello, none: }}
      - {line64: "/w==", labels: {job: web}, ts: 2026-01-05T00:00:00Z, meta: {m: n}}
    dropped: {too_much: 1}
    count: 2
  - name: lines of a text
    input: |
      level=info msg=one
      level=info msg=two
    expect: |
      one
      two
END
}

@test "--test runs the cases of a file" {
  promtail_yml
  cases_yml
  run --separate-stderr timeout 20 glp-parse --test cases.yml < <(exec sleep 60)
  assert_status 0
  assert_equal "$output" "2 passed, 0 failed"
  mkdir below
  run --separate-stderr bash -c "cd below && glp-parse --test ../cases.yml"
  assert_status 0
}

@test "--test says what differs, with status 1" {
  promtail_yml
  cases_yml
  sed -i 's/line: hello, labels: {job: web, level: info}/line: hallo, labels: {job: web}/
    s/none: }}/none: x}}/; s/too_much: 1/other: 1/; s/count: 2/count: 3/; s/^      two/      two\n      three/' cases.yml
  run --separate-stderr glp-parse --test cases.yml
  assert_status 1
  assert_equal "$stderr" ""
  assert_equal "$output" 'FAIL good (cases.yml:4)
  record 1: line
    - hallo
    + hello
  record 1: labels
    - {"job":"web"}
    + {"job":"web","level":"info"}
  record 1: fields.none
    - x
    + (none)
  count
    - 3 records
    + 2 records
  dropped
    - other: 1
    + too_much: 1
FAIL lines of a text (cases.yml:14)
  record 3 is missing
    - three
0 passed, 2 failed'
}

@test "--test tests the stages of the command line where the file has none" {
  printf '%s\n' 'cases:' '- {input: ["a=1"], expect: [{fields: {a: "1"}}]}' >cases.yml
  run --separate-stderr glp-parse --logfmt a --test cases.yml
  assert_status 0
  run --separate-stderr glp-parse --logfmt b --test cases.yml
  assert_status 1
  run --separate-stderr glp-parse --test cases.yml
  assert_status 2
  assert_contains "$stderr" "it has no pipeline, and the command line has no stages"
  printf '%s\n' 'pipeline: {stages: [{logfmt: {mapping: {a: }}}]}' >>cases.yml
  run --separate-stderr glp-parse --test cases.yml
  assert_status 0
  run --separate-stderr glp-parse --logfmt a --test cases.yml
  assert_status 2
  assert_contains "$stderr" "it has a pipeline of its own"
}

@test "--test waits for nothing: its clock goes on where a stage waits" {
  printf '%s\n' 'pipeline: {stages: [{limit: {rate: 0.001, burst: 1}}]}' \
    'cases: [{input: [a, b, c], expect: [a, b, c]}]' >cases.yml
  run --separate-stderr timeout 20 glp-parse --test cases.yml
  assert_status 0
}

@test "--test refuses a file that is wrong, by its place" {
  promtail_yml
  while IFS='|' read -r from to words; do
    cases_yml
    sed -i "s|$from|$to|" cases.yml
    run --separate-stderr glp-parse --test cases.yml
    assert_status 2
    assert_equal "$output" ""
    assert_contains "$stderr" "$words"
  done <<'END'
count: 2|cuont: 2|cases.yml:13:5: unknown key 'cuont' in cases[0]; did you mean 'count'?
ts: 2026-01-01T00:00:00Z|ts: soon|ts: expected a time as 2026-01-05T00:00:00.5Z, not 'soon'
job: web}$|jb: web}|unknown key 'jb' in pipeline; did you mean 'job'?
promtail.yml|none.yml|none.yml
labels: {job: web}$|labels: [a]|cases.yml:2:9: labels: expected a mapping
count: 2|count: -2|count: expected a number of records
dropped: {too_much: 1}|dropped: {too_much: x}|too_much: expected a whole number, not 'x'
line64: "/w=="|line64: "?"|line64: expected base64
END
  echo 'cases: [{name: a, input: [b]}]' >cases.yml
  run --separate-stderr glp-parse --logfmt a --test cases.yml
  assert_contains "$stderr" "cases.yml:1:9: a case needs expect, count or dropped"
  echo 'cases: [{name: a, inpt: [b]}]' >cases.yml
  run --separate-stderr glp-parse --logfmt a --test cases.yml
  assert_contains "$stderr" "cases.yml:1:19: unknown key 'inpt' in cases[0]; did you mean 'input'?"
  echo 'cases:' >cases.yml
  run --separate-stderr glp-parse --logfmt a --test cases.yml
  assert_contains "$stderr" "expected cases"
  run --separate-stderr glp-parse --test missing.yml
  assert_status 2
  assert_contains "$stderr" "missing.yml"
}

@test "lines that a stage could not use are counted by stage and reason" {
  line 'no' 'no' >in
  run --separate-stderr glp-parse --json a --json b <in
  assert_status 0
  assert_contains "$stderr" "2 records have fields.__error__ 'json: not a JSON object' (--json)"
  promtail_yml
  sed -i 's/- output: {source: msg}/- json: {expressions: {a: }}/' promtail.yml
  run --separate-stderr glp-parse -c promtail.yml --job web <in
  assert_contains "$stderr" "(promtail.yml:11:9)"
}

@test "--metrics tells lines in and out, drops and failures, and what the stage metrics counts" {
  mkfifo fifo
  glp-parse --logfmt level --json a --labels level --match-drop '{level="debug"}' --reason noise \
    --metrics-stage '{seen: {type: Counter, description: lines, config: {match_all: true, action: inc}}}' \
    --metrics 0 <fifo >out 2>err 3>&- &
  local pid=$!
  exec 7>fifo
  wait_for grep -q 'metrics on http' err
  local url
  url=$(grep -o 'http://[0-9.:]*' err)
  line 'level=debug' 'level=info' 'level=info' >&7
  has() { curl -sS "$url/metrics" | grep -qF -- "$1"; }
  wait_for has 'glp_parse_read_lines_total 3'
  wait_for has 'glp_parse_written_lines_total 2'
  wait_for has 'logentry_dropped_lines_total{reason="noise"} 1'
  wait_for has 'glp_parse_failed_lines_total{stage="json",place="--json",reason="json: not a JSON object"} 3'
  wait_for has 'promtail_custom_seen{job="x",level="info"} 2'
  assert_equal "$(curl -sS "$url/ready")" ready
  exec 7>&-
  wait "$pid"
  tail -n 1 out | grep -q '"in":3,"out":2,"dropped":{"noise":1}'
}
