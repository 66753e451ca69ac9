#include "store/store.h"

#include <map>
#include <shared_mutex>

#include "io/file.h"
#include "io/lock.h"
#include "store/folder.h"
#include "store/tenant.h"

namespace glp::store {
namespace {

class DirStore : public Store {
 public:
  DirStore(std::string dir, Options options) : dir_(std::move(dir)), options_(options) {}

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
      GLP_ASSIGN_OR_RETURN(tenants_[name], Tenant::Open(dir_ + "/" + name, options_, &warnings_));
    }
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

  Result<std::shared_ptr<logql::EntrySource>> Snapshot(std::string_view name) override {
    GLP_RETURN_IF_ERROR(CheckTenant(name));
    std::shared_lock lock(mutex_);
    auto found = tenants_.find(name);
    return std::shared_ptr<logql::EntrySource>(
        MakeSource(found == tenants_.end() ? SourceParts() : found->second->Snapshot()));
  }

  Status Close() override {
    Status status = Flush();
    lock_.Reset();
    return status;
  }

  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
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
    }
    return tenant.get();
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
