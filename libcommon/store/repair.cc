#include "store/repair.h"

#include <memory>
#include <utility>

#include "io/file.h"
#include "pack/file.h"
#include "store/folder.h"
#include "store/rewrite.h"
#include "store/store.h"

namespace glp::store {
namespace {

struct Finding {
  std::vector<std::string> damage;
  bool knows_entries = false;  // the footer is whole
  uint64_t entries = 0;
};

Result<Finding> Look(const std::string& path) {
  Finding finding;
  Result<std::unique_ptr<pack::PackFile>> file = pack::PackFile::Open(path);
  if (file.status().code() == Code::kData) {
    finding.damage.push_back(file.status().message());
    return finding;
  }
  if (!file.ok()) return file.status();
  finding.knows_entries = (*file)->damage().empty();
  finding.entries = (*file)->index().entries;
  GLP_ASSIGN_OR_RETURN(finding.damage, pack::VerifyPack(**file));
  return finding;
}

// A name that is free.
std::string AsideOf(const std::string& path) {
  std::string aside = path + ".damaged";
  for (int i = 2; io::Exists(aside); ++i) aside = path + ".damaged." + std::to_string(i);
  return aside;
}

// Under the name that the rewritten one gets a damaged one is kept by a second name; another one
// goes out of the way once it is obsolete.
Result<RewriteResult> Salvage(const std::string& folder, SegmentName name,
                              const std::string& aside) {
  const std::string path = SegmentPath(folder, name);
  RewriteRequest request;
  request.folder = folder;
  request.segments = {name};
  request.salvage = true;
  if (!name.is_merged) {
    GLP_ASSIGN_OR_RETURN(RewriteResult result, Rewrite(request));
    GLP_RETURN_IF_ERROR(io::Rename(path, aside));
    GLP_RETURN_IF_ERROR(io::SyncFolder(folder));
    return result;
  }
  GLP_RETURN_IF_ERROR(io::Link(path, aside));
  Result<RewriteResult> result = Rewrite(request);
  if (!result.ok()) (void)io::Remove(aside);
  return result;
}

Status RepairSegments(const std::string& folder, RepairReport* report) {
  GLP_ASSIGN_OR_RETURN(const FolderFiles files, ListFiles(folder));
  for (const SegmentName name : files.segments) {
    ++report->segments;
    const std::string path = SegmentPath(folder, name);
    GLP_ASSIGN_OR_RETURN(Finding finding, Look(path));
    if (finding.damage.empty()) continue;
    const std::string aside = AsideOf(path);
    GLP_ASSIGN_OR_RETURN(const RewriteResult result, Salvage(folder, name, aside));
    report->damage.insert(report->damage.end(), finding.damage.begin(), finding.damage.end());
    const uint64_t kept = result.entries + result.repeats;
    std::string said = SegmentPath(folder, result.name) + ": written anew with " +
                       std::to_string(kept) + " entries";
    if (finding.knows_entries) {
      report->lost_entries += finding.entries - kept;
      said += ", " + std::to_string(finding.entries - kept) + " are lost";
    } else {
      said += ", which is all that was whole";
    }
    report->repaired.push_back(said + "; the damaged one is " + aside);
  }
  return Status::Ok();
}

}  // namespace

Result<RepairReport> RepairStore(const std::string& dir) {
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  RepairReport report;
  {
    GLP_ASSIGN_OR_RETURN(const io::Fd lock, LockStore(dir));
    GLP_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, ListTenants(dir));
    for (const std::string& tenant : tenants) {
      GLP_RETURN_IF_ERROR(RepairSegments(dir + "/" + tenant, &report));
    }
  }
  // Logs become segments whenever a store is opened.
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, Store::Open(dir));
  report.repaired.insert(report.repaired.end(), store->warnings().begin(), store->warnings().end());
  GLP_RETURN_IF_ERROR(store->Close());
  return report;
}

}  // namespace glp::store
