#include "store/reader.h"

#include "io/file_identity.h"
#include "store/folder.h"
#include "store/source.h"
#include "store/store.h"
#include "store/wal.h"

namespace glp::store {
namespace {

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  explicit Reader(std::string folder) : folder_(std::move(folder)) {}

  Result<SourceParts> Read(bool with_catalogue) {
    SourceParts parts;
    parts.labels = labels_;
    parts.files = std::make_shared<SegmentFiles>(folder_);
    parts.renew = [self = shared_from_this()](bool with) { return self->Read(with); };
    // The folder's time first: what is believed for it was so then.
    const Result<io::FileState> state = io::LookAtPath(folder_);
    if (with_catalogue) {
      // Whatever is wrong with it, footers say the same.
      if (auto catalogue = Catalogue::Open(CataloguePath(folder_)); catalogue.ok()) {
        parts.catalogue = std::move(*catalogue);
      }
    }
    const int64_t mark_ns = parts.catalogue == nullptr ? 0 : parts.catalogue->folder_modified_ns();
    parts.all_records = mark_ns != 0 && state.ok() && state->modified_ns == mark_ns;
    if (!parts.all_records) GLP_RETURN_IF_ERROR(ReadFolder(&parts));
    return parts;
  }

 private:
  // Without knowing what is in the folder.
  Status ReadFolder(SourceParts* parts) {
    for (int tries = 0;; ++tries) {
      GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder_));
      GLP_ASSIGN_OR_RETURN(const bool is_whole, ReadSegments(files.segments, parts));
      if (is_whole) return ReadWals(files.wals, parts);
      if (tries == kMaxTries) {
        return Status(Code::kIo, folder_ + ": segments come and go too fast to open them");
      }
    }
  }

  // False where one of them is gone.
  Result<bool> ReadSegments(const std::vector<SegmentName>& names, SourceParts* parts) {
    parts->catalogued.clear();
    parts->warnings.clear();
    std::vector<OpenedSegment> opened;
    StreamLists lists;
    std::vector<SegmentRecord> records;
    if (parts->catalogue != nullptr) {
      Result<std::vector<SegmentRecord>> all = parts->catalogue->AllRecords();
      if (all.ok()) {
        records = std::move(*all);
      } else {
        parts->catalogue = nullptr;
      }
    }
    auto known = records.begin();
    for (const SegmentName name : names) {
      while (known != records.end() && known->name < name) ++known;
      if (known != records.end() && known->name == name) {
        Result<FileStamp> stamp = StampOf(SegmentPath(folder_, name));
        if (stamp.ok() && *stamp == known->stamp) {
          parts->catalogued.push_back(name);
          continue;
        }
      }
      Result<std::shared_ptr<const pack::PackFile>> file = parts->files->Open(name);
      if (file.status().code() == Code::kData) {
        parts->warnings.push_back(file.status().message());
        continue;
      }
      if (!file.ok()) return file.status();
      if (*file == nullptr) return false;
      std::lock_guard lock(labels_->mutex);
      opened.emplace_back(
          name,
          std::make_shared<const pack::PackStreams>(pack::ResolveStreams(*file, &labels_->table)),
          &lists);
    }
    parts->opened = std::make_shared<const OpenedSegments>(std::move(opened));
    return true;
  }

  Status ReadWals(std::vector<OpenWal>& wals, SourceParts* parts) {
    std::lock_guard lock(labels_->mutex);
    for (OpenWal& wal : wals) {
      auto table = std::make_shared<MemTable>();
      GLP_ASSIGN_OR_RETURN(WalReport report, ReadWal(wal.fd.get(), WalPath(folder_, wal.number),
                                                     &labels_->table, table.get()));
      parts->warnings.insert(parts->warnings.end(), report.damage.begin(), report.damage.end());
      if (table->entries() > 0) parts->memory.push_back(TakeSnapshot(std::move(table)));
    }
    return Status::Ok();
  }

  static constexpr int kMaxTries = 100;
  const std::string folder_;
  const std::shared_ptr<SharedLabels> labels_ = std::make_shared<SharedLabels>();
};

}  // namespace

Result<std::unique_ptr<logql::EntrySource>> OpenStore(const std::string& dir,
                                                      const std::string& tenant) {
  GLP_RETURN_IF_ERROR(CheckTenant(tenant));
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  GLP_ASSIGN_OR_RETURN(SourceParts parts,
                       std::make_shared<Reader>(dir + "/" + tenant)->Read(/*with_catalogue=*/true));
  return MakeSource(std::move(parts));
}

}  // namespace glp::store
