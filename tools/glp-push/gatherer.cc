#include "gatherer.h"

#include <algorithm>

#include "base/hash.h"
#include "base/time.h"

namespace glp::push {
namespace {

// Empty lines count nothing in a batch; their times and framing still take memory.
constexpr uint64_t kBodyPerSize = 4;
constexpr uint64_t kMinBodyBytes = 64 << 10;
constexpr uint64_t kOpenPerSize = 2;
constexpr size_t kMaxTenants = 10'000;

const std::string kNoTenant;

}  // namespace

Gatherer::Gatherer(const LabelTable* labels, GatherOptions options, cli::Delivery* delivery,
                   Sink sink)
    : table_(labels), options_(std::move(options)), delivery_(delivery), sink_(std::move(sink)) {}

Gatherer::~Gatherer() = default;

const Gatherer::Route& Gatherer::RouteOf(const LabelSet& labels) {
  // The table may have been emptied since the last record: its ids are then others' now.
  if (generation_ != table_->generation()) {
    routes_.clear();
    generation_ = table_->generation();
  }
  if (labels.id >= routes_.size()) routes_.resize(labels.id + 1);
  Route& route = routes_[labels.id];
  if (route.tenant != nullptr) return route;
  const Label* tenant = labels.Find(options_.tenant_label);
  route.tenant = tenant == nullptr ? &kNoTenant : &tenant->value;
  // By the stream as the server will see it.
  Labels merged = options_.external;
  merged.insert(merged.end(), labels.labels.begin(), labels.labels.end());
  Canonicalize(&merged);
  std::erase_if(merged, [&](const Label& label) { return label.name == options_.tenant_label; });
  route.lane = static_cast<uint32_t>(Hash64(LabelsToJson(merged)) % kLanes);
  return route;
}

std::string_view Gatherer::TenantOf(const Record& record) {
  if (!options_.tenant_field.empty() && !record.fields.empty()) {
    if (Result<Labels> fields = LabelsFromJson(record.fields); fields.ok()) {
      for (const Label& field : *fields) {
        if (field.name != options_.tenant_field || field.value.empty()) continue;
        tenant_ = field.value;
        return tenant_;
      }
    }
  }
  return *RouteOf(*record.labels).tenant;
}

Gatherer::Tenant& Gatherer::Find(std::string_view name) {
  if (last_ != nullptr && last_->name == name) return *last_;
  auto found = tenants_.find(name);
  if (found == tenants_.end()) {
    auto tenant = std::make_unique<Tenant>();
    tenant->name = name;
    found = tenants_.emplace(name, std::move(tenant)).first;
  }
  last_ = found->second.get();
  return *last_;
}

Gatherer::Open& Gatherer::OpenFor(Tenant* tenant, uint32_t lane) {
  std::unique_ptr<Open>& open = tenant->lanes[tenant->busy ? lane : 0];
  if (open == nullptr) {
    open.reset(new Open{wire::Batch(table_, options_.external, options_.tenant_label)});
    open->tenant = tenant;
  }
  if (!open->is_open) {
    open->is_open = true;
    open->lanes = 0;
    open->ticket = delivery_->NewTicket();
    open->opened_ns = SteadyNs();
    open->place = by_age_.insert(by_age_.end(), open.get());
  }
  return *open;
}

Status Gatherer::Add(const Record& record, std::string_view tenant_name) {
  Tenant& tenant = Find(tenant_name);
  const uint32_t lane = RouteOf(*record.labels).lane;
  Open* open = &OpenFor(&tenant, lane);
  // Escapes make the text longer than the line: the estimate may only be too high.
  const uint64_t more = record.line.text.size() + record.meta.size();
  const bool full = open->batch.size_bytes() + more > options_.size_bytes ||
                    open->batch.body_bytes() > kBodyPerSize * options_.size_bytes + kMinBodyBytes;
  if (full && !open->batch.empty()) {
    GLP_RETURN_IF_ERROR(Close(open));
    tenant.busy = true;
    open = &OpenFor(&tenant, lane);
  }
  delivery_->OnRecord(record, open->ticket);
  const uint64_t before = open->batch.body_bytes();
  open->batch.Add(record, delivery_->WholeFrom());
  open->lanes |= 1U << lane;
  open_bytes_ += open->batch.body_bytes() - before;
  const uint64_t max_bytes = kOpenPerSize * std::max(options_.size_bytes, kMinBodyBytes);
  while (by_age_.size() > 1 && (open_bytes_ > max_bytes || by_age_.size() > kMaxOpen)) {
    GLP_RETURN_IF_ERROR(CloseOldest());
  }
  return Status::Ok();
}

Status Gatherer::CloseOldest() {
  Tenant* tenant = by_age_.front()->tenant;
  for (std::unique_ptr<Open>& open : tenant->lanes) {
    if (open.get() != by_age_.front()) continue;
    Status status = Close(open.get());
    open.reset();
    return status;
  }
  return Status::Ok();
}

Status Gatherer::Close(Open* open) {
  auto batch = std::make_shared<Batch>();
  batch->tenant = open->tenant->name;
  batch->lanes = open->lanes;
  batch->entries = open->batch.entries();
  batch->size_bytes = open->batch.size_bytes();
  open_bytes_ -= open->batch.body_bytes();
  batch->body = open->batch.Take();
  open->is_open = false;
  by_age_.erase(open->place);
  return sink_(std::move(batch), open->ticket);
}

Status Gatherer::CloseTenant(Tenant* tenant) {
  for (std::unique_ptr<Open>& open : tenant->lanes) {
    if (open != nullptr && open->is_open) GLP_RETURN_IF_ERROR(Close(open.get()));
    open.reset();
  }
  tenant->busy = false;
  return Status::Ok();
}

Status Gatherer::CloseOld() {
  if (by_age_.empty()) return Status::Ok();
  const int64_t now = SteadyNs();
  while (!by_age_.empty() && now - by_age_.front()->opened_ns >= options_.wait_ns) {
    GLP_RETURN_IF_ERROR(CloseTenant(by_age_.front()->tenant));
  }
  if (tenants_.size() > kMaxTenants) ForgetTenants();
  return Status::Ok();
}

Status Gatherer::CloseAll() {
  while (!by_age_.empty()) GLP_RETURN_IF_ERROR(CloseTenant(by_age_.front()->tenant));
  return Status::Ok();
}

void Gatherer::ForgetTenants() {
  last_ = nullptr;
  std::erase_if(tenants_, [](const auto& entry) {
    const auto& lanes = entry.second->lanes;
    return std::all_of(lanes.begin(), lanes.end(),
                       [](const auto& open) { return open == nullptr; });
  });
}

}  // namespace glp::push
