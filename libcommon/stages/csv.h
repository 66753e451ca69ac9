// Stage `csv`: values between separators into fields.
//   columns:   names of the fields, in order; one of these two
//   header:    true: the first line of each file names them. It goes no further (dropped as
//              csv_header); with `columns` too, it is only dropped
//   separator: one character, ',' by default; "\t" for tabs
//   quote:     one character, '"' by default; "" for none
//   source:    field or label to read; the line by default
// Fields: one for each column; values behind the last one are column_8, column_9, …, and so is a
// column without a name. Values may be quoted, with doubled quotes inside (RFC 4180; a value over
// several lines has to be made one line before, as by multiline).
// A line with more or fewer values than columns is marked with both counts, what it has stays.
// A file whose first line was read by an earlier run has no header here: its lines are marked, and
// `columns` is the way out. (Whether it is the first line, the mark of the file says; without one,
// `src`.) Headers of 10,000 files are kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "stages/build.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

class CsvStage : public Stage {
 public:
  struct Options {
    std::vector<std::string> columns;
    bool header = false;
    char separator = ',';
    std::optional<char> quote = '"';
  };
  CsvStage(Options options, TextSource source);
  Verdict Process(StageEntry& entry, StageRun& run) override;
  void OnFile(std::string_view id, const MarkWords& words) override;

 private:
  struct File {
    bool expects_header = false;
    bool has_header = false;
    std::vector<std::string> columns;
  };
  // The values of a line; an error's words, or nullptr.
  const char* Split(std::string_view text, Arena& arena);
  const char* TakeQuoted(std::string_view* text, std::string_view* value, Arena& arena);
  File& FileOf(const StageEntry& entry, std::string_view text);
  File& FileNamed(std::string_view name, bool* is_new);
  // `why` is what is wrong with the values, or nullptr.
  void SetFields(const std::vector<std::string>& columns, const char* why, StageEntry& entry,
                 Arena& arena);

  static constexpr size_t kMaxFiles = 10'000;
  Options options_;
  TextSource source_;
  std::vector<std::string_view> values_;
  StringMap<File> files_;  // by the ID in `src`, without one by the labels
  std::string last_name_;
  File* last_file_ = nullptr;
};

std::unique_ptr<Stage> ReadCsvStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
