#include "wire/curl.h"

#include <dlfcn.h>

#include <string>

namespace glp::wire {
namespace {

constexpr char kLibrary[] = "libcurl.so.4";

// Finds the functions of a library; remembers the first that is not there.
class Finder {
 public:
  explicit Finder(void* library) : library_(library) {}
  template <typename Function>
  void Find(const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(library_, name));
    if (*function == nullptr && missing_ == nullptr) missing_ = name;
  }
  const char* missing() const { return missing_; }

 private:
  void* library_;
  const char* missing_ = nullptr;
};

Result<Curl> Find() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(Code::kIo,
                  std::string(dlerror()) + "; HTTP needs libcurl (Debian's package libcurl4)");
  }
  Curl curl;
  Finder finder(library);
  finder.Find("curl_easy_cleanup", &curl.easy_cleanup);
  finder.Find("curl_easy_getinfo", &curl.easy_getinfo);
  finder.Find("curl_easy_init", &curl.easy_init);
  finder.Find("curl_easy_recv", &curl.easy_recv);
  finder.Find("curl_easy_reset", &curl.easy_reset);
  finder.Find("curl_easy_send", &curl.easy_send);
  finder.Find("curl_easy_setopt", &curl.easy_setopt);
  finder.Find("curl_easy_strerror", &curl.easy_strerror);
  finder.Find("curl_free", &curl.free);
  finder.Find("curl_getdate", &curl.getdate);
  finder.Find("curl_global_init", &curl.global_init);
  finder.Find("curl_multi_add_handle", &curl.multi_add_handle);
  finder.Find("curl_multi_cleanup", &curl.multi_cleanup);
  finder.Find("curl_multi_info_read", &curl.multi_info_read);
  finder.Find("curl_multi_init", &curl.multi_init);
  finder.Find("curl_multi_perform", &curl.multi_perform);
  finder.Find("curl_multi_poll", &curl.multi_poll);
  finder.Find("curl_multi_remove_handle", &curl.multi_remove_handle);
  finder.Find("curl_slist_append", &curl.slist_append);
  finder.Find("curl_slist_free_all", &curl.slist_free_all);
  finder.Find("curl_url", &curl.url);
  finder.Find("curl_url_cleanup", &curl.url_cleanup);
  finder.Find("curl_url_get", &curl.url_get);
  finder.Find("curl_url_set", &curl.url_set);
  if (finder.missing() != nullptr) {
    return Status(Code::kIo,
                  std::string(kLibrary) + " has no " + finder.missing() + ": it is too old");
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
