// GET /loki/api/v1/tail: a WebSocket that gives the last entries of a log query, then those to
// come as they are stored. Part of loki_api.h.
// Format:  text frames {"streams":[…],"dropped_entries":[{"timestamp","labels"}]}, 100 entries a
//          frame at most, as Loki 3.7. A client that does not take them in time loses what comes
//          beyond 1 MB (less where more than 64 listen), and is told. What queries do not show,
//          since it is beyond its retention or asked to be deleted, is not shown either.
#pragma once

#include <atomic>

#include "wire/loki_context.h"
#include "wire/tail_hub.h"

namespace glp::wire {

class TailApi {
 public:
  // Sessions stay in `hub` until it goes; it must outlive this, and `context` the hub.
  TailApi(ApiContext* context, TailHub* hub) : context_(*context), hub_(*hub) {}
  void AddRoutes(Router* router);

 private:
  class Session;

  Response Tail(const Call& call);

  ApiContext& context_;
  TailHub& hub_;
};

}  // namespace glp::wire
