#include "wire/access.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "io/file.h"
#include "store/store.h"

namespace glp::wire {
namespace {

constexpr size_t kMaxFileBytes = 16 << 20;
constexpr size_t kMaxWrong = 10'000;

}  // namespace

class Credentials {
 public:
  struct User {
    std::string hash;
    std::string tenant;
  };

  Credentials() { good_ = RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1; }
  bool good() const { return good_; }

  Status AddToken(std::string_view token, std::string_view tenant) {
    if (!tokens_.emplace(Mac(token), tenant).second) return UsageError("the token is there twice");
    return Status::Ok();
  }
  Status AddUser(std::string_view name, User user) {
    if (!users_.emplace(name, std::move(user)).second) {
      return UsageError("the user " + std::string(name) + " is there twice");
    }
    return Status::Ok();
  }

  // What is shown is good for a tenant, "" for any; nullptr where it is not known.
  const std::string* OfToken(std::string_view token) const {
    const auto found = tokens_.find(Mac(token));
    return found == tokens_.end() ? nullptr : &found->second;
  }
  // Nothing where it takes a hash and may not.
  std::optional<const std::string*> OfUser(std::string_view name, std::string_view password,
                                           bool may_hash) const {
    const auto found = users_.find(name);
    // Who is not there takes as long to refuse as who is.
    const User* user = found != users_.end() ? &found->second
                       : users_.empty()      ? nullptr
                                             : &users_.begin()->second;
    if (user == nullptr) return nullptr;
    std::string shown(name);
    shown += '\0';
    shown += password;
    const std::string mac = Mac(shown);
    {
      std::lock_guard lock(mutex_);
      if (right_.contains(mac)) return &user->tenant;
      if (wrong_.contains(mac)) return nullptr;
    }
    if (!may_hash) return std::nullopt;
    const bool is_right = IsPassword(password, user->hash) && found != users_.end();
    std::lock_guard lock(mutex_);
    // Guesses do not drive out what is right.
    if (!is_right && wrong_.size() >= kMaxWrong) wrong_.clear();
    (is_right ? right_ : wrong_).insert(mac);
    return is_right ? &user->tenant : nullptr;
  }

  static bool IsPassword(std::string_view password, const std::string& hash) {
    if (password.find('\0') != std::string_view::npos) return false;
    struct crypt_data data = {};
    const char* made = crypt_r(std::string(password).c_str(), hash.c_str(), &data);
    return made != nullptr && made[0] != '*' && hash == made;
  }

 private:
  std::string Mac(std::string_view text) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
    unsigned int size = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    return {reinterpret_cast<const char*>(mac.data()), size};
  }

  bool good_ = false;
  std::array<unsigned char, 32> key_;
  std::unordered_map<std::string, std::string> tokens_;  // by MAC: the tenant
  StringMap<User> users_;
  mutable std::mutex mutex_;
  mutable std::unordered_set<std::string> right_, wrong_;  // MACs of name and password
};

namespace {

Result<std::string> ReadSecret(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return IoError("cannot open " + path, errno);
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return UsageError(path + ": everybody on this machine may read or write it: chmod o= " + path);
  }
  return io::ReadFile(path, kMaxFileBytes);
}

// Calls `add` with each line that says something, of which there has to be one: a file that was
// emptied by mistake locks everybody out.
Status ForEachLine(const std::string& path,
                   const std::function<Status(std::string_view line)>& add) {
  GLP_ASSIGN_OR_RETURN(const std::string text, ReadSecret(path));
  size_t number = 0, added = 0;
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);  // as editors of Windows begin
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = TrimSpace(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.empty() || line[0] == '#') continue;
    GLP_RETURN_IF_ERROR(add(line).Annotate(path + ":" + std::to_string(number)));
    ++added;
  }
  if (added == 0) return UsageError(path + ": nobody is in it");
  return Status::Ok();
}

Status AddTokenLine(std::string_view line, Credentials* credentials) {
  const size_t blank = line.find_first_of(" \t");
  if (blank == std::string_view::npos) return credentials->AddToken(line, "");
  const std::string_view tenant = TrimSpace(line.substr(blank));
  if (tenant.find_first_of(" \t") != std::string_view::npos) {
    return UsageError("a line is TOKEN or TOKEN TENANT");
  }
  GLP_RETURN_IF_ERROR(store::CheckTenant(tenant));
  return credentials->AddToken(line.substr(0, blank), tenant);
}

Status AddUserLine(std::string_view line, Credentials* credentials) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return UsageError("a line is NAME:HASH or NAME:HASH:TENANT");
  }
  const std::string_view name = line.substr(0, colon);
  std::string_view hash = line.substr(colon + 1);
  std::string_view tenant;
  if (const size_t second = hash.find(':'); second != std::string_view::npos) {
    tenant = hash.substr(second + 1);
    hash = hash.substr(0, second);
    GLP_RETURN_IF_ERROR(store::CheckTenant(tenant));
  }
  const Credentials::User user{std::string(hash), std::string(tenant)};
  // A hash of a method that is not there, and a password as it is, make none.
  struct crypt_data data = {};
  const char* made = user.hash.size() < 13 ? nullptr : crypt_r("x", user.hash.c_str(), &data);
  if (made == nullptr || made[0] == '*' || user.hash[0] != '$') {
    return UsageError("what stands behind " + std::string(name) +
                      ": is no hash that is known here; `htpasswd -nB NAME` makes one, and so does "
                      "`openssl passwd -6`");
  }
  return credentials->AddUser(name, user);
}

// "basic" or "bearer" and what follows; empty where the header is no such thing.
struct Shown {
  std::string scheme;
  std::string_view value;
};
Shown ParseAuthorization(std::string_view header) {
  const size_t blank = header.find(' ');
  if (blank == std::string_view::npos) return {};
  return {AsciiLower(header.substr(0, blank)), TrimSpace(header.substr(blank))};
}

Response Unauthorized(std::string_view words) {
  Response response = TextResponse(401, std::string(words) + "\n");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"glp\", charset=\"UTF-8\"");
  return response;
}

std::optional<const std::string*> TenantOf(const Credentials& credentials,
                                           std::string_view authorization, bool may_hash) {
  const Shown shown = ParseAuthorization(authorization);
  if (shown.scheme == "bearer") return credentials.OfToken(shown.value);
  std::string pair;
  if (shown.scheme != "basic" || !Base64Decode(shown.value, &pair)) return nullptr;
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return nullptr;
  return credentials.OfUser(std::string_view(pair).substr(0, colon),
                            std::string_view(pair).substr(colon + 1), may_hash);
}

Response Forbidden(std::string words) { return TextResponse(403, std::move(words) + "\n"); }

}  // namespace

Result<std::shared_ptr<const Credentials>> ReadCredentials(const CredentialFiles& files) {
  if (files.token_file.empty() && files.user_file.empty()) {
    return std::shared_ptr<const Credentials>();
  }
  auto credentials = std::make_shared<Credentials>();
  if (!credentials->good()) return Status(Code::kIo, "libcrypto gives no random bytes");
  if (!files.token_file.empty()) {
    GLP_RETURN_IF_ERROR(ForEachLine(files.token_file, [&](std::string_view line) {
      return AddTokenLine(line, credentials.get());
    }));
  }
  if (!files.user_file.empty()) {
    GLP_RETURN_IF_ERROR(ForEachLine(files.user_file, [&](std::string_view line) {
      return AddUserLine(line, credentials.get());
    }));
  }
  return std::shared_ptr<const Credentials>(std::move(credentials));
}

namespace {

// What the credentials are good for: a tenant, "" for all. Nothing where it takes a hash and may
// not.
std::optional<Admission> JudgeCredentials(const Credentials& credentials, const Request& request,
                                          bool may_hash) {
  const std::string_view authorization = request.Header("authorization");
  if (authorization.empty()) {
    return Admission{"", Unauthorized("this server asks for a token or a name and a password")};
  }
  const auto tenant = TenantOf(credentials, authorization, may_hash);
  if (!tenant) return std::nullopt;
  if (*tenant == nullptr) {
    return Admission{"", Unauthorized("the token, or the name or the password, is not right")};
  }
  return Admission{**tenant, {}};
}

}  // namespace

std::optional<Admission> Access::JudgeAny(Reach reach, const Request& request,
                                          bool may_hash) const {
  std::string bound_to;
  if (credentials != nullptr) {
    std::optional<Admission> known = JudgeCredentials(*credentials, request, may_hash);
    if (!known || !known->ok()) return known;
    bound_to = std::move(known->tenant);
  }
  switch (reach) {
    case Reach::kKnown:
      return Admission();
    case Reach::kServer:
      if (bound_to.empty()) return Admission();
      return Admission{"", Forbidden("these credentials are good for tenant " + bound_to +
                                     " alone, and this is about the whole server")};
    case Reach::kTenant:
      break;
  }
  return JudgeTenant(bound_to, request);
}

Admission Access::Judge(Reach reach, const Request& request) const {
  return *JudgeAny(reach, request, /*may_hash=*/true);
}

std::optional<Admission> Access::JudgeQuickly(Reach reach, const Request& request) const {
  return JudgeAny(reach, request, /*may_hash=*/false);
}

Admission Access::JudgeTenant(const std::string& bound_to, const Request& request) const {
  if (!tenants) return {bound_to.empty() ? tenant : bound_to, {}};
  const std::string_view org = request.Header("x-scope-orgid");
  if (!bound_to.empty()) {
    if (org.empty() || org == bound_to) return {bound_to, {}};
    return {"", Forbidden("these credentials are not of tenant " + EscapeForTerminal(org))};
  }
  if (org.empty()) return {"", TextResponse(401, "no org id\n")};
  if (org.find('|') != std::string_view::npos) {
    return {"", TextResponse(400, "multiple org IDs present\n")};
  }
  if (const Status status = store::CheckTenant(org); !status.ok()) {
    return {"", TextResponse(400, status.message() + "\n")};
  }
  return {std::string(org), {}};
}

}  // namespace glp::wire
