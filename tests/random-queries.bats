#!/usr/bin/env bats
# Random queries over random records: one answer, whatever holds the data, however it is read.
# GLP_RANDOM_SEED=n begins elsewhere, GLP_RANDOM_QUERIES=n asks so many.

load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  SEED=${GLP_RANDOM_SEED:-1}
  COUNT=${GLP_RANDOM_QUERIES:-8}
  "$GLP_ROOT/tests/random_queries.py" records "$SEED" 300 >data
  glp-pack -o pack.glp <data
  head -n 170 data | glp-store append --dir store
  tail -n +171 data >rest
  MIDDLE=$(sed -n 150p data | jq -r .ts)
}

# ask FILE ARG…: the answer to $query into FILE, without words about it; nothing found is one, too.
ask() {
  local file=$1 code=0
  shift
  glp-query "$query" -q "$@" >"$file" 2>"$file.err" || code=$?
  [[ $code -le 1 && ! -s $file.err ]] || {
    echo "$query: $*: $(cat "$file.err")" >&2
    return 1
  }
}

same() { # A B
  cmp "$1" "$2" || {
    echo "$query: $1 and $2 differ" >&2
    diff "$1" "$2" | head -n 5 >&2
    return 1
  }
}

@test "a log query has one answer for stdin, packs and stores, all threads and directions" {
  while IFS= read -r query; do
    ask stdin --forward -o jsonl -j 1 <data
    ask pack --forward -o jsonl -j 1 -s pack.glp
    same stdin pack
    ask threads --forward -o jsonl -j 3 -s pack.glp
    same stdin threads
    ask some --forward -o jsonl --limit 7 -s pack.glp
    head -n 7 stdin >first
    same some first
    [[ $query != *distinct* ]] || continue
    # Of one moment a store has the streams in an order of its own.
    ask merged --forward -o jsonl -s store -s - <rest
    sort merged >merged.sorted
    sort stdin >stdin.sorted
    same stdin.sorted merged.sorted
    ask backward -o jsonl -s pack.glp
    tac backward >reversed
    same stdin reversed
    ask early --forward -o jsonl --to "$MIDDLE" -s pack.glp
    ask late --forward -o jsonl --from "$MIDDLE" -s pack.glp
    cat early late >both
    same stdin both
  done < <("$GLP_ROOT/tests/random_queries.py" logs "$SEED" "$COUNT")
}

@test "a metric has one answer for stdin, packs and stores, and for all threads" {
  while IFS= read -r query; do
    ask stdin -o jsonl --step 10s -j 1 <data
    ask pack -o jsonl --step 10s -j 1 -s pack.glp
    same stdin pack
    ask threads -o jsonl --step 10s -j 3 -s pack.glp
    same stdin threads
    ask merged -o jsonl --step 10s -s store -s - <rest
    same stdin merged
  done < <("$GLP_ROOT/tests/random_queries.py" metrics "$SEED" "$COUNT")
}
