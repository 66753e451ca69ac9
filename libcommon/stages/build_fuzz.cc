// Any text as the YAML of a pipeline, which then gets the rest of the input as a line, twice, the
// second time as it decides for promtail. The line begins behind the first "\n---\n", if there is
// one; else the line is the YAML.

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/yaml.h"
#include "stages/build.h"
#include "stages/pipeline.h"

namespace {

using glp::stages::StageEntry;

class Sink : public glp::stages::EntrySink {
 public:
  void OnEntry(StageEntry& entry) override {
    std::string scratch;
    bytes_ += entry.fields.Json(&scratch).size() + entry.meta.Json(&scratch).size();
  }
  void OnDrop(StageEntry&, std::string_view reason) override { bytes_ += reason.size(); }
  void Wait(int64_t ns) override { now_ns_ += ns; }
  int64_t now_ns() const { return now_ns_; }

 private:
  size_t bytes_ = 0;
  int64_t now_ns_ = 1'700'000'000'000'000'000;
};

void Run(const glp::codec::YamlNode& list, std::string_view line, bool as_promtail) {
  glp::codec::YamlErrors errors("fuzz.yml");
  glp::stages::BuildContext context;
  context.errors = &errors;
  context.as_promtail = as_promtail;
  auto stages = glp::stages::BuildStages(list, context);
  if (!errors.first().ok()) return;
  glp::LabelTable table;
  Sink sink;
  glp::stages::Pipeline pipeline(&table, &sink);
  for (auto& stage : stages) pipeline.Add(std::move(stage));
  pipeline.set_clocks([&] { return sink.now_ns(); }, [&] { return sink.now_ns(); });
  // Scans look at some bytes behind what they read.
  std::string padded(line);
  padded.append(64, '\0');
  glp::Record record;
  record.ts_ns = sink.now_ns();
  record.labels = table.FromLabels({{"job", "fuzz"}, {"filename", "/var/log/fuzz.log"}});
  record.line = glp::Line::Bytes(std::string_view(padded).substr(0, line.size()));
  record.src = "file@1";
  pipeline.Process(record);
  record.src = "file@2";
  pipeline.Process(record);
  pipeline.OnTime();
  pipeline.ReleaseAll();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kBorder = "\n---\n";
  const size_t border = text.find(kBorder);
  const std::string_view line =
      border == std::string_view::npos ? text : text.substr(border + kBorder.size());
  auto list = glp::codec::ParseYaml(text.substr(0, border), "fuzz.yml");
  if (!list.ok()) return 0;
  Run(*list, line, false);
  Run(*list, line, true);
  return 0;
}
