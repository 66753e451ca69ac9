#include "wire/push_check.h"

#include "base/strings.h"
#include "base/time.h"

namespace glp::wire {
namespace {

// Distinct reasons kept; of hostile bodies there could be one for each entry.
constexpr size_t kMaxReasons = 20;

// RFC 3339 in whole seconds, as Loki prints the times of refused entries.
std::string Seconds(int64_t ts_ns) { return FormatTimestamp(ts_ns).substr(0, 19) + "Z"; }

}  // namespace

bool PushCheck::Refuse(std::string why, uint64_t entries) {
  refused_ += entries;
  auto found = reasons_.find(why);
  if (found != reasons_.end()) {
    ++found->second;
  } else {
    if (reasons_.size() >= kMaxReasons) why = "other errors";
    ++reasons_[std::move(why)];
  }
  return false;
}

bool PushCheck::TakesStream(const PushRequest::Stream& stream) {
  const auto selector = [&] { return LabelsToSelector(stream.labels); };
  const uint64_t entries = stream.entries.size();
  if (!stream.labels_error.empty()) return Refuse(stream.labels_error, entries);
  for (const Label& label : stream.labels) {
    if (!IsLabelName(label.name)) {
      return Refuse("error parsing labels '" + selector() + "' with error: '" + label.name +
                        "' is not a label name",
                    entries);
    }
    if (limits_.max_label_name_length > 0 && label.name.size() > limits_.max_label_name_length) {
      return Refuse("stream '" + selector() + "' has label name too long: '" + label.name + "'",
                    entries);
    }
    if (limits_.max_label_value_length > 0 && label.value.size() > limits_.max_label_value_length) {
      return Refuse("stream '" + selector() + "' has label value too long: '" + label.value + "'",
                    entries);
    }
  }
  if (limits_.max_label_names_per_series > 0 &&
      stream.labels.size() > limits_.max_label_names_per_series) {
    return Refuse("entry for stream '" + selector() + "' has " +
                      std::to_string(stream.labels.size()) + " label names; limit " +
                      std::to_string(limits_.max_label_names_per_series),
                  entries);
  }
  return true;
}

bool PushCheck::TakesTime(const Labels& stream, int64_t ts_ns) {
  if (limits_.reject_old_samples_max_age_ns > 0 &&
      ts_ns < now_ns_ - limits_.reject_old_samples_max_age_ns) {
    return Refuse("entry for stream '" + LabelsToSelector(stream) + "' has timestamp too old: " +
                      Seconds(ts_ns) + ", oldest acceptable timestamp is: " +
                      Seconds(now_ns_ - limits_.reject_old_samples_max_age_ns),
                  1);
  }
  if (limits_.creation_grace_period_ns > 0 && ts_ns > now_ns_ + limits_.creation_grace_period_ns) {
    return Refuse("entry for stream '" + LabelsToSelector(stream) +
                      "' has timestamp too new: " + Seconds(ts_ns),
                  1);
  }
  return true;
}

bool PushCheck::TakesEntry(const PushRequest::Stream& stream, const PushRequest::Entry& entry) {
  if (!TakesTime(stream.labels, entry.ts_ns)) return false;
  if (limits_.max_line_size > 0 && entry.line.size() > limits_.max_line_size &&
      !limits_.max_line_size_truncate) {
    return Refuse("max entry size '" + std::to_string(limits_.max_line_size) +
                      "' bytes exceeded for stream '" + LabelsToSelector(stream.labels) +
                      "' while adding an entry with length '" + std::to_string(entry.line.size()) +
                      "' bytes",
                  1);
  }
  return true;
}

std::string_view PushCheck::Line(std::string_view line) const {
  if (limits_.max_line_size == 0 || line.size() <= limits_.max_line_size) return line;
  // Not within a character: no line that was UTF-8 ceases to be.
  size_t size = limits_.max_line_size;
  for (int back = 0; back < 3 && size > 0 && (line[size] & 0xC0) == 0x80; ++back) --size;
  if ((line[size] & 0xC0) == 0x80) size = limits_.max_line_size;
  return line.substr(0, size);
}

std::string PushCheck::Words() const {
  if (reasons_.size() == 1 && reasons_.begin()->second == 1) return reasons_.begin()->first;
  std::string words;
  for (const auto& [why, count] : reasons_) {
    if (!words.empty()) words += "; ";
    words += std::to_string(count) + " errors like: " + why;
  }
  return words;
}

}  // namespace glp::wire
