// The functions of JMESPath.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "codec/go_number.h"
#include "codec/jmespath_ast.h"

namespace glp::codec {
namespace {

using Kind = JsonNode::Kind;
using Call = const JmesCall&;

bool Give(Call call, const JsonNode& value) {
  *call.out = value;
  return true;
}
bool GiveNumber(Call call, double value) { return Give(call, JsonNode::Number(value)); }
bool GiveBool(Call call, bool value) { return Give(call, JsonNode::Bool(value)); }
bool GiveText(Call call, std::string_view text) { return Give(call, JsonNode::Text(text)); }

bool AllAre(const JsonNode& list, Kind kind) {
  if (!list.is(Kind::kArray)) return false;
  return std::all_of(list.begin(), list.end(),
                     [kind](const JsonMember& member) { return member.value.is(kind); });
}

// Numbers (a NaN first) or texts in their order.
bool Less(const JsonNode& a, const JsonNode& b) {
  if (a.is(Kind::kString)) return a.text < b.text;
  if (std::isnan(a.number) || std::isnan(b.number)) {
    return std::isnan(a.number) && !std::isnan(b.number);
  }
  return a.number < b.number;
}

bool Abs(Call call) { return GiveNumber(call, std::fabs(call.arg(0).number)); }
bool Ceil(Call call) { return GiveNumber(call, std::ceil(call.arg(0).number)); }
bool Floor(Call call) { return GiveNumber(call, std::floor(call.arg(0).number)); }

double SumOf(const JsonNode& list) {
  double sum = 0;
  for (const JsonMember& member : list) sum += member.value.number;
  return sum;
}
bool Sum(Call call) { return GiveNumber(call, SumOf(call.arg(0))); }
// Of no numbers: not a number, as go-jmespath divides.
bool Avg(Call call) { return GiveNumber(call, SumOf(call.arg(0)) / call.arg(0).count); }

bool Contains(Call call) {
  const JsonNode where = call.arg(0), what = call.arg(1);
  if (where.is(Kind::kString)) {
    return GiveBool(call,
                    what.is(Kind::kString) && where.text.find(what.text) != std::string_view::npos);
  }
  return GiveBool(call, std::any_of(where.begin(), where.end(), [&](const JsonMember& member) {
                    return JsonEqual(member.value, what);
                  }));
}
bool StartsWith(Call call) {
  return GiveBool(call, call.arg(0).text.starts_with(call.arg(1).text));
}
bool EndsWith(Call call) { return GiveBool(call, call.arg(0).text.ends_with(call.arg(1).text)); }

bool Length(Call call) {
  const JsonNode value = call.arg(0);
  if (!value.is(Kind::kString)) return GiveNumber(call, value.count);
  return GiveNumber(call,
                    static_cast<double>(std::count_if(value.text.begin(), value.text.end(),
                                                      [](char c) { return (c & 0xC0) != 0x80; })));
}

bool Join(Call call) {
  const JsonNode separator = call.arg(0), list = call.arg(1);
  size_t size = 0;
  for (const JsonMember& member : list) size += member.value.text.size() + separator.text.size();
  if (size > kMaxJsonBytes) return call.Fail("makes a text of more than 128 MiB");
  char* const text = call.arena().Bytes(size);
  char* end = text;
  const auto put = [&end](std::string_view piece) {
    if (!piece.empty()) std::memcpy(end, piece.data(), piece.size());
    end += piece.size();
  };
  for (uint32_t i = 0; i < list.count; ++i) {
    if (i > 0) put(separator.text);
    put(list.members[i].value.text);
  }
  return GiveText(call, {text, static_cast<size_t>(end - text)});
}

bool Keys(Call call) {
  const JsonNode object = call.arg(0);
  const size_t first = call.stack().size();
  for (const JsonMember& member : object) {
    if (!call.Push(JsonNode::Text(member.key))) return false;
  }
  call.Collect(first, Kind::kArray);
  return true;
}

bool Values(Call call) {
  const JsonNode object = call.arg(0);
  const size_t first = call.stack().size();
  for (const JsonMember& member : object) {
    if (!call.Push(member.value)) return false;
  }
  call.Collect(first, Kind::kArray);
  return true;
}

bool Map(Call call) {
  const JsonNode list = call.arg(1);
  const size_t first = call.stack().size();
  for (const JsonMember& member : list) {
    JsonNode value;
    if (!call.EvalReference(0, member.value, &value) || !call.Push(value)) return false;
  }
  call.Collect(first, Kind::kArray);
  return true;
}

// The least one, or the greatest.
bool Extreme(Call call, bool greatest) {
  const JsonNode list = call.arg(0);
  for (const JsonMember& member : list) {
    const JsonNode& value = member.value;
    if (call.out->is(Kind::kNull) || (greatest ? Less(*call.out, value) : Less(value, *call.out))) {
      *call.out = value;
    }
  }
  return true;
}
bool Max(Call call) { return Extreme(call, true); }
bool Min(Call call) { return Extreme(call, false); }

// What the reference gives for each element, which must be texts or numbers throughout.
bool KeysOf(Call call, const JsonNode& list, std::vector<JsonNode>* keys) {
  keys->reserve(list.count);
  for (const JsonMember& member : list) {
    JsonNode key;
    if (!call.EvalReference(1, member.value, &key)) return false;
    const bool ok = keys->empty() ? key.is(Kind::kNumber) || key.is(Kind::kString)
                                  : key.kind == (*keys)[0].kind;
    if (!ok) return call.Fail("what it compares must be numbers or texts throughout");
    keys->push_back(key);
  }
  return true;
}

bool ExtremeBy(Call call, bool greatest) {
  const JsonNode list = call.arg(0);
  if (list.count == 1) return Give(call, list.members[0].value);
  std::vector<JsonNode> keys;
  if (!KeysOf(call, list, &keys)) return false;
  size_t best = 0;
  for (size_t i = 1; i < keys.size(); ++i) {
    if (greatest ? Less(keys[best], keys[i]) : Less(keys[i], keys[best])) best = i;
  }
  return list.count == 0 || Give(call, list.members[best].value);
}
bool MaxBy(Call call) { return ExtremeBy(call, true); }
bool MinBy(Call call) { return ExtremeBy(call, false); }

bool Sort(Call call) {
  const JsonNode list = call.arg(0);
  std::vector<JsonMember> sorted(list.begin(), list.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const JsonMember& a, const JsonMember& b) { return Less(a.value, b.value); });
  return Give(call, JsonNode::Container(
                        Kind::kArray, call.arena().Copy(sorted.data(), sorted.size()), list.count));
}

bool SortBy(Call call) {
  const JsonNode list = call.arg(0);
  if (list.count < 2) return Give(call, list);
  std::vector<JsonNode> keys;
  if (!KeysOf(call, list, &keys)) return false;
  std::vector<uint32_t> order(list.count);
  for (uint32_t i = 0; i < list.count; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&keys](uint32_t a, uint32_t b) { return Less(keys[a], keys[b]); });
  const size_t first = call.stack().size();
  for (const uint32_t i : order) {
    if (!call.Push(list.members[i].value)) return false;
  }
  call.Collect(first, Kind::kArray);
  return true;
}

bool Merge(Call call) {
  std::vector<JsonMember> merged;
  for (size_t i = 0; i < call.count(); ++i) {
    const JsonNode object = call.arg(i);
    merged.insert(merged.end(), object.begin(), object.end());
  }
  const size_t count = DropEarlierKeys(merged.data(), merged.size());
  return Give(call,
              JsonNode::Container(Kind::kObject, call.arena().Copy(merged.data(), count), count));
}

bool NotNull(Call call) {
  for (size_t i = 0; i < call.count(); ++i) {
    if (!call.arg(i).is(Kind::kNull)) return Give(call, call.arg(i));
  }
  return true;
}

bool Reverse(Call call) {
  const JsonNode value = call.arg(0);
  if (value.is(Kind::kArray)) {
    const size_t first = call.stack().size();
    for (uint32_t i = value.count; i > 0; --i) {
      if (!call.Push(value.members[i - 1].value)) return false;
    }
    call.Collect(first, Kind::kArray);
    return true;
  }
  // Character by character.
  char* const text = call.arena().Bytes(value.text.size());
  char* end = text;
  size_t stop = value.text.size();
  while (stop > 0) {
    size_t start = stop - 1;
    while (start > 0 && stop - start < 4 && (value.text[start] & 0xC0) == 0x80) --start;
    std::memcpy(end, value.text.data() + start, stop - start);
    end += stop - start;
    stop = start;
  }
  return GiveText(call, {text, value.text.size()});
}

bool ToArray(Call call) {
  const JsonNode value = call.arg(0);
  if (value.is(Kind::kArray)) return Give(call, value);
  const size_t first = call.stack().size();
  if (!call.Push(value)) return false;
  call.Collect(first, Kind::kArray);
  return true;
}

bool ToString(Call call) {
  const JsonNode value = call.arg(0);
  if (value.is(Kind::kString)) return Give(call, value);
  const JsonForm form =
      call.form() == JsonForm::kAsWritten ? JsonForm::kAsWritten : JsonForm::kGoSorted;
  std::string text;
  if (!AppendJson(value, form, &text)) return call.Fail("a number that JSON has no form for");
  return GiveText(call, call.arena().Copy(text));
}

bool ToNumber(Call call) {
  const JsonNode value = call.arg(0);
  if (value.is(Kind::kNumber)) return Give(call, value);
  if (!value.is(Kind::kString)) return true;
  const auto number = ParseGoFloat(value.text);
  return !number || GiveNumber(call, *number);
}

bool Type(Call call) {
  switch (call.arg(0).kind) {
    case Kind::kNull:
      return GiveText(call, "null");
    case Kind::kFalse:
    case Kind::kTrue:
      return GiveText(call, "boolean");
    case Kind::kNumber:
      return GiveText(call, "number");
    case Kind::kString:
      return GiveText(call, "string");
    case Kind::kArray:
      return GiveText(call, "array");
    case Kind::kObject:
      return GiveText(call, "object");
  }
  return true;
}

constexpr JmesFunction kFunctions[] = {
    {"abs", "n", false, Abs},
    {"avg", "N", false, Avg},
    {"ceil", "n", false, Ceil},
    {"contains", "ls,a", false, Contains},
    {"ends_with", "s,s", false, EndsWith},
    {"floor", "n", false, Floor},
    {"join", "s,S", false, Join},
    {"keys", "o", false, Keys},
    {"length", "slo", false, Length},
    {"map", "&,l", false, Map},
    {"max", "NS", false, Max},
    {"max_by", "l,&", false, MaxBy},
    {"merge", "o", true, Merge},
    {"min", "NS", false, Min},
    {"min_by", "l,&", false, MinBy},
    {"not_null", "a", true, NotNull},
    {"reverse", "ls", false, Reverse},
    {"sort", "NS", false, Sort},
    {"sort_by", "l,&", false, SortBy},
    {"starts_with", "s,s", false, StartsWith},
    {"sum", "N", false, Sum},
    {"to_array", "a", false, ToArray},
    {"to_number", "a", false, ToNumber},
    {"to_string", "a", false, ToString},
    {"type", "a", false, Type},
    {"values", "o", false, Values},
};

bool Fits(const JsonNode& value, bool is_reference, char kind) {
  if (kind == '&' || is_reference) return kind == '&' && is_reference;
  switch (kind) {
    case 'a':
      return true;
    case 's':
      return value.is(Kind::kString);
    case 'n':
      return value.is(Kind::kNumber);
    case 'l':
      return value.is(Kind::kArray);
    case 'o':
      return value.is(Kind::kObject);
    case 'N':
      return AllAre(value, Kind::kNumber);
    case 'S':
      return AllAre(value, Kind::kString);
    default:
      return false;
  }
}

std::string Describe(std::string_view kinds) {
  std::string out;
  for (const char kind : kinds) {
    if (!out.empty()) out += " or ";
    out += kind == 's'   ? "a text"
           : kind == 'n' ? "a number"
           : kind == 'l' ? "an array"
           : kind == 'o' ? "an object"
           : kind == 'N' ? "an array of numbers"
           : kind == 'S' ? "an array of texts"
           : kind == '&' ? "an &expression"
                         : "a value";
  }
  return out;
}

std::string_view NameOf(const JsonNode& value) {
  constexpr std::string_view kNames[] = {"null",   "false",    "true",     "a number",
                                         "a text", "an array", "an object"};
  return kNames[static_cast<size_t>(value.kind)];
}

}  // namespace

size_t JmesFunction::argument_count() const {
  return 1 + static_cast<size_t>(std::count(arguments.begin(), arguments.end(), ','));
}

const JmesFunction* FindJmesFunction(std::string_view name) {
  for (const JmesFunction& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string> JmesFunctionNames() {
  std::vector<std::string> names;
  for (const JmesFunction& function : kFunctions) names.emplace_back(function.name);
  return names;
}

bool JmesCall::Fail(std::string_view why) const {
  return search.Fail(ast.name + ": " + std::string(why));
}

bool JmesCall::Wrong(size_t i, std::string_view expected) const {
  const bool is_reference = ast.children[i].kind == JmesAst::Kind::kReference;
  return Fail("argument " + std::to_string(i + 1) + ": expected " + Describe(expected) + ", not " +
              std::string(is_reference ? "an &expression" : NameOf(arg(i))));
}

bool CheckJmesArguments(const JmesFunction& function, const JmesCall& call) {
  const size_t want = function.argument_count();
  if (function.is_variadic ? call.count() < want : call.count() != want) {
    return call.Fail("takes " + std::to_string(want) + " arguments, not " +
                     std::to_string(call.count()));
  }
  std::string_view rest = function.arguments;
  for (size_t i = 0; i < call.count(); ++i) {
    const std::string_view kinds = rest.substr(0, rest.find(','));
    if (kinds.size() < rest.size()) rest.remove_prefix(kinds.size() + 1);
    const bool is_reference = call.ast.children[i].kind == JmesAst::Kind::kReference;
    const JsonNode value = call.arg(i);
    if (!std::any_of(kinds.begin(), kinds.end(),
                     [&](char kind) { return Fits(value, is_reference, kind); })) {
      return call.Wrong(i, kinds);
    }
  }
  return true;
}

}  // namespace glp::codec
