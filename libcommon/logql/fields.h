// What fields lines have: the names that JSON or logfmt lines give, structured metadata and what
// the query itself parsed, each with its type and how many different values were seen.
//
//   FieldDetector detector(1000);
//   for (const Entry& entry : …) detector.Add(entry);
//   for (const DetectedField& field : detector.Fields()) …
//
// A line is read as JSON; where it is none, as logfmt. Names are those of `| json` and `| logfmt`.
// Threads: one at a time.
// Limits:  the first `max_fields` names that come are kept; of each, 8 bytes for every different
//          value.
// Source:  /loki/api/v1/detected_fields, detected_field/NAME/values, detected_labels of Loki 3.7.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "logql/expr.h"
#include "logql/source.h"

namespace glp::logql {

enum class FieldType { kString, kInt, kFloat, kBoolean, kDuration, kBytes };
// "string", "int", "float", "boolean", "duration", "bytes".
std::string_view ToString(FieldType type);
FieldType TypeOfValue(std::string_view value);

struct DetectedField {
  std::string label;
  FieldType type = FieldType::kString;  // of all its values; where they differ, string
  uint64_t cardinality = 0;
  std::vector<std::string> parsers;    // "json", "logfmt", both; none: metadata, or of the query
  std::vector<std::string> json_path;  // keys from the top, where JSON has it
};

class FieldDetector {
 public:
  explicit FieldDetector(size_t max_fields);
  ~FieldDetector();

  // `entry` as RunLogQuery gives it.
  void Add(const Entry& entry);
  // Streams of entries so far are about to go.
  void ForgetStreams();
  std::vector<DetectedField> Fields() const;  // by name

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The fields of the entries that pass, the newest params.limit of them (params.direction).
Result<std::vector<DetectedField>> DetectFields(const LogExpr& query, EntrySource* source,
                                                const QueryParams& params, size_t max_fields,
                                                ScanStats* stats);
// The different values of one field in these entries, the first max_values as they come.
Result<std::vector<std::string>> DetectFieldValues(const LogExpr& query, std::string_view field,
                                                   EntrySource* source, const QueryParams& params,
                                                   size_t max_values, ScanStats* stats);

struct DetectedLabel {
  std::string name;
  uint64_t cardinality = 0;  // of its values
};
// The labels of the streams by which people choose, by name: without those whose values are all
// numbers or UUIDs (other than 0 and 1), unless the name is cluster, namespace, instance or pod.
std::vector<DetectedLabel> DetectLabels(const std::vector<const LabelSet*>& streams);

}  // namespace glp::logql
