#include "remote_source.h"

#include <utility>
#include <vector>

#include "logql/expr.h"
#include "wire/loki_pages.h"

namespace glp::query {
namespace {

class RemoteCursor : public logql::EntryCursor {
 public:
  RemoteCursor(wire::LokiClient* client, wire::PagesRequest request)
      : pages_(client, std::move(request)) {}

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    page_ = {};
    Result<wire::LokiAnswer> next = pages_.Next();
    if (!next.ok()) {
      if (next.status().code() != Code::kLimit) return next.status();
      stats_.warnings.push_back(next.status().message());
      return Status::Ok();
    }
    page_ = *std::move(next);
    stats_.warnings.insert(stats_.warnings.end(), page_.warnings.begin(), page_.warnings.end());
    for (const wire::LokiEntry& entry : page_.entries) {
      batch->push_back(entry);
      ++stats_.entries;
      stats_.line_bytes += entry.line.size();
    }
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  wire::LokiPages pages_;
  wire::LokiAnswer page_;  // what the batch looks into
  logql::ScanStats stats_;
};

class RemoteSource : public logql::EntrySource {
 public:
  RemoteSource(std::unique_ptr<wire::LokiClient> client, uint64_t batch)
      : client_(std::move(client)), batch_(batch) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    logql::LogExpr log;
    log.matchers = std::move(request.matchers);
    for (logql::LineFilter& filter : request.line_filters) log.stages.emplace_back(filter);
    wire::PagesRequest pages;
    pages.query = logql::ToString(log);
    pages.range = request.range;
    pages.direction = request.direction;
    if (batch_) pages.page_entries = batch_;
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<RemoteCursor>(client_.get(), std::move(pages)));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    return client_->Series(matchers.empty() ? "" : logql::ToString(matchers), range);
  }

 private:
  std::unique_ptr<wire::LokiClient> client_;
  uint64_t batch_;
};

}  // namespace

std::unique_ptr<logql::EntrySource> MakeRemoteSource(std::unique_ptr<wire::LokiClient> client,
                                                     uint64_t batch) {
  return std::make_unique<RemoteSource>(std::move(client), batch);
}

}  // namespace glp::query
