// What every connection asks of libcurl alike, whatever goes over it.
// Threads: pure functions but for the handle that is set.
#pragma once

#include <string>

#include "wire/curl.h"
#include "wire/http_client.h"

namespace glp::wire {

// Protocols, certificates, proxy: what `options` say of connections. The strings must live as long
// as the handle.
void SetClientOptions(const Curl& curl, CURL* easy, const ClientOptions& options);
// For messages: what stands in front of the host may be a password.
std::string WithoutUserInfo(const std::string& url);
// What no second try makes better.
bool IsUsage(CURLcode code);

}  // namespace glp::wire
