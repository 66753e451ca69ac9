#include "record/reader.h"

#include <simdjson.h>

#include <cstring>
#include <deque>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"

namespace glp {
namespace {

namespace od = simdjson::ondemand;

// Steps over `text` at *p. Reading past the line is fine: blocks are padded.
inline bool Skip(const char** p, std::string_view text) {
  if (std::memcmp(*p, text.data(), text.size()) != 0) return false;
  *p += text.size();
  return true;
}

// The end (behind '}') of a compact JSON object of strings at `p`, nullptr where it is not one.
const char* ScanFlatObject(const char* p, const char* limit) {
  if (*p != '{') return nullptr;
  ++p;
  if (*p == '}') return p + 1;
  for (;;) {
    if (p >= limit || *p != '"') return nullptr;
    // Escapes in a key have more than one spelling: left to the slow path.
    JsonStringScan key = ScanJsonString(p + 1, limit);
    p = key.end;
    if (p == nullptr || key.has_escapes || p[1] != ':' || p[2] != '"') return nullptr;
    p = ScanJsonString(p + 3, limit).end;
    if (p == nullptr) return nullptr;
    ++p;
    if (*p == '}') return p < limit ? p + 1 : nullptr;
    if (*p != ',') return nullptr;
    ++p;
  }
}

Line::Form FormOf(bool has_escapes) { return has_escapes ? Line::Form::kJson : Line::Form::kPlain; }

}  // namespace

// What the slow path needs: parsers, and the strings that its records point to.
struct RecordReader::Slow {
  od::parser parser;
  std::deque<std::string> owned;

  std::string_view Keep(std::string text) { return owned.emplace_back(std::move(text)); }
};

RecordReader::RecordReader(std::unique_ptr<io::ByteSource> source, LabelTable* labels)
    : input_(std::move(source)),
      labels_(labels),
      slow_(std::make_unique<Slow>()),
      now_ns_([] { return NowNs(); }) {}

RecordReader::~RecordReader() = default;

Result<io::ReadState> RecordReader::ReadBatch(int timeout_ms) {
  slow_->owned.clear();
  if (labels_->size() > LabelTable::kMaxSets) {
    labels_->Clear();
    for (Recent& recent : recent_) recent = {};
  }
  GLP_ASSIGN_OR_RETURN(io::ReadState state, input_.Read(&batch_, timeout_ms));
  batch_is_utf8_ = state == io::ReadState::kData && IsValidUtf8(batch_);
  return state;
}

const RecordReader::Item* RecordReader::Next() {
  if (batch_.empty()) return nullptr;
  const char* begin = batch_.data();
  const char* end = static_cast<const char*>(std::memchr(begin, '\n', batch_.size()));
  std::string_view line(begin, end != nullptr ? static_cast<size_t>(end - begin) : batch_.size());
  batch_.remove_prefix(std::min(line.size() + 1, batch_.size()));
  ++line_number_;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  item_.raw = line;
  if (!(fast_ && (batch_is_utf8_ || IsValidUtf8(line)) && ParseFast(line, &item_))) {
    ParseSlow(line, &item_);
  }
  return &item_;
}

const LabelSet* RecordReader::LookupLabels(const char* p, const char* end, size_t* size) {
  size_t available = static_cast<size_t>(end - p);
  for (size_t i = 0; i < kRecent; ++i) {
    const Recent& recent = recent_[(recent_at_ + i) % kRecent];
    if (recent.set == nullptr) break;
    if (recent.raw.size() <= available &&
        std::memcmp(p, recent.raw.data(), recent.raw.size()) == 0) {
      recent_at_ = (recent_at_ + i) % kRecent;
      *size = recent.raw.size();
      return recent.set;
    }
  }
  const char* behind = ScanFlatObject(p, end);
  if (behind == nullptr) return nullptr;
  std::string_view raw(p, static_cast<size_t>(behind - p));
  auto set = labels_->FromJson(raw);
  if (!set.ok()) return nullptr;
  recent_at_ = (recent_at_ + kRecent - 1) % kRecent;
  recent_[recent_at_] = {std::string(raw), *set};
  *size = raw.size();
  return *set;
}

// {"ts":"…","labels":{…},"line":"…"[,"meta":{…}][,"fields":{…}][,"src":"…"]}, nothing else.
bool RecordReader::ParseFast(std::string_view text, Item* item) {
  constexpr size_t kSmallest = 7 + kTimestampSize + 11 + 2 + 9 + 2;
  if (text.size() < kSmallest) return false;
  const char* p = text.data();
  const char* end = p + text.size();
  if (!Skip(&p, "{\"ts\":\"")) return false;
  auto ts_ns = ParseTimestampExact({p, kTimestampSize});
  if (!ts_ns) return false;
  p += kTimestampSize;
  if (!Skip(&p, "\",\"labels\":")) return false;
  size_t labels_size;
  const LabelSet* labels = LookupLabels(p, end, &labels_size);
  if (labels == nullptr) return false;
  p += labels_size;

  Record& record = item->record;
  if (Skip(&p, ",\"line\":\"")) {
    JsonStringScan scan = ScanJsonString(p, end);
    if (scan.end == nullptr) return false;
    record.line = {{p, static_cast<size_t>(scan.end - p)}, FormOf(scan.has_escapes)};
    p = scan.end + 1;
  } else {
    return false;  // line64 is rare: the slow path checks it
  }
  record.meta = record.fields = record.src = record.extra = {};
  for (auto [key, target] :
       {std::pair<std::string_view, std::string_view*>{",\"meta\":", &record.meta},
        {",\"fields\":", &record.fields}}) {
    if (!Skip(&p, key)) continue;
    const char* behind = ScanFlatObject(p, end);
    if (behind == nullptr) return false;
    *target = {p, static_cast<size_t>(behind - p)};
    p = behind;
  }
  if (Skip(&p, ",\"src\":\"")) {
    JsonStringScan scan = ScanJsonString(p, end);
    if (scan.end == nullptr) return false;
    record.src = {p, static_cast<size_t>(scan.end - p)};
    p = scan.end + 1;
  }
  if (p + 1 != end || *p != '}') return false;
  record.raw = text;
  record.pos = Record::kPosIsNext;  // rare: the slow path reads it
  record.ts_ns = *ts_ns;
  record.labels = labels;
  item->kind = Item::Kind::kRecord;
  return true;
}

namespace {

// One member of the object that a slow record is.
struct Member {
  std::string key;
  od::json_type type;
  std::string_view raw;  // JSON text of the value without blanks around
};

std::optional<Member> ReadMember(simdjson::simdjson_result<od::field> field) {
  Member member;
  std::string_view key;
  od::value value;
  if (field.unescaped_key().get(key) || field.value().get(value) || value.type().get(member.type)) {
    return std::nullopt;
  }
  member.key = key;
  if (member.type == od::json_type::object) {
    od::object object;
    if (value.get_object().get(object) || object.raw_json().get(member.raw)) return std::nullopt;
  } else if (member.type == od::json_type::array) {
    od::array array;
    if (value.get_array().get(array) || array.raw_json().get(member.raw)) return std::nullopt;
  } else {
    member.raw = value.raw_json_token();
  }
  member.raw = TrimSpace(member.raw);
  return member;
}

// The inside of a raw JSON string; nothing where an escape is not valid.
std::optional<Line> StringInside(std::string_view raw) {
  std::string_view inside = raw.substr(1, raw.size() - 2);
  // Never shorter than the view by more than the padding behind each block.
  JsonStringScan scan = ScanJsonString(inside.data(), inside.data() + inside.size() + 1);
  if (scan.end != inside.data() + inside.size()) return std::nullopt;
  return Line{inside, FormOf(scan.has_escapes)};
}

// Deeper JSON is refused, as by simdjson's own document: to walk through it would take the stack.
constexpr int kMaxDepth = 1024;

// Walks through all of `value`: On-Demand does not look at what it skips.
bool IsValid(od::value value, int depth) {
  od::json_type type;
  if (depth > kMaxDepth || value.type().get(type)) return false;
  switch (type) {
    case od::json_type::object: {
      od::object object;
      if (value.get_object().get(object)) return false;
      for (auto field : object) {
        std::string_view key;
        od::value inner;
        if (field.unescaped_key().get(key) || field.value().get(inner) ||
            !IsValid(inner, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case od::json_type::array: {
      od::array array;
      if (value.get_array().get(array)) return false;
      for (auto item : array) {
        od::value inner;
        if (item.get(inner) || !IsValid(inner, depth + 1)) return false;
      }
      return true;
    }
    case od::json_type::string:
      return StringInside(TrimSpace(value.raw_json_token())).has_value();
    case od::json_type::number:
      return IsJsonNumber(TrimSpace(value.raw_json_token()));
    case od::json_type::boolean:
      return value.get_bool().error() == simdjson::SUCCESS;
    case od::json_type::null:
      return TrimSpace(value.raw_json_token()) == "null";
  }
  return false;
}

bool IsValid(od::document& document) {
  od::object object;
  if (document.get_object().get(object)) return false;
  for (auto field : object) {
    std::string_view key;
    od::value value;
    if (field.unescaped_key().get(key) || field.value().get(value) || !IsValid(value, 2)) {
      return false;
    }
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing behind
}

std::optional<int64_t> ReadTime(const Member& member) {
  if (member.type == od::json_type::number) return ParseInt64(member.raw);
  if (member.type != od::json_type::string) return std::nullopt;
  std::string_view text = member.raw.substr(1, member.raw.size() - 2);
  if (auto ts = ParseRfc3339(text)) return ts;
  return ParseInt64(text);
}

// An object of strings as compact JSON; numbers and booleans become their text.
std::optional<std::string> CompactStrings(std::string_view raw) {
  simdjson::padded_string padded(raw);
  od::parser parser;
  od::document document;
  od::object object;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) {
    return std::nullopt;
  }
  std::string out = "{";
  for (auto field : object) {
    auto member = ReadMember(field);
    if (!member) return std::nullopt;
    if (out.size() > 1) out += ',';
    AppendJsonString(&out, member->key);
    out += ':';
    if (member->type == od::json_type::string) {
      out += member->raw;
    } else if (member->type == od::json_type::number || member->type == od::json_type::boolean) {
      out += '"';
      out += member->raw;
      out += '"';
    } else {
      return std::nullopt;
    }
  }
  return out + "}";
}

Mark::Kind MarkKind(std::string_view name) {
  if (name == "file") return Mark::Kind::kFile;
  if (name == "pos") return Mark::Kind::kPos;
  if (name == "gap") return Mark::Kind::kGap;
  if (name == "end") return Mark::Kind::kEnd;
  return Mark::Kind::kOther;
}

}  // namespace

void RecordReader::ParseSlow(std::string_view text, Item* item) {
  item->kind = Item::Kind::kBad;
  auto bad = [item](std::string why) { item->why = std::move(why); };
  // Blocks are padded, so the parser does not copy the text.
  static_assert(io::LineInput::kPadding >= simdjson::SIMDJSON_PADDING);
  if (TrimSpace(text).empty()) return bad("an empty line");
  od::document document;
  od::json_type type;
  auto error =
      slow_->parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING)
          .get(document);
  if (error != simdjson::SUCCESS) {
    return bad(std::string("not JSON: ") + simdjson::error_message(error));
  }
  if (document.type().get(type)) return bad("not JSON");
  if (type != od::json_type::object) return bad("not a JSON object");
  if (!IsValid(document)) return bad("not JSON, or nested too deep");
  document.rewind();
  od::object object;
  if (document.get_object().get(object)) return bad("not a JSON object");

  Record& record = item->record;
  record = {};
  record.raw = text;
  std::optional<int64_t> ts_ns;
  std::optional<Member> timestamp;
  std::optional<uint64_t> pos;
  bool has_line = false, is_mark = false;
  Mark mark;
  std::string extra;
  auto keep_unknown = [&](const Member& member) {
    extra += ',';
    AppendJsonString(&extra, member.key);
    extra += ':';
    extra += member.raw;
  };
  auto read_time = [&](const Member& member) {
    ts_ns = ReadTime(member);
    if (!ts_ns) bad("`" + member.key + "` is no time: " + std::string(member.raw.substr(0, 60)));
    return ts_ns.has_value();
  };
  for (auto field : object) {
    auto member = ReadMember(field);
    if (!member) return bad("not a JSON object");
    const std::string& key = member->key;
    bool is_string = member->type == od::json_type::string;
    if (key == "ts") {
      if (!read_time(*member)) return;
    } else if (key == "timestamp") {
      timestamp = std::move(member);
    } else if (key == "labels") {
      auto labels = labels_->FromJson(member->raw);
      if (!labels.ok()) return bad(labels.status().message());
      record.labels = *labels;
    } else if (key == "line" && is_string) {
      auto line = StringInside(member->raw);
      if (!line) return bad("`line` has an escape that is not valid");
      record.line = *line;
      has_line = true;
    } else if (key == "line64" && is_string) {
      std::string decoded;
      std::string_view inside = member->raw.substr(1, member->raw.size() - 2);
      if (!Base64Decode(inside, &decoded)) return bad("`line64` is not base64");
      record.line = {inside, Line::Form::kBase64};
      has_line = true;
    } else if (key == "line" || key == "line64") {
      return bad("`" + key + "` is not a string");
    } else if (key == "meta" || key == "fields") {
      auto compact =
          member->type == od::json_type::object ? CompactStrings(member->raw) : std::nullopt;
      if (!compact) return bad("`" + key + "` is not an object of strings");
      (key == "meta" ? record.meta : record.fields) = slow_->Keep(std::move(*compact));
    } else if (key == "src" && is_string) {
      auto src = StringInside(member->raw);
      if (!src) return bad("`src` has an escape that is not valid");
      record.src = src->text;
    } else if (auto number = key == "pos" ? ParseUint64(member->raw) : std::nullopt) {
      pos = number;
    } else {
      if (key == "mark" && is_string) {
        is_mark = true;
        mark.kind = MarkKind(member->raw.substr(1, member->raw.size() - 2));
      }
      keep_unknown(*member);
    }
  }
  if (pos && !record.src.empty()) {
    record.pos = *pos;
  } else if (pos) {
    // Without a src it is a key like any other.
    extra += ",\"pos\":";
    AppendUint64(&extra, *pos);
  }
  if (!has_line && is_mark) {
    mark.raw = text;
    mark.src = record.src;
    item->mark = mark;
    item->kind = Item::Kind::kMark;
    return;
  }
  if (!has_line) return bad("no `line`");
  if (timestamp) {
    // Beside `ts` it is a key like any other.
    if (ts_ns) {
      keep_unknown(*timestamp);
    } else if (!read_time(*timestamp)) {
      return;
    }
  }
  record.ts_ns = ts_ns ? *ts_ns : now_ns_();
  if (record.labels == nullptr) record.labels = labels_->empty();
  if (!extra.empty()) record.extra = slow_->Keep(std::move(extra));
  item->kind = Item::Kind::kRecord;
}

}  // namespace glp
