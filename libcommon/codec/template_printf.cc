// Go's Printf: %[flags][width][.precision][verb], with *, [n] and its complaints inside of the text
// (%!d(string=x), %!(NOVERB), %!(EXTRA …), %!(BADINDEX)).
#include <algorithm>
#include <optional>

#include "codec/go_number.h"
#include "codec/runes.h"
#include "codec/template_print.h"
#include "codec/template_verbs.h"

namespace glp::codec::tmpl {
namespace {

class Printer {
 public:
  Printer(std::string_view format, std::span<const Value> args, TextBuilder* out)
      : format_(format), args_(args), out_(out), verbs_(out) {}

  void Run() {
    while (at_ < format_.size() && !out_->run()->failed()) {
      size_t percent = std::min(format_.find('%', at_), format_.size());
      out_->Append(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ == format_.size()) break;
      ++at_;
      Verb();
    }
    if (reordered_ || next_ >= args_.size()) return;
    out_->Append("%!(EXTRA ");
    for (size_t i = next_; i < args_.size(); ++i) {
      if (i > next_) out_->Append(", ");
      Typed(args_[i]);
    }
    out_->Append(')');
  }

 private:
  // "int=42" or "<nil>".
  void Typed(const Value& value) {
    if (value.IsNothing()) {
      out_->Append("<nil>");
      return;
    }
    out_->Append(TypeName(value, out_->run()->dialect()));
    out_->Append('=');
    PrintV(value, out_);
  }

  std::optional<int> Number() {
    std::optional<int> out;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      int value = out.value_or(0) * 10 + (format_[at_] - '0');
      ++at_;
      if (value > kMaxWidth) {
        // As in Go the number is given up here, and with it the verb.
        at_ = format_.size();
        return std::nullopt;
      }
      out = value;
    }
    return out;
  }

  // "[2]" in front of a verb, * or precision.
  void Index() {
    if (at_ >= format_.size() || format_[at_] != '[') return;
    reordered_ = true;
    size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return;
    }
    auto index = ParseGoInt(format_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    if (!index || *index < 1 || static_cast<uint64_t>(*index) > args_.size()) {
      good_index_ = false;
      return;
    }
    next_ = static_cast<size_t>(*index) - 1;
  }

  std::optional<int> Star(std::string_view complaint) {
    ++at_;
    std::optional<int> out;
    if (next_ < args_.size()) {
      const Value& value = args_[next_++];
      if ((value.IsSigned() || value.IsUnsigned()) && value.i >= -kMaxWidth &&
          value.i <= kMaxWidth) {
        out = static_cast<int>(value.i);
      }
    }
    if (!out) out_->Append(complaint);
    return out;
  }

  void Verb() {
    VerbSpec spec;
    good_index_ = true;
    for (; at_ < format_.size(); ++at_) {
      char c = format_[at_];
      if (c == '#') {
        spec.sharp = true;
      } else if (c == '0') {
        spec.zero = true;
      } else if (c == '+') {
        spec.plus = true;
      } else if (c == '-') {
        spec.minus = true;
      } else if (c == ' ') {
        spec.space = true;
      } else {
        break;
      }
    }
    Index();
    if (at_ < format_.size() && format_[at_] == '*') {
      spec.width = Star("%!(BADWIDTH)");
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
        spec.zero = false;
      }
    } else {
      spec.width = Number();
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      Index();
      if (at_ < format_.size() && format_[at_] == '*') {
        spec.precision = Star("%!(BADPREC)");
        if (spec.precision && *spec.precision < 0) {
          spec.precision.reset();
          out_->Append("%!(BADPREC)");
        }
      } else {
        spec.precision = Number();
        if (!spec.precision) spec.precision = 0;
      }
    }
    Index();
    if (at_ >= format_.size()) {
      out_->Append("%!(NOVERB)");
      return;
    }
    Rune verb = DecodeRune(format_.substr(at_));
    std::string_view text = format_.substr(at_, verb.size);
    at_ += verb.size;
    if (verb.value == '%') {
      out_->Append('%');
      return;
    }
    if (!good_index_ || next_ >= args_.size()) {
      out_->Append("%!");
      out_->Append(text);
      out_->Append(good_index_ ? "(MISSING)" : "(BADINDEX)");
      return;
    }
    const Value& value = args_[next_++];
    char letter = verb.size == 1 ? text[0] : '\0';
    if (letter == 'T') {
      verbs_.Padded(spec, value.IsNothing() ? "<nil>" : TypeName(value, out_->run()->dialect()));
    } else if (!Format(spec, letter, value, 0)) {
      Complain(spec, text, value);
    }
  }

  void Complain(const VerbSpec& spec, std::string_view verb, const Value& value) {
    out_->Append("%!");
    out_->Append(verb);
    out_->Append('(');
    if (value.IsNothing()) {
      out_->Append("<nil>");
    } else {
      out_->Append(TypeName(value, out_->run()->dialect()));
      out_->Append('=');
      // Flags and width hold for the value here as well.
      if (!Format(spec, 'v', value, 0)) PrintV(value, out_);
    }
    out_->Append(')');
  }

  // False where the verb does not go with the value.
  bool Format(const VerbSpec& spec, char verb, const Value& value, int depth) {
    RunState* run = out_->run();
    if (depth > kMaxValueDepth) {
      run->Fail("values nested deeper than " + std::to_string(kMaxValueDepth) +
                " levels are not printed");
    }
    if (run->failed() || !run->Charge(1)) return true;
    switch (value.kind) {
      case Kind::kNone:
      case Kind::kNil:
        if (verb == 'v') verbs_.Padded(spec, "<nil>");
        return verb == 'v';
      case Kind::kBool:
        if (verb != 'v' && verb != 't') return false;
        verbs_.Padded(spec, value.b ? "true" : "false");
        return true;
      case Kind::kFloat:
        return verbs_.Float(spec, verb, value.f);
      case Kind::kString:
        return verbs_.Text(spec, verb, value.str());
      case Kind::kList:
      case Kind::kDict:
      case Kind::kData:
        Nested(spec, verb, value, depth);
        return true;
      case Kind::kTime:
      case Kind::kVersion:
        return Stringer(spec, verb, value);
      case Kind::kDuration:
      case Kind::kMonth:
      case Kind::kWeekday:
        return Stringer(spec, verb, value) || verbs_.Integer(spec, verb, value);
      default:
        return verbs_.Integer(spec, verb, value);
    }
  }

  bool Stringer(const VerbSpec& spec, char verb, const Value& value) {
    if (std::string_view("vsqxX").find(verb) == std::string_view::npos) return false;
    TextBuilder text(out_->run());
    PrintV(value, &text);
    return verbs_.Text(spec, verb, text.text());
  }

  void Nested(const VerbSpec& spec, char verb, const Value& value, int depth) {
    auto element = [&](const Value& item) {
      if (item.IsNothing() && verb != 'v') {
        verbs_.Padded(spec, "<nil>");
        return;
      }
      if (!Format(spec, verb, item, depth + 1)) {
        Complain(spec, std::string_view(&verb, verb == '\0' ? 0 : 1), item);
      }
    };
    if (value.kind == Kind::kList) {
      out_->Append('[');
      for (size_t i = 0; i < value.list->size && !out_->run()->failed(); ++i) {
        if (i > 0) out_->Append(' ');
        element(value.list->items[i]);
      }
      out_->Append(']');
      return;
    }
    const Dict* dict = out_->run()->AsDict(value);
    out_->Append("map[");
    for (size_t i = 0; i < dict->size && !out_->run()->failed(); ++i) {
      if (i > 0) out_->Append(' ');
      element(Value::Text(dict->entries[i].key));
      out_->Append(':');
      element(dict->entries[i].value);
    }
    out_->Append(']');
  }

  std::string_view format_;
  std::span<const Value> args_;
  TextBuilder* out_;
  VerbWriter verbs_;
  size_t at_ = 0, next_ = 0;
  bool reordered_ = false, good_index_ = true;
};

}  // namespace

void Printf(std::string_view format, std::span<const Value> args, TextBuilder* out) {
  Printer(format, args, out).Run();
}

}  // namespace glp::codec::tmpl
