#include "codec/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "base/strings.h"

namespace glp::codec {
namespace {

constexpr size_t kMaxNodes = 1'000'000;
constexpr size_t kMaxDepth = 100;

size_t CountNodes(const YamlNode& node) {
  size_t count = 1;
  for (const YamlNode& item : node.items) count += CountNodes(item);
  return count;
}

// Makes the tree of the events of yaml-cpp's parser. Behind the first error events are ignored.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::vector<int>& lines, YamlErrors* errors) : lines_(lines), errors_(errors) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Fail(Place(mark), "one document only is read");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Done(Make(mark, YamlNode::Kind::kNull), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Make(mark, YamlNode::Kind::kScalar);
    node.quoted = tag != "?";
    if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str") RefuseTag(mark, tag);
    node.text = value;
    Done(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto it = anchors_.find(anchor);
    if (it == anchors_.end()) {
      Fail(Place(mark), "an alias within what it stands for");
      return;
    }
    nodes_ += it->second.size;
    if (nodes_ > kMaxNodes) {
      Fail(Place(mark), "with its aliases the file has too many values");
      return;
    }
    Done(it->second.node, 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { End(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode::Key> key;  // of the value to come
    std::map<std::string, int, std::less<>> lines_of_keys;
    std::vector<YamlNode> merged;  // values of `<<`
  };
  struct Anchor {
    YamlNode node;
    size_t size;
  };

  bool failed() const { return !errors_->first().ok(); }
  void Fail(const YamlPlace& place, std::string_view why) { errors_->Add(place, why); }
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    Fail(Place(mark), "the tag '" + tag + "' has no meaning here");
  }
  YamlPlace Place(const YAML::Mark& mark) const {
    size_t line = mark.line < 0 ? 0 : static_cast<size_t>(mark.line);
    if (!lines_.empty()) return {lines_[std::min(line, lines_.size() - 1)], mark.column + 1};
    return {static_cast<int>(line) + 1, mark.column + 1};
  }
  YamlNode Make(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode node;
    static_cast<YamlPlace&>(node) = Place(mark);
    node.kind = kind;
    if (++nodes_ > kMaxNodes) Fail(node, "the file has too many values");
    return node;
  }

  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             YamlNode::Kind kind) {
    if (!tag.empty() && tag != "?" && tag != "!") RefuseTag(mark, tag);
    if (open_.size() >= kMaxDepth) Fail(Place(mark), "nested too deep");
    if (failed()) {
      ++ignored_;
      return;
    }
    open_.push_back({Make(mark, kind), anchor, {}, {}, {}});
  }
  void End() {
    if (ignored_ > 0) {
      --ignored_;
      return;
    }
    Open open = std::move(open_.back());
    open_.pop_back();
    for (const YamlNode& from : open.merged) Merge(from, &open);
    Done(std::move(open.node), open.anchor);
  }

  // A value is whole: it goes into what is open around it.
  void Done(YamlNode node, YAML::anchor_t anchor) {
    if (failed()) return;
    if (anchor != 0) anchors_[anchor] = {node, CountNodes(node)};
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& open = open_.back();
    if (open.node.kind == YamlNode::Kind::kList) {
      open.node.items.push_back(std::move(node));
    } else if (!open.key) {
      BeginEntry(std::move(node), &open);
    } else {
      if (open.key->text == "<<") {
        AddMerged(std::move(node), &open);
      } else {
        open.node.keys.push_back(std::move(*open.key));
        open.node.items.push_back(std::move(node));
      }
      open.key.reset();
    }
  }
  void BeginEntry(YamlNode key, Open* open) {
    if (key.kind != YamlNode::Kind::kScalar) {
      Fail(key, "a key must be a name, no list or mapping; a ] or } may be missing");
      return;
    }
    auto [it, added] = open->lines_of_keys.emplace(key.text, key.line);
    if (!added) {
      Fail(key, "the key '" + key.text + "' is given twice, first in line " +
                    std::to_string(it->second));
      return;
    }
    open->key = YamlNode::Key{{key.line, key.column}, std::move(key.text)};
  }
  void AddMerged(YamlNode node, Open* open) {
    if (node.kind == YamlNode::Kind::kMap) {
      open->merged.push_back(std::move(node));
      return;
    }
    for (YamlNode& item : node.items) {
      if (item.kind != YamlNode::Kind::kMap) node.kind = YamlNode::Kind::kNull;
    }
    if (node.kind != YamlNode::Kind::kList) {
      Fail(node, "'<<' takes a mapping or a list of mappings");
      return;
    }
    std::move(node.items.begin(), node.items.end(), std::back_inserter(open->merged));
  }
  // What the mapping has itself stays; of two merged ones the first counts.
  void Merge(const YamlNode& from, Open* open) {
    for (size_t i = 0; i < from.keys.size(); ++i) {
      if (!open->lines_of_keys.emplace(from.keys[i].text, from.keys[i].line).second) continue;
      open->node.keys.push_back(from.keys[i]);
      open->node.items.push_back(from.items[i]);
    }
  }

  const std::vector<int>& lines_;
  YamlErrors* errors_;
  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  size_t nodes_ = 0;
  size_t ignored_ = 0;  // collections open behind the first error
  int documents_ = 0;
};

YamlPlace FirstBadUtf8(std::string_view text) {
  YamlPlace place{1, 1};
  for (std::string_view line : Split(text, '\n')) {
    if (!IsValidUtf8(line)) break;
    ++place.line;
  }
  return place;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

Status YamlError(const std::string& file, const YamlPlace& place, std::string_view why) {
  std::string where = file;
  if (place.line > 0) where += ":" + std::to_string(place.line);
  if (place.line > 0 && place.column > 0) where += ":" + std::to_string(place.column);
  return UsageError(where + ": " + std::string(why));
}

void YamlErrors::Add(const YamlPlace& place, std::string_view why) {
  if (first_.ok()) first_ = YamlError(file_, place, why);
}

void YamlErrors::AddUnknownKey(const YamlPlace& place, std::string_view why) {
  if (unknown_keys_pass_) {
    Warn(place, why);
  } else {
    Add(place, why);
  }
}

void YamlErrors::Warn(const YamlPlace& place, std::string_view why) {
  warnings_.push_back(YamlError(file_, place, why).message());
}

Result<YamlNode> ParseYaml(std::string_view text, const std::string& file,
                           const std::vector<int>& lines) {
  if (!IsValidUtf8(text)) return YamlError(file, FirstBadUtf8(text), "this line is not UTF-8");
  YamlErrors errors(file);
  TreeBuilder builder(lines, &errors);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (errors.first().ok() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    int line = e.mark.line + 1;
    if (!lines.empty()) line = lines[std::min<size_t>(e.mark.line, lines.size() - 1)];
    errors.Add({line, e.mark.column + 1}, "this is not YAML: " + e.msg);
  }
  GLP_RETURN_IF_ERROR(errors.first());
  return builder.TakeRoot();
}

}  // namespace glp::codec
