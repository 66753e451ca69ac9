// Loki's HTTP API over a store. Each endpoint answers as Loki 3.7 does, errors as text with its
// status and words.
// Lifetime: the store must outlive it, it must outlive the server that has its routes.
// Threads:  handlers run on any number of threads at a time.
#pragma once

#include <memory>

#include "store/store.h"
#include "wire/http.h"
#include "wire/loki_context.h"

namespace glp::wire {

class LokiApi {
 public:
  // `deletes` must outlive it.
  LokiApi(store::Store* store, std::shared_ptr<const ApiSettings> settings,
          DeleteRequests* deletes);
  ~LokiApi();
  LokiApi(const LokiApi&) = delete;
  LokiApi& operator=(const LokiApi&) = delete;

  void AddRoutes(Router* router);
  // For requests that begin from now on. From any thread.
  void Reload(std::shared_ptr<const ApiSettings> settings);
  // What was to be reloaded is not valid: /metrics tells.
  void CountFailedReload();

 private:
  struct Handlers;  // one for each group of endpoints
  std::unique_ptr<Handlers> handlers_;
};

}  // namespace glp::wire
