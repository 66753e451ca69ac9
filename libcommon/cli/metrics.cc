#include "cli/metrics.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>

#include "base/strings.h"
#include "io/file.h"

namespace glp::cli {
namespace {

std::string Escaped(std::string_view text, bool quotes) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
  return out;
}

// a="b",c="d"
std::string LabelText(const Metrics::LabelList& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    assert(IsLabelName(name));
    if (!text.empty()) text += ',';
    // One value that is not UTF-8 (a path may be anything) and Prometheus takes none of the text.
    text +=
        name + "=\"" + Escaped(IsValidUtf8(value) ? value : EscapeForTerminal(value), true) + "\"";
  }
  return text;
}

std::string Braced(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

void AppendHead(std::string* out, std::string_view name, std::string_view help,
                std::string_view kind) {
  fmt::format_to(std::back_inserter(*out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name,
                 Escaped(help, false), kind);
}

void AppendHistogram(std::string* out, const std::string& name, const std::string& labels,
                     const Histogram& histogram) {
  const std::string front = labels.empty() ? "" : labels + ",";
  uint64_t count = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    count += histogram.count(i);
    const bool last = i == histogram.bounds().size();
    fmt::format_to(std::back_inserter(*out), "{}_bucket{{{}le=\"{}\"}} {}\n", name, front,
                   last ? "+Inf" : fmt::format("{}", histogram.bounds()[i]), count);
  }
  fmt::format_to(std::back_inserter(*out), "{0}_sum{1} {2}\n{0}_count{1} {3}\n", name,
                 Braced(labels), histogram.sum(), count);
}

// Field `index` of a text of fields between single blanks, counted from 0.
std::optional<uint64_t> NumberAt(std::string_view text, size_t index) {
  const std::vector<std::string_view> fields = Split(text, ' ');
  return index < fields.size() ? ParseUint64(TrimSpace(fields[index])) : std::nullopt;
}

std::optional<double> StartSeconds() {
  const Result<std::string> self = io::ReadFile("/proc/self/stat");
  const Result<std::string> machine = io::ReadFile("/proc/stat");
  if (!self.ok() || !machine.ok()) return std::nullopt;
  const size_t name_end = self->rfind(')');  // the name may hold anything
  const size_t boot = machine->find("btime ");
  if (name_end == std::string::npos || boot == std::string::npos) return std::nullopt;
  const std::optional<uint64_t> ticks =
      NumberAt(std::string_view(*self).substr(name_end), 20);  // field 22 of proc(5)
  const std::string_view line = std::string_view(*machine).substr(boot);
  const std::optional<uint64_t> boot_s = NumberAt(line.substr(0, line.find('\n')), 1);
  if (!ticks || !boot_s) return std::nullopt;
  return static_cast<double>(*boot_s) +
         static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// What the kernel does not tell is left out.
void AppendProcess(std::string* out) {
  auto append = [out](std::string_view name, std::string_view help, std::string_view kind,
                      auto value) {
    AppendHead(out, name, help, kind);
    fmt::format_to(std::back_inserter(*out), "{} {}\n", name, value);
  };
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const int64_t cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * int64_t{1'000'000} +
                         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  append("process_cpu_seconds_total", "CPU time used, user and system.", "counter",
         fmt::format("{:.6f}", static_cast<double>(cpu_us) / 1e6));
  if (const auto fds = io::ListFolder("/proc/self/fd"); fds.ok()) {
    // One of them is the folder's own.
    append("process_open_fds", "Open file descriptors.", "gauge", fds->size() - 1);
  }
  if (const auto statm = io::ReadFile("/proc/self/statm"); statm.ok()) {
    if (const auto pages = NumberAt(*statm, 1)) {
      append("process_resident_memory_bytes", "Resident memory.", "gauge",
             *pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    }
  }
  if (const std::optional<double> start = StartSeconds()) {
    append("process_start_time_seconds", "Start of the process, in seconds of Unix time.", "gauge",
           fmt::format("{:.2f}", *start));
  }
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(new std::atomic<uint64_t>[bounds_.size() + 1]()) {
  assert(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> DefaultSeconds() { return {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}; }

Metrics::Metrics(std::string tool) : tool_(std::move(tool)) {}

Metrics::Family& Metrics::FamilyOf(std::string_view name, std::string_view help,
                                   std::string_view kind) {
  assert(IsLabelName(name));
  Family& family = families_[std::string(name)];
  if (family.kind.empty()) {
    family.help = help;
    family.kind = kind;
  }
  assert(family.kind == kind);
  return family;
}

Counter& Metrics::NewCounter(std::string_view name, std::string_view help,
                             const LabelList& labels) {
  std::lock_guard lock(mutex_);
  return FamilyOf(name, help, "counter").counters[LabelText(labels)];
}

Gauge& Metrics::NewGauge(std::string_view name, std::string_view help, const LabelList& labels) {
  std::lock_guard lock(mutex_);
  return FamilyOf(name, help, "gauge").gauges[LabelText(labels)];
}

Histogram& Metrics::NewHistogram(std::string_view name, std::string_view help,
                                 const std::vector<double>& bounds, const LabelList& labels) {
  std::lock_guard lock(mutex_);
  return FamilyOf(name, help, "histogram")
      .histograms.try_emplace(LabelText(labels), bounds)
      .first->second;
}

void Metrics::Remove(std::string_view name, const LabelList& labels) {
  std::lock_guard lock(mutex_);
  const auto it = families_.find(name);
  if (it == families_.end()) return;
  const std::string text = LabelText(labels);
  it->second.counters.erase(text);
  it->second.gauges.erase(text);
  it->second.histograms.erase(text);
}

void Metrics::AddSource(std::function<void(std::string*)> append) {
  std::lock_guard lock(mutex_);
  sources_.push_back(std::move(append));
}

std::string Metrics::Text() const {
  std::string out;
  AppendHead(&out, "glp_build_info", "The tool and its version.", "gauge");
  out += "glp_build_info{" + LabelText({{"tool", tool_}, {"version", GLP_VERSION}}) + "} 1\n";
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      AppendHead(&out, name, family.help, family.kind);
      for (const auto& [labels, counter] : family.counters) {
        out += name + Braced(labels) + " " + std::to_string(counter.value()) + "\n";
      }
      for (const auto& [labels, gauge] : family.gauges) {
        out += name + Braced(labels) + " " + std::to_string(gauge.value()) + "\n";
      }
      for (const auto& [labels, histogram] : family.histograms) {
        AppendHistogram(&out, name, labels, histogram);
      }
    }
    for (const auto& append : sources_) append(&out);
  }
  AppendProcess(&out);
  return out;
}

}  // namespace glp::cli
