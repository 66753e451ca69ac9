#include <algorithm>
#include <cmath>
#include <optional>

#include "base/strings.h"
#include "base/units.h"
#include "codec/yaml.h"

namespace glp::codec {
namespace {

using Kind = YamlNode::Kind;

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a value";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a mapping";
  }
  return "";
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<bool> BoolOf(const YamlNode& node) {
  if (node.quoted) return std::nullopt;
  std::string text = Lower(node.text);
  for (std::string_view yes : {"true", "yes", "on", "y"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"false", "no", "off", "n"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<double> NumberOf(const YamlNode& node) {
  if (node.quoted || node.text.empty()) return std::nullopt;
  std::string text = node.text;
  std::erase(text, '_');
  // Go reads 010 as eight, people as ten.
  size_t digits = text[0] == '-' || text[0] == '+' ? 1 : 0;
  if (text.size() > digits + 1 && text[digits] == '0' && text[digits + 1] != '.') {
    return std::nullopt;
  }
  if (text[0] == '+') text.erase(0, 1);
  auto number = ParseDouble(text);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return number;
}

std::optional<int64_t> BytesOf(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  auto number = ParseInt64(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string unit = Lower(TrimSpace(text.substr(digits)));
  if (unit.size() == 2 && unit[1] == 'b') unit.pop_back();
  size_t power = std::string_view("bkmgtp").find(unit.empty() ? 'b' : unit[0]);
  if (unit.size() > 1 || power == std::string_view::npos) return std::nullopt;
  for (; power > 0; --power) {
    if (*number > INT64_MAX / 1024) return std::nullopt;
    *number *= 1024;
  }
  return number;
}

template <typename T>
void Set(const YamlNode& node, T found, Given<T>* value) {
  static_cast<YamlPlace&>(*value) = node;
  value->value = std::move(found);
}

}  // namespace

YamlMap::YamlMap(const YamlNode& node, std::string what, YamlErrors* errors)
    : node_(node), what_(std::move(what)), errors_(errors) {
  if (node.kind != Kind::kMap && node.kind != Kind::kNull) {
    errors_->Add(
        node, what_ + ": expected a mapping (key: value), not " + std::string(KindName(node.kind)));
  }
}

const YamlNode* YamlMap::Take(std::string_view key) {
  known_.emplace_back(key);
  const YamlNode* value = node_.Find(key);
  return value == nullptr || value->kind == Kind::kNull ? nullptr : value;
}

void YamlMap::Wrong(std::string_view key, const YamlNode& node, std::string_view expected) {
  std::string why = std::string(key) + ": expected " + std::string(expected) + ", not ";
  if (node.kind == Kind::kScalar) {
    why += "'" + node.text + "'";
    YamlNode plain = node;
    plain.quoted = false;
    if (node.quoted && (BoolOf(plain) || NumberOf(plain))) why += " in quotes";
  } else {
    why += KindName(node.kind);
  }
  errors_->Add(node, why);
}

const YamlNode* YamlMap::TakeKind(std::string_view key, Kind kind, std::string_view expected) {
  const YamlNode* value = Take(key);
  if (value == nullptr || value->kind == kind) return value;
  Wrong(key, *value, expected);
  return nullptr;
}

const YamlNode* YamlMap::TakeScalar(std::string_view key, std::string_view expected) {
  return TakeKind(key, Kind::kScalar, expected);
}

void YamlMap::Text(std::string_view key, Given<std::string>* value) {
  if (const YamlNode* node = TakeScalar(key, "a text")) Set(*node, node->text, value);
}

void YamlMap::Bool(std::string_view key, Given<bool>* value) {
  constexpr std::string_view kExpected = "true or false";
  const YamlNode* node = TakeScalar(key, kExpected);
  if (node == nullptr) return;
  auto found = BoolOf(*node);
  if (!found) return Wrong(key, *node, kExpected);
  Set(*node, *found, value);
}

void YamlMap::Int(std::string_view key, Given<int64_t>* value) {
  constexpr std::string_view kExpected = "a whole number";
  const YamlNode* node = TakeScalar(key, kExpected);
  if (node == nullptr) return;
  auto number = NumberOf(*node);
  if (!number || *number != std::floor(*number) || std::fabs(*number) > 9e15) {
    return Wrong(key, *node, kExpected);
  }
  Set(*node, static_cast<int64_t>(*number), value);
}

void YamlMap::Number(std::string_view key, Given<double>* value) {
  constexpr std::string_view kExpected = "a number";
  const YamlNode* node = TakeScalar(key, kExpected);
  if (node == nullptr) return;
  auto number = NumberOf(*node);
  if (!number) return Wrong(key, *node, kExpected);
  Set(*node, *number, value);
}

void YamlMap::DurationNs(std::string_view key, Given<int64_t>* value) {
  constexpr std::string_view kExpected = "a duration with its unit, as 500ms, 10s or 1h30m";
  const YamlNode* node = TakeScalar(key, kExpected);
  if (node == nullptr) return;
  auto duration = ParseDurationNs(node->text);
  if (!duration.ok() || *duration < 0) return Wrong(key, *node, kExpected);
  Set(*node, *duration, value);
}

void YamlMap::Bytes(std::string_view key, Given<int64_t>* value) {
  constexpr std::string_view kExpected = "a number of bytes, as 65536 or 64KB";
  const YamlNode* node = TakeScalar(key, kExpected);
  if (node == nullptr) return;
  auto size = BytesOf(node->text);
  if (!size) return Wrong(key, *node, kExpected);
  Set(*node, *size, value);
}

void YamlMap::Texts(std::string_view key, Given<std::vector<std::string>>* value) {
  const YamlNode* node = TakeKind(key, Kind::kList, "a list of texts");
  if (node == nullptr) return;
  std::vector<std::string> texts;
  for (const YamlNode& item : node->items) {
    if (item.kind != Kind::kScalar) return Wrong(key, item, "a text as item");
    texts.push_back(item.text);
  }
  Set(*node, std::move(texts), value);
}

void YamlMap::TextMap(std::string_view key, Given<std::map<std::string, std::string>>* value) {
  const YamlNode* node = TakeKind(key, Kind::kMap, "a mapping of names to texts");
  if (node == nullptr) return;
  std::map<std::string, std::string> texts;
  for (size_t i = 0; i < node->keys.size(); ++i) {
    const YamlNode& item = node->items[i];
    if (item.kind != Kind::kScalar && item.kind != Kind::kNull) {
      return Wrong(node->keys[i].text, item, "a text");
    }
    texts[node->keys[i].text] = item.text;
  }
  Set(*node, std::move(texts), value);
}

YamlPlace YamlMap::Map(std::string_view key, const std::function<void(YamlMap&)>& read) {
  const YamlNode* node = Take(key);
  if (node == nullptr) return {};
  YamlMap map(*node, what_.empty() ? std::string(key) : what_ + "." + std::string(key), errors_);
  if (node->kind != Kind::kMap) return {};
  read(map);
  map.Finish();
  return *node;
}

YamlPlace YamlMap::List(std::string_view key, const std::function<void(const YamlNode&)>& read) {
  const YamlNode* node = TakeKind(key, Kind::kList, "a list ('- …' on lines below)");
  if (node == nullptr) return {};
  for (const YamlNode& item : node->items) read(item);
  return *node;
}

YamlPlace YamlMap::MapList(std::string_view key,
                           const std::function<void(YamlMap&, const YamlNode&)>& read) {
  size_t number = 0;
  return List(key, [&](const YamlNode& item) {
    std::string what = what_.empty() ? "" : what_ + ".";
    YamlMap map(item, what + std::string(key) + "[" + std::to_string(number++) + "]", errors_);
    if (item.kind != Kind::kMap && item.kind != Kind::kNull) return;
    read(map, item);
    map.Finish();
  });
}

void YamlMap::Skip(std::initializer_list<std::string_view> keys) {
  known_.insert(known_.end(), keys.begin(), keys.end());
}

void YamlMap::Skip(std::span<const std::string_view> keys) {
  known_.insert(known_.end(), keys.begin(), keys.end());
}

void YamlMap::Finish() {
  for (const YamlNode::Key& key : node_.keys) {
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    std::string why = "unknown key '" + key.text + "'";
    if (!what_.empty()) why += " in " + what_;
    std::string_view nearest = Nearest(key.text, known_);
    if (!nearest.empty()) {
      why += "; did you mean '" + std::string(nearest) + "'?";
    } else if (known_.size() <= 12) {
      why += "; it takes " + Join(known_, ", ");
    }
    errors_->AddUnknownKey(key, why);
  }
}

}  // namespace glp::codec
