#include "wire/curl.h"

#include <dlfcn.h>

#include <string>

namespace glp::wire {
namespace {

constexpr char kLibrary[] = "libcurl.so.4";

Result<Curl> Find() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(Code::kIo,
                  std::string(dlerror()) + "; HTTP needs libcurl (Debian's package libcurl4)");
  }
  Curl curl;
  const char* missing = nullptr;
#define GLP_CURL_FIND(name)                                                         \
  curl.name = reinterpret_cast<decltype(curl.name)>(dlsym(library, "curl_" #name)); \
  if (curl.name == nullptr) missing = "curl_" #name;
  GLP_CURL_FUNCTIONS(GLP_CURL_FIND)
#undef GLP_CURL_FIND
  if (missing != nullptr) {
    return Status(Code::kIo, std::string(kLibrary) + " has no " + missing + ": it is too old");
  }
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Status(Code::kIo, std::string(kLibrary) + " could not be set up");
  }
  return curl;
}

}  // namespace

Result<const Curl*> Curl::Load() {
  static const Result<Curl> curl = Find();
  if (!curl.ok()) return curl.status();
  return &*curl;
}

}  // namespace glp::wire
