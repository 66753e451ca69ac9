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
