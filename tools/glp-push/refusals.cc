#include "refusals.h"

namespace glp::push {

std::string_view RefusalReason(std::string_view words) {
  struct Known {
    std::string_view part, reason;
  };
  static constexpr Known kKnown[] = {
      {"ax entry size", "line_too_long"},
      {"timestamp too old", "greater_than_max_sample_age"},
      {"timestamp too new", "too_far_in_future"},
      {"too far behind", "too_far_behind"},
      {"out of order", "out_of_order"},
      {"label names; limit", "max_label_names_per_series"},
      {"label name too long", "label_name_too_long"},
      {"label value too long", "label_value_too_long"},
      {"duplicate label name", "duplicate_label_names"},
      {"at least one label pair", "missing_labels"},
      {"error parsing labels", "invalid_labels"},
      {"missing required labels", "missing_enforced_labels"},
      {"includes structured metadata", "disallowed_structured_metadata"},
      {"structured metadata too large", "structured_metadata_too_large"},
      {"too many structured metadata", "structured_metadata_too_many"},
      {"body too large", "request_body_too_large"},
      {"Entity Too Large", "request_body_too_large"},
  };
  for (const Known& known : kKnown) {
    if (words.find(known.part) != std::string_view::npos) return known.reason;
  }
  return "ingester_error";
}

void Refusals::Add(const ReasonCounts& reasons, uint64_t maybe_stored) {
  std::lock_guard lock(mutex_);
  for (const auto& [reason, count] : reasons) reasons_[reason] += count;
  maybe_stored_ += maybe_stored;
}

std::string Refusals::Summary() const {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  std::string list;
  for (const auto& [reason, count] : reasons_) {
    sum += count;
    list += (list.empty() ? "" : ", ") + reason + " " + std::to_string(count);
  }
  if (sum == 0) return "";
  std::string text = std::to_string(sum) + " records were refused: " + list;
  if (reasons_.contains("missing_labels")) text += "; glp-label --set NAME=VALUE gives them labels";
  if (maybe_stored_ > 0) {
    text += "; the server may have stored some of " + std::to_string(maybe_stored_);
  }
  return text;
}

}  // namespace glp::push
