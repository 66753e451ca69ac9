// The first line is the metadata, the second what was extracted before, the rest is the log line.
// Each pipeline sees it twice, as it remembers keys.

#include <cstdint>
#include <string_view>
#include <vector>

#include "logql/parser.h"
#include "logql/pipeline.h"

namespace {

std::vector<glp::logql::Pipeline> MakePipelines() {
  std::vector<glp::logql::Pipeline> pipelines;
  for (const char* const stages :
       {"| json | a_b > 1 or x = ip(`10.0.0.0/8`) | line_format `{{.a}} {{.b | ToUpper}}`",
        "| json v=`a.b[1]`, w=`[\"c d\"]` | keep v, w", "| logfmt | d > 1s | drop d",
        "| logfmt --strict --keep-empty | n < 5KB", "| logfmt v=`key`, w=`x`",
        "| unpack | label_format app=`{{.app}}x`, y=app", "| pattern `<a> - <b>:<_>` | a != ``",
        "| regexp `(?P<a>\\w+)=(?P<b>.*)` | decolorize", "|> `<_>a<_>` or `x<_>` != ip(`::1`)"}) {
    auto log = glp::logql::ParseLogQuery(stages, glp::logql::kLocalQuery);
    if (!log.ok()) __builtin_trap();
    auto all = glp::logql::Pipeline::Make(*log);
    auto some = glp::logql::Pipeline::Make(
        *log, {.all_labels = false, .labels = {"a", "v_extracted"}, .may_stop = true});
    if (!all.ok() || !some.ok()) __builtin_trap();
    pipelines.push_back(*std::move(all));
    pipelines.push_back(*std::move(some));
  }
  return pipelines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::vector<glp::logql::Pipeline> pipelines = MakePipelines();
  static glp::LabelTable streams;
  static const glp::LabelSet* const stream = streams.FromLabels({{"app", "web"}, {"v", "1"}});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = [&text] {
    const size_t end = text.find('\n');
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
  };
  const std::string_view meta = line(), fields = line();
  for (glp::logql::Pipeline& pipeline : pipelines) {
    for (int i = 0; i < 2; ++i) {
      glp::LabelTable table;
      glp::logql::Entry entry = {1'700'000'000'000'000'000, stream, text, meta, fields};
      if (pipeline.Process(&entry)) pipeline.TakeLabels(&entry, &table);
    }
  }
  return 0;
}
