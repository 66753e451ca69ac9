// YAML as a tree of plain values that know where they stand, and strict reading of it: every key is
// one that is asked for, every value of the type asked for, or the error says file:line:column,
// what was expected and the nearest known name.
//
//   codec::YamlErrors errors(path);
//   codec::YamlMap map(root, "the configuration", &errors);
//   map.Text("filename", &config.filename);
//   map.Map("limits", [&](codec::YamlMap& limits) { limits.Int("rate", &config.rate); });
//   map.Finish();                       // what was not asked for is an error
//   GLP_RETURN_IF_ERROR(errors.first());
//
// Types are Go's (yaml.v2, as promtail and Loki read): a number or a boolean is a text too, a text
// is no number; `yes` and `on` are booleans; `key:` with nothing behind it is a key not given.
// Aliases and merge keys (`<<: *base`) are resolved; a key given twice is an error.
// Lifetime: YamlNode is a value; YamlMap is a view of one, which must outlive it.
// Threads:  one at a time; a YamlNode const from any.
// Errors:   Code::kUsage "FILE:LINE:COLUMN: why", the first one only: later ones mostly follow.
// Limits:   a million values, 100 deep: aliases cannot blow up a small file.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::codec {

// Where something begins, from 1; line 0 is nowhere, that of what is not given; kOutside is the
// line of what is given but by no file.
struct YamlPlace {
  static constexpr int kOutside = -1;
  int line = 0;
  int column = 0;
};

// What a key of the file says. Not there (or there without a value): `value` is the default that it
// was made with, and the line is 0.
template <typename T>
struct Given : YamlPlace {
  Given() = default;
  Given(T default_value) : value(std::move(default_value)) {}  // NOLINT
  explicit operator bool() const { return line != 0; }
  T value{};
};

struct YamlNode : YamlPlace {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Key : YamlPlace {
    std::string text;
  };
  // Of a mapping; nullptr where it has no such key.
  const YamlNode* Find(std::string_view key) const;

  Kind kind = Kind::kNull;
  bool quoted = false;          // a text that is no number, boolean or null, whatever it looks like
  std::string text;             // of a scalar
  std::vector<YamlNode> items;  // of a list; of a mapping its values
  std::vector<Key> keys;        // of a mapping: keys[i] is that of items[i]
};

// `lines[i]`: the line of the file that line i + 1 of `text` came from, where the text is not the
// file's own; empty for the same. An empty text is null.
Result<YamlNode> ParseYaml(std::string_view text, const std::string& file,
                           const std::vector<int>& lines = {});

class YamlErrors {
 public:
  explicit YamlErrors(std::string file) : file_(std::move(file)) {}
  // Keeps the error if it is the first.
  void Add(const YamlPlace& place, std::string_view why);
  const Status& first() const { return first_; }
  // As promtail's stages, which pass over keys that they do not know: from now on these are
  // warnings ("FILE:LINE:COLUMN: why"), no errors.
  void set_unknown_keys_pass(bool pass) { unknown_keys_pass_ = pass; }
  void AddUnknownKey(const YamlPlace& place, std::string_view why);
  // It may be meant so, but does nothing.
  void Warn(const YamlPlace& place, std::string_view why);
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  Status first_;
  bool unknown_keys_pass_ = false;
  std::vector<std::string> warnings_;
};

// "FILE:LINE:COLUMN: why".
Status YamlError(const std::string& file, const YamlPlace& place, std::string_view why);

class YamlMap {
 public:
  // `what` says in errors what the mapping is of. A node without a value is an empty mapping.
  YamlMap(const YamlNode& node, std::string what, YamlErrors* errors);

  // The value of a key; nullptr where it is not there or has no value. Any type.
  const YamlNode* Take(std::string_view key);
  // Each is as it was where the key is not there.
  void Text(std::string_view key, Given<std::string>* value);
  void Bool(std::string_view key, Given<bool>* value);
  void Int(std::string_view key, Given<int64_t>* value);
  void Number(std::string_view key, Given<double>* value);
  void DurationNs(std::string_view key, Given<int64_t>* value);
  // A number of bytes, or one with Go's B KB MB GB TB (powers of 1024, any case, the B may miss).
  void Bytes(std::string_view key, Given<int64_t>* value);
  void Texts(std::string_view key, Given<std::vector<std::string>>* value);
  void TextMap(std::string_view key, Given<std::map<std::string, std::string>>* value);
  // Calls `read` for a mapping below this one and Finish for it. The place of the value, if given.
  YamlPlace Map(std::string_view key, const std::function<void(YamlMap&)>& read);
  // Calls `read` with each item of a list.
  YamlPlace List(std::string_view key, const std::function<void(const YamlNode&)>& read);
  // The same with a mapping for each item, and Finish for it.
  YamlPlace MapList(std::string_view key,
                    const std::function<void(YamlMap&, const YamlNode&)>& read);
  // Known keys that are not read here, whatever they hold.
  void Skip(std::initializer_list<std::string_view> keys);
  void Skip(std::span<const std::string_view> keys);
  void Error(const YamlPlace& place, std::string_view why) { errors_->Add(place, why); }
  YamlPlace place() const { return {node_.line, node_.column}; }

  // Every key that was not asked for is an error.
  void Finish();

 private:
  const YamlNode* TakeScalar(std::string_view key, std::string_view expected);
  const YamlNode* TakeKind(std::string_view key, YamlNode::Kind kind, std::string_view expected);
  void Wrong(std::string_view key, const YamlNode& node, std::string_view expected);

  const YamlNode& node_;
  std::string what_;
  YamlErrors* errors_;
  std::vector<std::string> known_;
};

}  // namespace glp::codec
