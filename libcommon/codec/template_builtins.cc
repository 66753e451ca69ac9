// Go's own functions of text/template; and and or, which stop early, are the executor's.
#include <cstdio>

#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_print.h"
#include "codec/template_url.h"

namespace glp::codec::tmpl {
namespace {

// Go's words for values that can be compared by their kind.
enum class Basic : uint8_t { kInvalid, kBool, kInt, kUint, kFloat, kString, kOther };

Basic BasicOf(const Value& value) {
  if (value.IsSigned()) return Basic::kInt;
  if (value.IsUnsigned()) return Basic::kUint;
  switch (value.kind) {
    case Kind::kNone:
    case Kind::kNil:
      return Basic::kInvalid;
    case Kind::kBool:
      return Basic::kBool;
    case Kind::kFloat:
      return Basic::kFloat;
    case Kind::kString:
      return Basic::kString;
    default:
      return Basic::kOther;
  }
}

Value Incompatible(const Call& call, const Value& a, const Value& b) {
  return call.Fail(
      "incompatible types for comparison: " + std::string(TypeName(a, call.run->dialect())) +
      " and " + std::string(TypeName(b, call.run->dialect())));
}

bool Equal(const Call& call, const Value& a, const Value& b) {
  Basic x = BasicOf(a), y = BasicOf(b);
  if (x != y) {
    if (x == Basic::kInt && y == Basic::kUint) return a.i >= 0 && a.u == b.u;
    if (x == Basic::kUint && y == Basic::kInt) return b.i >= 0 && a.u == b.u;
    if (x != Basic::kInvalid && y != Basic::kInvalid) Incompatible(call, a, b);
    return false;
  }
  switch (x) {
    case Basic::kInvalid:
      return true;
    case Basic::kBool:
      return a.b == b.b;
    case Basic::kInt:
    case Basic::kUint:
      return a.i == b.i;
    case Basic::kFloat:
      return a.f == b.f;
    case Basic::kString:
      return a.str() == b.str();
    case Basic::kOther:
      break;
  }
  if (a.kind == Kind::kTime && b.kind == Kind::kTime) return DeepEqual(a, b, call.run);
  if (a.kind == Kind::kVersion && b.kind == Kind::kVersion) return a.version == b.version;
  const Value& bad = a.kind == Kind::kTime || a.kind == Kind::kVersion ? b : a;
  call.Fail("non-comparable type " + std::string(TypeName(bad, call.run->dialect())));
  return false;
}

bool Less(const Call& call, const Value& a, const Value& b) {
  Basic x = BasicOf(a), y = BasicOf(b);
  for (Basic basic : {x, y}) {
    if (basic == Basic::kInvalid || basic == Basic::kOther) {
      call.Fail("invalid type for comparison");
      return false;
    }
  }
  if (x != y) {
    if (x == Basic::kInt && y == Basic::kUint) return a.i < 0 || a.u < b.u;
    if (x == Basic::kUint && y == Basic::kInt) return b.i >= 0 && a.u < b.u;
    Incompatible(call, a, b);
    return false;
  }
  switch (x) {
    case Basic::kInt:
      return a.i < b.i;
    case Basic::kUint:
      return a.u < b.u;
    case Basic::kFloat:
      return a.f < b.f;
    case Basic::kString:
      return a.str() < b.str();
    default:
      call.Fail("invalid type for comparison");
      return false;
  }
}

Value Eq(const Call& call) {
  if (call.size() < 2) return call.Fail("missing argument for comparison");
  for (size_t i = 1; i < call.size(); ++i) {
    if (Equal(call, call[0], call[i]) && !call.run->failed()) return Value::Bool(true);
    if (call.run->failed()) break;
  }
  return Value::Bool(false);
}
Value Ne(const Call& call) { return Value::Bool(!Equal(call, call[0], call[1])); }
Value Lt(const Call& call) { return Value::Bool(Less(call, call[0], call[1])); }
bool LessOrEqual(const Call& call) {
  return Less(call, call[0], call[1]) || (!call.run->failed() && Equal(call, call[0], call[1]));
}
Value Le(const Call& call) { return Value::Bool(LessOrEqual(call)); }
Value Gt(const Call& call) { return Value::Bool(!LessOrEqual(call)); }
Value Ge(const Call& call) { return Value::Bool(!Less(call, call[0], call[1])); }

Value Not(const Call& call) { return Value::Bool(!IsTrue(call[0], call.run)); }

Value Len(const Call& call) {
  int64_t length = Length(call[0], call.run);
  if (call[0].IsNothing()) return call.Fail("len of nil pointer");
  if (length < 0) {
    return call.Fail("len of type " + std::string(TypeName(call[0], call.run->dialect())));
  }
  return Value::Int(length);
}

// False, and failed, where `value` is no index into `length` things.
bool IndexOf(const Call& call, const Value& value, int64_t length, int64_t* index) {
  if (!value.IsSigned() && !value.IsUnsigned()) {
    call.Fail(
        "cannot index slice/array with " +
        (value.IsNothing() ? "nil" : "type " + std::string(TypeName(value, call.run->dialect()))));
    return false;
  }
  *index = value.i;
  if (value.i >= 0 && value.i < length) return true;
  call.Fail("index out of range: " + std::to_string(value.i));
  return false;
}

Value Index(const Call& call) {
  Value item = call[0];
  if (item.IsNothing()) return call.Fail("index of untyped nil");
  bool loki = call.run->dialect() == TemplateDialect::kLoki;
  for (size_t i = 1; i < call.size(); ++i) {
    const Value& index = call[i];
    if (item.IsNothing()) return call.Fail("index of nil pointer");
    int64_t at = 0;
    if (item.kind == Kind::kString) {
      if (!IndexOf(call, index, static_cast<int64_t>(item.size), &at)) return {};
      item = Value::Integer(Kind::kUint8, static_cast<uint8_t>(item.text[at]));
    } else if (item.kind == Kind::kList) {
      if (!IndexOf(call, index, static_cast<int64_t>(item.list->size), &at)) return {};
      item = item.list->items[at];
    } else if (item.kind == Kind::kDict || item.kind == Kind::kData) {
      if (index.kind != Kind::kString) {
        return call.Fail("value has type " + std::string(TypeName(index, call.run->dialect())) +
                         "; should be string");
      }
      bool text = item.kind == Kind::kData ? loki : item.dict->elements == Elements::kString;
      Value found;
      if (item.kind == Kind::kData) {
        found = call.run->DataField(index.str());
      } else if (const Value* value = item.dict->Find(index.str())) {
        found = *value;
      }
      if (found.kind == Kind::kNone) found = text ? Value::Text("") : Value::Nil();
      item = found;
    } else {
      return call.Fail("can't index item of type " +
                       std::string(TypeName(item, call.run->dialect())));
    }
  }
  return item;
}

Value Slice(const Call& call) {
  const Value& item = call[0];
  if (item.IsNothing()) return call.Fail("slice of untyped nil");
  if (call.size() > 4)
    return call.Fail("too many slice indexes: " + std::to_string(call.size() - 1));
  if (item.kind != Kind::kString && item.kind != Kind::kList) {
    return call.Fail("can't slice item of type " +
                     std::string(TypeName(item, call.run->dialect())));
  }
  if (item.kind == Kind::kString && call.size() == 4) {
    return call.Fail("cannot 3-index slice a string");
  }
  int64_t length = Length(item, call.run), at[3] = {0, length, length};
  for (size_t i = 1; i < call.size(); ++i) {
    // An index behind the last one is where a slice may end.
    if (!IndexOf(call, call[i], length + 1, &at[i - 1])) return {};
  }
  if (at[0] > at[1] || at[1] > at[2]) {
    int64_t low = at[0] > at[1] ? at[0] : at[1], high = at[0] > at[1] ? at[1] : at[2];
    return call.Fail("invalid slice index: " + std::to_string(low) + " > " + std::to_string(high));
  }
  size_t begin = static_cast<size_t>(at[0]), size = static_cast<size_t>(at[1] - at[0]);
  if (item.kind == Kind::kString) return Value::Text(item.str().substr(begin, size));
  ListBuilder list(call.run, item.list->elements);
  for (size_t i = 0; i < size; ++i) list.Add(item.list->items[begin + i]);
  return list.Finish();
}

Value Print(const Call& call) {
  TextBuilder out(call.run);
  Sprint(call.args, &out);
  return out.Finish();
}

Value Println(const Call& call) {
  TextBuilder out(call.run);
  for (size_t i = 0; i < call.size(); ++i) {
    if (i > 0) out.Append(' ');
    PrintV(call[i], &out);
  }
  out.Append('\n');
  return out.Finish();
}

Value PrintfFunction(const Call& call) {
  TextBuilder out(call.run);
  Printf(call.str(0), call.args.subspan(1), &out);
  return out.Finish();
}

// What html, js and urlquery escape: their arguments printed, <no value> for nothing.
std::string_view Printed(const Call& call, TextBuilder* text) {
  if (call.size() == 1 && call[0].kind == Kind::kString) return call.str(0);
  for (size_t i = 0; i < call.size(); ++i) {
    if (i > 0 && call[i].kind != Kind::kString && call[i - 1].kind != Kind::kString) {
      text->Append(' ');
    }
    PrintValue(call[i], text);
  }
  return text->text();
}

Value Html(const Call& call) {
  TextBuilder text(call.run), out(call.run);
  for (char c : Printed(call, &text)) {
    switch (c) {
      case '\0':
        out.Append("\xEF\xBF\xBD");
        break;
      case '"':
        out.Append("&#34;");
        break;
      case '\'':
        out.Append("&#39;");
        break;
      case '&':
        out.Append("&amp;");
        break;
      case '<':
        out.Append("&lt;");
        break;
      case '>':
        out.Append("&gt;");
        break;
      default:
        out.Append(c);
        break;
    }
  }
  return out.Finish();
}

Value Js(const Call& call) {
  TextBuilder text(call.run), out(call.run);
  std::string_view rest = Printed(call, &text);
  constexpr char kHex[] = "0123456789ABCDEF";
  while (!rest.empty()) {
    Rune rune = DecodeRune(rest);
    std::string_view bytes = rest.substr(0, rune.size);
    rest.remove_prefix(rune.size);
    uint32_t c = rune.value;
    if (c == '\\' || c == '\'' || c == '"') {
      out.Append('\\');
      out.Append(bytes);
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == '=') {
      out.Append("\\u00");
      out.Append(kHex[c >> 4]);
      out.Append(kHex[c & 15]);
    } else if (c >= 0x80 && !IsPrint(c)) {
      char code[16];
      int size = std::snprintf(code, sizeof code, "\\u%04X", c);
      out.Append(std::string_view(code, static_cast<size_t>(size)));
    } else {
      out.Append(bytes);
    }
  }
  return out.Finish();
}

Value UrlQuery(const Call& call) {
  TextBuilder text(call.run), out(call.run);
  AppendQueryEscaped(Printed(call, &text), &out);
  return out.Finish();
}

Value CallNothing(const Call& call) {
  if (call[0].IsNothing()) return call.Fail("call of nil");
  return call.Fail("non-function of type " + std::string(TypeName(call[0], call.run->dialect())));
}

Value NeverRun(const Call&) { return {}; }

constexpr Function kFunctions[] = {
    {"and", "vv*", NeverRun, Function::Special::kAnd},
    {"call", "vv*", CallNothing},
    {"eq", "vv*", Eq},
    {"ge", "vv", Ge},
    {"gt", "vv", Gt},
    {"html", "a*", Html},
    {"index", "vv*", Index},
    {"js", "a*", Js},
    {"le", "vv", Le},
    {"len", "v", Len},
    {"lt", "vv", Lt},
    {"ne", "vv", Ne},
    {"not", "v", Not},
    {"or", "vv*", NeverRun, Function::Special::kOr},
    {"print", "a*", Print},
    {"printf", "sa*", PrintfFunction},
    {"println", "a*", Println},
    {"slice", "vv*", Slice},
    {"urlquery", "a*", UrlQuery},
};

}  // namespace

Functions Builtins() { return kFunctions; }

}  // namespace glp::codec::tmpl
