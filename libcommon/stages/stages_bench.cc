// How fast stages are: whole pipelines over realistic lines, from a record as the reader gives it
// to an entry with its fields. A row is a name, stages in YAML and lines; bytes are those of the
// lines.
//
//   ninja -C build/release stages_bench && build/release/libcommon/stages/stages_bench
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "codec/yaml.h"
#include "stages/build.h"
#include "stages/metric_families.h"
#include "stages/mmdb_writer.h"
#include "stages/pipeline.h"

namespace glp::stages {
namespace {

struct Lines {
  const char* const* first;
  size_t count;
};

// clang-format off
constexpr const char* kJsonLines[] = {
    R"L({"time":"2026-01-05T09:12:44.183920Z","level":"info","method":"GET","path":"/api/v1/orders/81723?expand=items","status":200,"bytes":18233,"duration":0.0412,"remote_addr":"10.12.3.44","user_agent":"okhttp/4.9.3","request_id":"5f1c9e0a-7d44-4c06"})L",
    R"L({"time":"2026-01-05T09:12:44.190114Z","level":"warn","method":"POST","path":"/api/v1/payments","status":402,"bytes":311,"duration":0.8821,"remote_addr":"10.12.7.9","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","request_id":"c8e2f6b1-0a3d-4f7e"})L",
    R"L({"time":"2026-01-05T09:12:44.201877Z","level":"info","method":"GET","path":"/healthz","status":200,"bytes":2,"duration":0.0002,"remote_addr":"10.12.0.1","user_agent":"kube-probe/1.29","request_id":"00000000-0000-0000","upstream":"127.0.0.1:8080","host":"a"})L",
    R"L({"time":"2026-01-05T09:12:44.215003Z","level":"error","method":"PUT","path":"/api/v1/carts/\"77\"","status":503,"bytes":0,"duration":30.001,"remote_addr":"10.12.9.201","user_agent":"curl/8.5.0","request_id":"9be07a55-31c2-4ab8","error":"timeout"})L",
};
constexpr const char* kLogfmtLines[] = {
    R"L(level=info ts=2026-01-05T09:12:44.183920Z caller=http.go:194 component=distributor method=POST route=loki_api_v1_push status=204 duration=1.802ms)L",
    R"L(level=error ts=2026-01-05T09:12:44.190114Z caller=flush.go:261 org_id=fake msg="failed to flush chunks" err="context deadline exceeded" retries=3)L",
    R"L(ts=2026-01-05T09:12:44.201877Z caller=metrics.go:159 component=frontend level=info msg="query done" query="{app=\"web\"}" duration=41.2ms status=200)L",
};
constexpr const char* kCombinedLines[] = {
    R"L(10.12.3.44 - - [05/Jan/2026:09:12:44 +0000] "GET /api/v1/orders/81723?expand=items HTTP/1.1" 200 18233 "https://shop.example/orders" "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0")L",
    R"L(203.0.113.77 - alice [05/Jan/2026:09:12:45 +0000] "POST /login HTTP/2.0" 302 0 "-" "okhttp/4.9.3")L",
    R"L(10.12.0.1 - - [05/Jan/2026:09:12:45 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.29")L",
};
constexpr const char* kKlogLines[] = {
    R"L(I0105 09:12:44.183920   12345 controller.go:194] Starting workers for the endpoint slice controller, 5 of them)L",
    R"L(E0105 09:12:44.190114       1 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"app\" with CrashLoopBackOff" pod="default/web-5c6f-abcde" podUID=28e71490-d614-4cd8-9ea7-af23cc7b9bff)L",
    R"L(W0105 09:12:44.201877       1 reflector.go:561] object-"kube-system"/"coredns": failed to list *v1.ConfigMap: configmaps is forbidden)L",
};
constexpr const char* kSyslogLines[] = {
    R"L(Jan  5 09:12:44 node-17 sshd[24200]: Failed password for invalid user webmaster from 203.0.113.77 port 38926 ssh2)L",
    R"L(<30>Jan  5 09:12:44 node-17 systemd[1]: Started Daily apt download activities.)L",
    R"L(<165>1 2026-01-05T09:12:44.183920Z node-17 payments 8710 ID47 [origin@32473 ip="10.12.3.44" software="pay"] order 81723 accepted)L",
    R"L(2026-01-05T09:12:44.190114+01:00 node-17 kernel: [12345.678901] eth0: link becomes ready)L",
};
constexpr const char* kKvLines[] = {
    R"L(ts: 2026-01-05T09:12:44.183920Z, level: info, method: GET, path: /api/v1/orders/81723, status: 200, bytes: 18233, duration: 0.0412)L",
    R"L(ts: 2026-01-05T09:12:44.190114Z, level: warn, method: POST, path: "/api/v1/payments, retry", status: 402, bytes: 311, duration: 0.8821)L",
};
constexpr const char* kCsvLines[] = {
    R"L(2026-01-05T09:12:44.183920Z,info,GET,/api/v1/orders/81723,200,18233,0.0412,okhttp/4.9.3)L",
    R"L(2026-01-05T09:12:44.190114Z,warn,POST,/api/v1/payments,402,311,0.8821,"Mozilla/5.0 (X11, ""Linux"" x86_64)")L",
};
constexpr const char* kJournalLines[] = {
    R"L({"__CURSOR":"s=9b1a;i=8f2;b=1c;m=2d;t=6;x=7","__REALTIME_TIMESTAMP":"1767604364183920","__MONOTONIC_TIMESTAMP":"81723553","_BOOT_ID":"1c5f1c9e0a7d444c06","PRIORITY":"6","_UID":"0","_GID":"0","_MACHINE_ID":"c8e2f6b10a3d4f7e","_HOSTNAME":"node-17","SYSLOG_FACILITY":"4","SYSLOG_IDENTIFIER":"sshd","_TRANSPORT":"syslog","_PID":"24200","_COMM":"sshd","_EXE":"/usr/sbin/sshd","_CMDLINE":"sshd: unknown [priv]","_SYSTEMD_CGROUP":"/system.slice/ssh.service","_SYSTEMD_UNIT":"ssh.service","_SYSTEMD_SLICE":"system.slice","MESSAGE":"Failed password for invalid user webmaster from 203.0.113.77 port 38926 ssh2"})L",
};
constexpr const char* kColourLines[] = {
    "\x1b[2m2026-01-05T09:12:44.183920Z\x1b[0m \x1b[32m INFO\x1b[0m \x1b[2mweb::http\x1b[0m: request done \x1b[3mstatus\x1b[0m=200",
};
constexpr const char* kPodPaths[] = {
    R"L(/var/log/pods/kube-system_kube-flannel-ds-amd64-9x66j_28e71490-d614-4cd8-9ea7-af23cc7b9bff/kube-flannel/3.log started)L",
    R"L(/var/log/pods/default_web-5c6f-abcde_28e71490-d614-4cd8-9ea7-af23cc7b9bff/app/0.log started)L",
};
constexpr const char* kDockerLines[] = {
    R"L({"log":"2026-01-05 09:12:44.183 INFO nova.compute.manager [req-3ea4052c] instance: b9000564 VM Started (Lifecycle Event)\n","stream":"stdout","time":"2026-01-05T09:12:44.183920123Z"})L",
    R"L({"log":"level=warn ts=2026-01-05T09:12:44Z caller=http.go:194 msg=\"slow request\" duration=1.8s password=hunter2\n","stream":"stderr","time":"2026-01-05T09:12:44.190114567Z"})L",
};
constexpr const char* kCriLines[] = {
    R"L(2026-01-05T09:12:44.183920123Z stdout F 2026-01-05 09:12:44.183 INFO nova.compute.manager [req-3ea4052c] instance: b9000564 VM Started)L",
    R"L(2026-01-05T09:12:44.190114567Z stderr F level=warn ts=2026-01-05T09:12:44Z caller=http.go:194 msg="slow request" duration=1.8s)L",
};
constexpr const char* kEventLines[] = {
    R"L({"message":"A logon was attempted.\r\nSubject: x\r\nSecurity ID: S-1-5-18\r\nAccount Name: WIN-1$\r\nLogon Type: 5\r\nProcess ID: 0x2a4"})L",
};
constexpr const char* kTraceLines[] = {
    "2026-01-05 09:12:44.183 ERROR request failed",
    "  at com.example.Orders.find(Orders.java:81)",
    "  at com.example.Web.handle(Web.java:17)",
    "  at java.base/java.lang.Thread.run(Thread.java:840)",
};
constexpr char kPodLabels[] = R"L({"filename":"/var/log/pods/kube-system_kube-flannel-ds-amd64-9x66j_28e71490-d614-4cd8-9ea7-af23cc7b9bff/kube-flannel/3.log"})L";
// clang-format on

template <size_t n>
constexpr Lines Of(const char* const (&lines)[n]) {
  return {lines, n};
}

struct Row {
  const char* name;
  const char* yaml;
  Lines lines;
  bool as_promtail = false;
  const char* labels = "{}";
};

// clang-format off
const Row kRows[] = {
    {"none", "[]", Of(kJsonLines)},
    {"json, 5 expressions",
     "- json: {expressions: {time: , level: , method: , status: , duration: }}", Of(kJsonLines)},
    {"json, 5 expressions, as promtail",
     "- json: {expressions: {time: , level: , method: , status: , duration: }}", Of(kJsonLines), true},
    {"json, 5 expressions, one of them no path",
     "- json: {expressions: {time: , level: severity || level, method: , status: , duration: }}",
     Of(kJsonLines)},
    {"json, lines of other kinds", "- json: {expressions: {time: , level: }}", Of(kCombinedLines)},
    {"logfmt, 5 keys", "- logfmt: {mapping: {level: , ts: , caller: , msg: , status: }}",
     Of(kLogfmtLines)},
    {"regex, 4 groups",
     R"Y(- regex: {expression: '^(?P<ip>\S+) \S+ (?P<user>\S+) \[[^\]]+\] "(?P<method>\S+) [^"]*" (?P<status>\d{3}) '})Y",
     Of(kCombinedLines)},
    {"regex, 4 groups, not anchored",
     R"Y(- regex: {expression: '"(?P<method>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<size>\d+)'})Y",
     Of(kCombinedLines)},
    {"regex, all 11 groups of the combined format",
     R"Y(- regex: {expression: '^(?P<ip>\S+) (?P<id>\S+) (?P<user>\S+) \[(?P<time>[\w:/]+\s[+\-]\d{4})\] "(?P<action>\S+)\s?(?P<path>\S+)?\s?(?P<protocol>\S+)?" (?P<status>\d{3}|-) (?P<size>\d+|-)\s?"?(?P<referer>[^"]*)"?\s?"?(?P<agent>[^"]*)?"?$'})Y",
     Of(kCombinedLines)},
    {"regex that gives a field",
     R"Y(- regex: {expression: '^(?P<path>/var/log/pods/\S+)'})Y", Of(kPodPaths)},
    {"regex of that field, which repeats",
     R"Y(- regex: {expression: '^(?P<path>/var/log/pods/\S+)'}
- regex: {source: path, expression: '(?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/'})Y",
     Of(kPodPaths)},
    {"pattern, 6 captures",
     R"Y(- pattern: {expression: '<ip> - <user> [<_>] "<method> <path> <_>" <status> <size> <_>'})Y",
     Of(kCombinedLines)},
    {"decolorize, plain lines", "- decolorize:", Of(kKlogLines)},
    {"decolorize", "- decolorize:", Of(kColourLines)},
    {"syslog", "- syslog:", Of(kSyslogLines)},
    {"syslog, in a zone", "- syslog: {location: Europe/Berlin}", Of(kSyslogLines)},
    {"combined", "- combined:", Of(kCombinedLines)},
    {"klog", "- klog:", Of(kKlogLines)},
    {"journal", "- journal:", Of(kJournalLines)},
    {"journal, the short fields", "- journal: {all: false}", Of(kJournalLines)},
    {"csv, 8 columns", "- csv: {columns: [ts, level, method, path, status, bytes, duration, agent]}",
     Of(kCsvLines)},
    {"kv", "- kv: {pair_separator: ',', key_separator: ':'}", Of(kKvLines)},
    {"kv, logfmt lines", "- kv:", Of(kLogfmtLines)},
    {"auto, combined", "- auto:", Of(kCombinedLines)},
    {"auto, klog", "- auto:", Of(kKlogLines)},
    {"docker", "- docker:", Of(kDockerLines)},
    {"cri", "- cri:", Of(kCriLines)},
    {"eventlogmessage", "- json: {expressions: {message: }}\n- eventlogmessage:", Of(kEventLines)},
    {"multiline, 4 lines an event", R"Y(- multiline: {firstline: '^\d{4}-'})Y", Of(kTraceLines)},
    {"timestamp, a layout",
     R"Y(- regex: {expression: '^(?P<t>\S+ \S+)'}
- timestamp: {source: t, format: '2006-01-02 15:04:05.000', location: Europe/Berlin})Y",
     Of(kTraceLines)},
    {"timestamp, RFC3339Nano",
     "- logfmt: {mapping: {ts: }}\n- timestamp: {source: ts, format: RFC3339Nano}",
     Of(kLogfmtLines)},
    {"output", "- output: {source: filename}", Of(kLogfmtLines), false, kPodLabels},
    {"match that finds", "- match: {selector: '{filename=~\".+\"} |= \"msg\"', stages: [labeldrop: [a]]}",
     Of(kLogfmtLines), false, kPodLabels},
    {"match with a parser",
     "- match: {selector: '{filename=~\".+\"} | logfmt | level=\"error\"', stages: [labeldrop: [a]]}",
     Of(kLogfmtLines), false, kPodLabels},
    {"match that drops", "- match: {selector: '{filename=~\".+\"} |= \"msg\"', action: drop}",
     Of(kLogfmtLines), false, kPodLabels},
    {"docker, regex of a label, labels",
     R"Y(- docker:
- regex: {source: filename, expression: '(?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/'}
- labels: {namespace: , pod: , container: })Y",
     Of(kDockerLines), false, kPodLabels},
    {"docker, regex of a label, labels, as promtail",
     R"Y(- docker:
- regex: {source: filename, expression: '(?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/'}
- labels: {namespace: , pod: , container: })Y",
     Of(kDockerLines), true, kPodLabels},
    {"logfmt, labels of 2 of its keys",
     "- logfmt: {mapping: {level: , component: }}\n- labels: {level: , component: }",
     Of(kLogfmtLines)},
    {"static_labels, labeldrop", "- static_labels: {a: b}\n- labeldrop: [filename]",
     Of(kLogfmtLines), false, kPodLabels},
    {"geoip", "- geoip: {db: stages_bench.mmdb, source: ip, db_type: asn}", Of(kLogfmtLines), false,
     R"L({"ip":"8.8.8.8"})L"},
    {"labelallow", "- labelallow: [job]", Of(kLogfmtLines), false, kPodLabels},
    {"structured_metadata", "- logfmt: {mapping: {caller: }}\n- structured_metadata: {caller: }",
     Of(kLogfmtLines)},
    {"tenant", "- tenant: {value: a}", Of(kLogfmtLines)},
    {"metrics, a counter and a histogram",
     R"Y(- logfmt: {mapping: {status: }}
- metrics:
    lines: {type: Counter, config: {match_all: true, action: inc}}
    status: {type: Histogram, config: {buckets: [200, 400, 500]}})Y",
     Of(kLogfmtLines)},
    {"replace, no match", R"Y(- replace: {expression: 'password=(\S+)', replace: '****'})Y",
     Of(kLogfmtLines)},
    {"replace, 1 match", R"Y(- replace: {expression: 'level=(\w+)', replace: '****'})Y",
     Of(kLogfmtLines)},
    {"replace, 1 match, template",
     R"Y(- replace: {expression: 'level=(\w+)', replace: '{{ .Value | ToUpper }}'})Y",
     Of(kLogfmtLines)},
    {"template of a label",
     R"Y(- template: {source: name, template: '{{ .filename | ToUpper }}'})Y", Of(kLogfmtLines),
     false, kPodLabels},
    {"drop, a word that is not there", "- drop: {expression: debug}", Of(kLogfmtLines)},
    {"drop, an expression that does not match", R"Y(- drop: {expression: 'status=[45]\d\d.*retry'})Y",
     Of(kLogfmtLines)},
    {"drop by a label", "- drop: {source: filename, value: /var/log/syslog}", Of(kLogfmtLines),
     false, kPodLabels},
    {"limit that drops", "- limit: {rate: 1000, burst: 1000, drop: true}", Of(kLogfmtLines)},
    {"limit by a label",
     "- limit: {rate: 1000, burst: 1000, drop: true, by_label_name: filename}", Of(kLogfmtLines),
     false, kPodLabels},
    {"sampling", "- sampling: {rate: 0.5}", Of(kLogfmtLines)},
    {"pack", "- pack: {labels: [filename]}", Of(kLogfmtLines), false, kPodLabels},
};
// clang-format on

class CountingSink : public EntrySink {
 public:
  void OnEntry(StageEntry& entry) override { benchmark::DoNotOptimize(entry.fields.empty()); }
  void OnDrop(StageEntry&, std::string_view) override {}
  void Wait(int64_t) override {}
};

struct Input {
  std::string padded;  // the inside of a JSON string, as in a record
  Record record;
};

void Run(benchmark::State& state, const Row& row) {
  auto list = codec::ParseYaml(row.yaml, row.name);
  codec::YamlErrors errors(row.name);
  StageMetrics metrics;
  BuildContext context{.errors = &errors, .as_promtail = row.as_promtail, .metrics = &metrics};
  LabelTable table;
  CountingSink sink;
  Pipeline pipeline(&table, &sink);
  if (list.ok()) {
    for (auto& stage : BuildStages(*list, context)) pipeline.Add(std::move(stage));
  }
  const Status status = list.ok() ? errors.first() : list.status();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    std::exit(2);
  }
  constexpr size_t kPadding = 64;
  std::vector<Input> inputs(row.lines.count);
  size_t bytes = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string_view line = row.lines.first[i];
    std::string& padded = inputs[i].padded;
    AppendJsonEscaped(&padded, line);
    const size_t size = padded.size();
    padded.append(kPadding, '\0');
    Record& record = inputs[i].record;
    record.ts_ns = 1;
    record.labels = *table.FromJson(row.labels);
    record.line = {std::string_view(padded).substr(0, size),
                   size == line.size() ? Line::Form::kPlain : Line::Form::kJson};
    bytes += line.size();
  }
  while (state.KeepRunning()) {
    for (const Input& input : inputs) pipeline.Process(input.record);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * inputs.size()));
}

}  // namespace
}  // namespace glp::stages

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  // Where geoip's row finds it.
  const auto folder = std::filesystem::temp_directory_path() / ("glp-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::filesystem::current_path(folder);
  using Writer = glp::stages::MmdbWriter;
  Writer db("GeoLite2-ASN");
  db.Add("8.8.8.0", 24, Writer::Map({{"autonomous_system_number", Writer::Uint32(15169)}}));
  std::ofstream("stages_bench.mmdb", std::ios::binary) << db.Finish();
  for (const auto& row : glp::stages::kRows) {
    benchmark::RegisterBenchmark(row.name,
                                 [&row](benchmark::State& state) { glp::stages::Run(state, row); });
  }
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(folder);
  return 0;
}
