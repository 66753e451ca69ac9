// libcurl, loaded when it is first needed: it and its thirty libraries would cost each process
// three milliseconds at its start, and most ask no server.
// Threads: safe from any.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace glp::wire {

// What is used of it; functions by their names without `curl_`.
struct Curl {
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_recv) easy_recv;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_send) easy_send;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_free) free;
  decltype(&::curl_getdate) getdate;
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_url) url;
  decltype(&::curl_url_cleanup) url_cleanup;
  decltype(&::curl_url_get) url_get;
  decltype(&::curl_url_set) url_set;

  // Loads it at the first call; it stays. Errors: Code::kIo where it is not there.
  static Result<const Curl*> Load();
};

}  // namespace glp::wire
