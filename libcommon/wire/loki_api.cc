#include "wire/loki_api.h"

#include "wire/loki_admin.h"
#include "wire/loki_delete.h"
#include "wire/loki_detected.h"
#include "wire/loki_index.h"
#include "wire/loki_labels.h"
#include "wire/loki_limits.h"
#include "wire/loki_push.h"
#include "wire/loki_query.h"
#include "wire/loki_tail.h"
#include "wire/tail_hub.h"

namespace glp::wire {

struct LokiApi::Handlers {
  Handlers(store::Store* store, std::shared_ptr<const ApiSettings> settings,
           DeleteRequests* requests)
      : context(store, std::move(settings), requests), deletes(&context, requests) {}

  ApiContext context;
  TailHub tails;
  PushApi push{&context, &tails};
  QueryApi query{&context};
  LabelsApi labels{&context};
  IndexApi index{&context};
  DetectedApi detected{&context};
  LimitsApi limits{&context};
  TailApi tail{&context, &tails};
  AdminApi admin{&context, &tails};
  DeleteApi deletes;
};

LokiApi::LokiApi(store::Store* store, std::shared_ptr<const ApiSettings> settings,
                 DeleteRequests* deletes)
    : handlers_(std::make_unique<Handlers>(store, std::move(settings), deletes)) {}
LokiApi::~LokiApi() = default;

void LokiApi::AddRoutes(Router* router) {
  handlers_->push.AddRoutes(router);
  handlers_->query.AddRoutes(router);
  handlers_->labels.AddRoutes(router);
  handlers_->index.AddRoutes(router);
  handlers_->detected.AddRoutes(router);
  handlers_->limits.AddRoutes(router);
  handlers_->tail.AddRoutes(router);
  handlers_->admin.AddRoutes(router);
  handlers_->deletes.AddRoutes(router);
}

void LokiApi::Reload(std::shared_ptr<const ApiSettings> settings) {
  handlers_->context.Reload(std::move(settings));
}

void LokiApi::CountFailedReload() { handlers_->context.CountFailedReload(); }

}  // namespace glp::wire
