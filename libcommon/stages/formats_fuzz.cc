// Any bytes as a line of each format beyond promtail: the first byte chooses the stage and its
// options, the rest is the line, which no stage here makes vanish, and two runs give the same.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/yaml.h"
#include "stages/build.h"
#include "stages/pipeline.h"

namespace {

constexpr const char* kStages[] = {
    "- syslog:",
    "- syslog: {location: Europe/Berlin, output: true}",
    "- clf:",
    "- combined:",
    "- klog:",
    "- journal:",
    "- journal: {json: true, all: false}",
    "- csv: {columns: [a, b, c]}",
    "- csv: {header: true, separator: '\\t'}",
    "- kv:",
    "- kv: {pair_separator: ', ', key_separator: ':', bare_words: true}",
    "- kv: {pair_separator: '&', quote: '', keys: [a, b]}",
    "- pattern: {expression: '<a> - <_> [<b>] \"<c>\"'}",
    "- decolorize:",
    "- auto:",
    "- decolorize:\n- auto:\n- kv: {source: message}",
};

class Texts : public glp::stages::EntrySink {
 public:
  void OnEntry(glp::stages::StageEntry& entry) override {
    std::string scratch;
    out += std::to_string(entry.ts_ns) + entry.labels->json;
    out += entry.line().Decode(&scratch);
    out += '\n';
    out += entry.fields.Json(&scratch);
    out += '\n';
    ++count;
  }
  void OnDrop(glp::stages::StageEntry&, std::string_view) override { ++count; }
  void Wait(int64_t) override {}

  std::string out;
  int count = 0;
};

// The line twice, between others, so that what is kept of a file is met too.
std::string Run(const char* yaml, std::string_view bytes) {
  glp::codec::YamlErrors errors("fuzz.yml");
  auto list = glp::codec::ParseYaml(yaml, "fuzz.yml");
  if (!list.ok()) std::abort();
  glp::stages::BuildContext context{.errors = &errors};
  glp::LabelTable labels;
  Texts sink;
  glp::stages::Pipeline pipeline(&labels, &sink);
  for (auto& stage : glp::stages::BuildStages(*list, context)) pipeline.Add(std::move(stage));
  if (!errors.first().ok()) std::abort();

  constexpr size_t kPadding = 64;  // as the reader has behind its records
  const auto padded = std::make_unique<char[]>(bytes.size() + kPadding);
  if (!bytes.empty()) std::memcpy(padded.get(), bytes.data(), bytes.size());
  glp::Record record;
  record.ts_ns = 1'700'000'000'000'000'000;
  record.labels = labels.empty();
  record.line = glp::Line::Bytes({padded.get(), bytes.size()});
  constexpr const char* kSources[] = {"A@10", "B@20", "A@30"};
  for (const char* src : kSources) {
    record.src = src;
    pipeline.Process(record);
  }
  pipeline.ReleaseAll();
  if (sink.count > 3) std::abort();
  return sink.out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char* yaml = kStages[data[0] % (sizeof kStages / sizeof kStages[0])];
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (Run(yaml, line) != Run(yaml, line)) std::abort();
  return 0;
}
