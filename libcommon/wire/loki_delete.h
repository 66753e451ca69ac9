// /loki/api/v1/delete: requests to delete are made, listed and cancelled. Part of loki_api.h.
#pragma once

#include "wire/delete_requests.h"
#include "wire/loki_context.h"

namespace glp::wire {

class DeleteApi {
 public:
  // `requests` must outlive it.
  DeleteApi(ApiContext* context, DeleteRequests* requests)
      : context_(*context), requests_(*requests) {}
  void AddRoutes(Router* router);

 private:
  Response Create(const Call& call);
  Response List(const Call& call);
  Response Cancel(const Call& call);

  ApiContext& context_;
  DeleteRequests& requests_;
};

}  // namespace glp::wire
