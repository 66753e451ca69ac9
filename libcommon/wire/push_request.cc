#include "wire/push_request.h"

#include <algorithm>

#include "base/strings.h"
#include "wire/labels_text.h"

namespace glp::wire {

Status PushCount::TooMany() {
  return {Code::kLimit,
          "more than " + std::to_string(PushRequest::kMaxEntries) + " entries in one push"};
}

Status PushCount::TooManyLabels() {
  return {Code::kLimit,
          "more than " + std::to_string(kMaxLabelBytes) + " bytes of labels in one push"};
}

void ReadStreamLabels(std::string_view text, PushRequest::Stream* stream) {
  stream->labels_text = text;
  std::string_view rest = text;
  Status status = ReadLabelsText(&rest, &stream->labels);
  if (status.ok() && !TrimSpace(rest).empty()) {
    status = DataError("1:" + std::to_string(text.size() - rest.size() + 1) +
                       ": parse error: more stands behind the labels");
  }
  Labels& labels = stream->labels;
  if (!status.ok()) {
    labels.clear();
    stream->labels_error = "error parsing labels '" +
                           (IsValidUtf8(text) ? std::string(text) : EscapeForTerminal(text)) +
                           "' with error: " + status.message();
    return;
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(labels.begin(), labels.end(),
                         [](const Label& a, const Label& b) { return a.name == b.name; });
  if (twice != labels.end()) {
    stream->labels_error =
        "stream '" + LabelsToSelector(labels) + "' has duplicate label name: '" + twice->name + "'";
  }
  std::erase_if(labels, [](const Label& label) { return label.value.empty(); });
}

}  // namespace glp::wire
