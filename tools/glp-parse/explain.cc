#include "explain.h"

#include <optional>
#include <utility>
#include <vector>

#include "stage_effects.h"
#include "stage_options.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

using codec::YamlNode;

std::optional<std::vector<std::string>> Words(const YamlNode& item);

// A block as --match SELECTOR … --end-match.
std::optional<std::vector<std::string>> BlockWords(const YamlNode& config) {
  const YamlNode* below = config.Find("stages");
  if (below == nullptr || below->kind != YamlNode::Kind::kList) return std::nullopt;
  std::vector<std::string> words;
  for (const YamlNode& item : below->items) {
    auto inner = Words(item);
    if (!inner) return std::nullopt;
    words.insert(words.end(), inner->begin(), inner->end());
  }
  words.emplace_back("--end-match");
  YamlNode head = YamlMapping();
  for (size_t i = 0; i < config.keys.size(); ++i) {
    if (config.keys[i].text != "stages") YamlPut(&head, config.keys[i].text, config.items[i]);
  }
  auto first = OptionWords("match", head);
  if (!first) return std::nullopt;
  first->insert(first->end(), words.begin(), words.end());
  return first;
}

std::optional<std::vector<std::string>> Words(const YamlNode& item) {
  if (item.keys.size() != 1) return std::nullopt;
  const std::string& stage = item.keys[0].text;
  if (item.items[0].Find("stages") != nullptr && stage == "match") {
    return BlockWords(item.items[0]);
  }
  return OptionWords(stage, item.items[0]);
}

std::string Command(const YamlNode* begin, const YamlNode* end, bool as_promtail) {
  std::string out = "glp-parse";
  if (as_promtail) out += " --as-promtail";
  if (begin == end) return out + " -e '[]'";
  for (const YamlNode* item = begin; item != end; ++item) {
    if (auto words = Words(*item)) {
      for (const std::string& word : *words) out += " " + ShellWord(word);
    } else {
      out += " -e " + ShellWord(YamlText(*item));
    }
  }
  return out;
}

}  // namespace

std::string ExplainPipe(const YamlNode& list, bool as_promtail,
                        const std::set<std::string>& labels) {
  const size_t count = list.items.size();
  std::vector<StageEffects> effects;
  for (const YamlNode& item : list.items) effects.push_back(EffectsOf(item, as_promtail));
  // joined[k]: why stage k is in one process with the one behind it.
  std::vector<std::string> joined(count);
  for (size_t j = 1; j < count; ++j) {
    for (size_t i = 0; i < j; ++i) {
      std::string why = WhyTogether(effects, labels, i, j);
      if (why.empty()) continue;
      for (size_t k = i; k < j; ++k) {
        if (joined[k].empty()) joined[k] = why;
      }
      break;
    }
  }
  if (count == 0) return Command(nullptr, nullptr, as_promtail) + "\n";
  std::string out, indent;
  for (size_t begin = 0; begin < count;) {
    size_t end = begin;
    std::vector<std::string> whys;
    for (; end + 1 < count && !joined[end].empty(); ++end) {
      if (whys.empty() || whys.back() != joined[end]) whys.push_back(joined[end]);
    }
    ++end;
    for (const std::string& why : whys) out += indent + "# in one process: " + why + "\n";
    out += indent + Command(&list.items[begin], &list.items[begin] + (end - begin), as_promtail);
    out += end < count ? " |\n" : "\n";
    indent = "  ";
    begin = end;
  }
  return out;
}

}  // namespace glp::parse
