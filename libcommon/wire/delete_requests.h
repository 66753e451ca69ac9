// Requests to delete: kept in a file until they are carried out, hidden from queries meanwhile,
// and to be cancelled until then.
//
//   GLP_ASSIGN_OR_RETURN(auto deletes, DeleteRequests::Open(store, "D/deletes.ndjson", {day_ns},
//   NowNs)); deletes->Create("fake", "{app=\"web\"} |= \"password=\"", range); …
//   deletes->Hidden("fake") …        // for store/hidden_source.h
//
// A thread carries out what is due; what a process that ended left is carried out by the next.
// Entries that come after a request, and match it, are hidden until it is carried out, and go then.
// One that met damage is not done: what it could not remove stays hidden.
// File:     NDJSON, an object a request: {"request_id","tenant","query","start_ns","end_ns",
//           "created_ns","status"}, durable before a call returns. A line with the ID of one before
//           replaces it; status "cancelled" takes it away. A last line without its end was cut off
//           by a crash and acknowledged to nobody. Written anew where most lines are replaced ones.
//           Of those that are done the last 1000 are kept for lists.
// Lifetime: the store must outlive it.
// Threads:  safe from any; Hidden never waits for the disk.
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
#include "io/file.h"
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
    int64_t retry_ns = 0;  // after it failed: when it is tried again; not kept in the file
    std::shared_ptr<const store::DeleteRequest> parsed;  // of what is above
  };

  // What holds until Change says otherwise.
  struct Terms {
    int64_t cancel_period_ns = 0;  // so long after a request it is carried out
    // Whether those of a tenant are carried out; where not they only hide. Empty: all are.
    std::function<bool(std::string_view tenant)> carries_out;
  };

  // `now_ns`: the clock; for tests.
  static Result<std::unique_ptr<DeleteRequests>> Open(store::Store* store, std::string path,
                                                      Terms terms, std::function<int64_t()> now_ns);
  ~DeleteRequests();
  DeleteRequests(const DeleteRequests&) = delete;
  DeleteRequests& operator=(const DeleteRequests&) = delete;

  // Also for requests that wait already.
  void Change(Terms terms);
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
  DeleteRequests(store::Store* store, std::string path, Terms terms,
                 std::function<int64_t()> now_ns)
      : store_(*store),
        path_(std::move(path)),
        terms_(std::move(terms)),
        now_ns_(std::move(now_ns)) {}
  Status Load();
  // Makes durable what became of a request; requests_ is as it is to be.
  // REQUIRES: mutex_ held, as for all below but Run.
  Status Save(const Request& request, std::string_view status);
  Status SaveAll();
  void Hide(const std::string& tenant);  // makes what it hides anew
  // Of those that wait the one that is due first, and when; nullptr for none.
  Request* NextDue(int64_t* due_ns);
  void ForgetOldest();  // of those that are done
  void Finish(const std::string& id, const Status& status, const store::DropReport& report);
  void Run();

  store::Store& store_;
  const std::string path_;
  mutable std::mutex mutex_;
  Terms terms_;
  const std::function<int64_t()> now_ns_;
  std::condition_variable wake_;
  std::vector<Request> requests_;  // in the order in which they came
  io::Fd file_;                    // its end; none: the file is to be written anew
  uint64_t file_bytes_ = 0;
  size_t file_lines_ = 0;
  std::string last_error_;
  bool stop_ = false;
  mutable std::mutex hidden_mutex_;  // held for no longer than hidden_ is looked at
  std::map<std::string, std::shared_ptr<const store::HiddenRequests>, std::less<>> hidden_;
  std::thread thread_;
};

// A selector and line filters as a request of the store. Errors: Code::kUsage.
Result<store::DeleteRequest> ParseDelete(std::string_view tenant, std::string_view query,
                                         logql::TimeRange range);

}  // namespace glp::wire
