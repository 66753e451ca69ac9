#include "codec/template_functions.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/strings.h"
#include "codec/template_print.h"

namespace glp::codec::tmpl {
namespace {

// Functions of sprig that have no place in a log pipeline, whose results are to depend on its
// input and nothing else, and why.
struct Refused {
  std::string_view name, why;
};
constexpr std::string_view kRandom = "its result is random";
constexpr std::string_view kSecret = "it makes or takes keys and passwords";
constexpr std::string_view kEnvironment = "it reads the environment";
constexpr std::string_view kNetwork = "it asks the network";
constexpr Refused kRefused[] = {
    {"bcrypt", kSecret},
    {"buildCustomCert", kSecret},
    {"decryptAES", kSecret},
    {"derivePassword", kSecret},
    {"encryptAES", kSecret},
    {"env", kEnvironment},
    {"expandenv", kEnvironment},
    {"genCA", kSecret},
    {"genCAWithKey", kSecret},
    {"genPrivateKey", kSecret},
    {"genSelfSignedCert", kSecret},
    {"genSelfSignedCertWithKey", kSecret},
    {"genSignedCert", kSecret},
    {"genSignedCertWithKey", kSecret},
    {"getHostByName", kNetwork},
    {"htpasswd", kSecret},
    {"randAlpha", kRandom},
    {"randAlphaNum", kRandom},
    {"randAscii", kRandom},
    {"randBytes", kRandom},
    {"randInt", kRandom},
    {"randNumeric", kRandom},
    {"shuffle", kRandom},
};

using Table = std::unordered_map<std::string_view, const Function*>;

// Later tables win: a dialect's own functions over sprig's over Go's.
Table MakeTable(std::initializer_list<Functions> parts) {
  Table table;
  for (Functions part : parts) {
    for (const Function& function : part) table[function.name] = &function;
  }
  return table;
}

const Table& PromtailTable() {
  static const Table* table = new Table(
      MakeTable({Builtins(), StringFunctions(), CaseFunctions(), RegexFunctions(), MathFunctions(),
                 ListFunctions(), DictFunctions(), DateFunctions(), CryptoFunctions(),
                 EncodingFunctions(), JsonFunctions(), PathFunctions(), ReflectFunctions(),
                 UrlFunctions(), VersionFunctions(), PromtailFunctions()}));
  return *table;
}

const Table& LokiTable() {
  static const Table* table = [] {
    // What Loki takes of sprig.
    constexpr std::string_view kTaken[] = {
        "b64enc",   "b64dec",    "lower",      "upper",      "title",   "trunc",     "substr",
        "contains", "hasPrefix", "hasSuffix",  "indent",     "nindent", "replace",   "repeat",
        "trim",     "trimAll",   "trimSuffix", "trimPrefix", "int",     "float64",   "add",
        "sub",      "mul",       "div",        "mod",        "addf",    "subf",      "mulf",
        "divf",     "max",       "min",        "maxf",       "minf",    "ceil",      "floor",
        "round",    "fromJson",  "date",       "toDate",     "now",     "unixEpoch", "default"};
    auto* taken = new Table(MakeTable({Builtins()}));
    const Table& sprig = PromtailTable();
    for (std::string_view name : kTaken) {
      auto at = sprig.find(name);
      if (at != sprig.end()) (*taken)[name] = at->second;
    }
    for (const Function& function : LokiFunctions()) (*taken)[function.name] = &function;
    return taken;
  }();
  return *table;
}

}  // namespace

Result<const Function*> FindFunction(std::string_view name, TemplateDialect dialect) {
  const Table& table = dialect == TemplateDialect::kLoki ? LokiTable() : PromtailTable();
  if (auto at = table.find(name); at != table.end()) return at->second;
  std::string shown = QuoteGo(name.substr(0, 100));
  if (dialect == TemplateDialect::kPromtail) {
    for (const Refused& refused : kRefused) {
      if (refused.name != name) continue;
      return UsageError("function " + shown + " is refused: " + std::string(refused.why) +
                        ", and a log pipeline gives the same for the same input, offline");
    }
  }
  std::vector<std::string> known;
  known.reserve(table.size());
  for (const auto& [candidate, function] : table) known.emplace_back(candidate);
  std::sort(known.begin(), known.end());
  std::string message = "function " + shown + " not defined";
  std::string_view nearest = name.size() > 100 ? "" : Nearest(name, known);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
  return UsageError(message);
}

std::string_view ParameterType(char letter) {
  switch (letter) {
    case 's':
      return "string";
    case 'i':
      return "int";
    case 'l':
      return "int64";
    case 'f':
      return "float64";
    case 'b':
      return "bool";
    case 'm':
      return "map[string]interface {}";
    case 't':
      return "time.Time";
    case 'd':
      return "time.Duration";
    case 'V':
      return "*semver.Version";
    default:
      return "interface {}";
  }
}

}  // namespace glp::codec::tmpl
