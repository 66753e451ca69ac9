#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>

#include "io/file.h"
#include "io/lock.h"
#include "store/compactor.h"
#include "store/folder.h"
#include "store/tenant.h"

namespace glp::store {
namespace {

class DirStore : public Store {
 public:
  DirStore(std::string dir, Options options) : dir_(std::move(dir)), options_(options) {}
  ~DirStore() override { StopThreads(); }

  Status Start() {
    GLP_RETURN_IF_ERROR(io::MakeFolders(dir_));
    Result<io::Fd> lock = io::TakeLock(dir_ + "/lock");
    if (lock.status().code() == Code::kRefused) {
      return Status(Code::kIo, dir_ + ": " + lock.status().message() +
                                   "; a store has one writer: end it, or send to it with glp-push");
    }
    if (!lock.ok()) return lock.status();
    lock_ = *std::move(lock);
    GLP_RETURN_IF_ERROR(io::SyncFolder(dir_));
    GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, ListTenants(dir_));
    for (const std::string& name : names) {
      std::unique_ptr<Tenant>& tenant = tenants_[name];
      GLP_ASSIGN_OR_RETURN(tenant, Tenant::Open(dir_ + "/" + name, options_, &warnings_));
      tenant->OnCut([this] { WakeCompactor(); });
    }
    if (options_.merge) {
      compactor_ = std::make_unique<Compactor>(
          [this](const std::function<bool()>& cancelled) { return MergeInBackground(cancelled); });
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

  void TickUntilStopped() {
    using std::chrono::steady_clock;
    std::unique_lock lock(stop_mutex_);
    while (!stop_.wait_for(lock, std::chrono::nanoseconds(TickNs()), [&] { return stopping_; })) {
      lock.unlock();
      // What could not be written stays in memory and is tried again; Commit says what is wrong.
      (void)Tick(std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count());
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

  // One merge, of whichever tenant needs one.
  Result<bool> MergeInBackground(const std::function<bool()>& cancelled) {
    MergeReport report;
    for (Tenant* tenant : All()) {
      GLP_ASSIGN_OR_RETURN(bool done, tenant->MergeNext(MergeGoal::kDue, cancelled, &report));
      if (!done && options_.merge_idle_ns > 0 && tenant->IsIdle(options_.merge_idle_ns)) {
        GLP_ASSIGN_OR_RETURN(done, tenant->MergeNext(MergeGoal::kIdle, cancelled, &report));
      }
      if (done) return true;
    }
    return false;
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
    std::unique_ptr<Tenant>& tenant = tenants_[std::string(name)];
    if (tenant == nullptr) {
      std::vector<std::string> none;  // a folder that was not there at Start has no damage
      auto opened = Tenant::Open(dir_ + "/" + std::string(name), options_, &none);
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
  std::shared_mutex mutex_;  // guards the map, not what is in it; tenants are never removed
  std::map<std::string, std::unique_ptr<Tenant>, std::less<>> tenants_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Compactor> compactor_;  // stopped before Close, gone before the tenants
  std::mutex tick_mutex_;
  std::optional<int64_t> last_sync_ns_;  // guarded by tick_mutex_
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
  return Status::Ok();
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& dir, Options options) {
  auto store = std::make_unique<DirStore>(dir, options);
  GLP_RETURN_IF_ERROR(store->Start());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace glp::store
