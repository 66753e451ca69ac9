load lib

# Debian 12's own kubectl (1.20) renders with a kustomize that is too old for the tree.
setup() {
  if command -v kustomize >/dev/null && [[ $(kustomize version) =~ v([0-9]+)\. ]] &&
    ((BASH_REMATCH[1] >= 5)); then
    render=(kustomize build)
  elif command -v kubectl >/dev/null &&
    [[ $(kubectl version --client 2>/dev/null) =~ v1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 27)); then
    render=(kubectl kustomize)
  else
    skip "needs kubectl 1.27 or kustomize 5, or newer"
  fi
}

# look OVERLAY: renders it and runs the Python on stdin, which finds `docs`, the list of objects,
# `by`, the same by (kind, name), and `pods`, the workloads that have a pod template.
look() {
  "${render[@]}" "$GLP_ROOT/k8s/overlays/$1" >"$BATS_TEST_TMPDIR/$1.yaml" || return 1
  {
    cat <<'END'
import sys, yaml
docs = [d for d in yaml.safe_load_all(open(sys.argv[1])) if d]
by = {(d["kind"], d["metadata"]["name"]): d for d in docs}
pods = [d for d in docs if d["kind"] in ("DaemonSet", "StatefulSet", "Deployment")]
prefix = sys.argv[2] + "-"
END
    cat
  } | python3 - "$BATS_TEST_TMPDIR/$1.yaml" "$1"
}

@test "both overlays render the same kinds: agent, store, Grafana and what they need" {
  for overlay in dev prod; do
    run look "$overlay" <<'END'
print(" ".join(sorted(d["kind"] for d in docs)))
END
    assert_status 0
    assert_equal "$output" "ConfigMap ConfigMap DaemonSet Deployment Namespace PersistentVolumeClaim Service Service StatefulSet"
  done
}

@test "everything carries the overlay's prefix, namespace, label and annotation" {
  for overlay in dev prod; do
    run look "$overlay" <<'END'
for d in docs:
    m = d["metadata"]
    assert m["labels"]["app.kubernetes.io/instance"] == sys.argv[2], m
    assert m["annotations"]["glp/environment"] == sys.argv[2], m
    if d["kind"] == "Namespace":
        assert m["name"] == "glp-" + sys.argv[2], m
    else:
        assert m["name"].startswith(prefix), m
        assert m["namespace"] == "glp-" + sys.argv[2], m
END
    assert_status 0
  done
}

@test "each Service selects exactly one workload, and its port is open there" {
  for overlay in dev prod; do
    run look "$overlay" <<'END'
taken = []
for d in docs:
    if d["kind"] != "Service":
        continue
    wanted = d["spec"]["selector"].items()
    hit = [w for w in pods if wanted <= w["spec"]["template"]["metadata"]["labels"].items()]
    assert len(hit) == 1, (d["metadata"]["name"], [h["metadata"]["name"] for h in hit])
    assert hit[0]["metadata"]["name"] == d["metadata"]["name"]
    ports = {p["name"] for c in hit[0]["spec"]["template"]["spec"]["containers"] for p in c["ports"]}
    assert all(p["targetPort"] in ports for p in d["spec"]["ports"])
    taken.append(hit[0]["metadata"]["name"])
assert len(taken) == len(set(taken)) == 2, taken
for w in pods:
    labels = w["spec"]["template"]["metadata"]["labels"].items()
    chosen = [v for v in pods if v["spec"]["selector"]["matchLabels"].items() <= labels]
    assert chosen == [w], [v["metadata"]["name"] for v in chosen]
END
    assert_status 0
  done
}

@test "every reference names an object that is there" {
  for overlay in dev prod; do
    run look "$overlay" <<'END'
for w in pods:
    spec = w["spec"]["template"]["spec"]
    claims = {c["metadata"]["name"] for c in w["spec"].get("volumeClaimTemplates", [])}
    volumes = {v["name"] for v in spec.get("volumes", [])} | claims
    for v in spec.get("volumes", []):
        if "configMap" in v:
            assert ("ConfigMap", v["configMap"]["name"]) in by, v
        if "persistentVolumeClaim" in v:
            assert ("PersistentVolumeClaim", v["persistentVolumeClaim"]["claimName"]) in by, v
    for c in spec["containers"]:
        for m in c["volumeMounts"]:
            assert m["name"] in volumes, m
    if w["kind"] == "StatefulSet":
        assert ("Service", w["spec"]["serviceName"]) in by
END
    assert_status 0
  done
}

@test "agent and data source find the store by the Service's name in this overlay" {
  for overlay in dev prod; do
    run look "$overlay" <<'END'
hosts = {w["metadata"]["name"]: e["value"] for w in pods
         for c in w["spec"]["template"]["spec"]["containers"]
         for e in c.get("env", []) if e["name"] == "STORE_HOST"}
assert hosts == {prefix + "agent": prefix + "store", prefix + "grafana": prefix + "store"}, hosts
assert ("Service", prefix + "store") in by
texts = [t for d in docs if d["kind"] == "ConfigMap" for t in d["data"].values()]
assert len(texts) == 2
source = yaml.safe_load(next(t for t in texts if "datasources:" in t))["datasources"][0]
assert source["type"] == "loki" and source["url"] == "http://${STORE_HOST}:3100", source
assert any('http://$STORE_HOST:3100/loki/api/v1/push' in t for t in texts)
assert by["Service", prefix + "store"]["spec"]["ports"][0]["port"] == 3100
END
    assert_status 0
  done
}

@test "the agent reads both host paths, knows its node and runs on the control plane too" {
  run look dev <<'END'
spec = by["DaemonSet", "dev-agent"]["spec"]["template"]["spec"]
paths = {v["name"]: v["hostPath"]["path"] for v in spec["volumes"] if "hostPath" in v}
c = spec["containers"][0]
mounts = {m["name"]: m for m in c["volumeMounts"]}
for path in ("/var/log/pods", "/var/lib/docker/containers"):
    name = next(n for n, p in paths.items() if p == path)
    assert mounts[name]["mountPath"] == path and mounts[name]["readOnly"], mounts[name]
node = next(e for e in c["env"] if e["name"] == "NODE_NAME")
assert node["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"
assert "node-role.kubernetes.io/control-plane" in {t["key"] for t in spec["tolerations"]}
assert c["securityContext"]["readOnlyRootFilesystem"]
END
  assert_status 0
}

@test "the store keeps its data on a claim and is asked whether it is ready" {
  run look prod <<'END'
w = by["StatefulSet", "prod-store"]
c = w["spec"]["template"]["spec"]["containers"][0]
assert w["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "200Gi"
assert c["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http"}
assert c["command"][:2] == ["glp-store", "serve"] and "--listen=0.0.0.0:3100" in c["command"]
END
  assert_status 0
}
