// Lists. They are never changed: each function makes a new one.
#include <algorithm>
#include <bit>
#include <vector>

#include "codec/template_functions.h"
#include "codec/template_math.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

Value ListOf(const Call& call) {
  ListBuilder list(call.run, Elements::kAny);
  for (const Value& value : call.args) list.Add(value);
  return list.Finish();
}

// Nothing, and failed, where the value is no list.
const List* AsList(const Call& call, const Value& value, std::string_view what) {
  if (value.kind == Kind::kList) return value.list;
  call.Fail("cannot " + std::string(what) + " type " +
            std::string(value.IsNothing() ? "nil" : KindName(value)));
  return nullptr;
}

Value Copied(const Call& call, const List& list, size_t begin, size_t end, Elements elements) {
  ListBuilder out(call.run, elements);
  for (size_t i = begin; i < end; ++i) out.Add(list.items[i]);
  return out.Finish();
}

Value First(const Call& call) {
  const List* list = AsList(call, call[0], "find first on");
  return list == nullptr || list->size == 0 ? Value::Nil() : list->items[0];
}
Value Last(const Call& call) {
  const List* list = AsList(call, call[0], "find last on");
  return list == nullptr || list->size == 0 ? Value::Nil() : list->items[list->size - 1];
}
Value Rest(const Call& call) {
  const List* list = AsList(call, call[0], "find rest on");
  if (list == nullptr) return {};
  return Copied(call, *list, std::min<size_t>(1, list->size), list->size, Elements::kAny);
}
Value Initial(const Call& call) {
  const List* list = AsList(call, call[0], "find initial on");
  if (list == nullptr) return {};
  return Copied(call, *list, 0, list->size == 0 ? 0 : list->size - 1, Elements::kAny);
}

Value Append(const Call& call) {
  const List* list = AsList(call, call[0], "push on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  for (size_t i = 0; i < list->size; ++i) out.Add(list->items[i]);
  out.Add(call[1]);
  return out.Finish();
}
Value Prepend(const Call& call) {
  const List* list = AsList(call, call[0], "prepend on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  out.Add(call[1]);
  for (size_t i = 0; i < list->size; ++i) out.Add(list->items[i]);
  return out.Finish();
}

Value Concat(const Call& call) {
  ListBuilder out(call.run, Elements::kAny);
  for (const Value& value : call.args) {
    const List* list = AsList(call, value, "concat");
    if (list == nullptr) return {};
    for (size_t i = 0; i < list->size; ++i) out.Add(list->items[i]);
  }
  return out.Finish();
}

Value Reverse(const Call& call) {
  const List* list = AsList(call, call[0], "find reverse on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  for (size_t i = list->size; i-- > 0;) out.Add(list->items[i]);
  return out.Finish();
}

Value Compact(const Call& call) {
  const List* list = AsList(call, call[0], "compact on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  for (size_t i = 0; i < list->size; ++i) {
    if (IsTrue(list->items[i], call.run)) out.Add(list->items[i]);
  }
  return out.Finish();
}

bool Holds(const Call& call, const Value* items, size_t size, const Value& wanted) {
  for (size_t i = 0; i < size && !call.run->failed(); ++i) {
    if (DeepEqual(items[i], wanted, call.run)) return true;
  }
  return false;
}

Value Uniq(const Call& call) {
  const List* list = AsList(call, call[0], "find uniq on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  Value* seen = call.run->NewValues(list->size);
  if (seen == nullptr) return {};
  size_t count = 0;
  for (size_t i = 0; i < list->size && !call.run->failed(); ++i) {
    if (Holds(call, seen, count, list->items[i])) continue;
    seen[count++] = list->items[i];
    out.Add(list->items[i]);
  }
  return out.Finish();
}

Value Without(const Call& call) {
  const List* list = AsList(call, call[0], "find without on");
  if (list == nullptr) return {};
  ListBuilder out(call.run, Elements::kAny);
  for (size_t i = 0; i < list->size && !call.run->failed(); ++i) {
    if (!Holds(call, call.args.data() + 1, call.size() - 1, list->items[i])) {
      out.Add(list->items[i]);
    }
  }
  return out.Finish();
}

Value Has(const Call& call) {
  if (call[1].IsNothing()) return Value::Bool(false);
  const List* list = AsList(call, call[1], "find has on");
  if (list == nullptr) return {};
  return Value::Bool(Holds(call, list->items, list->size, call[0]));
}

Value Slice(const Call& call) {
  const List* list = AsList(call, call[0], "slice");
  if (list == nullptr) return {};
  if (list->size == 0) return Value::Nil();
  int64_t size = static_cast<int64_t>(list->size), at[2] = {0, size};
  for (size_t i = 1; i < std::min<size_t>(call.size(), 3); ++i) {
    at[i - 1] = ToInt64(call[i], call.run->dialect());
  }
  if (at[0] < 0 || at[0] > at[1] || at[1] > size) {
    return call.Fail("slice index out of bounds: " + std::to_string(at[0]) + ":" +
                     std::to_string(at[1]) + " of " + std::to_string(size));
  }
  return Copied(call, *list, static_cast<size_t>(at[0]), static_cast<size_t>(at[1]),
                list->elements);
}

Value Chunk(const Call& call) {
  const List* list = AsList(call, call[1], "chunk");
  if (list == nullptr) return {};
  if (call[0].i < 1) return call.Fail("a chunk has at least one element");
  ListBuilder out(call.run, Elements::kList);
  size_t step = static_cast<size_t>(call[0].i);
  for (size_t begin = 0; begin < list->size && !call.run->failed();) {
    size_t end = step > list->size - begin ? list->size : begin + step;
    out.Add(Copied(call, *list, begin, end, Elements::kAny));
    begin = end;
  }
  return out.Finish();
}

// The elements as texts; without those that are nothing. One value that is no list is one text.
std::vector<std::string_view> Texts(const Call& call, const Value& value) {
  std::vector<std::string_view> out;
  if (value.IsNothing()) return out;
  if (value.kind != Kind::kList) {
    out.push_back(TextOf(call.run, value));
    return out;
  }
  for (size_t i = 0; i < value.list->size && !call.run->failed(); ++i) {
    const Value& item = value.list->items[i];
    if (item.IsNothing()) continue;
    out.push_back(TextOf(call.run, item));
    call.run->Charge(out.back().size() / 64);
  }
  return out;
}

Value TextList(const Call& call, const std::vector<std::string_view>& texts) {
  ListBuilder out(call.run, Elements::kString);
  for (std::string_view text : texts) out.Add(Value::Text(text));
  return out.Finish();
}

Value ToStrings(const Call& call) { return TextList(call, Texts(call, call[0])); }

Value SortAlpha(const Call& call) {
  std::vector<std::string_view> texts = Texts(call, call[0]);
  // Texts that begin alike are compared to their ends, each of them log n times.
  uint64_t work = texts.size();
  for (std::string_view text : texts) work += text.size() / 64;
  if (!call.run->Charge(work * static_cast<uint64_t>(std::bit_width(texts.size())))) return {};
  std::sort(texts.begin(), texts.end());
  return TextList(call, texts);
}

Value Join(const Call& call) {
  TextBuilder out(call.run);
  bool first = true;
  for (std::string_view text : Texts(call, call[1])) {
    if (!first) out.Append(call.str(0));
    first = false;
    out.Append(text);
  }
  return out.Finish();
}

Value SplitList(const Call& call) {
  ListBuilder out(call.run, Elements::kString);
  SplitText(call.str(1), call.str(0), -1,
            [&](std::string_view part) { out.Add(Value::Text(part)); });
  return out.Finish();
}

// {_0: first, _1: second, …}
Value SplitDict(const Call& call, std::string_view text, int64_t limit) {
  Dict* dict = call.run->NewDict(Elements::kString);
  int64_t i = 0;
  if (limit != 0) {
    SplitText(text, call.str(0), limit, [&](std::string_view part) {
      if (call.run->failed()) return;
      call.run->Set(dict, call.run->Copy("_" + std::to_string(i++)).str(), Value::Text(part));
    });
  }
  return Value::Of(dict);
}
Value Split(const Call& call) { return SplitDict(call, call.str(1), -1); }
Value Splitn(const Call& call) { return SplitDict(call, call.str(2), call[1].i); }

constexpr Function kFunctions[] = {
    {"append", "aa", Append},      {"chunk", "ia", Chunk},         {"compact", "a", Compact},
    {"concat", "a*", Concat},      {"first", "a", First},          {"has", "aa", Has},
    {"initial", "a", Initial},     {"join", "sa", Join},           {"last", "a", Last},
    {"list", "a*", ListOf},        {"mustAppend", "aa", Append},   {"mustChunk", "ia", Chunk},
    {"mustCompact", "a", Compact}, {"mustFirst", "a", First},      {"mustHas", "aa", Has},
    {"mustInitial", "a", Initial}, {"mustLast", "a", Last},        {"mustPrepend", "aa", Prepend},
    {"mustPush", "aa", Append},    {"mustRest", "a", Rest},        {"mustReverse", "a", Reverse},
    {"mustSlice", "aa*", Slice},   {"mustUniq", "a", Uniq},        {"mustWithout", "aa*", Without},
    {"prepend", "aa", Prepend},    {"push", "aa", Append},         {"rest", "a", Rest},
    {"reverse", "a", Reverse},     {"slice", "aa*", Slice},        {"sortAlpha", "a", SortAlpha},
    {"split", "ss", Split},        {"splitList", "ss", SplitList}, {"splitn", "sis", Splitn},
    {"toStrings", "a", ToStrings}, {"tuple", "a*", ListOf},        {"uniq", "a", Uniq},
    {"without", "aa*", Without},
};

}  // namespace

Functions ListFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
