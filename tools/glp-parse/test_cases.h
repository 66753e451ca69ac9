// --test: a file with tests of a pipeline, lines in and records expected, run without any input.
//
//   pipeline: {config: promtail.yml, job: web}     # or {stages: […]}; else the command line's
//   labels: {job: web}                             # of lines that give none
//   cases:
//     - name: the level becomes a label
//       input: ['level=info msg=hello']
//       expect: [{line: hello, labels: {job: web, level: info}}]
//
// Lifetime: values. Threads: one at a time.
// Errors:   Code::kUsage "FILE:LINE:COLUMN: why" for what the file says, Code::kIo.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/yaml.h"
#include "record/labels.h"
#include "stage_list.h"

namespace glp::parse {

using Texts = std::map<std::string, std::string>;

struct TestLine {
  std::string line;  // bytes
  Texts labels, fields, meta;
  int64_t ts_ns = 0;
};

// Only what is given is compared.
struct TestExpectation : codec::YamlPlace {
  std::optional<std::string> line;  // bytes
  std::optional<Texts> labels, meta;
  std::map<std::string, std::optional<std::string>> fields;  // nothing: must not be there
  std::optional<int64_t> ts_ns;
};

struct TestCase : codec::YamlPlace {
  std::string name;
  std::vector<TestLine> input;
  std::optional<std::vector<TestExpectation>> expect;
  std::optional<uint64_t> count, dropped;
  std::optional<std::map<std::string, uint64_t>> dropped_by;  // reason
};

struct TestFile {
  std::string path;
  // Of the file itself; nothing where it has no `pipeline`.
  std::optional<std::vector<StagePart>> pipeline;
  int64_t now_ns = 0;
  std::vector<TestCase> cases;
};

// `expand_env`: of a configuration that it names.
Result<TestFile> ReadTestFile(const std::string& path, bool expand_env);

struct TestReport {
  uint64_t passed = 0, failed = 0;
  std::string text;  // what differs, and "N passed, N failed"
};
Result<TestReport> RunTests(const TestFile& file, const std::vector<StagePart>& pipeline);

}  // namespace glp::parse
