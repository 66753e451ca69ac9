// /loki/api/v1/push. Part of loki_api.h.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "wire/loki_context.h"

namespace glp::wire {

class PushApi {
 public:
  explicit PushApi(ApiContext* context);
  ~PushApi();
  void AddRoutes(Router* router);

 private:
  struct Intake;  // what one push needs, kept for the next

  Response Push(const Call& call);
  std::unique_ptr<Intake> TakeIntake();
  void GiveBack(std::unique_ptr<Intake> intake);

  ApiContext& context_;
  std::mutex intake_mutex_;
  std::vector<std::unique_ptr<Intake>> intakes_;
};

}  // namespace glp::wire
