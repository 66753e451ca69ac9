// /loki/api/v1/index/{stats,volume,volume_range,shards}: how much there is, from indexes. Part of
// loki_api.h.
#pragma once

#include "logql/volume.h"
#include "wire/loki_context.h"

namespace glp::wire {

class IndexApi {
 public:
  explicit IndexApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  Result<logql::IndexStats> StatsOf(const Call& call);
  Response Stats(const Call& call);
  Response Shards(const Call& call);
  Response Volume(const Call& call, bool by_step);

  ApiContext& context_;
};

}  // namespace glp::wire
