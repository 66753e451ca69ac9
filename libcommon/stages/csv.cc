#include "stages/csv.h"

#include <utility>

#include "record/record.h"

namespace glp::stages {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::string NumberedColumn(size_t index) { return "column_" + std::to_string(index + 1); }

std::string_view Undouble(std::string_view text, char quote, Arena& arena) {
  char* const begin = arena.Allocate(text.size());
  char* out = begin;
  for (size_t i = 0; i < text.size(); ++i) {
    *out++ = text[i];
    if (text[i] == quote) ++i;
  }
  return {begin, static_cast<size_t>(out - begin)};
}

}  // namespace

CsvStage::CsvStage(Options options, TextSource source)
    : options_(std::move(options)), source_(std::move(source)) {
  for (size_t i = 0; i < options_.columns.size(); ++i) {
    if (options_.columns[i].empty()) options_.columns[i] = NumberedColumn(i);
  }
}

// The value whose opening quote is taken; `text` is at the separator or the end then.
const char* CsvStage::TakeQuoted(std::string_view* text, std::string_view* value, Arena& arena) {
  const char quote = *options_.quote;
  size_t end = text->find(quote), doubled = 0;
  while (end != kNone && end + 1 < text->size() && (*text)[end + 1] == quote) {
    ++doubled;
    end = text->find(quote, end + 2);
  }
  if (end == kNone) return "csv: a quote is not closed";
  *value = doubled == 0 ? text->substr(0, end) : Undouble(text->substr(0, end), quote, arena);
  text->remove_prefix(end + 1);
  if (!text->empty() && (*text)[0] != options_.separator) {
    return "csv: something stands behind a closing quote";
  }
  return nullptr;
}

const char* CsvStage::Split(std::string_view text, Arena& arena) {
  values_.clear();
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  for (;;) {
    if (values_.size() == kMaxFieldsOfLine) return "csv: more than 10000 values";
    std::string_view value;
    if (options_.quote && !text.empty() && text[0] == *options_.quote) {
      text.remove_prefix(1);
      if (const char* why = TakeQuoted(&text, &value, arena)) return why;
      values_.push_back(value);
    } else {
      const size_t end = text.find(options_.separator);
      values_.push_back(text.substr(0, end));
      text.remove_prefix(end == kNone ? text.size() : end);
    }
    if (text.empty()) return nullptr;
    text.remove_prefix(1);
  }
}

CsvStage::File& CsvStage::FileNamed(std::string_view name, bool* is_new) {
  auto it = files_.find(name);
  *is_new = it == files_.end();
  if (*is_new) {
    if (files_.size() >= kMaxFiles) files_.clear();
    it = files_.emplace(std::string(name), File()).first;
  }
  last_name_ = name;
  last_file_ = &it->second;
  return it->second;
}

CsvStage::File& CsvStage::FileOf(const StageEntry& entry, std::string_view text) {
  const Source source = ParseSource(entry.src);
  const std::string_view name =
      source.id.empty() ? std::string_view(entry.labels->json) : source.id;
  if (last_file_ != nullptr && last_name_ == name) return *last_file_;
  bool is_new;
  File& file = FileNamed(name, &is_new);
  // The first line of a file ends where it is long, and a '\n', and perhaps a '\r'.
  if (is_new) file.expects_header = source.id.empty() || source.next <= text.size() + 2;
  return file;
}

void CsvStage::OnFile(std::string_view id, const MarkWords& words) {
  if (!options_.header) return;
  bool is_new;
  File& file = FileNamed(id, &is_new);
  if (words.start > 0) return;
  file = File();
  file.expects_header = true;
}

void CsvStage::SetFields(const std::vector<std::string>& columns, const char* why,
                         StageEntry& entry, Arena& arena) {
  for (size_t i = 0; i < values_.size(); ++i) {
    if (i < columns.size()) {
      entry.fields.Set(columns[i], values_[i]);
    } else {
      entry.fields.Set(arena.Copy(NumberedColumn(i)), values_[i]);
    }
  }
  if (why != nullptr) return Fail(entry, why);
  if (values_.size() == columns.size()) return;
  Fail(entry, "csv: another number of values than columns",
       arena.Copy(std::to_string(values_.size()) + " values, " + std::to_string(columns.size()) +
                  " columns"));
}

Verdict CsvStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  const std::vector<std::string>* columns = &options_.columns;
  bool is_header = false;
  if (options_.header) {
    File& file = FileOf(entry, *text);
    is_header = file.expects_header;
    file.expects_header = false;
    file.has_header |= is_header;
    if (options_.columns.empty()) columns = &file.columns;
    if (!file.has_header && options_.columns.empty()) {
      Fail(entry,
           "csv: the line that names the columns was read by an earlier run; name them with "
           "`columns`");
      return Verdict::kPass;
    }
  }
  std::string_view line = *text;
  if (is_header && line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);
  const char* why = Split(line, run.arena);
  if (is_header) {
    std::vector<std::string>& names = last_file_->columns;
    for (size_t i = 0; i < values_.size(); ++i) {
      names.push_back(values_[i].empty() ? NumberedColumn(i) : std::string(values_[i]));
    }
    return run.Drop("csv_header");
  }
  SetFields(*columns, why, entry, run.arena);
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadCsvStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source, separator{","}, quote{"\""};
  codec::Given<std::vector<std::string>> columns;
  codec::Given<bool> header;
  codec::YamlMap map(config, "csv", context.errors);
  map.Texts("columns", &columns);
  map.Bool("header", &header);
  map.Text("separator", &separator);
  map.Text("quote", &quote);
  map.Text("source", &source);
  map.Finish();
  if (separator.value == "\\t") separator.value = "\t";
  if (columns.value.empty() && !header.value) {
    map.Error(columns ? static_cast<codec::YamlPlace>(columns) : map.place(),
              "csv: expected columns, as in `columns: [time, level]`, or `header: true`");
  }
  if (columns.value.size() > kMaxFieldsOfLine) map.Error(columns, "csv: more than 10000 columns");
  if (separator.value.size() != 1) {
    map.Error(separator,
              "separator: expected one character (of one byte), not '" + separator.value + "'");
  }
  if (quote.value.size() > 1) {
    map.Error(quote,
              "quote: expected one character (of one byte) or \"\", not '" + quote.value + "'");
  }
  if (quote.value == separator.value) map.Error(quote, "quote: the same as the separator");
  if (!context.errors->first().ok()) return nullptr;
  CsvStage::Options options;
  options.columns = columns.value;
  options.header = header.value;
  options.separator = separator.value[0];
  options.quote.reset();
  if (!quote.value.empty()) options.quote = quote.value[0];
  return std::make_unique<CsvStage>(std::move(options), TextSource("csv", source.value));
}

}  // namespace glp::stages
