// Stages `clf` and `combined`: access logs of Apache, nginx and what writes like them.
//   HOST IDENT USER [10/Oct/2000:13:55:36 -0700] "METHOD PATH PROTOCOL" STATUS BYTES
//   and, as combined,  "REFERER" "AGENT"
// Both read either form; `combined` marks a line without referer and agent. In front of the host
// there may be a virtual host with its port (name:443), behind it all whatever the server was told
// to write.
//   source: field or label to read; the line by default
// Fields ("-" is no value and gives no field; escapes in quotes are decoded):
//   agent, bytes, host, ident, method, path, protocol, referer, status, user
//   request   the whole request, where it is not METHOD PATH [PROTOCOL]
//   vhost     "name:port", where there is one
//   extra     what stands behind, as written
// The time is taken from the brackets; the line stays.
// Source: Apache's mod_log_config, nginx's ngx_http_log_module.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "stages/build.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

// Views into the text, quoted values with their escapes; "" for what is missing.
struct ClfLine {
  std::optional<int64_t> ts_ns;
  bool is_combined = false;
  std::string_view vhost, host, ident, user, time, request, status, bytes, referer, agent, extra;
};
// False where the text is not of the form at all (then without a use).
bool ParseClfLine(std::string_view text, ClfLine* out);

class ClfStage : public Stage {
 public:
  ClfStage(bool combined, TextSource source) : combined_(combined), source_(std::move(source)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  bool combined_;
  TextSource source_;
};

std::unique_ptr<Stage> ReadClfStage(const codec::YamlNode& config, BuildContext& context);
std::unique_ptr<Stage> ReadCombinedStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
