// The options of grep's manners, and what they mean.
// Lifetime: the flags must outlive the command. Errors: Code::kUsage, I/O of the salt's file.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "passage.h"

namespace glp::filter {

struct PassageFlags {
  static constexpr uint64_t kNotGiven = std::numeric_limits<uint64_t>::max();
  uint64_t after = kNotGiven, before = kNotGiven, around = kNotGiven;
  bool dedup = false;
  cli::Duration dedup_window{-1};
  std::string sample;
  std::string rate_limit, rate_limit_by = "stream";
  std::string redact, salt_file;

  // Whether they do anything to records.
  bool any() const;
};

void DescribePassage(cli::Command* command, PassageFlags* flags);

// `writes_records`: -c and -q do not; context and redaction then mean nothing.
Result<PassageOptions> MakePassageOptions(const PassageFlags& flags, bool writes_records);

}  // namespace glp::filter
