// Requests to delete: kept in a file until they are carried out, hidden from queries meanwhile,
// and to be cancelled until then.
//
//   GLP_ASSIGN_OR_RETURN(auto deletes, DeleteRequests::Open(store, "D/deletes.ndjson", day_ns));
//   deletes->Create("fake", "{app=\"web\"} |= \"password=\"", range);
//   … deletes->Hidden("fake") …        // for store/hidden_source.h
//
// A thread carries out what is due; what a process that ended left is carried out by the next.
// Entries that come after a request, and match it, are hidden until it is carried out, and go then.
// File:     NDJSON, an object a request: {"request_id","tenant","query","start_ns","end_ns",
//           "created_ns","status"}, replaced as a whole, durable before a call returns. Of those
//           that are done the last 1000 are kept for lists.
// Lifetime: the store must outlive it.
// Threads:  safe from any.
// Errors:   Code::kUsage in Loki's words; Code::kIo.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "logql/source.h"
#include "store/hidden_source.h"
#include "store/store.h"

namespace glp::wire {

class DeleteRequests {
 public:
  struct Request {
    enum class State { kReceived, kRunning, kProcessed };
    std::string id;
    std::string tenant;
    std::string query;
    logql::TimeRange range;
    int64_t created_ns = 0;
    State state = State::kReceived;
    int64_t tried_ns = 0;  // when it failed last; not kept in the file
    std::shared_ptr<const store::DeleteRequest> parsed;  // of what is above
  };

  // `cancel_period_ns`: so long after a request it is carried out. `now_ns`: the clock; for tests.
  static Result<std::unique_ptr<DeleteRequests>> Open(store::Store* store, std::string path,
                                                      int64_t cancel_period_ns,
                                                      std::function<int64_t()> now_ns);
  ~DeleteRequests();
  DeleteRequests(const DeleteRequests&) = delete;
  DeleteRequests& operator=(const DeleteRequests&) = delete;

  // The ID of the new request. `query`: a selector and line filters.
  Result<std::string> Create(std::string_view tenant, std::string_view query,
                             logql::TimeRange range);
  // Of the tenant, the oldest first.
  std::vector<Request> List(std::string_view tenant) const;
  // Errors: kNotFound, kTooLate: see the enum.
  enum class Cancelled { kDone, kNotFound, kTooLate };
  Result<Cancelled> Cancel(std::string_view tenant, std::string_view id);
  // What queries must not give; nullptr for nothing.
  std::shared_ptr<const store::HiddenRequests> Hidden(std::string_view tenant) const;
  // What went wrong last, "" where nothing did; it is tried again, after those
  // that are due before.
  std::string last_error() const;

 private:
  DeleteRequests(store::Store* store, std::string path, int64_t cancel_period_ns,
                 std::function<int64_t()> now_ns)
      : store_(*store),
        path_(std::move(path)),
        cancel_period_ns_(cancel_period_ns),
        now_ns_(std::move(now_ns)) {}
  Status Load();
  Status Save();  // REQUIRES: mutex_ held
  void Hide();    // makes hidden_ anew. REQUIRES: mutex_ held
  int64_t DueNs(const Request& request) const;
  void Run();

  store::Store& store_;
  const std::string path_;
  const int64_t cancel_period_ns_;
  const std::function<int64_t()> now_ns_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Request> requests_;  // in the order in which they came
  std::map<std::string, std::shared_ptr<const store::HiddenRequests>, std::less<>> hidden_;
  std::string last_error_;
  bool stop_ = false;
  std::thread thread_;
};

// A selector and line filters as a request of the store. Errors: Code::kUsage.
Result<store::DeleteRequest> ParseDelete(std::string_view tenant, std::string_view query,
                                         logql::TimeRange range);

}  // namespace glp::wire
