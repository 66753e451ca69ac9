// libcurl, loaded when it is first needed: it and its thirty libraries would cost each process
// three milliseconds at its start, and most ask no server.
// Threads: safe from any.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace glp::wire {

// What is used of it; functions by their names without `curl_`.
struct Curl {
#define GLP_CURL_FUNCTIONS(F)                                                                     \
  F(easy_cleanup)                                                                                 \
  F(easy_getinfo) F(easy_init) F(easy_reset) F(easy_setopt) F(easy_strerror) F(free) F(getdate)   \
      F(global_init) F(multi_add_handle) F(multi_cleanup) F(multi_info_read) F(multi_init)        \
          F(multi_perform) F(multi_poll) F(multi_remove_handle) F(slist_append) F(slist_free_all) \
              F(url) F(url_cleanup) F(url_get) F(url_set)
#define GLP_CURL_MEMBER(name) decltype(&::curl_##name) name;
  GLP_CURL_FUNCTIONS(GLP_CURL_MEMBER)
#undef GLP_CURL_MEMBER

  // Loads it at the first call; it stays. Errors: Code::kIo where it is not there.
  static Result<const Curl*> Load();
};

}  // namespace glp::wire
