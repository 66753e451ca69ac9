#include "logql/series_labels.h"

#include <algorithm>

namespace glp::logql {

Result<Labels> MergeLabels(const LabelSet& stream, std::string_view meta, std::string_view fields) {
  Labels labels = stream.labels;
  if (!meta.empty() && meta != "{}") {
    GLP_ASSIGN_OR_RETURN(Labels pairs, LabelsFromJson(meta));
    for (Label& pair : pairs) {
      if (stream.Find(pair.name) != nullptr) pair.name += "_extracted";
      labels.push_back(std::move(pair));
    }
  }
  if (!fields.empty() && fields != "{}") {
    GLP_ASSIGN_OR_RETURN(Labels pairs, LabelsFromJson(fields));
    for (Label& pair : pairs) labels.push_back(std::move(pair));
  }
  Canonicalize(&labels);
  return labels;
}

Labels ProjectLabels(const Labels& labels, const Grouping& grouping) {
  Labels out;
  for (const Label& label : labels) {
    const bool named =
        std::find(grouping.names.begin(), grouping.names.end(), label.name) != grouping.names.end();
    if (named != grouping.without && !label.value.empty()) out.push_back(label);
  }
  return out;
}

bool LabelsComeBefore(const Labels& a, const Labels& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const Label& x, const Label& y) {
                                        const int names = x.name.compare(y.name);
                                        return names != 0 ? names < 0 : x.value < y.value;
                                      });
}

}  // namespace glp::logql
