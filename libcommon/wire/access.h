// Who may ask a server, and for which tenant: bearer tokens and users with passwords from files,
// tenants by X-Scope-OrgID.
//
//   GLP_ASSIGN_OR_RETURN(access.credentials, ReadCredentials({.token_file = "/etc/glp/tokens"}));
//   if (auto found = access.JudgeQuickly(Reach::kTenant, request)) return *found;
//   Admission found = access.Judge(Reach::kTenant, request);  // takes the hash of a password
//
// Files:    a line each, empty ones and those that begin with # are passed over.
//           Tokens: `TOKEN`, or `TOKEN TENANT` where it is good for one tenant alone.
//           Users:  `NAME:HASH` as htpasswd and `openssl passwd` write them (what crypt(3) knows:
//           bcrypt, SHA-512, yescrypt), or `NAME:HASH:TENANT`.
// Errors:   Code::kIo; Code::kUsage with file and line, and never with what is secret in it; a
//           file that others than its owner and group may read or write is refused, and one
//           without a line.
// Threads:  const from any; what Judge remembers of passwords is guarded.
// Cost:     a token is compared by its SHA-256; a password costs its hash once, what it was found
//           good or bad for is remembered as an HMAC with a key of the process; of bad ones 10,000
//           at most. A name that is not there costs the hash of one that is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http.h"

namespace glp::wire {

class Credentials;

struct CredentialFiles {
  std::string token_file, user_file;  // "" where there is none
};
// nullptr where there are no files.
Result<std::shared_ptr<const Credentials>> ReadCredentials(const CredentialFiles& files);

// What a request is about.
enum class Reach {
  kTenant,  // one tenant's logs
  kServer,  // all of the server: not for credentials that are good for one tenant
  kKnown,   // nobody's secret: any credentials will do
};

struct Access {
  // X-Scope-OrgID says the tenant, and has to; else all is of `tenant`, and nobody looks at it.
  bool tenants = false;
  std::string tenant = "fake";
  // Where there are some, a request has to show one of them. That of a tenant needs no
  // X-Scope-OrgID, and is refused (403) with another's.
  std::shared_ptr<const Credentials> credentials;

  Admission Judge(Reach reach, const Request& request) const;
  // Nothing where it takes the hash of a password that was not seen before: milliseconds or more.
  std::optional<Admission> JudgeQuickly(Reach reach, const Request& request) const;

 private:
  std::optional<Admission> JudgeAny(Reach reach, const Request& request, bool may_hash) const;
  Admission JudgeTenant(const std::string& bound_to, const Request& request) const;
};

}  // namespace glp::wire
