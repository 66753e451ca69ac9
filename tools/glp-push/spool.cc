#include "spool.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/hash.h"
#include "base/strings.h"
#include "io/lock.h"
#include "spool_queue.h"

namespace glp::push {
namespace {

constexpr size_t kNameSize = 16;

std::string NameOf(std::string_view url) {
  std::array<char, kNameSize + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(Hash64(url)));
  return text.data();
}

bool IsQueueName(std::string_view name) {
  return name.size() == kNameSize &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Bytes of the segments in a queue's folder.
Result<uint64_t> SegmentBytes(const std::string& dir) {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir));
  uint64_t sum = 0;
  for (const std::string& name : names) {
    struct stat info = {};
    if (name.ends_with(".seg") && stat((dir + "/" + name).c_str(), &info) == 0) {
      sum += static_cast<uint64_t>(info.st_size);
    }
  }
  return sum;
}

}  // namespace

Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::Open(const std::string& dir, uint64_t max_bytes) {
  GLP_RETURN_IF_ERROR(io::MakeFolders(dir));
  std::unique_ptr<Spool> spool(new Spool(dir));
  Result<io::Fd> lock = io::TakeLock(dir + "/lock");
  if (!lock.ok()) return lock.status().Annotate("--spool " + dir);
  spool->lock_ = std::move(*lock);
  spool->budget_.max_bytes = max_bytes;
  GLP_RETURN_IF_ERROR(spool->Measure());
  return spool;
}

Status Spool::Measure() {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir_));
  for (const std::string& name : names) {
    if (!IsQueueName(name)) continue;
    GLP_ASSIGN_OR_RETURN(uint64_t bytes, SegmentBytes(dir_ + "/" + name));
    budget_.used_bytes += bytes;
  }
  return Status::Ok();
}

Result<std::unique_ptr<SpoolQueue>> Spool::OpenQueue(const std::string& url,
                                                     const std::string& tenant,
                                                     std::vector<std::string>* warnings) {
  opened_.push_back(NameOf(url + "\n" + tenant));
  const std::string dir = dir_ + "/" + opened_.back();
  GLP_RETURN_IF_ERROR(io::MakeFolders(dir));
  if (!io::Exists(dir + "/url")) {
    GLP_RETURN_IF_ERROR(io::WriteFileAtomically(dir + "/url", url + "\n"));
  }
  return SpoolQueue::Open(dir, &budget_, warnings);
}

Result<std::vector<std::string>> Spool::OtherQueues() const {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir_));
  std::vector<std::string> urls;
  for (const std::string& name : names) {
    if (!IsQueueName(name) || std::find(opened_.begin(), opened_.end(), name) != opened_.end()) {
      continue;
    }
    GLP_ASSIGN_OR_RETURN(const uint64_t bytes, SegmentBytes(dir_ + "/" + name));
    if (bytes == 0) continue;
    Result<std::string> url = io::ReadFile(dir_ + "/" + name + "/url");
    urls.emplace_back(url.ok() ? TrimSpace(*url) : name);
  }
  return urls;
}

}  // namespace glp::push
