// YAML of a tree of values: on one line, as `-e` and --explain have it.
// Threads: pure functions.
// Shape:   flow style, `regex: {expression: 'a b', source: x}`; what could be read as something
//          else stands in quotes, and what ParseYaml makes of the text is the same tree again.
#pragma once

#include <string>
#include <string_view>

#include "codec/yaml.h"

namespace glp::parse {

std::string YamlText(const codec::YamlNode& node);

// Whether a stage reads the same out of both: places and quotes apart, an empty text being none.
bool SameYaml(const codec::YamlNode& a, const codec::YamlNode& b);

// Values of no file, for those who build trees.
codec::YamlNode YamlScalar(std::string_view text);
codec::YamlNode YamlMapping();
codec::YamlNode YamlList();
void YamlPut(codec::YamlNode* map, std::string_view key, codec::YamlNode value);

// 'text' for a shell, only in quotes where it needs them.
std::string ShellWord(std::string_view text);

}  // namespace glp::parse
