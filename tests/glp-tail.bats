#!/usr/bin/env bats
# glp-tail: lines of files as records, once or as they are written.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  follower=
}

teardown() { if [[ -n $follower ]]; then stop "$follower"; fi; }

out_has() { grep -qF -- "$1" out; }

# The filename labels of the records on stdin, each once.
names_of() { records | jq -r .labels.filename | uniq; }
marks() { jq -c "select(.mark == \"$1\")"; }

# ---------------------------------------------------------------------------------- what is read

@test "each line of a file becomes a record with time, labels, line and src" {
  printf 'one\ntwo\n' >a.log
  run --separate-stderr glp-tail a.log
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "${#lines[@]}" 4
  [[ ${lines[1]} =~ ^\{\"ts\":\"20..-..-..T..:..:..\.[0-9]{9}Z\",\"labels\":\{\"filename\":\"a.log\"\},\"line\":\"one\",\"src\":\"[0-9a-f]+-[0-9a-f]+-[0-9a-f]{8}-[0-9a-f]{12}@4\"\}$ ]]
}

@test "a file mark comes first and an end mark with the counts last" {
  printf 'one\ntwo\n' >a.log
  touch -d 2019-12-10T06:55:46.5Z a.log
  run --separate-stderr glp-tail a.log
  id=$(jq -r .src <<<"${lines[1]}")
  assert_equal "${lines[0]}" "{\"mark\":\"file\",\"src\":\"${id%@*}@0\",\"path\":\"a.log\",\"modified\":\"2019-12-10T06:55:46.500000000Z\"}"
  assert_equal "${lines[3]}" '{"mark":"end","tool":"glp-tail","in":2,"out":2,"dropped":{}}'
}

@test "the offset of src adds up to the size of the file, with CRLF, empty lines and no last newline" {
  printf 'a\r\n\n\xc3\xa4\nlast' >a.log
  run --separate-stderr glp-tail a.log
  assert_equal "$(records <<<"$output" | jq -r .src | cut -d@ -f2 | paste -sd' ')" "3 4 7 11"
  assert_equal "$(stat -c %s a.log)" 11
}

@test "the ID of src is the same through renames and differs between files" {
  echo same >a.log
  echo same >b.log
  id() { glp-tail "$1" | records | jq -r .src; }
  first=$(id a.log)
  mv a.log c.log
  assert_equal "$(id c.log)" "$first"
  [[ $(id b.log) != "$first" ]]
  echo more >>c.log
  assert_equal "$(id c.log | head -1)" "$first"
}

@test "the times of a file rise strictly" {
  seq 20000 >a.log
  glp-tail a.log | records | jq -r .ts >stamps
  assert_equal "$(sort -u stamps | wc -l)" 20000
  LC_ALL=C sort -c stamps
}

@test "CR, NUL and control characters of a line stay" {
  printf 'a\r\nb\0c\n\x01\x1b[0m\t"\\\n' >a.log
  run --separate-stderr glp-tail a.log
  assert_equal "$(records <<<"$output" | jq -c .line | paste -sd' ')" \
    '"a\r" "b\u0000c" "\u0001\u001b[0m\t\"\\"'
}

@test "a line that is not UTF-8 is line64, and only that line" {
  printf 'good\nb\xff\xfed\ngood \xe2\x82\xac\n' >a.log
  run --separate-stderr glp-tail a.log
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -r '.line // .line64' | paste -sd' ')" \
    "good $(printf 'b\xff\xfed' | base64) good €"
}

@test "an empty file has its marks and no record" {
  : >a.log
  run --separate-stderr glp-tail a.log
  assert_status 0
  assert_equal "$(jq -r .mark <<<"$output" | paste -sd' ')" "file end"
}

@test "a last line without newline is a line" {
  printf 'one\ntwo' >a.log
  assert_equal "$(glp-tail a.log | lines_of | paste -sd' ')" "one two"
}

@test "a line of 100 MB passes unchanged" {
  { head -c 100000000 /dev/zero | tr '\0' 'x'; printf '"\nnext\n'; } >a.log
  glp-tail a.log >out
  assert_equal "$(sed -n 2p out | sed 's/.*"line":"//; s/\\"","src.*/"/' | tr -d '\n' | md5sum)" \
    "$(head -1 a.log | tr -d '\n' | md5sum)"
  assert_contains "$(sed -n 2p out | tail -c 100)" '@100000002"}'
  assert_contains "$(sed -n 3p out)" '"line":"next"'
}

@test "a line of 100 MB that is not UTF-8 passes unchanged" {
  { head -c 100000000 /dev/zero | tr '\0' '\377'; echo; } >a.log
  glp-tail a.log | sed -n 's/.*"line64":"//; s/","src.*//; 2p' | base64 -d >back
  head -c 100000000 a.log | cmp - back
}

@test "records of lines of every length give the bytes of the file back" {
  python3 - <<'PY'
import random
random.seed(4)
alphabet = [bytes([c]) for c in range(1, 128) if c != 10] + ['ä'.encode(), '€'.encode(), b'"', b'\\', b'\xff']
with open('a.log', 'wb') as f:
    for n in list(range(300)) + [4095, 65536, 262143, 262144, 262145, 1100000, 7, 0, 1]:
        weights = [1] * (len(alphabet) - 1) + [1 if n % 3 == 0 else 0]
        f.write(b''.join(random.choices(alphabet, weights, k=n)) + b'\n')
PY
  glp-tail a.log | python3 -c '
import sys, json, base64
for raw in sys.stdin:
    r = json.loads(raw)
    if "mark" not in r:
        line = base64.b64decode(r["line64"]) if "line64" in r else r["line"].encode()
        sys.stdout.buffer.write(line + b"\n")' | cmp - a.log
}

# ---------------------------------------------------------------------------------------- inputs

@test "without a path, and for '-', standard input is read, without filename" {
  run --separate-stderr bash -c 'printf "one\ntwo\n" | glp-tail'
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -c '[.labels, .line, .src]' | paste -sd' ')" \
    '[{},"one",null] [{},"two",null]'
  echo file >a.log
  assert_equal "$(echo in | glp-tail a.log - | lines_of | paste -sd' ')" "file in"
}

@test "standard input that is a file has a src, and is read from where it stands" {
  printf 'one\ntwo\n' >a.log
  assert_equal "$(glp-tail <a.log | records | jq -r .src | cut -d@ -f2 | paste -sd' ')" "4 8"
  assert_equal "$({ head -c 4 >/dev/null; glp-tail; } <a.log | lines_of)" two
}

@test "a terminal as standard input gets short help and status 2" {
  run script -qec "glp-tail" /dev/null </dev/null
  assert_status 2
  assert_contains "$output" "terminal"
}

@test "lines of standard input are not held back until there are more" {
  mkfifo in
  glp-tail <in >out 3>&- &
  follower=$!
  exec 9>in
  printf 'a\n' >&9
  wait_for out_has '"line":"a"'
  printf 'b\n' >&9
  wait_for out_has '"line":"b"'
  exec 9>&-
  wait_for gone "$follower"
  out_has '"mark":"end"'
}

@test "gzip and Zstandard are told by their bytes, and src counts bytes of the text" {
  printf 'one\ntwo\n' >text
  gzip -c text >a.log
  zstd -qc text >b.log
  cat a.log a.log >c.log
  run --separate-stderr glp-tail a.log b.log c.log
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two one two one two one two"
  assert_equal "$(records <<<"$output" | jq -r .src | cut -d@ -f2 | paste -sd' ')" \
    "4 8 4 8 4 8 12 16"
  assert_equal "$(gzip -c text | glp-tail | lines_of | paste -sd' ')" "one two"
}

@test "a compressed file that is cut off gives what it has and status 3" {
  seq 100000 | gzip -c >whole.gz
  head -c 100000 whole.gz >a.gz
  echo after >b.log
  run --separate-stderr glp-tail a.gz b.log
  assert_status 3
  assert_contains "$stderr" "a.gz: gzip data is cut off"
  assert_contains "$output" '"line":"1000"'
  assert_contains "$output" '"line":"after"'
}

@test "a FIFO that is named is read" {
  mkfifo in
  (printf 'one\ntwo' >in) 3>&- &
  run --separate-stderr glp-tail in
  assert_status 0
  assert_equal "$(records <<<"$output" | jq -c '[.labels.filename, .line]' | paste -sd' ')" \
    '["in","one"] ["in","two"]'
}

# ----------------------------------------------------------------------------------------- paths

@test "globs match names, sets, alternatives and any number of folders, in sorted order" {
  mkdir -p d/e/f
  for path in d/1.log d/2.log d/a.log d/e/1.log d/e/f/1.log d/.hid.log d/x.txt; do
    echo x >"$path"
  done
  names() { glp-tail "$@" | names_of | paste -sd' '; }
  assert_equal "$(names 'd/*.log')" "d/.hid.log d/1.log d/2.log d/a.log"
  assert_equal "$(names 'd/?.log')" "d/1.log d/2.log d/a.log"
  assert_equal "$(names 'd/[a-z].log')" "d/a.log"
  assert_equal "$(names 'd/[!a].log')" "d/1.log d/2.log"
  assert_equal "$(names 'd/{2,1}.{log,txt}')" "d/1.log d/2.log"
  assert_equal "$(names 'd/**/1.log')" "d/1.log d/e/1.log d/e/f/1.log"
  assert_equal "$(names 'd/**/e/**/*.log')" "d/e/1.log d/e/f/1.log"
  assert_equal "$(names "$PWD/d/e/*.log")" "$PWD/d/e/1.log"
}

@test "a path that exists is taken literally, a backslash takes a character literally" {
  echo literal >'a[1].log'
  echo glob >a1.log
  assert_equal "$(glp-tail 'a[1].log' | lines_of)" literal
  rm 'a[1].log'
  assert_equal "$(glp-tail 'a[1].log' | lines_of)" glob
  echo star >'b*.log'
  echo other >bx.log
  assert_equal "$(glp-tail 'b\*.log' | lines_of)" star
}

@test "links are followed and the label is the path as matched" {
  mkdir real pods
  echo x >real/1.log
  ln -s ../real/1.log pods/0.log
  ln -s ../real pods/folder
  assert_equal "$(glp-tail 'pods/*.log' | names_of)" "pods/0.log"
  assert_equal "$(glp-tail 'pods/*/*.log' | names_of)" "pods/folder/1.log"
}

@test "in globs folders, FIFOs and broken links are passed over" {
  mkdir d d/dir.log
  mkfifo d/fifo.log
  ln -s nothing d/broken.log
  echo x >d/a.log
  run --separate-stderr glp-tail 'd/*'
  assert_status 0
  assert_equal "$stderr" ""
  assert_equal "$(names_of <<<"$output")" "d/a.log"
}

@test "the same path twice is read once, whatever names it" {
  echo x >a.log
  assert_equal "$(glp-tail a.log './*.log' a.log '[a].log' | lines_of)" x
}

@test "arguments are read in their order" {
  echo 1 >a.log
  echo 2 >b.log
  assert_equal "$(glp-tail b.log a.log | lines_of | paste -sd' ')" "2 1"
}

@test "--exclude leaves out by path, and by name where it has no slash" {
  mkdir -p d/e
  for path in d/1.log d/1.gz d/e/1.log; do echo x >"$path"; done
  names() { glp-tail 'd/**' "$@" | names_of | paste -sd' '; }
  assert_equal "$(names --exclude '*.gz')" "d/1.log d/e/1.log"
  assert_equal "$(names --exclude 'd/e/**')" "d/1.gz d/1.log"
  assert_equal "$(names --exclude "$PWD/d/1.*" --exclude 'nothing')" "d/e/1.log"
}

@test "a path whose bytes are not UTF-8 is shown with them escaped" {
  echo x >$'a\xff.log'
  run --separate-stderr glp-tail './a*.log'
  assert_equal "$(records <<<"$output" | jq -r .labels.filename)" './a\xff.log'
}

@test "a missing file is an error, the others are read, status 2" {
  echo x >a.log
  run --separate-stderr glp-tail nothing.log a.log 'no*.txt'
  assert_status 2
  assert_equal "$(lines_of <<<"$output")" x
  assert_contains "$stderr" "glp-tail: nothing.log: No such file or directory"
  assert_contains "$stderr" "glp-tail: no*.txt: no file matches"
  assert_contains "$output" '"mark":"end"'
}

@test "a file that may not be read is an error, the others are read, status 2" {
  echo x >a.log
  echo y >b.log
  chmod 000 a.log
  # Root may read everything, unless it gives that up.
  local as_others=()
  if [[ $EUID -eq 0 ]]; then as_others=(setpriv '--bounding-set=-dac_override,-dac_read_search'); fi
  run --separate-stderr "${as_others[@]}" glp-tail a.log b.log
  assert_status 2
  assert_equal "$(lines_of <<<"$output")" y
  assert_contains "$stderr" "a.log: Permission denied"
}

@test "a folder is an error that says what to name" {
  mkdir d
  run --separate-stderr glp-tail d
  assert_status 2
  assert_contains "$stderr" "d: is a folder"
  run --separate-stderr glp-tail -f d
  assert_status 2
}

@test "a pattern that is not closed is an error" {
  run --separate-stderr glp-tail 'a[1'
  assert_status 2
  assert_contains "$stderr" "a [ is not closed"
  assert_equal "$output" ""
}

# --------------------------------------------------------------------------------------- options

@test "--label adds labels, sorted, and may replace filename" {
  echo x >a.log
  assert_equal "$(glp-tail --label job=j --label a='ä "q"' a.log | records | jq -c .labels)" \
    '{"a":"ä \"q\"","filename":"a.log","job":"j"}'
  assert_equal "$(glp-tail --label filename=other a.log | records | jq -c .labels)" \
    '{"filename":"other"}'
}

@test "--label refuses what is no label" {
  for label in 1a=x a-b=x novalue =x; do
    run --separate-stderr glp-tail --label "$label" /dev/null
    assert_status 2
    assert_contains "$stderr" "--label $label"
  done
}

@test "-n gives the last lines of each file, from plain, compressed and piped input" {
  seq 100000 >a.log
  printf '1\n2\n3' >b.log
  seq 50 | gzip -c >c.gz
  assert_equal "$(glp-tail -n 2 a.log b.log c.gz | lines_of | paste -sd' ')" \
    "99999 100000 2 3 49 50"
  assert_equal "$(seq 1000 | glp-tail -n 3 | lines_of | paste -sd' ')" "998 999 1000"
  assert_equal "$(printf 'a\nb\nc' | glp-tail -n 2 | lines_of | paste -sd' ')" "b c"
  assert_equal "$(glp-tail -n 9 b.log | lines_of | paste -sd' ')" "1 2 3"
  assert_equal "$(glp-tail -n 0 a.log b.log c.gz | lines_of)" ""
  assert_equal "$(glp-tail -n 60000 a.log | lines_of | cksum)" "$(tail -n 60000 a.log | cksum)"
}

@test "-n tells by a pos mark where it begins, and keeps src and ID" {
  seq 10 >a.log
  run --separate-stderr glp-tail -n 1 a.log
  id=$(glp-tail a.log | records | jq -r .src | head -1)
  assert_equal "$(marks pos <<<"$output")" "{\"mark\":\"pos\",\"src\":\"${id%@*}@18\"}"
  assert_equal "$(records <<<"$output" | jq -r .src)" "${id%@*}@21"
}

@test "-n refuses what is no number, and --from end beside it" {
  run --separate-stderr glp-tail -n x /dev/null
  assert_status 2
  run --separate-stderr glp-tail -n 1 --from end /dev/null
  assert_status 2
  assert_contains "$stderr" "exclude each other"
}

# --------------------------------------------------------------------------------------- manners

@test "a closed pipe ends it quietly, also where SIGPIPE is ignored" {
  seq 500000 >a.log
  for ignore in : 'trap "" PIPE'; do
    run --separate-stderr bash -c "$ignore; glp-tail a.log | head -1; exit \${PIPESTATUS[0]}"
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "${#lines[@]}" 1
  done
}

@test "a full device is an error" {
  echo x >a.log
  run --separate-stderr bash -c 'glp-tail a.log >/dev/full'
  assert_status 2
  assert_contains "$stderr" "No space left on device"
}

@test "SIGTERM ends a read of standard input in order" {
  mkfifo in
  glp-tail <in >out 2>err 3>&- &
  follower=$!
  exec 9>in
  printf 'one\nhalf' >&9
  wait_for out_has '"line":"one"'
  kill "$follower"
  wait_for gone "$follower"
  wait "$follower"
  exec 9>&-
  assert_equal "$(followed)" "one half"
  out_has '{"mark":"end","tool":"glp-tail","in":2,"out":2,"dropped":{}}'
}

# ------------------------------------------------------------------------------------- following

@test "-f sends lines as they are written, holding back one that is not complete" {
  printf 'one\n' >a.log
  follow a.log
  expect "one"
  printf 'two\nhal' >>a.log
  expect "one two"
  printf 'f\n' >>a.log
  expect "one two half"
}

@test "-f does the same without the kernel's help" {
  printf 'one\n' >a.log
  follow --poll 'a*.log'
  expect "one"
  printf 'two\n' >>a.log
  expect "one two"
  mv a.log old
  printf 'three\n' >a.log
  expect "one two three"
  printf 'four\n' >ab.log
  expect "one two three four"
}

@test "-f looks by itself, and says so, where the kernel gives no more watches" {
  limits=/proc/sys/user/max_inotify_watches
  unshare -Ur sh -c "echo 1 >$limits" || skip "this machine allows no user namespaces"
  printf 'one\n' >a.log
  unshare -Ur sh -c "echo 1 >$limits; exec glp-tail -f 'a*.log'" >out 2>err 3>&- &
  follower=$!
  expect "one"
  printf 'two\n' >>a.log
  expect "one two"
  printf 'three\n' >ab.log
  expect "one two three"
  assert_contains "$(cat err)" "fs.inotify.max_user_watches; looking at all files every 250 ms"
}

@test "-f ends on SIGTERM with the held line and the end mark" {
  printf 'one\nhalf' >a.log
  follow a.log
  expect "one"
  kill "$follower"
  wait_for gone "$follower"
  wait "$follower"
  assert_equal "$(followed)" "one half"
  assert_equal "$(tail -1 out)" '{"mark":"end","tool":"glp-tail","in":2,"out":2,"dropped":{}}'
  assert_equal "$(grep -F half out | jq -r .src | cut -d@ -f2)" 8
}

@test "-f ends when its reader is gone, although no more lines come" {
  echo one >a.log
  run --separate-stderr timeout 10 bash -c "glp-tail -f a.log | head -1; exit \${PIPESTATUS[0]}"
  assert_status 0
  assert_equal "$stderr" ""
}

@test "-f --from end begins behind what is there, new files at their start" {
  mkdir d
  printf 'old\n' >d/a.log
  follow --from end 'd/*.log'
  wait_for out_has '"mark":"pos"'
  printf 'new\n' >>d/a.log
  expect "new"
  printf 'first\n' >d/b.log
  expect "new first"
}

@test "-f -n begins with the last lines" {
  seq 100 >a.log
  follow -n 2 a.log
  expect "99 100"
  echo 101 >>a.log
  expect "99 100 101"
}

@test "-f goes on with the new file after a rename, behind the rest of the old one" {
  printf 'one\n' >a.log
  follow a.log
  expect "one"
  mv a.log a.log.1
  printf 'two\nrest' >>a.log.1
  printf 'three\n' >a.log
  expect "one two rest three"
  assert_equal "$(marks file <out | wc -l)" 2
  assert_equal "$(records <out | jq -r .labels.filename | sort -u)" a.log
}

@test "-f still reads what a writer puts into the renamed file" {
  printf 'one\n' >a.log
  exec 9>>a.log
  follow a.log
  expect "one"
  mv a.log a.log.1
  : >a.log
  echo late >&9
  expect "one late"
  exec 9>&-
  echo new >>a.log
  expect "one late new"
}

@test "-f goes on after delete and create" {
  printf 'one\n' >a.log
  exec 9>>a.log
  follow a.log
  expect "one"
  rm a.log
  printf 'two\nrest' >&9
  exec 9>&-
  expect "one two rest"
  printf 'three\n' >a.log
  expect "one two rest three"
}

@test "-f goes on after a file was renamed over it" {
  printf 'one\n' >a.log
  follow a.log
  expect "one"
  printf 'two\n' >new
  mv new a.log
  expect "one two"
}

@test "-f reads a truncated file from its start, behind a gap mark" {
  printf 'one\ntwo\nhalf' >a.log
  follow a.log
  expect "one two"
  : >a.log
  wait_for out_has '"why":"truncated"'
  printf 'three\n' >>a.log
  expect "one two half three"
  assert_json "$(marks gap <out)" '.bytes == 0 and (.src | endswith("@12"))'
  assert_equal "$(records <out | jq -r .src | cut -d@ -f2 | paste -sd' ')" "4 8 12 6"
}

@test "-f notices a truncation after which the file grew past its old size" {
  printf 'one\n' >a.log
  follow a.log
  expect "one"
  printf 'another first line\nand more\n' >new
  cat new >a.log
  wait_for out_has "and more"
  out_has '"line":"another first line"'
  out_has '"why":"truncated"'
}

@test "-f reads new files of a glob at once, and those of new folders" {
  mkdir pods
  follow 'pods/*/*/*.log'
  wait_for grep -q 'no file matches yet' err
  mkdir -p pods/p1/c
  echo one >pods/p1/c/0.log
  expect "one"
  mkdir -p staged/c
  echo two >staged/c/0.log
  mv staged pods/p2
  expect "one two"
  echo three >>pods/p1/c/0.log
  expect "one two three"
  assert_equal "$(names_of <out | paste -sd' ')" \
    "pods/p1/c/0.log pods/p2/c/0.log pods/p1/c/0.log"
}

@test "-f picks up a folder that was removed and made anew" {
  mkdir d
  echo one >d/a.log
  follow 'd/*.log'
  expect "one"
  rm -r d
  mkdir d
  echo two >d/b.log
  expect "one two"
}

@test "-f reads at once, and once, what is in nested folders removed and made anew again and again" {
  mkdir -p d/new/deep
  echo 0 >d/new/deep/n.log
  follow 'd/**/*.log'
  expect "0"
  all=0
  for i in {1..12}; do
    rm -r d/new
    mkdir -p d/new/deep
    echo "$i" >d/new/deep/n.log
    all+=" $i"
    WAIT_SECONDS=5 expect "$all"  # far sooner than all is looked at anyway
  done
}

@test "-f reads at once what is in nested folders that take the place of others moved away" {
  mkdir -p d/new/deep
  echo 0 >d/new/deep/n.log
  follow 'd/**/*.log'
  expect "0"
  all=0
  for i in {1..6}; do
    mkdir -p staged/deep
    echo "$i" >staged/deep/n.log
    mv d/new "old$i"
    mv staged d/new
    all+=" $i"
    WAIT_SECONDS=5 expect "$all"
  done
}

@test "-f waits for a path that is not there, says so once, and reads it when it comes" {
  follow d/a.log
  wait_for grep -q 'd/a.log: No such file or directory; waiting for it' err
  mkdir d
  echo one >d/a.log
  expect "one"
  assert_equal "$(wc -l <err)" 1
}

@test "-f follows a link that is turned to another file" {
  mkdir real
  echo one >real/1
  echo two >real/2
  ln -s real/1 a.log
  follow a.log
  expect "one"
  ln -s real/2 link
  mv -T link a.log
  expect "one two"
  assert_equal "$(names_of <out)" a.log
}

@test "-f sees the rotation of the file behind a link" {
  mkdir containers
  echo one >containers/x-json.log
  ln -s containers/x-json.log a.log
  follow a.log
  expect "one"
  mv containers/x-json.log containers/x-json.log.1
  echo two >containers/x-json.log
  expect "one two"
}

@test "-f does not read a rotated file again when the glob matches its new name" {
  echo one >a.log
  follow 'a.log*'
  expect "one"
  mv a.log a.log.1
  echo two >a.log
  expect "one two"
  mv a.log.1 a.log.2
  mv a.log a.log.1
  echo three >a.log
  expect "one two three"
  echo late >>a.log.1
  expect "one two three late"
}

@test "-f reads a compressed file once and goes on with the others" {
  seq 3 | gzip -c >a.log.gz
  touch -d '1 hour ago' a.log.gz
  echo x >b.log
  follow 'a*.gz' b.log
  wait_for out_has '"line":"x"'
  wait_for out_has '"line":"3"'
  echo y >>b.log
  wait_for out_has '"line":"y"'
  assert_equal "$(records <out | wc -l)" 5
}

@test "-f waits until a compressed file is whole" {
  mkdir d
  follow 'd/*.gz'
  seq 100000 | gzip -c >whole
  head -c 50000 whole >d/a.gz
  tail -c +50001 whole >>d/a.gz
  wait_for out_has '"line":"100000"'
  assert_equal "$(records <out | wc -l)" 100000
  assert_equal "$(grep -vc 'no file matches yet' err)" 0
}

@test "-f of standard input ends with it" {
  run --separate-stderr timeout 10 bash -c 'printf "one\ntwo" | glp-tail -f'
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two"
}

@test "-f reads standard input beside files" {
  echo one >a.log
  mkfifo in
  exec 9<>in
  follow a.log - <in
  expect "one"
  echo two >&9
  expect "one two"
  echo three >>a.log
  expect "one two three"
  exec 9>&-
}

@test "-f lets a flood in one file hold up no other" {
  head -c 60000000 /dev/zero | tr '\0' 'x' | fold -w 999 >flood.log
  echo one >z.log
  mkfifo slow
  glp-tail -f flood.log z.log >slow 2>err 3>&- &
  follower=$!
  # Of 60 MB no more than a few blocks come before the other file's line.
  run bash -c 'head -c 3000000 slow | grep -c "\"line\":\"one\""'
  assert_equal "$output" 1
}

@test "-f reads a rotated file to its end before the new one, also when the glob matches both" {
  : >a.log
  follow 'a.log*'
  for i in {1..10}; do
    echo "begin$i" >>a.log
    wait_for out_has "\"begin$i\""
    [[ -e a.log.1 ]] && mv a.log.1 a.log.2
    mv a.log a.log.1
    seq $((i * 1000)) $((i * 1000 + 999)) >>a.log.1
    : >a.log
  done
  wait_for out_has '"line":"10999"'
  assert_equal "$(followed | tr ' ' '\n' | grep -v begin | cksum)" "$(seq 1000 10999 | cksum)"
}

@test "-f follows a file through many quick rotations without losing a line" {
  : >a.log
  follow 'a.log'
  for i in {1..20}; do
    echo "line$i" >>a.log
    wait_for out_has "\"line$i\""
    mv a.log a.log.1
    echo "line$i-late" >>a.log.1
    : >a.log
  done
  wait_for out_has '"line20-late"'
  assert_equal "$(records <out | wc -l)" 40
}

@test "-f finds the generation between two rotations that it did not look between" {
  : >a.log
  follow --poll a.log
  echo one >>a.log
  expect "one"
  kill -STOP "$follower"
  mv a.log a.log.1
  echo two >a.log
  mv a.log.1 a.log.2
  mv a.log a.log.1
  echo three >a.log
  kill -CONT "$follower"
  expect "one two three"
  assert_equal "$(records <out | jq -r .labels.filename | sort -u)" a.log
}

@test "-f finds the generation between two rotations also when it was compressed meanwhile" {
  : >a.log
  follow --poll a.log
  echo one >>a.log
  expect "one"
  kill -STOP "$follower"
  mv a.log a.log.1
  echo two >a.log
  mv a.log.1 a.log.2
  mv a.log a.log.1
  gzip a.log.1
  gzip a.log.2
  echo three >a.log
  kill -CONT "$follower"
  expect "one two three"
}

@test "-f does not read what was there under another name before it began" {
  echo old >a.log.1
  echo older | gzip >a.log.2.gz
  echo one >a.log
  follow a.log
  expect "one"
  mv a.log.2.gz a.log.3.gz
  mv a.log.1 a.log.2
  gzip a.log.2
  mv a.log a.log.1
  echo two >a.log
  expect "one two"
  mv a.log.1 a.log.2
  mv a.log a.log.1
  echo three >a.log
  expect "one two three"
}

@test "-f tells a file from what it was before a truncation, also with the same first line" {
  printf 'head\none\n' >a.log
  follow a.log
  expect "head one"
  : >a.log
  wait_for out_has '"why":"truncated"'
  printf 'head\n' >>a.log
  expect "head one head"
  assert_equal "$(records <out | jq -r .src | cut -d@ -f1 | sort -u | wc -l)" 2
  assert_equal "$(records <out | jq -r .src | cut -d- -f1,2,4 | cut -d@ -f1 | sort -u | wc -l)" 1
}

@test "-f follows kubelet's rotation behind a link: renamed, then compressed" {
  mkdir pods real
  ln -s "$PWD/real/0.log" pods/0.log
  echo one >real/0.log
  follow 'pods/*.log'
  expect "one"
  mv real/0.log real/0.log.20260105-000000
  echo two >real/0.log
  expect "one two"
  mv real/0.log real/0.log.20260105-000100
  gzip real/0.log.20260105-000000
  echo three >real/0.log
  expect "one two three"
}

@test "-f reads a compressed copy of what it has read no second time" {
  echo one >a.log
  follow 'a.log*'
  expect "one"
  mv a.log a.log.1
  echo two >a.log
  expect "one two"
  gzip a.log.1
  wait_for bash -c "grep -c '\"mark\":\"pos\"' out"
  echo three >>a.log
  expect "one two three"
}

@test "generations that a glob matches are read from the oldest on" {
  echo 4 >a.log
  echo 3 >a.log.1
  echo 2 | gzip >a.log.2.gz
  echo 1 | gzip >a.log.10.gz
  echo 5 >b.log
  touch -d '1 hour ago' a.log.*
  assert_equal "$(glp-tail '[ab].log*' | lines_of | paste -sd' ')" "1 2 3 4 5"
  follow '[ab].log*'
  wait_for out_has '"line":"5"'
  expect_in_order() { [[ $(followed | tr ' ' '\n' | grep -v 5 | paste -sd' ') == "1 2 3 4" ]]; }
  wait_for expect_in_order
}

@test "a compressed copy beside its original is read once" {
  printf 'one\ntwo\n' >a.log.1
  gzip -k a.log.1
  echo three >a.log
  run --separate-stderr glp-tail 'a.log*'
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "one two three"
  assert_json "$(marks pos <<<"$output")" '.src | endswith("@8")'
}

@test "-f with fewer descriptors than files follows them all" {
  mkdir d
  for i in {1..300}; do echo "first$i" >"d/$i.log"; done
  (ulimit -n 64; exec glp-tail -f 'd/*.log') >out 2>err 3>&- &
  follower=$!
  has_all() { [[ $(records <out | wc -l) == "$1" ]]; }
  wait_for has_all 300
  for i in {1..300}; do echo "more$i" >>"d/$i.log"; done
  wait_for has_all 600
  mv d/7.log d/7.log.1
  echo late >>d/7.log.1
  echo new >d/7.log
  wait_for has_all 602
  assert_equal "$(cat err)" ""
}

@test "-f reads thousands of files with one inotify instance in little memory" {
  mkdir d
  for i in {1..3000}; do echo "first$i" >"d/$i.log"; done
  follow 'd/*.log'
  has_all() { [[ $(grep -c '"line"' out) == "$1" ]]; }
  wait_for has_all 3000
  assert_equal "$(find "/proc/$follower/fd" -lname 'anon_inode:inotify' | wc -l)" 1
  # Sanitizers need several times as much.
  [[ -n ${GLP_SANITIZE-} ]] || (($(awk '/VmRSS/ { print $2 }' "/proc/$follower/status") < 65536))
  echo new >d/new.log
  wait_for has_all 3001
}

@test "-f lets floods in many files hold up no other" {
  for i in 1 2 3; do head -c 30000000 /dev/zero | tr '\0' 'x' | fold -w 999 >"flood$i.log"; done
  echo one >z.log
  mkfifo slow
  glp-tail -f 'flood*.log' z.log >slow 2>err 3>&- &
  follower=$!
  run bash -c 'head -c 4000000 slow | grep -c "\"line\":\"one\""'
  assert_equal "$output" 1
}

# ----------------------------------------------------------------------------------- positions

# deliver ARGS…: glp-tail ARGS with positions in `pos`, its lines by order, joined by blanks; what a
# sink would say then is in `pos` after it.
deliver() {
  glp-tail --positions pos "$@" >out 2>err
  python3 - <<'PY'
import json, os
known, path = {}, {}
if os.path.exists('pos') and open('pos').read().startswith('{"glp"'):
    for line in list(open('pos'))[1:]:
        entry = json.loads(line)
        name, n = entry['src'].rsplit('@', 1)
        known[name], path[name] = int(n), entry['path']
for line in open('out'):
    record = json.loads(line)
    if 'src' not in record or record.get('mark') == 'gap':
        continue
    name, n = record['src'].rsplit('@', 1)
    if record.get('mark') == 'file':
        path[name] = record['path']
    known[name] = max(known.get(name, 0), int(n))
with open('pos', 'w') as out:
    out.write('{"glp":"positions","version":1}\n')
    for name, n in known.items():
        out.write(json.dumps({'src': f'{name}@{n}', 'path': path[name],
                              'seen': '2026-01-05T00:00:00.000000000Z'}) + '\n')
PY
  followed
}

@test "--positions begins each file where it was delivered to, under the same ID" {
  printf 'one\ntwo\n' >a.log
  assert_equal "$(deliver a.log)" "one two"
  id=$(records <out | jq -r .src | head -1 | cut -d@ -f1)
  assert_equal "$(deliver a.log)" ""
  echo three >>a.log
  assert_equal "$(deliver a.log)" "three"
  assert_equal "$(marks pos <out)" "{\"mark\":\"pos\",\"src\":\"$id@8\"}"
  assert_equal "$(records <out | jq -r .src)" "$id@14"
}

@test "--positions of a file that is not there reads all, and what is not known from where it is asked" {
  echo one >a.log
  assert_equal "$(deliver a.log)" "one"
  echo new >b.log
  assert_equal "$(deliver '*.log')" "new"
  echo old >c.log
  assert_equal "$(deliver --from end '*.log')" ""
}

@test "--positions finds a file that was rotated meanwhile, and those that came between" {
  printf 'one\n' >a.log
  deliver a.log
  printf 'two\n' >>a.log
  mv a.log a.log.2
  printf 'three\n' >a.log.1
  printf 'four\n' >a.log
  assert_equal "$(deliver a.log)" "two three four"
  assert_equal "$(records <out | jq -r .labels.filename | sort -u)" a.log
  assert_equal "$(deliver a.log)" ""
}

@test "--positions finds a file that was rotated and compressed meanwhile, and reads it no third time" {
  for tool in gzip zstd; do
    rm -f a.log* pos
    printf 'one\ntwo\n' >a.log
    deliver a.log
    printf 'three\n' >>a.log
    id=$(jq -r 'select(.src).src' pos | cut -d@ -f1)
    mv a.log a.log.1
    case $tool in gzip) gzip a.log.1 ;; zstd) zstd -q --rm a.log.1 ;; esac
    printf 'four\n' >a.log
    assert_equal "$(deliver a.log)" "three four"
    assert_equal "$(records <out | jq -r .src | head -1)" "$id@14"
    assert_equal "$(deliver 'a.log*')" ""
  done
}

@test "--positions finds kubelet's and logrotate's dated names" {
  for name in a.log.20260105-000000 a.log-20260105; do
    rm -f a.log* pos
    echo one >a.log
    deliver a.log
    echo two >>a.log
    mv a.log "$name"
    echo three >a.log
    assert_equal "$(deliver a.log)" "two three"
  done
}

@test "--positions finds the rest of a file that was copied and truncated meanwhile" {
  printf 'one\n' >a.log
  deliver a.log
  printf 'two\n' >>a.log
  cp a.log a.log.1
  printf 'next\nand\n' >a.log
  assert_equal "$(deliver a.log)" "two next and"
  assert_equal "$(marks gap <out)" ""
}

@test "--positions tells a file that was truncated meanwhile, with a gap mark and a new ID" {
  printf 'head\none\n' >a.log
  deliver a.log
  id=$(jq -r 'select(.src).src' pos | cut -d@ -f1)
  printf 'head\n' >a.log
  assert_equal "$(deliver a.log)" "head"
  assert_json "$(marks gap <out)" ".src == \"$id@9\" and .why == \"truncated\""
  [[ $(records <out | jq -r .src) != "$id"* ]]
  echo more >>a.log
  assert_equal "$(deliver a.log)" "more"
}

@test "--positions is not deceived by another file of the same name" {
  printf 'one\ntwo\nthree\n' >a.log
  deliver a.log
  rm a.log
  printf 'other\nlonger than before, by far\n' >a.log
  assert_equal "$(deliver a.log | wc -w)" 6
}

@test "--positions mentions rotated files that are dealt with, so that the sink keeps them" {
  echo one >a.log
  deliver a.log
  id=$(jq -r 'select(.src).src' pos)
  mv a.log a.log.1
  echo two >a.log
  assert_equal "$(deliver a.log)" "two"
  assert_equal "$(marks pos <out)" "{\"mark\":\"pos\",\"src\":\"$id\"}"
}

@test "--positions with -f goes on after a kill" {
  printf 'one\n' >a.log
  deliver a.log
  printf 'two\nhalf' >>a.log
  follow --positions pos a.log
  expect "two"
  mv a.log a.log.1
  echo three >a.log
  expect "two half three"
}

@test "--positions with -f keeps a line without end for the next start" {
  printf 'one\nhalf' >a.log
  echo '{"glp":"positions","version":1}' >pos
  follow --positions pos a.log
  expect "one"
  kill "$follower"
  wait_for gone "$follower"
  assert_equal "$(followed)" "one"
}

@test "--positions reads promtail's positions.yaml" {
  printf 'one\ntwo\n' >a.log
  printf 'one\n' >b.log
  printf 'x\none\n' >c.log
  printf 'positions:\n  %s/a.log: "4"\n  %s/b.log: "100"\n  %s/c.log: "3"\n' "$PWD" "$PWD" "$PWD" \
    >positions.yaml
  run --separate-stderr glp-tail --positions positions.yaml "$PWD/*.log"
  assert_status 0
  assert_equal "$(lines_of <<<"$output" | paste -sd' ')" "two one x one"
}

@test "--positions that are damaged are told and do not keep it from starting" {
  echo one >a.log
  printf 'no such form\n' >pos
  run --separate-stderr glp-tail --positions pos a.log
  assert_status 3
  assert_equal "$(lines_of <<<"$output")" one
  assert_contains "$stderr" "as if none had been read before"
  echo '{"glp":"positions","version":1}' >pos
  echo '{"src":"broken' >>pos
  run --separate-stderr glp-tail --positions pos a.log
  assert_equal "$(lines_of <<<"$output")" one
  assert_contains "$stderr" "pos"
}
