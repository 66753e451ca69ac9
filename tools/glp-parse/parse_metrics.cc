#include "parse_metrics.h"

namespace glp::parse {

ParseMetrics::ParseMetrics(cli::Metrics* registry, const stages::Pipeline& pipeline)
    : registry_(*registry),
      pipeline_(pipeline),
      read_(registry->NewCounter("glp_parse_read_lines_total", "Lines that came in.")),
      written_(registry->NewCounter("glp_parse_written_lines_total", "Lines that went out.")) {}

void ParseMetrics::OnDropped(std::string_view reason) {
  auto it = dropped_.find(reason);
  if (it == dropped_.end()) {
    cli::Counter& counter =
        registry_.NewCounter("logentry_dropped_lines_total", "Lines that stages dropped.",
                             {{"reason", std::string(reason)}});
    it = dropped_.emplace(reason, &counter).first;
  }
  it->second->Add();
}

void ParseMetrics::Update() {
  const auto& stages = pipeline_.stages();
  for (size_t i = 0; i < stages.size(); ++i) {
    for (const stages::Failure& failure : stages[i]->failures()) {
      Counted& counted = failed_[{i, failure.reason}];
      if (counted.counter == nullptr) {
        counted.counter = &registry_.NewCounter("glp_parse_failed_lines_total",
                                                "Lines that a stage could not use and passed on.",
                                                {{"stage", stages[i]->name()},
                                                 {"place", stages[i]->place()},
                                                 {"reason", std::string(failure.reason)}});
      }
      counted.counter->Add(failure.count - counted.count);
      counted.count = failure.count;
    }
  }
}

}  // namespace glp::parse
