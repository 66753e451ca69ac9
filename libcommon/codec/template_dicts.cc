// Dicts. set, unset and the merges change the one they are given, as sprig's do.
#include <algorithm>

#include "codec/template_functions.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

Value DictFunction(const Call& call) {
  Dict* dict = call.run->NewDict();
  for (size_t i = 0; i < call.size(); i += 2) {
    std::string_view key = TextOf(call.run, call[i]);
    call.run->Set(dict, key, i + 1 < call.size() ? call[i + 1] : Value::Text(""));
  }
  return Value::Of(dict);
}

// The dict that an argument is; an empty one for nil.
Dict* DictAt(const Call& call, size_t i) {
  Dict* dict = call.run->AsDict(call[i]);
  return dict != nullptr ? dict : call.run->NewDict();
}

Value Get(const Call& call) {
  const Value* value = DictAt(call, 0)->Find(call.str(1));
  return value == nullptr ? Value::Text("") : *value;
}

Value Set(const Call& call) {
  if (call[0].IsNothing()) return call.Fail("assignment to entry in nil map");
  call.run->Set(DictAt(call, 0), call.str(1), call[2]);
  return call[0];
}

Value Unset(const Call& call) {
  Dict* dict = DictAt(call, 0);
  if (const Value* value = dict->Find(call.str(1))) {
    DictEntry* at = dict->entries;
    while (&at->value != value) ++at;
    std::copy(at + 1, dict->entries + dict->size, at);
    --dict->size;
  }
  return call[0];
}

Value HasKey(const Call& call) {
  return Value::Bool(DictAt(call, 0)->Find(call.str(1)) != nullptr);
}

Value Pluck(const Call& call) {
  ListBuilder out(call.run, Elements::kAny);
  for (size_t i = 1; i < call.size(); ++i) {
    if (const Value* value = DictAt(call, i)->Find(call.str(0))) out.Add(*value);
  }
  return out.Finish();
}

Value Keys(const Call& call) {
  ListBuilder out(call.run, Elements::kString);
  for (size_t i = 0; i < call.size(); ++i) {
    const Dict* dict = DictAt(call, i);
    for (size_t k = 0; k < dict->size; ++k) out.Add(Value::Text(dict->entries[k].key));
  }
  return out.Finish();
}

Value Values(const Call& call) {
  ListBuilder out(call.run, Elements::kAny);
  const Dict* dict = DictAt(call, 0);
  for (size_t k = 0; k < dict->size; ++k) out.Add(dict->entries[k].value);
  return out.Finish();
}

bool IsNamed(const Call& call, std::string_view key) {
  for (size_t i = 1; i < call.size(); ++i) {
    if (call.str(i) == key) return true;
  }
  return false;
}

Value Picked(const Call& call, bool named) {
  const Dict* dict = DictAt(call, 0);
  Dict* out = call.run->NewDict();
  for (size_t k = 0; k < dict->size && call.run->Charge(call.size()); ++k) {
    const DictEntry& entry = dict->entries[k];
    if (IsNamed(call, entry.key) == named) call.run->Set(out, entry.key, entry.value);
  }
  return Value::Of(out);
}
Value Pick(const Call& call) { return Picked(call, true); }
Value Omit(const Call& call) { return Picked(call, false); }

bool TooDeep(const Call& call, int depth, std::string_view what) {
  if (depth > kMaxValueDepth) {
    call.Fail("values nested deeper than " + std::to_string(kMaxValueDepth) + " levels are not " +
              std::string(what));
  }
  return call.run->failed();
}

// Entries of `from` that `into` has not, or has empty; dicts in both are merged themselves.
void MergeInto(const Call& call, Dict* into, const Dict& from, bool overwrite, int depth) {
  if (TooDeep(call, depth, "merged") || into == &from) return;
  for (size_t k = 0; k < from.size && call.run->Charge(1); ++k) {
    const DictEntry& entry = from.entries[k];
    const Value* own = into->Find(entry.key);
    if (own != nullptr && own->kind == Kind::kDict && entry.value.kind == Kind::kDict) {
      MergeInto(call, own->dict, *entry.value.dict, overwrite, depth + 1);
    } else if (own == nullptr || !IsTrue(*own, call.run) ||
               (overwrite && IsTrue(entry.value, call.run))) {
      call.run->Set(into, entry.key, entry.value);
    }
  }
}

Value Merged(const Call& call, bool overwrite) {
  if (call[0].IsNothing()) return call.Fail("there is no dict to merge into");
  for (size_t i = 1; i < call.size(); ++i) {
    MergeInto(call, DictAt(call, 0), *DictAt(call, i), overwrite, 0);
  }
  return call[0];
}
Value Merge(const Call& call) { return Merged(call, false); }
Value MergeOverwrite(const Call& call) { return Merged(call, true); }

Value Copied(const Call& call, const Value& value, int depth) {
  if (TooDeep(call, depth, "copied") || !call.run->Charge(1)) return {};
  if (value.kind == Kind::kList) {
    ListBuilder out(call.run, value.list->elements);
    for (size_t i = 0; i < value.list->size && !call.run->failed(); ++i) {
      out.Add(Copied(call, value.list->items[i], depth + 1));
    }
    return out.Finish();
  }
  const Dict* dict = call.run->AsDict(value);
  if (dict == nullptr) return value;
  Dict* out = call.run->NewDict(dict->elements);
  for (size_t k = 0; k < dict->size && !call.run->failed(); ++k) {
    call.run->Set(out, dict->entries[k].key, Copied(call, dict->entries[k].value, depth + 1));
  }
  return Value::Of(out);
}
Value DeepCopy(const Call& call) { return Copied(call, call[0], 0); }

// dig "a" "b" default dict
Value Dig(const Call& call) {
  if (call.size() < 3) return call.Fail("dig needs at least three arguments");
  Value at = call[call.size() - 1];
  for (size_t i = 0; i + 2 < call.size(); ++i) {
    const Dict* dict = call.run->AsDict(at);
    if (dict == nullptr || call[i].kind != Kind::kString) {
      return call.Fail("dig goes through dicts by keys that are strings, not through " +
                       std::string(TypeName(dict == nullptr ? at : call[i], call.run->dialect())));
    }
    const Value* value = dict->Find(call.str(i));
    if (value == nullptr) return call[call.size() - 2];
    at = *value;
  }
  return at;
}

constexpr Function kFunctions[] = {
    {"deepCopy", "a", DeepCopy},
    {"dict", "a*", DictFunction},
    {"dig", "a*", Dig},
    {"get", "ms", Get},
    {"hasKey", "ms", HasKey},
    {"keys", "m*", Keys},
    {"merge", "mm*", Merge},
    {"mergeOverwrite", "mm*", MergeOverwrite},
    {"mustDeepCopy", "a", DeepCopy},
    {"mustMerge", "mm*", Merge},
    {"mustMergeOverwrite", "mm*", MergeOverwrite},
    {"omit", "ms*", Omit},
    {"pick", "ms*", Pick},
    {"pluck", "sm*", Pluck},
    {"set", "msa", Set},
    {"unset", "ms", Unset},
    {"values", "m", Values},
};

}  // namespace

Functions DictFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
