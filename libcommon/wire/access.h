// Who may ask a server, and for which tenant: bearer tokens and users with passwords from files,
// tenants by X-Scope-OrgID.
//
//   GLP_ASSIGN_OR_RETURN(access.credentials, ReadCredentials({.token_file = "/etc/glp/tokens"}));
//   Access::Verdict verdict = access.Judge(request);
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

struct Access {
  // X-Scope-OrgID says the tenant, and has to; else all is of `tenant`, and nobody looks at it.
  bool tenants = false;
  std::string tenant = "fake";
  // Where there are some, a request has to show one of them. That of a tenant needs no
  // X-Scope-OrgID, and is refused (403) with another's.
  std::shared_ptr<const Credentials> credentials;

  struct Verdict {
    std::string tenant;  // "" from JudgeCredentials where they are good for all
    Response refusal;    // status 200 where there is none
    bool ok() const { return refusal.status == 200; }
  };
  Verdict Judge(const Request& request) const;
  // For what is of no tenant: only whether the credentials are right.
  Verdict JudgeCredentials(const Request& request) const;
};

}  // namespace glp::wire
