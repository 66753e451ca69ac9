#include "read_metrics.h"

#include <utility>

namespace glp::tail {
namespace {

constexpr const char* kReadBytes = "promtail_read_bytes_total";
constexpr const char* kReadLines = "promtail_read_lines_total";
constexpr const char* kFileBytes = "promtail_file_bytes_total";

}  // namespace

struct ReadMetrics::File::Series {
  Series(ReadMetrics* owner, const std::string& of)
      : metrics(owner),
        path(of),
        // Gauges, as promtail's are.
        read_bytes(metrics->registry_->NewGauge(
            kReadBytes, "How far the file is read, in bytes of its text.", {{"path", path}})),
        file_bytes(metrics->registry_->NewGauge(kFileBytes, "Size of the file in bytes.",
                                                {{"path", path}})),
        read_lines(metrics->registry_->NewCounter(kReadLines, "Lines read of the file.",
                                                  {{"path", path}})) {}
  ~Series() {
    metrics->paths_.erase(path);
    for (const char* name : {kReadBytes, kReadLines, kFileBytes}) {
      metrics->registry_->Remove(name, {{"path", path}});
    }
  }

  ReadMetrics* const metrics;
  const std::string path;
  cli::Gauge& read_bytes;
  cli::Gauge& file_bytes;
  cli::Counter& read_lines;
};

ReadMetrics::ReadMetrics(cli::Metrics* registry)
    : registry_(registry),
      active_(registry->NewGauge("promtail_files_active_total", "Files that are being read.")),
      gap_bytes_(registry->NewCounter("glp_tail_gap_bytes_total",
                                      "Bytes known to be missing, as of truncated files.")) {}

ReadMetrics::File ReadMetrics::Open(const std::string& path) {
  auto it = paths_.find(path);
  if (it == paths_.end()) {
    const bool shared = paths_.size() >= kMaxPaths;
    it = paths_.try_emplace(shared ? std::string() : path).first;
  }
  File file;
  file.series_ = it->second.lock();
  if (file.series_ == nullptr) {
    file.series_ = std::make_shared<File::Series>(this, it->first);
    it->second = file.series_;
  }
  active_.Add(1);
  return file;
}

ReadMetrics::File& ReadMetrics::File::operator=(File&& other) noexcept {
  std::swap(series_, other.series_);
  return *this;
}

ReadMetrics::File::~File() {
  if (series_ != nullptr) series_->metrics->active_.Add(-1);
}

void ReadMetrics::File::OnRead(uint64_t offset, uint64_t size_bytes, uint64_t lines) {
  if (series_ == nullptr) return;
  series_->read_bytes.Set(static_cast<int64_t>(offset));
  series_->file_bytes.Set(static_cast<int64_t>(size_bytes));
  series_->read_lines.Add(lines);
}

}  // namespace glp::tail
