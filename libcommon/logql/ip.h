// ip("…") of line and label filters: an address, a network (10.0.0.0/8) or a range
// (10.0.0.1-10.0.0.9), IPv4 and IPv6, looked for among the texts of a line that look like
// addresses. An IPv4 address inside of an IPv6 one (::ffff:1.2.3.4) is an IPv6 address.
// Threads: const from any. Errors: Code::kUsage, `ip: invalid pattern: "…"`.
// Source:  Loki 3.7 pkg/logql/log/ip.go, with its rules of where an address may begin; so the "::1"
//          of a line that ends right behind it is none.
// Cost:    one look at each byte, but for what begins like an address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::logql {

struct IpAddress {
  bool is_v4 = false;
  uint64_t high = 0, low = 0;  // IPv4: in `low`
  bool operator==(const IpAddress&) const = default;
};
// The whole of `text` as an address; false where it is none. A zone (%eth0) is left out.
bool ParseIp(std::string_view text, IpAddress* ip);

class IpMatcher {
 public:
  static Result<IpMatcher> Compile(std::string_view pattern);

  bool Contains(const IpAddress& ip) const;
  // Whether any address in the text is one of them.
  bool IsIn(std::string_view text) const;
  // A text that every address of them begins with, "" where there is none: whole octets of IPv4.
  std::string Prefix() const;

 private:
  IpAddress first_, last_;  // both in it, of one family
};

}  // namespace glp::logql
