// How fast queries run over lines in memory, one core: line filters over blocks and line by line,
// pipelines from an entry to its labels, metrics from entries to series. Bytes are those of the
// lines. The lines are made in the shapes of scripts/lib/corpus.py; others may be given:
//
//   ninja -C build/release logql_bench && build/release/libcommon/logql/logql_bench
//   … logql_bench --lines app.log --kind json        # measures rows of that kind on these lines
//   … logql_bench --query '{} | logfmt | level="error"' --kind logfmt
#include <benchmark/benchmark.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "logql/block_search.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "logql/pipeline.h"

namespace glp::logql {
namespace {

enum class Kind { kApp, kJson, kLogfmt, kAccess, kPacked };
constexpr std::pair<const char*, Kind> kKinds[] = {{"app", Kind::kApp},
                                                   {"json", Kind::kJson},
                                                   {"logfmt", Kind::kLogfmt},
                                                   {"access", Kind::kAccess},
                                                   {"packed", Kind::kPacked}};

struct Row {
  Kind kind;
  const char* query;
};
// clang-format off
// Each is run over blocks, too.
const Row kFilters[] = {
    {Kind::kApp, R"Q({} |= "needle-that-is-not-there")Q"},
    {Kind::kApp, R"Q({} |= "ERROR")Q"},
    {Kind::kApp, R"Q({} |= "booked")Q"},
    {Kind::kApp, R"Q({} |= "refused" or "panic" or "timed out")Q"},
    {Kind::kApp, R"Q({} != "booked")Q"},
    {Kind::kApp, R"Q({} |~ "refused|panic|timed out")Q"},
    {Kind::kApp, R"Q({} |~ "(?i)error")Q"},
    {Kind::kApp, R"Q({} |~ "(?i)disk task")Q"},
    {Kind::kApp, R"Q({} |~ "(?i)connection (reset|refused).*port [0-9]+999")Q"},
    {Kind::kApp, R"Q({} |~ "thread-[0-9]+\\] .*account 0000")Q"},
    {Kind::kApp, R"Q({} |~ "[0-9]{7}[02468]$")Q"},
    {Kind::kApp, R"Q({} |> "<_> WARN <_> booked on account <_>")Q"},
    {Kind::kAccess, R"Q({} |= ip("10.17.0.0/16"))Q"},
    {Kind::kAccess, R"Q({} |= ip("10.17.3.1-11.0.0.1"))Q"},
};
const Row kPipelines[] = {
    {Kind::kJson, R"Q({} | json | status>=500)Q"},
    {Kind::kJson, R"Q({} | json)Q"},
    {Kind::kJson, R"Q({} | json method, status, peer="net.peer.ip")Q"},
    {Kind::kJson, R"Q({} | json | level="error")Q"},
    {Kind::kJson, R"Q({} | json | line_format "{{.level}} {{.msg}} {{.status}}")Q"},
    {Kind::kLogfmt, R"Q({} | logfmt)Q"},
    {Kind::kLogfmt, R"Q({} | logfmt | level="error")Q"},
    {Kind::kLogfmt, R"Q({} | logfmt | duration > 300ms)Q"},
    {Kind::kLogfmt, R"Q({} | logfmt level, duration)Q"},
    {Kind::kLogfmt, R"Q({} | logfmt | line_format "{{.level}} {{.msg}}")Q"},
    {Kind::kLogfmt, R"Q({} | logfmt | label_format severity=level, text="{{.msg}}/{{.level}}")Q"},
    {Kind::kLogfmt, R"Q({} | logfmt | keep level, msg)Q"},
    {Kind::kAccess, R"Q({} | pattern "<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <size> <_>")Q"},
    {Kind::kAccess, R"Q({} | pattern "<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <size> <_>" | status >= 500)Q"},
    {Kind::kAccess, R"Q({} | regexp "^(?P<ip>\\S+) \\S+ (?P<user>\\S+) \\[[^\\]]+\\] \"(?P<method>\\S+) (?P<path>\\S+) [^\"]*\" (?P<status>\\d{3}) (?P<size>\\d+)")Q"},
    {Kind::kAccess, R"Q({} | regexp "\"(?P<method>[A-Z]+) (?P<path>\\S+) ")Q"},
    {Kind::kPacked, R"Q({} | unpack)Q"},
    {Kind::kApp, R"Q({} | decolorize)Q"},
};
const Row kMetrics[] = {
    {Kind::kLogfmt, R"Q(sum by (level) (rate({} | logfmt [1m])))Q"},
    {Kind::kJson, R"Q(sum by (status) (rate({} | json [1m])))Q"},
    {Kind::kAccess, R"Q(sum by (status) (rate({} | pattern "<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <size> <_>" [1m])))Q"},
    {Kind::kLogfmt, R"Q(sum by (level) (sum_over_time({} | logfmt | unwrap duration_seconds(duration) [1m])))Q"},
    {Kind::kLogfmt, R"Q(sum without (request_id, duration, msg, caller, ts, component, peer) (count_over_time({} | logfmt [1m])))Q"},
    {Kind::kApp, R"Q(sum(count_over_time({} |= "ERROR" [1m])))Q"},
};
// clang-format on

// The same numbers on every machine.
class Random {
 public:
  uint64_t operator()(uint64_t below) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % below;
  }
  template <size_t n>
  const char* Pick(const char* const (&words)[n]) {
    return words[(*this)(n)];
  }

 private:
  uint64_t state_ = 88172645463325252u;
};

constexpr const char* kWords[] = {"order", "cart",    "session", "invoice", "payment", "user",
                                  "index", "product", "batch",   "cache",   "token",   "shard",
                                  "queue", "replica", "ledger",  "quota"};
constexpr const char* kLevels[] = {"info", "info", "info", "debug", "warn"};
constexpr const char* kMethods[] = {"GET", "GET", "POST"};
constexpr const char* kPaths[] = {"/",          "/cart",           "/cart/items",    "/checkout",
                                  "/health",    "/static/app.css", "/search?q=lamp", "/api/session",
                                  "/api/orders"};
constexpr const char* kAgents[] = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5",
    "kube-probe/1.32", "curl/7.88.1"};
constexpr const char* kStatus[] = {"200", "200", "200", "200", "200", "304", "404", "502"};

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[1024];
  const int size = std::snprintf(text, sizeof text, format, values...);
  return {text, static_cast<size_t>(size)};
}

std::string Address(Random& r) {
  return Format("10.%d.%d.%d", int(r(256)), int(r(20)), int(1 + r(254)));
}

std::string AppLine(Random& r) {
  const int second = static_cast<int>(r(60)), ms = static_cast<int>(r(1000));
  switch (r(10)) {
    case 0:
      return Format(
          "Jan  5 00:12:%02d node-1 sshd[%d]: Failed password for invalid user %s from %s "
          "port %d ssh2",
          second, int(r(32768)), r.Pick(kWords), Address(r).c_str(), int(r(65536)));
    case 1:
      return Format(
          "I0105 00:12:%02d.%06d       1 proxier.go:%d] \"Syncing rules\" %s=%d "
          "elapsed=\"%dms\"",
          second, int(r(1000000)), int(r(2000)), r.Pick(kWords), int(r(5000)), ms);
    case 2:
      if (r(20) == 0) {
        return Format(
            "2026-01-05 00:12:%02d,%03d ERROR [pool-%d-thread-%d] example.net.Client - "
            "Connection %s by peer %s port %d",
            second, ms, int(r(9)), int(r(32)), r(2) == 0 ? "reset" : "refused", Address(r).c_str(),
            int(r(65536)));
      }
      return Format("1:M 05 Jan 2026 00:12:%02d.%03d * %d changes in 300 seconds. Saving...",
                    second, ms, int(r(10000)));
    default: {
      static constexpr const char* kNames[] = {"INFO ", "INFO ", "INFO ", "WARN "};
      return Format(
          "2026-01-05 00:12:%02d,%03d %s [pool-%d-thread-%d] example.ledger.%sService - "
          "%s %d booked on account %08d",
          second, ms, r.Pick(kNames), int(r(9)), int(r(32)), r.Pick(kWords), r.Pick(kWords),
          int(r(1000000)), int(r(100000000)));
    }
  }
}

std::string JsonLine(Random& r) {
  return Format(
      R"({"time":"2026-01-05T00:12:%02d.%06dZ","level":"%s","method":"%s","path":"%s","status":%s,)"
      R"("bytes":%d,"duration":0.%04d,"msg":"%s %d done","net":{"peer":{"ip":"%s","port":%d}},)"
      R"("user_agent":"%s","request_id":"%08x-%04x"})",
      int(r(60)), int(r(1000000)), r.Pick(kLevels), r.Pick(kMethods), r.Pick(kPaths),
      r.Pick(kStatus), int(r(60000)), int(r(10000)), r.Pick(kWords), int(r(100000)),
      Address(r).c_str(), int(r(65536)), r.Pick(kAgents), unsigned(r(1u << 31)),
      unsigned(r(65536)));
}

std::string LogfmtLine(Random& r) {
  if (r(50) == 0) {
    return Format(
        "level=error ts=2026-01-05T00:12:%02d.%03dZ caller=http.go:%d msg=\"upstream "
        "failed\" request_id=%08x peer=%s:%d err=\"connection refused by peer\" attempt=%d",
        int(r(60)), int(r(1000)), int(r(300)), unsigned(r(1u << 31)), Address(r).c_str(),
        int(r(65536)), int(r(5)));
  }
  return Format(
      "level=%s ts=2026-01-05T00:12:%02d.%03dZ caller=http.go:%d msg=\"%s stored\" "
      "component=%s method=%s status=%s request_id=%08x duration=%d.%03dms",
      r.Pick(kLevels), int(r(60)), int(r(1000)), int(r(300)), r.Pick(kWords), r.Pick(kWords),
      r.Pick(kMethods), r.Pick(kStatus), unsigned(r(1u << 31)), int(r(400)), int(r(1000)));
}

std::string AccessLine(Random& r) {
  return Format(
      "%s - - [05/Jan/2026:00:12:%02d +0000] \"%s %s HTTP/1.1\" %s %d \"-\" \"%s\" 0.%03d",
      Address(r).c_str(), int(r(60)), r.Pick(kMethods), r.Pick(kPaths), r.Pick(kStatus),
      int(r(60000)), r.Pick(kAgents), int(r(1000)));
}

std::string PackedLine(Random& r) {
  return Format(R"({"pod":"%s-%d","container":"%s","node":"node-%d","_entry":"level=%s msg=\"%s )"
                R"(stored\" request_id=%08x duration=%dms"})",
                r.Pick(kWords), int(r(20)), r.Pick(kWords), int(r(5)), r.Pick(kLevels),
                r.Pick(kWords), unsigned(r(1u << 31)), int(r(400)));
}

struct Data {
  std::string text;
  std::vector<uint32_t> starts = {0};
  LabelTable table;
  std::vector<Entry> entries;

  void Add(std::string_view line) {
    text.append(line);
    starts.push_back(static_cast<uint32_t>(text.size()));
  }
  // The entries look into the text: it grows no more.
  void Finish() {
    constexpr int64_t kStart = 1767571200000000000, kStep = 1'000'000;
    const LabelSet* const streams[] = {
        table.FromLabels({{"app", "api"}, {"cluster", "eu-1"}, {"namespace", "shop"}}),
        table.FromLabels({{"app", "web"}, {"cluster", "eu-1"}, {"namespace", "shop"}})};
    text.reserve(text.size() + 64);
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      entries.push_back({kStart + static_cast<int64_t>(i) * kStep, streams[i / 1000 % 2],
                         std::string_view(text).substr(starts[i], starts[i + 1] - starts[i]), ""});
    }
  }
};

constexpr size_t kBytes = 32 << 20;
std::string lines_file;  // --lines

const Data& DataOf(Kind kind) {
  static std::map<Kind, Data> all;
  const auto [found, is_new] = all.try_emplace(kind);
  Data& data = found->second;
  if (!is_new) return data;
  if (!lines_file.empty()) {
    std::ifstream file(lines_file, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) data.Add(line);
  } else {
    Random random;
    std::string (*const kMakers[])(Random&) = {AppLine, JsonLine, LogfmtLine, AccessLine,
                                               PackedLine};
    while (data.text.size() < kBytes) data.Add(kMakers[static_cast<size_t>(kind)](random));
  }
  data.Finish();
  if (data.entries.empty()) {
    std::fprintf(stderr, "%s: no lines\n", lines_file.c_str());
    std::exit(2);
  }
  return data;
}

template <typename T>
T Must(Result<T> result, const char* query) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "%s: %s\n", query, result.status().message().c_str());
  std::exit(2);
}

void Count(benchmark::State& state, const Data& data) {
  const auto runs = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(runs * static_cast<int64_t>(data.text.size()));
  state.SetItemsProcessed(runs * static_cast<int64_t>(data.entries.size()));
}

void RunBlocks(benchmark::State& state, const Row& row) {
  const Data& data = DataOf(row.kind);
  const auto log =
      std::get<LogExpr>(Must(Parse(row.query, {.allow_empty_selector = true}), row.query));
  std::vector<LineFilter> filters = log.LeadingLineFilters();
  for (LineFilter& filter : filters) {
    if (!PrepareLineFilter(&filter).ok()) std::exit(2);
  }
  const BlockSearch search(filters);
  std::vector<uint32_t> passing;
  constexpr size_t kBlockLines = 8192;
  while (state.KeepRunning()) {
    for (size_t i = 0; i < data.entries.size(); i += kBlockLines) {
      passing.clear();
      search.Select(data.text.data(), data.starts.data() + i,
                    std::min(kBlockLines, data.entries.size() - i), &passing);
      benchmark::DoNotOptimize(passing.data());
    }
  }
  Count(state, data);
}

void RunPipeline(benchmark::State& state, const Row& row) {
  const Data& data = DataOf(row.kind);
  const auto log =
      std::get<LogExpr>(Must(Parse(row.query, {.allow_empty_selector = true}), row.query));
  Pipeline pipeline = Must(Pipeline::Make(log), row.query);
  LabelTable changed;
  while (state.KeepRunning()) {
    for (const Entry& entry : data.entries) {
      Entry one = entry;
      if (!pipeline.Process(&one)) continue;
      pipeline.TakeLabels(&one, &changed);
      benchmark::DoNotOptimize(one.fields.data());
    }
  }
  Count(state, data);
}

// The entries of a Data, as a store would give them.
class DataSource : public EntrySource {
 public:
  explicit DataSource(const Data* data) : data_(data) {}
  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest) override {
    return std::unique_ptr<EntryCursor>(std::make_unique<Cursor>(data_));
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>&, TimeRange) override {
    return std::vector<const LabelSet*>{data_->entries.front().stream,
                                        data_->entries.back().stream};
  }

 private:
  class Cursor : public EntryCursor {
   public:
    explicit Cursor(const Data* data) : data_(data) {}
    Status Next(std::vector<Entry>* batch) override {
      constexpr size_t kBatch = 1024;
      const size_t count = std::min(kBatch, data_->entries.size() - at_);
      const auto from = data_->entries.begin() + static_cast<ptrdiff_t>(at_);
      batch->assign(from, from + static_cast<ptrdiff_t>(count));
      at_ += count;
      return Status::Ok();
    }
    const ScanStats& stats() const override { return stats_; }

   private:
    const Data* data_;
    size_t at_ = 0;
    ScanStats stats_;
  };
  const Data* data_;
};

void RunMetric(benchmark::State& state, const Row& row) {
  const Data& data = DataOf(row.kind);
  const auto metric =
      std::get<MetricExpr>(Must(Parse(row.query, {.allow_empty_selector = true}), row.query));
  DataSource source(&data);
  QueryParams params;
  params.range = {data.entries.front().ts_ns, data.entries.back().ts_ns};
  params.step_ns = 60'000'000'000;
  while (state.KeepRunning()) {
    const auto series = Must(RunRangeQuery(metric, &source, params, nullptr), row.query);
    benchmark::DoNotOptimize(series.data());
  }
  Count(state, data);
}

void Register(const char* what, const Row& row, void (*run)(benchmark::State&, const Row&)) {
  std::string name = what;
  name.append(row.query);
  benchmark::RegisterBenchmark(name.c_str(), [row, run](benchmark::State& state) {
    run(state, row);
  })->Unit(benchmark::kMillisecond);
}

// --lines FILE, --kind KIND, --query QUERY; leaves the rest to Google Benchmark.
void Main(int argc, char** argv) {
  bool has_kind = false;
  Kind kind = Kind::kApp;
  const char* query = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--lines") == 0) lines_file = argv[i + 1];
    if (std::strcmp(argv[i], "--query") == 0) query = argv[i + 1];
    if (std::strcmp(argv[i], "--kind") != 0) continue;
    for (const auto& [name, one] : kKinds) {
      if (std::strcmp(argv[i + 1], name) != 0) continue;
      has_kind = true;
      kind = one;
    }
  }
  const auto each = [&](const auto& rows, const auto& add) {
    for (const Row& row : rows) {
      if (!has_kind || row.kind == kind) add(row);
    }
  };
  if (query != nullptr) {
    const bool is_log =
        std::holds_alternative<LogExpr>(Must(Parse(query, {.allow_empty_selector = true}), query));
    Register("", {kind, query}, is_log ? RunPipeline : RunMetric);
    return;
  }
  each(kFilters, [](const Row& row) { Register("block: ", row, RunBlocks); });
  each(kFilters, [](const Row& row) { Register("line: ", row, RunPipeline); });
  each(kPipelines, [](const Row& row) { Register("", row, RunPipeline); });
  each(kMetrics, [](const Row& row) { Register("", row, RunMetric); });
}

}  // namespace
}  // namespace glp::logql

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  glp::logql::Main(argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
