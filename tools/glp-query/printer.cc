#include "printer.h"

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "base/time.h"
#include "display.h"
#include "entry_chart.h"
#include "entry_table.h"
#include "logql/series_labels.h"
#include "record/record.h"
#include "table.h"
#include "wire/streams_body.h"

namespace glp::query {
namespace {

// Widths of the label part on a terminal, whatever else must fit.
constexpr size_t kMinPart = 20;

class TextPrinter : public EntryPrinter {
 public:
  TextPrinter(const Look& look, io::Output* out) : look_(look), out_(out) {
    if (look.columns == 0) return;
    const size_t room = look.columns > kTimestampSize ? look.columns - kTimestampSize : 0;
    widest_ = std::clamp(room / 2, kMinPart, kMaxPadding);
  }

  void ForgetStreams() override {
    parts_.clear();
    last_stream_ = nullptr;
  }

  Labels SetStreams(const std::vector<const LabelSet*>& streams) override {
    if (streams.empty()) return {};
    common_ = streams.front()->labels;
    for (const LabelSet* stream : streams) {
      std::erase_if(common_, [stream](const Label& label) {
        const Label* found = stream->Find(label.name);
        return !found || found->value != label.value;
      });
    }
    for (const LabelSet* stream : streams) Widen(PartOf(stream->labels).width);
    return common_;
  }

  void Print(const logql::Entry& entry) override {
    std::string& out = out_->buffer();
    look_.AppendTime(&out, entry.ts_ns);
    out += ' ';
    AppendPart(&out, Find(entry), entry.stream->hash);
    out += ' ';
    if (look_.terminal) {
      AppendForTerminal(&out, entry.line);
    } else {
      out.append(entry.line);
    }
    out += '\n';
  }

 private:
  struct Part {
    std::string text;
    size_t width = 0;
  };

  void Widen(size_t width) { width_ = std::max(width_, std::min(width, widest_)); }

  Part PartOf(Labels labels) const {
    std::erase_if(labels, [this](const Label& label) {
      return std::find(common_.begin(), common_.end(), label) != common_.end();
    });
    Part part;
    part.text = LabelsToSelector(labels);
    if (look_.terminal) part.text = EscapeForTerminal(part.text);
    if (look_.columns > 0) part.text = CutToWidth(part.text, widest_, look_.utf8);
    part.width = DisplayWidth(part.text);
    return part;
  }

  const Part& Find(const logql::Entry& entry) {
    if (entry.stream == last_stream_ && entry.meta == last_meta_ && entry.fields == last_fields_) {
      return *last_part_;
    }
    if (entry.meta.empty() && entry.fields.empty()) {
      auto [it, added] = parts_.try_emplace(entry.stream);
      if (added) it->second = PartOf(entry.stream->labels);
      last_part_ = &it->second;
    } else {
      mixed_part_ = PartOf(Merged(entry));
      last_part_ = &mixed_part_;
    }
    Widen(last_part_->width);
    last_stream_ = entry.stream;
    last_meta_ = entry.meta;
    last_fields_ = entry.fields;
    return *last_part_;
  }

  static Labels Merged(const logql::Entry& entry) {
    Result<Labels> merged = logql::MergeLabels(*entry.stream, entry.meta, entry.fields);
    return merged.ok() ? *std::move(merged) : entry.stream->labels;
  }

  void AppendPart(std::string* out, const Part& part, uint64_t hash) const {
    if (look_.color) out->append(ColorOf(hash));
    out->append(part.text);
    if (look_.color) out->append(kNoColor);
    AppendPadding(out, part.width, width_);
  }

  Look look_;
  io::Output* out_;
  Labels common_;
  size_t width_ = 0;
  // Wider label parts are cut on a terminal, else printed whole without making another line wider.
  size_t widest_ = kMaxPadding;
  std::unordered_map<const LabelSet*, Part> parts_;  // of entries without metadata
  const LabelSet* last_stream_ = nullptr;
  std::string last_meta_, last_fields_;
  Part mixed_part_;
  const Part* last_part_ = nullptr;
};

class RawPrinter : public EntryPrinter {
 public:
  RawPrinter(const Look& look, io::Output* out) : terminal_(look.terminal), out_(out) {}
  void Print(const logql::Entry& entry) override {
    std::string& out = out_->buffer();
    if (terminal_) {
      AppendForTerminal(&out, entry.line);
    } else {
      out.append(entry.line);
    }
    out += '\n';
  }

 private:
  bool terminal_;
  io::Output* out_;
};

class RecordPrinter : public EntryPrinter {
 public:
  RecordPrinter(const Look& look, io::Output* out) : terminal_(look.terminal), out_(out) {}
  void Print(const logql::Entry& entry) override {
    Record record;
    record.ts_ns = entry.ts_ns;
    record.labels = entry.stream;
    record.line = Line::Bytes(entry.line);
    record.meta = entry.meta;
    record.fields = entry.fields;
    if (!terminal_) {
      AppendRecord(&out_->buffer(), record);
      return;
    }
    scratch_.clear();
    AppendRecord(&scratch_, record);
    AppendJsonForTerminal(&out_->buffer(), scratch_);
  }

 private:
  bool terminal_;
  io::Output* out_;
  std::string scratch_;
};

class LokiPrinter : public EntryPrinter {
 public:
  LokiPrinter(const Look& look, io::Output* out) : terminal_(look.terminal), out_(out) {}
  void Print(const logql::Entry& entry) override {
    if (added_.ok()) added_ = body_.Add(entry);
  }
  Status Finish(const logql::ScanStats& stats, double seconds) override {
    GLP_RETURN_IF_ERROR(added_);
    body_.End(stats, seconds);
    std::string piece, whole;
    for (;;) {
      GLP_ASSIGN_OR_RETURN(const bool more, body_.Next(&piece));
      if (!more) break;
      if (terminal_) {
        whole += piece;  // a piece may end within a character
      } else {
        GLP_RETURN_IF_ERROR(out_->Write(piece));
      }
    }
    if (terminal_) AppendJsonForTerminal(&out_->buffer(), whole);
    return out_->Write("\n");
  }

 private:
  bool terminal_;
  io::Output* out_;
  // With -o loki all is in memory until the end.
  static wire::StreamsOptions Unbounded() {
    wire::StreamsOptions options;
    options.max_bytes = UINT64_MAX;
    return options;
  }
  wire::StreamsBody body_{Unbounded()};
  Status added_;
};

}  // namespace

std::unique_ptr<EntryPrinter> MakeEntryPrinter(const Look& look, io::Output* out) {
  if (look.chart != Chart::kNone) return MakeEntryChart(look, out);
  if (look.format == "csv" || look.format == "table") return MakeEntryTable(look, out);
  if (look.format == "raw") return std::make_unique<RawPrinter>(look, out);
  if (look.format == "jsonl") return std::make_unique<RecordPrinter>(look, out);
  if (look.format == "loki") return std::make_unique<LokiPrinter>(look, out);
  return std::make_unique<TextPrinter>(look, out);
}

std::string_view ColorOf(uint64_t hash) {
  static constexpr std::string_view kColors[] = {"\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[35m",
                                                 "\x1b[36m", "\x1b[91m", "\x1b[92m", "\x1b[93m",
                                                 "\x1b[94m", "\x1b[95m", "\x1b[96m"};
  return kColors[hash % std::size(kColors)];
}

void AppendForTerminal(std::string* out, std::string_view text) {
  for (size_t at = 0;;) {
    const size_t end = text.find('\n', at);
    out->append(EscapeForTerminal(text.substr(at, end == text.npos ? end : end - at)));
    if (end == text.npos) return;
    *out += '\n';
    at = end + 1;
  }
}

void AppendJsonForTerminal(std::string* out, std::string_view json) {
  for (size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    if (byte == 0x7f) {
      out->append("\\u007f");
    } else if (byte == 0xc2 && i + 1 < json.size() &&
               static_cast<unsigned char>(json[i + 1]) < 0xa0) {
      // U+0080 to U+009F: terminals take some of them for the start of an escape sequence.
      static constexpr char kHex[] = "0123456789abcdef";
      const auto low = static_cast<unsigned char>(json[++i]);
      out->append("\\u00");
      *out += kHex[low >> 4];
      *out += kHex[low & 15];
    } else {
      *out += json[i];
    }
  }
}

}  // namespace glp::query
