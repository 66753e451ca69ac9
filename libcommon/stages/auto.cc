#include "stages/auto.h"

#include <algorithm>
#include <optional>

#include "base/time.h"
#include "codec/logfmt.h"

namespace glp::stages {
namespace {

bool LooksLikeLogfmt(std::string_view text, std::string* scratch) {
  codec::LogfmtScanner scanner(text);
  size_t pairs = 0, in_pairs = 0, in_all = 0;
  for (;;) {
    switch (scanner.Next(scratch)) {
      case codec::LogfmtScanner::Step::kEnd:
        return pairs >= 2 && in_pairs * 3 >= in_all * 2;
      case codec::LogfmtScanner::Step::kError:
        return false;
      case codec::LogfmtScanner::Step::kPair:
        break;
    }
    size_t size = scanner.key().size() + scanner.value().size();
    in_all += size;
    if (scanner.has_value()) {
      ++pairs;
      in_pairs += size;
    }
  }
}

// RFC 3339, or a count since 1970 whose unit its size tells (true from 1973 to 5138).
std::optional<int64_t> ParseAnyTime(std::string_view text) {
  if (auto ts_ns = ParseRfc3339(text)) return ts_ns;
  std::string_view whole = text.substr(0, text.find('.'));
  auto count = ParseInt64(whole);
  if (!count || whole.size() < 9) return std::nullopt;
  int64_t unit_ns = whole.size() <= 11   ? kNsPerSecond
                    : whole.size() <= 14 ? kNsPerMs
                    : whole.size() <= 17 ? 1000
                                         : 1;
  int64_t ns;
  if (__builtin_mul_overflow(*count, unit_ns, &ns)) return std::nullopt;
  int64_t fraction_ns = unit_ns;
  for (size_t i = whole.size() + 1; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    fraction_ns /= 10;
    if (__builtin_add_overflow(ns, (text[i] - '0') * fraction_ns, &ns)) return std::nullopt;
  }
  return ns;
}

void SetTimeFromFields(StageEntry& entry) {
  for (std::string_view name : {"time", "ts", "timestamp", "@timestamp"}) {
    auto text = entry.fields.Get(name);
    if (!text) continue;
    if (auto ts_ns = ParseAnyTime(*text)) {
      entry.ts_ns = *ts_ns;
      return;
    }
  }
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::string_view AutoStage::NameOf(Format format) {
  constexpr std::string_view kNames[] = {"",       "docker", "cri", "journal", "json",
                                         "syslog", "klog",   "clf", "logfmt",  "plain"};
  return kNames[static_cast<size_t>(format)];
}

AutoStage::FileDecision AutoStage::Describe(const File& file) {
  return {file.id,
          file.path,
          file.labels,
          NameOf(file.outer.format),
          NameOf(file.out_stream.format),
          NameOf(file.err_stream.format),
          file.lines};
}

std::vector<AutoStage::FileDecision> AutoStage::decisions() const {
  std::vector<const File*> files;
  for (const auto& [name, file] : files_) {
    if (file.lines > 0) files.push_back(&file);
  }
  std::sort(files.begin(), files.end(),
            [](const File* a, const File* b) { return a->order < b->order; });
  std::vector<FileDecision> out;
  for (const File* file : files) out.push_back(Describe(*file));
  return out;
}

AutoStage::File& AutoStage::FileNamed(std::string_view name) {
  auto it = files_.find(name);
  if (it == files_.end()) {
    // Files that are still read decide anew; that they have been decided on does not change them.
    if (files_.size() >= kMaxFiles) {
      forgotten_ += files_.size();
      files_.clear();
    }
    it = files_.emplace(std::string(name), File()).first;
    it->second.order = order_++;
  }
  last_name_ = name;
  last_file_ = &it->second;
  return it->second;
}

AutoStage::File& AutoStage::FileOf(const StageEntry& entry) {
  const std::string_view id = ParseSource(entry.src).id;
  const std::string_view name = id.empty() ? std::string_view(entry.labels->json) : id;
  if (last_file_ != nullptr && last_name_ == name) return *last_file_;
  File& file = FileNamed(name);
  if (file.lines == 0) {
    file.id = id;
    file.labels = entry.labels->json;
  }
  return file;
}

void AutoStage::OnFile(std::string_view id, const MarkWords& words) {
  FileNamed(id).path = words.path;
  last_file_ = nullptr;
  syslog_.OnFile(id, words);
  klog_.OnFile(id, words);
}

AutoStage::Format AutoStage::Detect(StageEntry& entry, StageRun& run, bool wrapped) {
  std::string_view text = entry.LineBytes(run.arena);
  if (!wrapped) {
    DockerLine docker;
    if (docker_reader_.Read(entry.line(), &docker) && docker.has_log &&
        (docker.has_stream || docker.has_time)) {
      return Format::kDocker;
    }
    if (auto cri = ParseCriLine(text); cri && ParseRfc3339(cri->time)) return Format::kCri;
  }
  if (json_.Read(text, &pairs_)) {
    return LooksLikeJournal(pairs_) ? Format::kJournal : Format::kJson;
  }
  if (LooksLikeSyslog(text)) return Format::kSyslog;
  if (LooksLikeKlog(text)) return Format::kKlog;
  if (ClfLine clf; ParseClfLine(text, &clf) && clf.ts_ns) return Format::kClf;
  if (LooksLikeLogfmt(text, &scratch_)) return Format::kLogfmt;
  return Format::kUndecided;
}

void AutoStage::Decide(Decision* decision, StageEntry& entry, StageRun& run, bool wrapped) {
  if (IsBlank(entry.LineBytes(run.arena))) return;
  decision->format = Detect(entry, run, wrapped);
  if (decision->format == Format::kUndecided && ++decision->lines >= kLinesToDecide) {
    decision->format = Format::kPlain;
  }
  if (decision->format != Format::kUndecided && on_decision_) {
    on_decision_(Describe(*last_file_), entry);
  }
}

// A line of another kind may look like anything; a file of that kind does not.
void AutoStage::Doubt(Decision* decision, bool fits) {
  constexpr int kBeyondDoubt = 100, kMisses = 16;
  if (decision->fits >= kBeyondDoubt) return;
  ++(fits ? decision->fits : decision->misses);
  if (decision->misses <= kMisses || decision->misses <= 4 * decision->fits) return;
  *decision = Decision();
}

bool AutoStage::ParseJson(StageEntry& entry, StageRun& run) {
  if (!json_.Read(entry.LineBytes(run.arena), &pairs_)) {
    Fail(entry, "auto: not a JSON object, as the lines of this file before");
    return false;
  }
  for (const auto& [name, value] : pairs_) entry.fields.Set(name, value);
  SetTimeFromFields(entry);
  return true;
}

bool AutoStage::ParseLogfmt(StageEntry& entry, StageRun& run) {
  bool fits = true;
  codec::LogfmtScanner scanner(entry.LineBytes(run.arena));
  for (;;) {
    auto step = scanner.Next(&scratch_);
    if (step == codec::LogfmtScanner::Step::kEnd) break;
    if (step == codec::LogfmtScanner::Step::kError) {
      Fail(entry, "auto: not logfmt throughout, as the lines of this file before");
      fits = false;
      break;
    }
    if (!scanner.has_value()) continue;
    std::string_view value = scanner.value();
    if (scanner.value_in_scratch()) value = run.arena.Copy(value);
    entry.fields.Set(scanner.key(), value);
  }
  SetTimeFromFields(entry);
  return fits;
}

bool AutoStage::Parse(Format format, StageEntry& entry, StageRun& run) {
  const bool was_marked = entry.fields.Get(kErrorField).has_value();
  switch (format) {
    case Format::kJson:
      return ParseJson(entry, run);
    case Format::kLogfmt:
      return ParseLogfmt(entry, run);
    case Format::kJournal:
      journal_.Process(entry, run);
      break;
    case Format::kSyslog:
      syslog_.Process(entry, run);
      break;
    case Format::kKlog:
      klog_.Process(entry, run);
      break;
    case Format::kClf:
      clf_.Process(entry, run);
      break;
    default:
      return true;
  }
  return was_marked || !entry.fields.Get(kErrorField);
}

void AutoStage::ParseAs(Decision* decision, StageEntry& entry, StageRun& run, bool wrapped) {
  if (decision->format == Format::kUndecided || decision->format == Format::kPlain) return;
  if (IsBlank(entry.LineBytes(run.arena))) return;
  const int64_t ts_ns = entry.ts_ns;
  Doubt(decision, Parse(decision->format, entry, run));
  if (wrapped) entry.ts_ns = ts_ns;
}

Verdict AutoStage::Process(StageEntry& entry, StageRun& run) {
  File& file = FileOf(entry);
  ++file.lines;
  if (file.outer.format == Format::kUndecided) Decide(&file.outer, entry, run, false);
  const Format format = file.outer.format;
  if (format != Format::kDocker && format != Format::kCri) {
    ParseAs(&file.outer, entry, run, false);
    return Verdict::kPass;
  }
  Verdict verdict =
      format == Format::kDocker ? docker_.Process(entry, run) : cri_.Process(entry, run);
  if (verdict != Verdict::kPass || entry.fields.Get(kErrorField)) return verdict;
  Decision* inner = entry.labels->Get("stream") == "stderr" ? &file.err_stream : &file.out_stream;
  if (inner->format == Format::kUndecided) Decide(inner, entry, run, true);
  ParseAs(inner, entry, run, true);
  return Verdict::kPass;
}

void AutoStage::ReleaseFile(std::string_view id, StageRun& run) {
  docker_.ReleaseFile(id, run);
  cri_.ReleaseFile(id, run);
}

void AutoStage::ReleaseAll(StageRun& run) {
  docker_.ReleaseAll(run);
  cri_.ReleaseAll(run);
}

std::vector<Failure> AutoStage::failures() const {
  std::vector<Failure> all = Stage::failures();
  const Stage* const parsers[] = {&docker_, &cri_, &journal_, &syslog_, &klog_, &clf_};
  for (const Stage* parser : parsers) {
    for (const Failure& failure : parser->failures()) all.push_back(failure);
  }
  return all;
}

std::unique_ptr<Stage> ReadAutoStage(const codec::YamlNode& config, BuildContext& context) {
  codec::YamlMap(config, "auto", context.errors).Finish();
  return std::make_unique<AutoStage>();
}

}  // namespace glp::stages
