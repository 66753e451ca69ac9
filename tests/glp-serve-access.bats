# Who may ask glp-store serve: addresses, TLS, tokens, users, tenants; and requests to delete.
load lib

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  stop "${servers[@]}"
}

# status PATH [CURL OPTION…]: the status of the answer; the body is in `body`.
status() {
  local path=$1
  shift
  curl -sS -o body -w '%{http_code}' "$@" "$STORE$path"
}

# push APP LINE [CURL OPTION…]: one entry, now.
push() {
  local app=$1 line=$2
  shift 2
  printf '{"streams":[{"stream":{"app":"%s"},"values":[["%s000000000","%s"]]}]}' "$app" "${NOW:-$EPOCHSECONDS}" "$line" |
    curl -sS -o body -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @- "$@" "$API/push"
}

# lines [CURL OPTION…]: of the last hour.
lines() {
  curl -sS -G --data-urlencode 'query={app=~".+"}' "$@" "$API/query_range" | jq -r '.data.result[].values[][1]' | sort
}

@test "a token lets in, and without one only /ready answers" {
  printf '# who pushes\nsecret-of-all\n\nsecret-of-a  team-a\n' >tokens
  chmod 600 tokens
  serve --token-file tokens
  assert_equal "$(status /ready)" 200
  for path in /metrics /loki/api/v1/labels '/loki/api/v1/query?query=vector(1)' /loki/api/v1/status/buildinfo; do
    assert_equal "$(status "$path")" 401
    assert_equal "$(status "$path" -H 'Authorization: Bearer wrong')" 401
    assert_equal "$(status "$path" -H 'Authorization: Bearer secret-of-all')" 200
  done
  run curl -sS -o /dev/null -D - "$API/labels"
  assert_contains "$output" 'WWW-Authenticate: Bearer'
  assert_equal "$(push x one -H 'Authorization: Bearer secret-of-all')" 204
  assert_equal "$(push x two -H 'Authorization: Bearer secret-of-a')" 204
  assert_equal "$(lines -H 'Authorization: Bearer secret-of-all')" one
  assert_equal "$(lines -H 'Authorization: Bearer secret-of-a')" two
}

@test "names and passwords as htpasswd and openssl write them" {
  printf 'ann:%s\nbob:%s:team-b\n' "$(openssl passwd -6 'one:two')" "$(openssl passwd -5 pass)" >users
  chmod 600 users
  serve --user-file users
  assert_equal "$(status /loki/api/v1/labels -u 'ann:one:two')" 200
  assert_equal "$(status /loki/api/v1/labels -u 'ann:one:two')" 200 # from memory
  assert_equal "$(status /loki/api/v1/labels -u 'ann:one')" 401
  assert_equal "$(status /loki/api/v1/labels -u 'ann:one')" 401
  assert_equal "$(status /loki/api/v1/labels -u 'nobody:one')" 401
  assert_equal "$(push x of-b -u bob:pass)" 204
  assert_equal "$(lines -u bob:pass)" of-b
  assert_equal "$(lines -u 'ann:one:two')" ''
}

@test "files of secrets are refused where others may read them, and named by line where they are wrong" {
  echo token >open
  chmod 644 open
  run --separate-stderr glp-store serve --dir s --listen 127.0.0.1:0 --token-file open
  assert_status 2
  assert_contains "$stderr" 'chmod o= open'
  printf '# users\nann:plain-password\n' >users
  chmod 600 users
  run --separate-stderr glp-store serve --dir s --listen 127.0.0.1:0 --user-file users
  assert_status 2
  assert_contains "$stderr" 'users:2: '
  [[ $stderr != *plain-password* ]]
  run --separate-stderr glp-store serve --dir s --listen 127.0.0.1:0 --token-file nowhere
  assert_status 2
  assert_contains "$stderr" nowhere
}

@test "with --tenants each request says whose logs it is about" {
  serve --tenants
  assert_equal "$(status /ready)" 200
  assert_equal "$(status /metrics)" 200
  assert_equal "$(push x nobody)" 401
  assert_equal "$(<body)" 'no org id'
  assert_equal "$(push x of-a -H 'X-Scope-OrgID: team-a')" 204
  assert_equal "$(push x of-b -H 'X-Scope-OrgID: team-b')" 204
  assert_equal "$(lines -H 'X-Scope-OrgID: team-a')" of-a
  assert_equal "$(lines -H 'X-Scope-OrgID: team-b')" of-b
  assert_equal "$(lines -H 'X-Scope-OrgID: team-c')" ''
  assert_equal "$(push x evil -H 'X-Scope-OrgID: ../team-a')" 400
  assert_equal "$(status /loki/api/v1/labels -H 'X-Scope-OrgID: team-a|team-b')" 400
}

@test "a tenant's token says the tenant, and is no other's" {
  printf 'ta team-a\nall\n' >tokens
  chmod 600 tokens
  serve --tenants --token-file tokens
  assert_equal "$(push x of-a -H 'Authorization: Bearer ta')" 204
  assert_equal "$(lines -H 'Authorization: Bearer ta' -H 'X-Scope-OrgID: team-a')" of-a
  assert_equal "$(status /loki/api/v1/labels -H 'Authorization: Bearer ta' -H 'X-Scope-OrgID: team-b')" 403
  assert_equal "$(status /loki/api/v1/labels -H 'Authorization: Bearer all')" 401
  assert_equal "$(lines -H 'Authorization: Bearer all' -H 'X-Scope-OrgID: team-a')" of-a
}

@test "a tenant's token sees nothing of the whole server" {
  printf 'ta team-a\nall\n' >tokens
  chmod 600 tokens
  serve --tenants --token-file tokens
  for path in /metrics /config /services /log_level /flush; do
    assert_equal "$(status "$path" -H 'Authorization: Bearer ta')" 403
    assert_contains "$(<body)" 'good for tenant team-a alone'
  done
  for path in /log_level?log_level=debug /flush; do
    assert_equal "$(status "$path" -X POST -H 'Authorization: Bearer ta')" 403
  done
  assert_contains "$(curl -sS -H 'Authorization: Bearer all' "$STORE/log_level")" info
  assert_equal "$(status /loki/api/v1/status/buildinfo -H 'Authorization: Bearer ta')" 200
  assert_equal "$(status /config/tenant/v1/limits -H 'Authorization: Bearer ta')" 200
  assert_equal "$(status /ready)" 200
  # What was refused is counted.
  assert_contains "$(curl -sS -H 'Authorization: Bearer all' "$STORE/metrics")" 'glp_store_requests_total{route="/metrics",status="403"} 1'
}

@test "who is not let in is told so before a body is taken" {
  echo t >tokens
  chmod 600 tokens
  serve --token-file tokens
  head -c 20000000 /dev/zero >body.bin
  # curl waits for "100 Continue" and sends nothing of the body.
  run curl -sS -o body -w '%{http_code} %{size_upload}' -H 'Expect: 100-continue' --expect100-timeout 20 --data-binary @body.bin "$API/push"
  assert_equal "$output" '401 0'
  assert_contains "$(<body)" 'asks for a token'
  assert_equal "$(push x one -H 'Authorization: Bearer t')" 204
}

@test "questions about a tenant that is not there make no folder" {
  serve --tenants
  for path in labels 'query?query=vector(1)' 'index/stats?query=%7Ba%3D%22b%22%7D' delete; do
    assert_equal "$(status "/loki/api/v1/$path" -H 'X-Scope-OrgID: nobody')" 200
  done
  assert_equal "$(status /flush -X POST)" 204
  assert_equal "$(status '/loki/api/v1/push' -H 'X-Scope-OrgID: nobody' -H 'Content-Type: application/json' -d '{"streams":[]}')" 422
  [[ ! -e store/nobody ]]
}

# make_certificates: an authority, a server of 127.0.0.1 and a client.
make_certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
    -keyout ca.key -out ca.pem 2>openssl.err
  for name in server client; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
      -keyout "$name.key" -out "$name.csr" 2>>openssl.err
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days 2 -out "$name.pem" \
      -extfile <(echo subjectAltName=IP:127.0.0.1) 2>>openssl.err
  done
}

@test "TLS, and certificates of clients" {
  make_certificates
  serve --tls-cert server.pem --tls-key server.key --tls-client-ca ca.pem
  assert_contains "$STORE" https://
  assert_equal "$(status /ready --cacert ca.pem --cert client.pem --key client.key)" 200
  run curl -sS --cacert ca.pem "$STORE/ready"
  [[ $status -ne 0 ]]
  run curl -sS "http://${STORE#https://}/ready"
  [[ $status -ne 0 || $output != ready ]]
}

@test "SIGHUP reads certificates, tokens and limits again; what is wrong leaves all as it was" {
  make_certificates
  echo old >tokens
  chmod 600 tokens
  serve --tls-cert server.pem --tls-key server.key --token-file tokens
  assert_equal "$(status /loki/api/v1/labels --cacert ca.pem -H 'Authorization: Bearer old')" 200
  echo new >tokens
  kill -HUP "$store_pid"
  wait_for grep -q 'read its configuration again' store.err
  assert_equal "$(status /loki/api/v1/labels --cacert ca.pem -H 'Authorization: Bearer old')" 401
  assert_equal "$(status /loki/api/v1/labels --cacert ca.pem -H 'Authorization: Bearer new')" 200
  chmod 644 tokens
  kill -HUP "$store_pid"
  wait_for grep -q 'goes on as it was' store.err
  assert_equal "$(status /loki/api/v1/labels --cacert ca.pem -H 'Authorization: Bearer new')" 200
}

@test "an open address needs TLS and somebody who asks" {
  make_certificates
  echo t >tokens
  chmod 600 tokens
  run --separate-stderr glp-store serve --dir s --listen 0.0.0.0:0
  assert_status 2
  assert_contains "$stderr" '--tls-cert'
  assert_contains "$stderr" '--insecure'
  run --separate-stderr glp-store serve --dir s --listen 0.0.0.0:0 --token-file tokens
  assert_status 2
  assert_contains "$stderr" 'in the clear'
  run --separate-stderr glp-store serve --dir s --listen 0.0.0.0:0 --tls-cert server.pem --tls-key server.key
  assert_status 2
  assert_contains "$stderr" '--token-file'
  run --separate-stderr glp-store serve --dir s --listen 0.0.0.0:0 --tls-cert server.pem
  assert_status 2
  assert_contains "$stderr" 'go together'
  serve --listen 0.0.0.0:0 --token-file tokens --tls-cert server.pem --tls-key server.key
  run --separate-stderr glp-store serve --dir s --listen 127.0.0.1:0 --tls-cert server.key --tls-key server.pem
  assert_status 2
  assert_contains "$stderr" server.key
}

@test "what is asked to be deleted is not answered any more, and a request can be taken back" {
  NOW=$((EPOCHSECONDS - 60))
  serve
  for word in keep secret; do assert_equal "$(push web "$word")" 204; done
  assert_equal "$(push other 'secret too')" 204
  run curl -sS -o body -D - -X POST -G --data-urlencode 'query={app="web"} |= "secret"' -d start=1000000000 "$API/delete"
  assert_contains "$output" '204 No Content'
  id=$(sed -n 's/^X-Delete-Request-ID: \([^\r]*\).*/\1/pI' <<<"$output")
  [[ -n $id ]]
  assert_equal "$(lines)" $'keep\nsecret too'
  count() { curl -sS -G --data-urlencode 'query=sum by (app) (count_over_time({app=~".+"}[1h]))' "$API/query" | jq -c '[.data.result[] | [.metric.app, .value[1]]] | sort'; }
  assert_equal "$(count)" '[["other","1"],["web","1"]]'
  assert_equal "$(curl -sS "$API/delete" | jq -c '[.[] | [.request_id, .query, .status, .start_time]]')" \
    "[[\"$id\",\"{app=\\\"web\\\"} |= \\\"secret\\\"\",\"received\",1000000000]]"
  # Another process goes on with it.
  kill "$store_pid"
  wait "$store_pid"
  serve
  assert_equal "$(lines)" $'keep\nsecret too'
  assert_equal "$(status '/loki/api/v1/delete?request_id=nope' -X DELETE)" 404
  assert_equal "$(status "/loki/api/v1/delete?request_id=$id" -X DELETE)" 204
  assert_equal "$(lines)" $'keep\nsecret\nsecret too'
  assert_equal "$(curl -sS "$API/delete")" '[]'
}

@test "requests to delete that are none are refused in Loki's words" {
  serve
  while IFS='|' read -r query words; do
    assert_equal "$(status "/loki/api/v1/delete?$query" -X POST)" 400
    assert_contains "$(<body)" "$words"
  done <<'EOF'
start=1|query not set
query=%7Ba%3D%22b%22%7D|start time not set
query=%7Ba%3D%22b%22%7D&start=x|invalid start time
query=%7Ba%3D%22b%22%7D&start=1&end=x|invalid end time
query=%7Ba%3D%22b%22%7D&start=1&end=99999999999|
query=%7Ba%3D%22b%22%7D&start=9&end=9|start time can't be greater than or equal to end time
query=%7Ba%3D%22b%22%7D&start=1&max_interval=x|invalid max_interval
query=%7Ba%3D%22b%22%7D&start=1&max_interval=25h|max_interval can't be greater
query=%7Ba%3D%22b%22%7D%7Cjson&start=1|line filters
query=%7Ba%3D&start=1|parse error
EOF
}
