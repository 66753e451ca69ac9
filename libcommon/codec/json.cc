#include "codec/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/json_text.h"
#include "codec/json_number.h"
#include "codec/json_tree.h"

namespace glp::codec {
namespace {

namespace od = simdjson::ondemand;

// A parser with its padded copy of the text. One huge line does not keep its memory for ever.
class Document {
 public:
  simdjson::error_code Open(std::string_view text, od::document* out) {
    constexpr size_t kKeepBytes = 4 << 20;
    if (capacity_ > kKeepBytes && text.size() <= kKeepBytes) {
      buffer_.reset();
      capacity_ = 0;
      parser_ = std::make_unique<od::parser>();
    }
    if (text.size() + simdjson::SIMDJSON_PADDING > capacity_) {
      // Some room for the lines to come, but not for a second huge one.
      capacity_ = text.size() + std::min(text.size(), kKeepBytes) + simdjson::SIMDJSON_PADDING;
      buffer_ = std::make_unique<char[]>(capacity_);
    }
    if (!text.empty()) std::memcpy(buffer_.get(), text.data(), text.size());
    std::memset(buffer_.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
    return parser_->iterate(buffer_.get(), text.size(), capacity_).get(*out);
  }

 private:
  std::unique_ptr<od::parser> parser_ = std::make_unique<od::parser>();
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
};

// Nothing stands behind the object.
bool AtEnd(od::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

std::string_view TrimEnd(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r";
  while (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  return text;
}

using Kind = JsonValue::Kind;

// What a value is by its first byte.
enum class Scalar { kText, kNumber, kWord, kNull, kNested, kBad };

bool MayOverflow(std::string_view number) {
  return number.size() > 300 || number.find_first_of("eE") != std::string_view::npos;
}

// Reads a scalar; leaves objects and arrays alone.
Scalar ReadScalar(od::value value, std::string_view* text) {
  od::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return Scalar::kBad;
  switch (type) {
    case od::json_type::string:
      return value.get_string().get(*text) == simdjson::SUCCESS ? Scalar::kText : Scalar::kBad;
    case od::json_type::number:
      *text = TrimEnd(value.raw_json_token());
      return IsJsonNumber(*text) ? Scalar::kNumber : Scalar::kBad;
    case od::json_type::boolean:
      *text = TrimEnd(value.raw_json_token());
      return *text == "true" || *text == "false" ? Scalar::kWord : Scalar::kBad;
    case od::json_type::null:
      return TrimEnd(value.raw_json_token()) == "null" ? Scalar::kNull : Scalar::kBad;
    default:
      return Scalar::kNested;
  }
}

Status BadPath(std::string_view path, size_t at, std::string_view why) {
  return UsageError("JSON path '" + std::string(path) + "', character " + std::to_string(at + 1) +
                    ": " + std::string(why) +
                    "; understood are key, a.b.c, a[0] and \"a quoted key\"");
}

// The paths as a tree, so that one walk finds them all.
struct Node {
  std::vector<size_t> targets;  // paths that end here
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> keys;
  std::vector<std::pair<size_t, std::unique_ptr<Node>>> elements;
  bool leaf() const { return keys.empty() && elements.empty(); }
};

Node* Child(Node* node, const JsonStep& step) {
  if (step.is_index) {
    for (auto& [index, child] : node->elements) {
      if (index == step.index) return child.get();
    }
    return node->elements.emplace_back(step.index, std::make_unique<Node>()).second.get();
  }
  for (auto& [key, child] : node->keys) {
    if (key == step.key) return child.get();
  }
  return node->keys.emplace_back(step.key, std::make_unique<Node>()).second.get();
}

// One walk over all of a text. What no path leads to is only checked.
class Walk {
 public:
  Walk(std::string_view text, std::vector<JsonValue>* values, std::string* compact)
      : values_(*values),
        compact_(*compact),
        has_escapes_(!text.empty() && std::memchr(text.data(), '\\', text.size()) != nullptr) {}

  bool Object(od::object& object, const Node* node, int depth) {
    if (depth > JsonTree::kMaxDepth) return false;
    for (auto field : object) {
      od::value value;
      if (field.value().get(value) != simdjson::SUCCESS) return false;
      const Node* child = nullptr;
      od::raw_json_string raw;
      if (field.key().get(raw) != simdjson::SUCCESS) return false;
      // Keys with escapes are rare, those without are compared as they stand.
      const char* end = raw.raw();
      while (*end != '"' && *end != '\\') ++end;
      std::string_view key(raw.raw(), static_cast<size_t>(end - raw.raw()));
      if (*end == '\\' && field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
      if (node != nullptr) {
        for (const auto& [name, c] : node->keys) {
          if (name == key) child = c.get();
        }
      }
      if (child != nullptr ? !Visit(value, *child, depth) : !Check(value, depth)) return false;
    }
    return true;
  }

  // Texts that had to be made are only placed once `compact_` no longer moves.
  void Place() {
    for (const Made& made : made_) {
      values_[made.target] = {.present = true,
                              .kind = Kind::kNested,
                              .text = std::string_view(compact_).substr(made.offset, made.size)};
    }
  }
  bool has_overflow() const { return has_overflow_; }

 private:
  struct Made {
    size_t target, offset, size;
  };

  bool Visit(od::value value, const Node& node, int depth) {
    std::string_view text;
    Forget(node);
    Kind kind = Kind::kText;
    switch (ReadScalar(value, &text)) {
      case Scalar::kBad:
        return false;
      case Scalar::kNull:
        return true;
      case Scalar::kNested:
        return NestedOf(value, &node, depth);
      case Scalar::kText:
        break;
      case Scalar::kNumber:
        kind = Kind::kNumber;
        NoteOverflow(text);
        break;
      case Scalar::kWord:
        kind = Kind::kWord;
        break;
    }
    for (size_t target : node.targets)
      values_[target] = {.present = true, .kind = kind, .text = text};
    return true;
  }

  bool Check(od::value value, int depth) {
    od::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    if (type == od::json_type::string) {
      const std::string_view token = value.raw_json_token();
      if (!has_escapes_ || std::memchr(token.data(), '\\', token.size()) == nullptr) {
        // Taken, not left: simdjson would pass a ':' behind it.
        return value.get_raw_json_string().error() == simdjson::SUCCESS;
      }
    }
    std::string_view text;
    switch (ReadScalar(value, &text)) {
      case Scalar::kBad:
        return false;
      case Scalar::kNumber:
        NoteOverflow(text);
        return true;
      case Scalar::kNested:
        return NestedOf(value, nullptr, depth);
      default:
        return true;
    }
  }

  void NoteOverflow(std::string_view number) {
    if (MayOverflow(number) && std::isinf(JsonNumberValue(number))) has_overflow_ = true;
  }

  bool NestedOf(od::value& value, const Node* node, int depth) {
    od::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    return type == od::json_type::object ? Nested<od::object>(value, node, depth + 1)
                                         : Nested<od::array>(value, node, depth + 1);
  }

  template <typename Container>
  bool Nested(od::value& value, const Node* node, int depth) {
    Container container;
    if (value.get(container) != simdjson::SUCCESS) return false;
    if (node != nullptr && !node->targets.empty()) {
      std::string_view raw;
      if (container.raw_json().get(raw) != simdjson::SUCCESS) return false;
      if (!AddCompact(raw, *node)) return false;
      if (container.reset().error() != simdjson::SUCCESS) return false;
    }
    return Inside(container, node, depth);
  }

  bool Inside(od::object& object, const Node* node, int depth) {
    return Object(object, node, depth);
  }
  bool Inside(od::array& array, const Node* node, int depth) {
    if (depth > JsonTree::kMaxDepth) return false;
    size_t at = 0;
    for (auto element : array) {
      od::value value;
      if (element.get(value) != simdjson::SUCCESS) return false;
      const Node* child = nullptr;
      if (node != nullptr) {
        for (const auto& [index, c] : node->elements) {
          if (index == at) child = c.get();
        }
      }
      if (child != nullptr ? !Visit(value, *child, depth) : !Check(value, depth)) return false;
      ++at;
    }
    return true;
  }

  bool AddCompact(std::string_view raw, const Node& node) {
    size_t offset = compact_.size();
    compact_.resize(offset + raw.size() + simdjson::SIMDJSON_PADDING);
    size_t size = 0;
    if (simdjson::minify(raw.data(), raw.size(), compact_.data() + offset, size) !=
        simdjson::SUCCESS) {
      return false;
    }
    compact_.resize(offset + size);
    for (size_t target : node.targets) made_.push_back({target, offset, size});
    return true;
  }

  // A key that comes again replaces all that its first value gave.
  void Forget(const Node& node) {
    for (size_t target : node.targets) {
      values_[target] = {};
      if (!made_.empty()) {
        std::erase_if(made_, [target](const Made& made) { return made.target == target; });
      }
    }
    for (const auto& [name, child] : node.keys) Forget(*child);
    for (const auto& [index, child] : node.elements) Forget(*child);
  }

  std::vector<JsonValue>& values_;
  std::string& compact_;
  std::vector<Made> made_;
  const bool has_escapes_;
  bool has_overflow_ = false;
};

}  // namespace

Result<std::vector<JsonStep>> ParseJsonPath(std::string_view path) {
  std::vector<JsonStep> steps;
  size_t i = 0;
  bool want_key = true;
  while (i < path.size()) {
    if (path[i] == '[') {
      size_t start = ++i;
      size_t index = 0;
      while (i < path.size() && path[i] >= '0' && path[i] <= '9' && i - start < 9) {
        index = index * 10 + static_cast<size_t>(path[i++] - '0');
      }
      if (i == start || i == path.size() || path[i] != ']') {
        return BadPath(path, i, "expected a number and ']'");
      }
      if (want_key && !steps.empty()) return BadPath(path, start, "expected a key behind '.'");
      ++i;
      steps.push_back({true, "", index});
      want_key = false;
      continue;
    }
    if (!want_key) {
      if (path[i] != '.') return BadPath(path, i, "expected '.' or '['");
      ++i;
      want_key = true;
      continue;
    }
    JsonStep step;
    if (path[i] == '"') {
      ++i;
      while (i < path.size() && path[i] != '"') {
        if (path[i] == '\\' && i + 1 < path.size()) ++i;
        step.key += path[i++];
      }
      if (i == path.size()) return BadPath(path, i, "a quoted key without its end");
      ++i;
    } else {
      size_t start = i;
      constexpr std::string_view kEnds = ".[]\"'`|&!*(){}<>=?,: \t";
      while (i < path.size() && kEnds.find(path[i]) == std::string_view::npos) ++i;
      step.key = path.substr(start, i - start);
      if (step.key.empty()) return BadPath(path, i, "expected a key");
    }
    steps.push_back(std::move(step));
    want_key = false;
  }
  if (steps.empty() || want_key) return BadPath(path, path.size(), "expected a key");
  return steps;
}

struct JsonExtractor::Impl {
  Document document;
  Node root;
  std::string compact;
};

JsonExtractor::JsonExtractor() : impl_(std::make_unique<Impl>()) {}
JsonExtractor::~JsonExtractor() = default;
JsonExtractor::JsonExtractor(JsonExtractor&&) noexcept = default;
JsonExtractor& JsonExtractor::operator=(JsonExtractor&&) noexcept = default;

Status JsonExtractor::AddPath(std::string_view path) {
  GLP_ASSIGN_OR_RETURN(std::vector<JsonStep> steps, ParseJsonPath(path));
  AddSteps(steps);
  return Status::Ok();
}

void JsonExtractor::AddSteps(const std::vector<JsonStep>& steps) {
  Node* node = &impl_->root;
  for (const JsonStep& step : steps) node = Child(node, step);
  node->targets.push_back(paths_++);
}

bool JsonExtractor::Extract(std::string_view text, std::vector<JsonValue>* values) {
  values->assign(paths_, JsonValue());
  impl_->compact.clear();
  od::document document;
  od::object object;
  Walk walk(text, values, &impl_->compact);
  if (impl_->document.Open(text, &document) == simdjson::SUCCESS &&
      document.get_object().get(object) == simdjson::SUCCESS &&
      walk.Object(object, &impl_->root, 1) && AtEnd(document)) {
    walk.Place();
    has_overflow_ = walk.has_overflow();
    return true;
  }
  values->assign(paths_, JsonValue());
  return false;
}

struct JsonTopLevel::Impl {
  Document document;
};

JsonTopLevel::JsonTopLevel() : impl_(std::make_unique<Impl>()) {}
JsonTopLevel::~JsonTopLevel() = default;
JsonTopLevel::JsonTopLevel(JsonTopLevel&&) noexcept = default;
JsonTopLevel& JsonTopLevel::operator=(JsonTopLevel&&) noexcept = default;

bool JsonTopLevel::Read(std::string_view text, Pairs* pairs) {
  pairs->clear();
  od::document document;
  od::object object;
  if (impl_->document.Open(text, &document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  auto read = [&] {
    for (auto field : object) {
      std::string_view key, value_text;
      od::value value;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return false;
      }
      Scalar scalar = ReadScalar(value, &value_text);
      if (scalar == Scalar::kBad) return false;
      if (scalar == Scalar::kText || scalar == Scalar::kNumber || scalar == Scalar::kWord) {
        pairs->emplace_back(key, value_text);
      }
    }
    return AtEnd(document);
  };
  if (read()) return true;
  pairs->clear();
  return false;
}

}  // namespace glp::codec
