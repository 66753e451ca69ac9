#!/usr/bin/env bats
# Points in time as people type them, and the zone that they are read and shown in. What each form
# means is tested with a clock of its own in libcommon/codec/human_time_test.cc.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  unset LOKI_ADDR
  cat >records <<'END'
{"ts":"2026-01-05T12:59:59.999999999Z","labels":{"app":"api"},"line":"before"}
{"ts":"2026-01-05T13:00:00.000000000Z","labels":{"app":"api"},"line":"first"}
{"ts":"2026-01-05T13:59:59.999999999Z","labels":{"app":"api"},"line":"last"}
{"ts":"2026-01-05T14:00:00.000000000Z","labels":{"app":"api"},"line":"behind"}
END
}

ask() { run --separate-stderr glp-query -q "$@" <records; }

# A record for each hour ago that is named.
hours_ago() {
  local hours
  for hours in "$@"; do
    jq -nc --arg ts "$(date -u -d "-$hours hours" +%FT%TZ)" --arg line "$hours" \
      '{ts: $ts, labels: {}, line: $line}'
  done
}

@test "a range is half open, however its ends are written" {
  for range in "2026-01-05 13:00|2026-01-05 14:00" "2026-01-05T13:00|2026-01-05T14:00Z" \
    "Jan 5 2026 1pm|5 jan 2026 14:00:00" "1767618000|@1767621600" "1767618000000|1767621600000000" \
    "1767618000000000000|1767621600.000" "2026-01-05 14:00 Europe/Berlin|2026-01-05 15:00 +0100"; do
    ask --from "${range%|*}" --to "${range#*|}" -o raw --forward '{}'
    assert_status 0
    assert_equal "$output" $'first\nlast'
  done
}

@test "times without a zone are of --timezone" {
  for zone in Europe/Berlin +01:00 +0100; do
    ask --timezone "$zone" --from '2026-01-05 14:00' --to '2026-01-05 15:00' -o raw --forward '{}'
    assert_equal "$output" $'first\nlast'
    for to in '2026-01-05 14:00 UTC' '2026-01-05 14:00Z'; do
      ask --timezone "$zone" --from 2026-01-05T13:00:00Z --to "$to" -o raw --forward '{}'
      assert_equal "$output" $'first\nlast'
    done
  done
  TZ=Europe/Berlin ask --timezone Local --from '2026-01-05 14:00' --to '2026-01-05 15:00' -o raw --forward '{}'
  assert_equal "$output" $'first\nlast'
  TZ=Europe/Berlin ask --from '2026-01-05 13:00' --to '2026-01-05 14:00' -o raw --forward '{}'
  assert_equal "$output" $'first\nlast'
}

@test "times are printed in --timezone, those of records and of Loki's body are not" {
  ask --timezone America/New_York --forward --limit 1 '{}'
  assert_equal "$output" '2026-01-05T07:59:59.999999999-05:00 {app="api"} before'
  ask --timezone utc --forward --limit 1 '{}'
  assert_equal "$output" '2026-01-05T12:59:59.999999999Z {app="api"} before'
  TZ=Asia/Kathmandu ask --timezone local --forward --limit 1 '{}'
  assert_equal "$output" '2026-01-05T18:44:59.999999999+05:45 {app="api"} before'
  ask --timezone Europe/Berlin --forward --step 1h 'count_over_time({}[1h])'
  assert_equal "${lines[0]}" '2026-01-05T14:00:00.000000000+01:00 {app="api"} 2'
  ask --timezone America/New_York --forward -o jsonl '{}'
  assert_equal "$output" "$(<records)"
  ask --timezone America/New_York -o loki '|= "first"'
  assert_json "$output" '.data.result[0].values == [["1767618000000000000","first"]]'
}

@test "offsets that are printed are those of the day" {
  cat >records <<'END'
{"ts":"2026-10-25T00:30:00.000000000Z","labels":{},"line":"summer"}
{"ts":"2026-10-25T01:30:00.000000000Z","labels":{},"line":"winter"}
END
  ask --timezone Europe/Berlin --forward '{}'
  assert_equal "$output" '2026-10-25T02:30:00.000000000+02:00 {} summer
2026-10-25T02:30:00.000000000+01:00 {} winter'
}

@test "spans reach back from now, or from --to where that is earlier" {
  hours_ago 1 3 26 170 >records
  for since in 2h '2 hours' '1h 60m' '2h ago' -2h 'now-2h' '2 Hours ago'; do
    ask --since="$since" -o raw '{}'
    assert_equal "$output" 1
    ask --from="$since" -o raw '{}'
    assert_equal "$output" 1
  done
  ask --since 1h --to '2h30m ago' -o raw '{}'
  assert_equal "$output" 3
  ask --since '1 week' -o raw '{}'
  assert_equal "$output" $'1\n3\n26'
  ask --from '-1w' --to '1 day ago' -o raw '{}'
  assert_equal "$output" 26
  ask --since -4h -o raw '{}'
  assert_equal "$output" $'1\n3'
}

@test "days count from the clock of the zone" {
  local day
  day=$(date -u -d yesterday +%F)
  for hour in 00:00 13:59 14:00 23:59; do
    jq -nc --arg ts "${day}T$hour:00Z" --arg line "$hour" '{ts: $ts, labels: {}, line: $line}'
  done >records
  ask --from yesterday --to 'yesterday 14:00' -o raw --forward '{}'
  assert_equal "$output" $'00:00\n13:59'
  ask --from 'yesterday 14:00' --to today -o raw --forward '{}'
  assert_equal "$output" $'14:00\n23:59'
  ask --since yesterday --to midnight -o raw --forward '{}'
  assert_equal "${#lines[@]}" 4
  ask --from "$(LC_ALL=C date -u -d yesterday +%A) 2pm" --to 'today 0:00' -o raw --forward '{}'
  assert_equal "$output" $'14:00\n23:59'
}

@test "--at takes the same times" {
  ask --timezone Europe/Berlin --at '2026-01-05 15:00' -o jsonl 'count_over_time({}[1h])'
  assert_status 0
  assert_equal "$output" '{"ts":"2026-01-05T14:00:00.000000000Z","labels":{"app":"api"},"value":2}'
}

@test "a time that is none is named, with the word that was not understood and examples" {
  ask --from 'yesterday 25:00' '{}'
  assert_status 2
  assert_equal "$output" ""
  assert_equal "$stderr" 'glp-query: --from: "yesterday 25:00" is not a point in time: "25:00" is no time of day; write 14:00, yesterday 14:00, last friday, 2h ago, 2026-01-05 14:00, 2026-01-05T10:00:00Z or 1767607200'
  ask --at 'Feb 30 2026' 'rate({}[1m])'
  assert_status 2
  assert_contains "$stderr" '--at: "Feb 30 2026" is not a point in time: the calendar has no such day'
  ask --timezone Europe/Berln '{}'
  assert_status 2
  assert_contains "$stderr" "--timezone: time zone 'Europe/Berln' is not known; did you mean Europe/Berlin?"
}

@test "a range that ends before it starts shows both instants in the zone" {
  ask --timezone Europe/Berlin --from '2026-01-05 14:00' --to '2026-01-05 13:00' '{}'
  assert_status 2
  assert_equal "$stderr" 'glp-query: the range ends (2026-01-05T13:00:00.000000000+01:00) before it starts (2026-01-05T14:00:00.000000000+01:00)'
}

@test "glp-filter reads the same times, in UTC" {
  run --separate-stderr glp-filter --since '2026-01-05 13:00' --until '5 Jan 2026 2pm' <records
  assert_status 0
  assert_equal "$(lines_of <<<"$output")" $'first\nlast'
  run --separate-stderr glp-filter --since 'yesterday 25:00' <records
  assert_status 2
  assert_contains "$stderr" '--since: "yesterday 25:00" is not a point in time: "25:00" is no time of day'
  hours_ago 1 3 >records
  run --separate-stderr glp-filter --since '2 hours ago' <records
  assert_equal "$(lines_of <<<"$output")" 1
}
