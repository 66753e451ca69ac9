// What takes entries in: /loki/api/v1/push, /api/prom/push and /otlp/v1/logs. Part of loki_api.h.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "wire/loki_context.h"
#include "wire/push_quota.h"
#include "wire/tail_hub.h"

namespace glp::wire {

class PushApi {
 public:
  // `tails`: is told of all that was stored; it must outlive this.
  PushApi(ApiContext* context, TailHub* tails);
  ~PushApi();
  void AddRoutes(Router* router);

 private:
  struct Intake;  // what one push needs, kept for the next
  struct Outcome {
    int status = 204;
    std::string words;
  };

  Response Push(const Call& call);
  Response PushOtlp(const Call& call);
  // Judges and stores; durable when it returns.
  Outcome Take(const Call& call, const PushRequest& request, Intake* intake);
  void Publish(const Call& call, std::span<const store::NewEntry> entries,
               const std::vector<size_t>& duplicates);
  std::unique_ptr<Intake> TakeIntake();
  void GiveBack(std::unique_ptr<Intake> intake);

  ApiContext& context_;
  TailHub& tails_;
  PushQuotas quotas_;
  std::mutex intake_mutex_;
  std::vector<std::unique_ptr<Intake>> intakes_;
};

}  // namespace glp::wire
