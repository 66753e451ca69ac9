#include "stages/relabel.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/strings.h"
#include "stages/md5.h"

namespace glp::stages {
namespace {

enum class Action {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

std::string_view ValueOf(const Labels& labels, std::string_view name) {
  for (const Label& label : labels) {
    if (label.name == name) return label.value;
  }
  return {};
}

void Set(std::string_view name, std::string_view value, Labels* labels) {
  auto it = std::lower_bound(labels->begin(), labels->end(), name,
                             [](const Label& label, std::string_view n) { return label.name < n; });
  bool there = it != labels->end() && it->name == name;
  if (value.empty()) {
    if (there) labels->erase(it);
  } else if (there) {
    it->value = value;
  } else {
    labels->insert(it, {std::string(name), std::string(value)});
  }
}

// Letters beyond ASCII stay as they are.
std::string ToCase(std::string_view text, bool upper) {
  std::string out(text);
  for (char& c : out) {
    if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') c ^= 0x20;
  }
  return out;
}

std::string HashMod(std::string_view text, uint64_t modulus) {
  auto digest = Md5(text);
  uint64_t hash = 0;
  for (int i = 8; i < 16; ++i) hash = hash << 8 | digest[i];
  return std::to_string(hash % modulus);
}

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// `$1`, `${1}` or `${name}` at the start of `text`: its name, and how long it is; 0 where there is
// none.
size_t ReadVariable(std::string_view text, std::string_view* name) {
  if (text.size() < 2 || text[0] != '$') return 0;
  bool braces = text[1] == '{';
  size_t begin = braces ? 2 : 1;
  size_t end = begin;
  while (end < text.size() && IsWord(text[end])) ++end;
  if (end == begin || (braces && (end == text.size() || text[end] != '}'))) return 0;
  *name = text.substr(begin, end - begin);
  return braces ? end + 1 : end;
}

// Whether what comes of the template can be the name of a label.
bool MakesLabelName(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    std::string_view name;
    size_t size = ReadVariable(text.substr(i), &name);
    bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (size == 0 && (!IsWord(text[i]) || (i == 0 && digit))) return false;
    i += std::max<size_t>(size, 1);
  }
  return !text.empty();
}

// What of a rule an action does not look at must not be given: it would be a misunderstanding.
struct Needs {
  const char* name;
  Action action;
  bool target = true;
  bool source = true;
  bool regex = true;
  bool replacement = true;
};
constexpr Needs kActions[] = {
    {"replace", Action::kReplace},
    {"keep", Action::kKeep, false},
    {"drop", Action::kDrop, false},
    {"keepequal", Action::kKeepEqual, true, true, false, false},
    {"dropequal", Action::kDropEqual, true, true, false, false},
    {"hashmod", Action::kHashMod},
    {"labelmap", Action::kLabelMap, false},
    {"labeldrop", Action::kLabelDrop, false, false, true, false},
    {"labelkeep", Action::kLabelKeep, false, false, true, false},
    {"lowercase", Action::kLowercase},
    {"uppercase", Action::kUppercase},
};

Result<Needs> FindAction(const std::string& text) {
  std::string lower = ToCase(text, false);
  for (const Needs& needs : kActions) {
    if (lower == needs.name) return needs;
  }
  std::string why = "unknown action '" + text + "'";
  std::string_view nearest = Nearest(lower, Relabeler::Actions());
  if (!nearest.empty()) return UsageError(why + "; did you mean '" + std::string(nearest) + "'?");
  return UsageError(why + "; there are " + Join(Relabeler::Actions(), ", "));
}

Status Check(const RelabelRule& rule, const Needs& needs) {
  const RelabelRule none;
  std::string action = needs.name;
  if (needs.target && rule.target_label.empty()) {
    return UsageError(action + " needs a target_label");
  }
  if (needs.action == Action::kHashMod && rule.modulus == 0) {
    return UsageError(action + " needs a modulus above 0");
  }
  bool name_ok = needs.action == Action::kReplace ? MakesLabelName(rule.target_label)
                                                  : IsLabelName(rule.target_label);
  if (needs.target && !name_ok) {
    return UsageError("target_label '" + rule.target_label + "' is no name of a label");
  }
  if (needs.action == Action::kLabelMap && !MakesLabelName(rule.replacement)) {
    return UsageError("replacement '" + rule.replacement + "' makes no name of a label");
  }
  auto unused = [&](const char* what) {
    return UsageError(action + " does not look at " + what + "; leave it out");
  };
  if (!needs.source && !rule.source_labels.empty()) return unused("source_labels");
  if (!needs.source && !rule.target_label.empty()) return unused("target_label");
  if (!needs.regex && rule.regex != none.regex) return unused("regex");
  if (!needs.replacement && rule.replacement != none.replacement) return unused("replacement");
  if (!needs.replacement && rule.separator != none.separator) return unused("separator");
  if (!needs.replacement && rule.modulus != 0) return unused("modulus");
  return Status::Ok();
}

}  // namespace

struct Relabeler::Rule {
  RelabelRule text;
  Action action;
  std::unique_ptr<const RE2> regex;

  std::string Source(const Labels& labels) const {
    std::string source;
    for (size_t i = 0; i < text.source_labels.size(); ++i) {
      if (i > 0) source += text.separator;
      source += ValueOf(labels, text.source_labels[i]);
    }
    return source;
  }

  // The groups of a match of the whole text; false where there is none.
  bool Match(std::string_view whole, std::vector<re2::StringPiece>* groups) const {
    groups->resize(static_cast<size_t>(regex->NumberOfCapturingGroups()) + 1);
    return regex->Match(re2::StringPiece(whole.data(), whole.size()), 0, whole.size(),
                        RE2::ANCHOR_BOTH, groups->data(), static_cast<int>(groups->size()));
  }
  bool Matches(std::string_view whole) const {
    return regex->Match(re2::StringPiece(whole.data(), whole.size()), 0, whole.size(),
                        RE2::ANCHOR_BOTH, nullptr, 0);
  }

  std::string_view Group(std::string_view name, const std::vector<re2::StringPiece>& groups) const {
    std::optional<uint64_t> number = ParseUint64(name);
    if (!number) {
      const auto& names = regex->NamedCapturingGroups();
      auto it = names.find(std::string(name));
      if (it != names.end()) number = it->second;
    }
    if (!number || *number >= groups.size()) return {};
    return {groups[*number].data(), groups[*number].size()};
  }

  std::string Expand(std::string_view pattern, const std::vector<re2::StringPiece>& groups) const {
    std::string out;
    for (size_t i = 0; i < pattern.size();) {
      std::string_view name;
      if (size_t size = ReadVariable(pattern.substr(i), &name); size > 0) {
        out += Group(name, groups);
        i += size;
        continue;
      }
      out += pattern[i];
      i += pattern.substr(i, 2) == "$$" ? 2 : 1;
    }
    return out;
  }

  // False where the rule drops the labels.
  bool Apply(Labels* labels) const;
  void Replace(std::string_view source, Labels* labels) const;
  void MapNames(Labels* labels) const;
};

void Relabeler::Rule::Replace(std::string_view source, Labels* labels) const {
  std::vector<re2::StringPiece> groups;
  if (!Match(source, &groups)) return;
  std::string target = Expand(text.target_label, groups);
  if (IsLabelName(target)) Set(target, Expand(text.replacement, groups), labels);
}

void Relabeler::Rule::MapNames(Labels* labels) const {
  const Labels before = *labels;
  std::vector<re2::StringPiece> groups;
  for (const Label& label : before) {
    if (!Match(label.name, &groups)) continue;
    std::string name = Expand(text.replacement, groups);
    if (IsLabelName(name)) Set(name, label.value, labels);
  }
}

bool Relabeler::Rule::Apply(Labels* labels) const {
  std::string source = Source(*labels);
  switch (action) {
    case Action::kReplace:
      Replace(source, labels);
      return true;
    case Action::kKeep:
      return Matches(source);
    case Action::kDrop:
      return !Matches(source);
    case Action::kKeepEqual:
      return ValueOf(*labels, text.target_label) == source;
    case Action::kDropEqual:
      return ValueOf(*labels, text.target_label) != source;
    case Action::kHashMod:
      Set(text.target_label, HashMod(source, text.modulus), labels);
      return true;
    case Action::kLabelMap:
      MapNames(labels);
      return true;
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      std::erase_if(*labels, [&](const Label& label) {
        return Matches(label.name) == (action == Action::kLabelDrop);
      });
      return true;
    case Action::kLowercase:
    case Action::kUppercase:
      Set(text.target_label, ToCase(source, action == Action::kUppercase), labels);
      return true;
  }
  return true;
}

Relabeler::Relabeler() = default;
Relabeler::Relabeler(Relabeler&&) noexcept = default;
Relabeler& Relabeler::operator=(Relabeler&&) noexcept = default;
Relabeler::~Relabeler() = default;

const std::vector<std::string>& Relabeler::Actions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Needs& needs : kActions) all.emplace_back(needs.name);
    return all;
  }();
  return names;
}

Status Relabeler::Add(RelabelRule rule) {
  GLP_ASSIGN_OR_RETURN(Needs needs, FindAction(rule.action));
  GLP_RETURN_IF_ERROR(Check(rule, needs));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  auto regex = std::make_unique<const RE2>(rule.regex, options);
  if (!regex->ok()) return UsageError("regex '" + rule.regex + "': " + regex->error());
  rules_.push_back({std::move(rule), needs.action, std::move(regex)});
  return Status::Ok();
}

std::vector<std::string> Relabeler::TargetLabels() const {
  std::vector<std::string> out;
  for (const Rule& rule : rules_) {
    const std::string& name = rule.text.target_label;
    if (IsLabelName(name)) out.push_back(name);
  }
  return out;
}

bool Relabeler::Apply(Labels* labels) const {
  std::erase_if(*labels, [](const Label& label) { return label.value.empty(); });
  return std::all_of(rules_.begin(), rules_.end(),
                     [&](const Rule& rule) { return rule.Apply(labels); });
}

void RemoveInternalLabels(Labels* labels) {
  std::erase_if(*labels, [](const Label& label) { return label.name.substr(0, 2) == "__"; });
}

}  // namespace glp::stages
