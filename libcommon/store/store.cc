#include "store/store.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "base/time.h"
#include "io/file.h"
#include "store/compactor.h"
#include "store/folder.h"
#include "store/tenant.h"

namespace glp::store {
namespace {

class DirStore : public Store {
 public:
  DirStore(std::string dir, Options options) : dir_(std::move(dir)), options_(std::move(options)) {}
  ~DirStore() override { StopThreads(); }

  Status Start() {
    GLP_RETURN_IF_ERROR(io::MakeFolders(dir_));
    GLP_ASSIGN_OR_RETURN(lock_, LockStore(dir_));
    GLP_RETURN_IF_ERROR(io::SyncFolder(dir_));
    GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, ListTenants(dir_));
    for (const std::string& name : names) {
      std::unique_ptr<Tenant>& tenant = tenants_[name];
      GLP_ASSIGN_OR_RETURN(tenant,
                           Tenant::Open(dir_ + "/" + name, options_, &segments_, &warnings_));
      tenant->OnCut([this] { WakeCompactor(); });
    }
    if (options_.merge || options_.retention) {
      compactor_ = std::make_unique<Compactor>(
          [this](const std::function<bool()>& cancelled) -> Result<bool> {
            Result<bool> done = RetainInBackground(cancelled);
            if (done.ok() && options_.merge) done = MergeInBackground(cancelled);
            if (!done.ok()) NoteError(done.status());
            return done;
          });
    }
    if (options_.background && NeedsTicks()) ticker_ = std::thread([this] { TickUntilStopped(); });
    return Status::Ok();
  }

  Status Append(std::string_view tenant, std::span<const NewEntry> entries,
                AppendResult* result) override {
    GLP_ASSIGN_OR_RETURN(Tenant * found, Find(tenant));
    GLP_RETURN_IF_ERROR(MakeRoom());
    found->Append(entries, result);
    return Status::Ok();
  }

  void DropClaims(std::string_view name) override {
    std::shared_lock lock(mutex_);
    auto found = tenants_.find(name);
    if (found != tenants_.end()) found->second->DropClaims();
  }

  Status Commit() override {
    return ForAll([](Tenant* tenant) { return tenant->Commit(); });
  }
  Status Flush() override {
    return ForAll([](Tenant* tenant) { return tenant->Cut(); });
  }

  Figures figures() override {
    Figures figures;
    for (Tenant* tenant : All()) {
      ++figures.tenants;
      figures.memory_bytes += tenant->memory_bytes();
    }
    figures.segments = segments_;
    figures.merges = merges_;
    std::lock_guard lock(figures_mutex_);
    figures.background_errors = background_errors_;
    figures.last_background_error = last_background_error_;
    return figures;
  }

  Status Tick(int64_t now_ns) override {
    std::lock_guard lock(tick_mutex_);
    Status status;
    if (options_.sync == Options::Sync::kInterval &&
        (!last_sync_ns_ || now_ns - *last_sync_ns_ >= options_.sync_interval_ns)) {
      last_sync_ns_ = now_ns;
      status = ForAll([](Tenant* tenant) { return tenant->SyncLog(); });
    }
    const Status cut = ForAll([now_ns](Tenant* tenant) { return tenant->CutIfDue(now_ns); });
    return status.ok() ? cut : status;
  }

  Result<std::shared_ptr<logql::EntrySource>> Snapshot(std::string_view name) override {
    GLP_RETURN_IF_ERROR(CheckTenant(name));
    std::shared_lock lock(mutex_);
    auto found = tenants_.find(name);
    return std::shared_ptr<logql::EntrySource>(
        MakeSource(found == tenants_.end() ? SourceParts() : found->second->Snapshot()));
  }

  Status Merge(const MergeRequest& request, MergeReport* report) override {
    Status first;
    size_t left = request.max_merges;
    for (Tenant* tenant : request.tenant.empty() ? All() : Named(request.tenant)) {
      for (; left > 0; --left) {
        Result<bool> done = tenant->MergeNext(request.goal, request.cancelled, report);
        if (done.status().code() == Code::kCancelled) return done.status();
        if (first.ok() && !done.ok()) first = done.status();
        if (!done.ok() || !*done) break;
      }
    }
    return first;
  }

  Status Delete(const DeleteRequest& request, DropReport* report) override {
    GLP_RETURN_IF_ERROR(CheckTenant(request.tenant));
    for (Tenant* tenant : Named(request.tenant)) {
      GLP_RETURN_IF_ERROR(tenant->Cut());
      GLP_RETURN_IF_ERROR(
          tenant->Drop(DropMatching(request.matchers, request.filters, request.range),
                       request.cancelled, report));
    }
    return Status::Ok();
  }

  Status Retain(const RetentionPolicy& policy, int64_t now_ns, bool exact,
                const std::function<bool()>& cancelled, DropReport* report) override {
    Status first;
    for (const auto& [name, tenant] : AllByName()) {
      const Retention& retention = policy.Of(name);
      if (retention.empty()) continue;
      Status status = tenant->Drop(DropExpired(&retention, now_ns, exact), cancelled, report);
      if (status.code() == Code::kCancelled) return status;
      if (first.ok()) first = std::move(status);
    }
    if (policy.max_bytes > 0) {
      Status status = DropOldest(policy.max_bytes, cancelled, report);
      if (first.ok()) first = std::move(status);
    }
    return first;
  }

  Status Close() override {
    StopThreads();
    Status status = Flush();
    for (Tenant* tenant : All()) tenant->UpdateCatalogue();
    lock_.Reset();
    return status;
  }

  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
  bool NeedsTicks() const {
    return options_.sync == Options::Sync::kInterval || options_.max_age_ns > 0 ||
           options_.max_idle_ns > 0;
  }

  void NoteError(const Status& status) {
    if (status.ok() || status.code() == Code::kCancelled) return;
    std::lock_guard lock(figures_mutex_);
    ++background_errors_;
    last_background_error_ = status.message();
  }

  void TickUntilStopped() {
    using std::chrono::steady_clock;
    std::unique_lock lock(stop_mutex_);
    while (!stop_.wait_for(lock, std::chrono::nanoseconds(TickNs()), [&] { return stopping_; })) {
      lock.unlock();
      // What could not be written stays in memory and is tried again; Commit says what is wrong.
      NoteError(Tick(std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count()));
      lock.lock();
    }
  }

  int64_t TickNs() const {
    constexpr int64_t kMaxNs = 1'000'000'000;
    int64_t ns = kMaxNs;
    if (options_.sync == Options::Sync::kInterval) ns = std::min(ns, options_.sync_interval_ns);
    if (options_.max_age_ns > 0) ns = std::min(ns, options_.max_age_ns);
    if (options_.max_idle_ns > 0) ns = std::min(ns, options_.max_idle_ns);
    return std::max<int64_t>(ns, 1'000'000);
  }

  // Until all files together have no more than 95 % of `max_bytes`, if they have more than all.
  Status DropOldest(uint64_t max_bytes, const std::function<bool()>& cancelled,
                    DropReport* report) {
    uint64_t goal = max_bytes;
    std::set<std::pair<Tenant*, SegmentName>> tried;
    for (uint64_t total_before = UINT64_MAX;;) {
      uint64_t total = 0;
      Tenant* tenant = nullptr;
      Tenant::SegmentUse oldest;
      for (Tenant* one : All()) {
        total += one->OtherBytes();
        for (const Tenant::SegmentUse& use : one->Uses()) {
          total += use.bytes;
          if (use.is_empty || tried.contains({one, use.name})) continue;
          if (tenant != nullptr && use.max_ts_ns >= oldest.max_ts_ns) continue;
          tenant = one;
          oldest = use;
        }
      }
      if (total <= goal || tenant == nullptr) return Status::Ok();
      const std::vector<Tenant::SegmentUse::Block> blocks = tenant->BlocksOf(oldest.name);
      if (blocks.empty()) continue;  // it was merged just now
      goal = max_bytes - max_bytes / 20;
      // What does not become less is not tried again.
      if (total >= total_before) tried.insert({tenant, oldest.name});
      total_before = total;
      const uint64_t excess = total - goal;
      const int64_t upto_ns = OldestOf(oldest, blocks, excess + excess / 8);
      GLP_RETURN_IF_ERROR(tenant->DropFrom(oldest.name, DropUpTo(upto_ns), cancelled, report));
    }
  }

  // The time up to which the segment has so many bytes, about; its last where it has less. Blocks
  // of many streams lie over one another in time; within each its bytes are spread evenly.
  static int64_t OldestOf(const Tenant::SegmentUse& segment,
                          const std::vector<Tenant::SegmentUse::Block>& blocks, uint64_t bytes) {
    if (bytes >= segment.bytes) return segment.max_ts_ns;
    const auto bytes_upto = [&blocks](int64_t ts_ns) {
      double sum = 0;
      for (const Tenant::SegmentUse::Block& block : blocks) {
        if (ts_ns < block.min_ts_ns) continue;
        const double length = double(block.max_ts_ns) - double(block.min_ts_ns);
        const double part =
            ts_ns >= block.max_ts_ns ? 1 : (double(ts_ns) - double(block.min_ts_ns)) / length;
        sum += part * double(block.bytes);
      }
      return sum;
    };
    int64_t low_ns = segment.max_ts_ns;
    for (const Tenant::SegmentUse::Block& block : blocks) {
      low_ns = std::min(low_ns, block.min_ts_ns);
    }
    int64_t high_ns = segment.max_ts_ns;
    while (low_ns < high_ns) {
      const int64_t middle_ns = std::midpoint(low_ns, high_ns);
      if (bytes_upto(middle_ns) >= double(bytes)) {
        high_ns = middle_ns;
      } else {
        low_ns = middle_ns + 1;
      }
    }
    return high_ns;
  }

  // False: it brings no merge nearer.
  Result<bool> RetainInBackground(const std::function<bool()>& cancelled) {
    using std::chrono::steady_clock;
    const auto policy = options_.retention ? options_.retention() : nullptr;
    if (policy == nullptr || policy->empty()) return false;
    const auto now = steady_clock::now();
    if (last_retain_ &&
        now - *last_retain_ < std::chrono::nanoseconds(options_.retention_interval_ns)) {
      return false;
    }
    last_retain_ = now;
    DropReport report;
    GLP_RETURN_IF_ERROR(Retain(*policy, NowNs(), /*exact=*/false, cancelled, &report));
    return false;
  }

  // One merge, of whichever tenant needs one.
  // Tenants take turns, and what one of them cannot do holds up no other.
  Result<bool> MergeInBackground(const std::function<bool()>& cancelled) {
    Status first;
    const std::vector<Tenant*> all = All();
    for (size_t i = 0; i < all.size(); ++i) {
      const size_t turn = (next_merge_ + i) % all.size();
      const Result<bool> done = MergeNext(all[turn], cancelled);
      if (!done.ok()) {
        if (first.ok()) first = done.status();
        continue;
      }
      if (!*done) continue;
      next_merge_ = turn + 1;
      ++merges_;
      return true;
    }
    if (!first.ok()) return first;
    return false;
  }

  Result<bool> MergeNext(Tenant* tenant, const std::function<bool()>& cancelled) {
    MergeReport report;
    GLP_ASSIGN_OR_RETURN(bool done, tenant->MergeNext(MergeGoal::kDue, cancelled, &report));
    if (!done && options_.merge_idle_ns > 0 && tenant->IsIdle(options_.merge_idle_ns)) {
      GLP_ASSIGN_OR_RETURN(done, tenant->MergeNext(MergeGoal::kIdle, cancelled, &report));
    }
    return done;
  }

  void WakeCompactor() {
    // Set before any tenant can cut, reset after the last has.
    if (compactor_ != nullptr) compactor_->Wake();
  }

  void StopThreads() {
    if (compactor_ != nullptr) compactor_->Stop();
    {
      std::lock_guard lock(stop_mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    if (ticker_.joinable()) ticker_.join();
  }

  Result<Tenant*> Find(std::string_view name) {
    {
      std::shared_lock lock(mutex_);
      auto found = tenants_.find(name);
      if (found != tenants_.end()) return found->second.get();
    }
    GLP_RETURN_IF_ERROR(CheckTenant(name));
    std::unique_lock lock(mutex_);
    if (options_.max_tenants > 0 && tenants_.size() >= options_.max_tenants &&
        !tenants_.contains(name)) {
      return Status(Code::kLimit, "tenant '" + std::string(name) + "' is new, and the store has " +
                                      std::to_string(tenants_.size()) +
                                      " tenants already, which is its limit");
    }
    std::unique_ptr<Tenant>& tenant = tenants_[std::string(name)];
    if (tenant == nullptr) {
      std::vector<std::string> none;  // a folder that was not there at Start has no damage
      auto opened = Tenant::Open(dir_ + "/" + std::string(name), options_, &segments_, &none);
      Status status = opened.ok() ? io::SyncFolder(dir_) : opened.status();
      if (!status.ok()) {
        tenants_.erase(tenants_.find(name));
        return status;
      }
      tenant = std::move(*opened);
      tenant->OnCut([this] { WakeCompactor(); });
    }
    return tenant.get();
  }

  std::vector<Tenant*> Named(std::string_view name) {
    std::shared_lock lock(mutex_);
    auto found = tenants_.find(name);
    if (found == tenants_.end()) return {};
    return {found->second.get()};
  }

  std::vector<Tenant*> All() {
    std::shared_lock lock(mutex_);
    std::vector<Tenant*> all;
    for (auto& [name, tenant] : tenants_) all.push_back(tenant.get());
    return all;
  }

  std::vector<std::pair<std::string, Tenant*>> AllByName() {
    std::shared_lock lock(mutex_);
    std::vector<std::pair<std::string, Tenant*>> all;
    for (auto& [name, tenant] : tenants_) all.emplace_back(name, tenant.get());
    return all;
  }

  // The first error, but every tenant is tried.
  template <typename Work>
  Status ForAll(Work work) {
    Status first;
    for (Tenant* tenant : All()) {
      Status status = work(tenant);
      if (first.ok()) first = status;
    }
    return first;
  }

  // Cuts the largest tenant when all together hold too much.
  Status MakeRoom() {
    uint64_t total = 0;
    uint64_t most = 0;
    Tenant* largest = nullptr;
    {
      std::shared_lock lock(mutex_);
      for (auto& [name, tenant] : tenants_) {
        uint64_t bytes = tenant->memory_bytes();
        total += bytes;
        if (bytes > most) {
          most = bytes;
          largest = tenant.get();
        }
      }
    }
    if (total < options_.segment_bytes || largest == nullptr) return Status::Ok();
    return largest->CutIfAtLeast(most);
  }

  const std::string dir_;
  const Options options_;
  io::Fd lock_;
  std::atomic<size_t> segments_{0};  // of all tenants
  std::shared_mutex mutex_;          // guards the map, not what is in it; tenants are never removed
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> tenants_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Compactor> compactor_;  // stopped before Close, gone before the tenants
  std::optional<std::chrono::steady_clock::time_point> last_retain_;  // of the compactor's thread
  std::mutex tick_mutex_;
  std::optional<int64_t> last_sync_ns_;  // guarded by tick_mutex_
  std::atomic<uint64_t> merges_{0};
  size_t next_merge_ = 0;  // whose turn it is among tenants; of the thread of the compactor
  std::mutex figures_mutex_;
  uint64_t background_errors_ = 0;
  std::string last_background_error_;
  std::mutex stop_mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by stop_mutex_
  std::thread ticker_;
};

}  // namespace

Status CheckTenant(std::string_view tenant) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!-_.*'()";
  if (tenant.empty() || tenant.size() > 150 || tenant == "." || tenant == ".." ||
      tenant.find_first_not_of(kAllowed) != std::string_view::npos) {
    return UsageError("tenant '" + std::string(tenant) +
                      "': 1 to 150 letters, digits and !-_.*'() are allowed, not . or ..");
  }
  if (tenant == "lock" || tenant.starts_with("deletes.ndjson")) {
    return UsageError("tenant '" + std::string(tenant) +
                      "': files of the store have this name; take another one");
  }
  return Status::Ok();
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& dir, Options options) {
  auto store = std::make_unique<DirStore>(dir, std::move(options));
  GLP_RETURN_IF_ERROR(store->Start());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace glp::store
