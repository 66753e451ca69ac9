// JSON read into values and written from them as Go's encoding/json does.
#include <cmath>

#include "base/strings.h"
#include "codec/go_time_format.h"
#include "codec/json_number.h"
#include "codec/json_tree.h"
#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_print.h"
#include "codec/template_version.h"

namespace glp::codec::tmpl {
namespace {

Value FromNode(RunState* run, const JsonNode& node, int depth) {
  if (depth > kMaxValueDepth) {
    return run->Fail("JSON nested deeper than " + std::to_string(kMaxValueDepth) + " levels");
  }
  if (!run->Charge(1)) return {};
  switch (node.kind) {
    case JsonNode::Kind::kNull:
      return Value::Nil();
    case JsonNode::Kind::kFalse:
      return Value::Bool(false);
    case JsonNode::Kind::kTrue:
      return Value::Bool(true);
    case JsonNode::Kind::kNumber:
      return Value::Float(node.number);
    case JsonNode::Kind::kString: {
      if (IsValidUtf8(node.text)) return run->Copy(node.text);
      TextBuilder out(run);
      for (std::string_view rest = node.text; !rest.empty();) {
        Rune rune = DecodeRune(rest);
        out.AppendRune(rune.value);
        rest.remove_prefix(rune.size);
      }
      return out.Finish();
    }
    case JsonNode::Kind::kArray: {
      ListBuilder out(run, Elements::kAny);
      for (const JsonMember& member : node) out.Add(FromNode(run, member.value, depth + 1));
      return out.Finish();
    }
    case JsonNode::Kind::kObject: {
      Dict* dict = run->NewDict();
      for (const JsonMember& member : node) {
        if (run->failed()) break;
        run->Set(dict, run->Copy(member.key).str(), FromNode(run, member.value, depth + 1));
      }
      return Value::Of(dict);
    }
  }
  return {};
}

Value Read(const Call& call, bool must) {
  static thread_local JsonTree tree;
  std::string_view text = call.str(0);
  const JsonNode* node = tree.Parse(text);
  Value value = Value::Nil();
  if (node != nullptr && !tree.has_overflow()) {
    value = FromNode(call.run, *node, 0);
  } else if (must) {
    call.Fail(node == nullptr ? "no JSON: " + std::string(tree.error()) + " at byte " +
                                    std::to_string(tree.error_offset())
                              : "JSON with a number that is too large");
  }
  tree.arena().Reset();
  return value;
}
Value FromJson(const Call& call) { return Read(call, false); }
Value MustFromJson(const Call& call) { return Read(call, true); }

struct Form {
  bool pretty = false, html = true;
};

class Writer {
 public:
  Writer(TextBuilder* out, Form form) : out_(out), form_(form) {}

  // False, with the reason, where the value has no JSON.
  bool Write(const Value& value, std::string* error, int depth = 0) {
    RunState* run = out_->run();
    if (depth > kMaxValueDepth) {
      run->Fail("values nested deeper than " + std::to_string(kMaxValueDepth) +
                " levels are not written as JSON");
    }
    if (run->failed() || !run->Charge(1)) return true;
    switch (value.kind) {
      case Kind::kNone:
      case Kind::kNil:
        out_->Append("null");
        return true;
      case Kind::kBool:
      case Kind::kUint64:
      case Kind::kUint8:
        PrintV(value, out_);
        return true;
      case Kind::kFloat: {
        if (!std::isfinite(value.f)) {
          *error = "json: unsupported value: " + std::string(value.f != value.f ? "NaN" : "Inf");
          return false;
        }
        std::string digits;
        AppendGoJsonFloat(&digits, value.f);
        out_->Append(digits);
        return true;
      }
      case Kind::kString:
        String(value.str());
        return true;
      case Kind::kTime: {
        std::string text;
        AppendGoTime(*value.time, "2006-01-02T15:04:05.999999999Z07:00", &text);
        String(text);
        return true;
      }
      case Kind::kVersion:
        String(value.version->Text());
        return true;
      case Kind::kList:
        if (value.list->size == 0) {
          out_->Append("[]");
          return true;
        }
        out_->Append('[');
        for (size_t i = 0; i < value.list->size && !run->failed(); ++i) {
          if (i > 0) out_->Append(',');
          Newline(depth + 1);
          if (!Write(value.list->items[i], error, depth + 1)) return false;
        }
        Newline(depth);
        out_->Append(']');
        return true;
      case Kind::kDict:
      case Kind::kData: {
        const Dict* dict = run->AsDict(value);
        if (dict->size == 0) {
          out_->Append("{}");
          return true;
        }
        out_->Append('{');
        for (size_t i = 0; i < dict->size && !run->failed(); ++i) {
          if (i > 0) out_->Append(',');
          Newline(depth + 1);
          String(dict->entries[i].key);
          out_->Append(form_.pretty ? ": " : ":");
          if (!Write(dict->entries[i].value, error, depth + 1)) return false;
        }
        Newline(depth);
        out_->Append('}');
        return true;
      }
      default:
        out_->AppendInt(value.i);
        return true;
    }
  }

 private:
  void Newline(int depth) {
    if (!form_.pretty) return;
    out_->Append('\n');
    out_->Fill(2 * static_cast<size_t>(depth), ' ');
  }

  void Escape(uint32_t c) {
    constexpr char kHex[] = "0123456789abcdef";
    out_->Append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out_->Append(kHex[c >> shift & 15]);
  }

  void String(std::string_view text) {
    out_->Append('"');
    while (!text.empty()) {
      Rune rune = DecodeRune(text);
      std::string_view bytes = text.substr(0, rune.size);
      text.remove_prefix(rune.size);
      uint32_t c = rune.value;
      constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
      size_t letter = c < 0x80 ? kMeanings.find(static_cast<char>(c)) : std::string_view::npos;
      if (letter != std::string_view::npos) {
        out_->Append('\\');
        out_->Append(kLetters[letter]);
      } else if (c < 0x20 || c == 0x2028 || c == 0x2029 || (c == kBadRune && rune.size == 1) ||
                 (form_.html && (c == '<' || c == '>' || c == '&'))) {
        Escape(c);
      } else {
        out_->Append(bytes);
      }
    }
    out_->Append('"');
  }

  TextBuilder* out_;
  Form form_;
};

template <bool kPretty, bool kHtml, bool kMust>
Value ToJson(const Call& call) {
  TextBuilder out(call.run);
  std::string error;
  if (Writer(&out, {.pretty = kPretty, .html = kHtml}).Write(call[0], &error)) return out.Finish();
  return kMust ? call.Fail(error) : Value::Text("");
}

constexpr Function kFunctions[] = {
    {"fromJson", "s", FromJson},
    {"mustFromJson", "s", MustFromJson},
    {"mustToJson", "a", ToJson<false, true, true>},
    {"mustToPrettyJson", "a", ToJson<true, true, true>},
    {"mustToRawJson", "a", ToJson<false, false, true>},
    {"toJson", "a", ToJson<false, true, false>},
    {"toPrettyJson", "a", ToJson<true, true, false>},
    {"toRawJson", "a", ToJson<false, false, false>},
};

}  // namespace

Functions JsonFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
