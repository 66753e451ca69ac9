// What was typed. Values that promtail's file may have as well are kUnset where they were not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"

namespace glp::push {

struct Options {
  static constexpr int64_t kUnsetNs = INT64_MIN;
  static constexpr uint64_t kUnset = UINT64_MAX;

  std::vector<std::string> urls;
  std::string config;
  bool expand_env = false;
  std::vector<std::string> external_labels;
  cli::Size batch_size{kUnset};
  cli::Duration batch_wait{kUnsetNs};
  std::string format = "protobuf";
  bool gzip = false;

  std::string tenant;
  std::string tenant_label = "__tenant_id__";
  std::string tenant_field;

  std::string token_file;
  std::string user;
  std::string password_file;
  std::vector<std::string> headers;
  std::string ca_file, cert_file, key_file, server_name;
  bool insecure_skip_verify = false;
  std::string proxy;

  cli::Duration timeout{kUnsetNs};
  uint64_t max_retries = kUnset;
  cli::Duration min_backoff{kUnsetNs};
  cli::Duration max_backoff{kUnsetNs};

  std::string positions;
  bool require_end = false;
  std::string spool;
  cli::Size spool_max{uint64_t{1} << 30};
  std::string dead_letters;
  std::string metrics;
  bool dry_run = false;
};

}  // namespace glp::push
