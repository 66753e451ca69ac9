// Stage `kv`: `key=value` pairs with separators of one's own: `a: 1, b: 2`, `a=1&b=2`, `a=1;b="x
// y"`.
//   pair_separator: between pairs, " " by default; where it is all blanks, any number of them
//   key_separator:  between key and value, "=" by default
//   quote:          characters that may stand around a key or a value, with \ in front of one that
//                   is meant; '"' by default, "" for none
//   bare_words:     true passes over words that have no value; else the line is marked
//   keys:           only these become fields; all by default
//   source:         field or label to read; the line by default
// Fields: each key by its name, of equal ones the last. Blanks around keys, values and separators
// are no part of them. A line that does not fit throughout is marked; what could be read stays.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/build.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

class KvStage : public Stage {
 public:
  struct Options {
    std::string pair_separator = " ";
    std::string key_separator = "=";
    std::string quote = "\"";
    bool bare_words = false;
    std::vector<std::string> keys;
  };
  KvStage(Options options, TextSource source);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  class Scanner;
  bool IsWanted(std::string_view key) const;

  Options options_;
  TextSource source_;
  std::set<std::string, std::less<>> keys_;
};

std::unique_ptr<Stage> ReadKvStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
