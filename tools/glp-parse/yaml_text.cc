#include "yaml_text.h"

#include <utility>

namespace glp::parse {
namespace {

using codec::YamlNode;
using Kind = YamlNode::Kind;

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/' || c == '%';
}

// Texts that no reader of YAML takes for anything but what they look like.
bool IsPlain(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.front() == '.' || text.front() == '%') {
    return false;
  }
  for (char c : text) {
    if (!IsWordChar(c)) return false;
  }
  return text != "null" && text != "Null" && text != "NULL";
}

void AppendQuoted(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  bool has_control = false;
  for (char c : text) {
    has_control |= static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }
  if (!has_control) {
    *out += '\'';
    for (char c : text) {
      if (c == '\'') *out += '\'';
      *out += c;
    }
    *out += '\'';
    return;
  }
  *out += '"';
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (c == '\t') {
      *out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      *out += "\\x";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void AppendText(std::string_view text, bool quoted, std::string* out) {
  if (!quoted && IsPlain(text)) {
    *out += text;
  } else {
    AppendQuoted(text, out);
  }
}

void Append(const YamlNode& node, std::string* out) {
  switch (node.kind) {
    case Kind::kNull:
      *out += "null";
      break;
    case Kind::kScalar:
      // An unquoted number such as -1 is one in quotes no more.
      if (!node.quoted && !node.text.empty() && node.text.front() == '-' &&
          IsPlain(std::string_view(node.text).substr(1))) {
        *out += node.text;
      } else {
        AppendText(node.text, node.quoted, out);
      }
      break;
    case Kind::kList:
      *out += '[';
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) *out += ", ";
        Append(node.items[i], out);
      }
      *out += ']';
      break;
    case Kind::kMap:
      *out += '{';
      for (size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) *out += ", ";
        AppendText(node.keys[i].text, false, out);
        *out += ':';
        if (node.items[i].kind != Kind::kNull) {
          *out += ' ';
          Append(node.items[i], out);
        }
      }
      *out += '}';
      break;
  }
}

bool IsEmpty(const YamlNode& node) {
  return node.kind == Kind::kNull || (node.kind == Kind::kScalar && node.text.empty()) ||
         (node.kind == Kind::kMap && node.items.empty());
}

}  // namespace

std::string YamlText(const YamlNode& node) {
  std::string out;
  Append(node, &out);
  return out;
}

bool SameYaml(const YamlNode& a, const YamlNode& b) {
  if (IsEmpty(a) && IsEmpty(b)) return true;
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (a.kind == Kind::kList) {
      if (!SameYaml(a.items[i], b.items[i])) return false;
      continue;
    }
    const YamlNode* other = b.Find(a.keys[i].text);
    if (other == nullptr || !SameYaml(a.items[i], *other)) return false;
  }
  return true;
}

YamlNode YamlScalar(std::string_view text) {
  YamlNode node;
  node.line = YamlNode::kOutside;
  node.kind = Kind::kScalar;
  node.text = text;
  return node;
}

YamlNode YamlMapping() {
  YamlNode node;
  node.line = YamlNode::kOutside;
  node.kind = Kind::kMap;
  return node;
}

YamlNode YamlList() {
  YamlNode node;
  node.line = YamlNode::kOutside;
  node.kind = Kind::kList;
  return node;
}

void YamlPut(YamlNode* map, std::string_view key, YamlNode value) {
  map->kind = Kind::kMap;
  map->keys.push_back({{YamlNode::kOutside, 0}, std::string(key)});
  map->items.push_back(std::move(value));
}

std::string ShellWord(std::string_view text) {
  bool plain = !text.empty();
  for (char c : text) plain &= IsWordChar(c) || c == ',' || c == '=' || c == ':' || c == '@';
  if (plain) return std::string(text);
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace glp::parse
