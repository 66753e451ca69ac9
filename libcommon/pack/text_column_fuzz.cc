// Any bytes as a text column: what is rebuilt is as long as it must be and nothing outside is read.
// The same bytes as lines: encoding and decoding give them back, and captures in lines that were
// cut find what they do in whole ones.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pack/line_encoder.h"
#include "pack/text_column.h"

namespace {

using glp::pack::TextColumn;

// Captures of one letter are not wanted.
std::vector<glp::logql::WantedCaptures> Captures() {
  std::vector<glp::logql::WantedCaptures> all;
  for (std::string_view pattern : {"<_> <ms>ms", "GET <bb> <c>", "<a>:<bb>:<_>", "<aa>user <b>",
                                   "<a>1<bb>", "<_>-<b>-<cc>-"}) {
    auto& captures = all.emplace_back();
    captures.pattern = *glp::codec::PatternParser::Compile(pattern);
    for (const std::string& name : captures.pattern.names()) {
      captures.wanted.push_back(name.size() > 1);
    }
  }
  return all;
}

// What the wanted captures find.
std::vector<std::string_view> Found(const glp::logql::WantedCaptures& captures,
                                    std::string_view line) {
  std::vector<std::string_view> values, found;
  captures.pattern.Match(line, &values);
  for (size_t i = 0; i < values.size(); ++i) {
    if (captures.wanted[i]) found.push_back(values[i]);
  }
  return found;
}

void Open(std::string_view bytes, uint64_t lines, uint64_t size) {
  glp::pack::Templates templates;
  for (std::string_view pattern : {"", "0", "done", "GET /0 0", "0-0-0 0:0:0 user  0"}) {
    templates.Add(pattern);
  }
  glp::pack::ValueDecoder decoder;
  TextColumn column;
  if (!column.Open(bytes, templates, lines, size, &decoder).ok()) return;
  glp::pack::Buffer text;
  std::vector<uint32_t> starts;
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < lines; i += 2) rows.push_back(i);
  if (column.Rebuild(rows, &text, &starts).ok() && text.size() > size) __builtin_trap();
  if (column.RebuildAll(&text, &starts).ok() && text.size() != size) __builtin_trap();
  for (const glp::logql::WantedCaptures& captures : Captures()) {
    column.Shorten(glp::pack::LineCut(captures));
    if (column.Rebuild(rows, &text, &starts).ok() && text.size() > size) __builtin_trap();
    if (column.RebuildAll(&text, &starts).ok() && text.size() > size) __builtin_trap();
  }
}

void RoundTrip(std::string_view text) {
  std::vector<std::string_view> lines;
  size_t size = 0;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    size += lines.back().size();
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  if (lines.empty()) return;
  glp::pack::TemplateDictionary dictionary;
  glp::pack::ValueEncoder values(1);
  glp::pack::LineEncoder encoder(&dictionary, &values);
  std::string bytes;
  if (!encoder.Encode(lines, &bytes)) return;
  glp::pack::ValueDecoder decoder;
  TextColumn column;
  glp::pack::Buffer rebuilt;
  std::vector<uint32_t> starts;
  if (!column.Open(bytes, dictionary.templates(), lines.size(), size, &decoder).ok() ||
      !column.RebuildAll(&rebuilt, &starts).ok()) {
    __builtin_trap();
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (rebuilt.view().substr(starts[i], starts[i + 1] - starts[i]) != lines[i]) __builtin_trap();
  }
  for (const glp::logql::WantedCaptures& captures : Captures()) {
    column.Shorten(glp::pack::LineCut(captures));
    if (!column.RebuildAll(&rebuilt, &starts).ok()) __builtin_trap();
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto line = rebuilt.view().substr(starts[i], starts[i + 1] - starts[i]);
      if (Found(captures, line) != Found(captures, lines[i])) __builtin_trap();
    }
  }
}

}  // namespace

// The first byte is the number of lines, 0 for the second test; the second and third are the bytes
// of all lines.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (data[0] == 0) {
    RoundTrip(bytes.substr(1));
  } else {
    Open(bytes.substr(3), data[0], data[1] | data[2] << 8);
  }
  return 0;
}
