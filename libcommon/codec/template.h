// Go's text/template as promtail's stages and LogQL's line_format and label_format use it: actions,
// pipelines, variables, if/else/with/range/break/continue, define/template/block, comments, trim
// markers, Go's printing of values, and the functions of each dialect.
//
//   GLP_ASSIGN_OR_RETURN(codec::Template t, codec::Template::Compile("{{ .level | ToUpper }}",
//                                                                    TemplateDialect::kPromtail));
//   std::string out;
//   GLP_RETURN_IF_ERROR(t.Execute({.data = fields, .line = line, .ts_ns = ts_ns}, &out));
//
// Threads: const from any. Deterministic: no function reads the environment, the network or a file,
//          the local time zone is UTC, `now` is the caller's; only uuidv4 gives another text each
//          time. Refused by Compile, with the reason, are therefore sprig's
//          random: randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle;
//          keys and passwords: bcrypt buildCustomCert decryptAES derivePassword encryptAES genCA
//          genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert
//          genSignedCertWithKey htpasswd; environment and network: env expandenv getHostByName.
// Errors:  Compile: Code::kUsage, "template: :1:5: function \"nosuch\" not defined", with the
//          nearest known name; Execute: Code::kData in Go's words.
// Limits:  of text, nesting, steps and output (TemplateLimits); each says which one it was.
// Source:  Go 1.26 text/template, sprig 3.3, promtail 3.6, Loki 3.7; recorded answers are in the
//          test. What Go leaves to chance (order of a map) is sorted here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace glp::codec {

enum class TemplateDialect {
  kPromtail,  // sprig's text functions and promtail's; a name that is not there prints <no value>
  kLoki,      // Loki's functions; a name that is not there prints nothing
};

struct TemplateLimits {
  size_t text_bytes = 64 << 10;
  size_t depth = 100;  // of nesting in the text; of templates that call each other
  size_t output_bytes = 16 << 20;
  size_t memory_bytes = 64 << 20;  // of what it computes on the way
  uint64_t steps = 10'000'000;     // nodes run
};

// The names that a template may ask for: all values are strings.
class TemplateData {
 public:
  virtual ~TemplateData() = default;
  virtual std::optional<std::string_view> Get(std::string_view name) const = 0;
  // Sorted by name, each once.
  virtual std::vector<std::pair<std::string_view, std::string_view>> All() const = 0;
};

struct TemplateInput {
  const TemplateData& data;
  std::string_view line = {};  // __line__
  int64_t ts_ns = 0;           // __timestamp__
  int64_t now_ns = 0;          // now
};

class Template {
 public:
  static Result<Template> Compile(std::string_view text, TemplateDialect dialect,
                                  TemplateLimits limits = TemplateLimits());
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // Appends to `out`; where it fails, what was written so far is taken back.
  Status Execute(const TemplateInput& input, std::string* out) const;

  // The names of the data that it can ask for; nothing where that cannot be said ({{ . }}, index).
  const std::optional<std::vector<std::string>>& names() const;
  // Whether it can ask for the line.
  bool reads_line() const;

 private:
  struct Impl;
  explicit Template(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace glp::codec
