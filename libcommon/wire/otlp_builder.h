// What both forms of OTLP logs are read into, and how it becomes a push. Part of OtlpDecoder.
// Lifetime: keys and texts given are views that must live as long as the push.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "base/strings.h"
#include "wire/limits.h"
#include "wire/push_meta.h"
#include "wire/push_request.h"

namespace glp::wire {

struct OtlpNode {
  enum class Kind : uint8_t { kNone, kString, kBool, kInt, kDouble, kList, kMap, kBytes };
  static constexpr uint32_t kEnd = UINT32_MAX;

  Kind kind = Kind::kNone;
  std::string_view key;   // of an attribute
  std::string_view text;  // kString, kBytes
  union {
    bool boolean;
    int64_t integer = 0;
    double number;
  };
  uint32_t first = kEnd;  // kList and kMap: index of what is in it
  uint32_t next = kEnd;   // of the next one of the same list
};

// Values that belong together: of a resource, a scope and a record at a time.
class OtlpTree {
 public:
  // Of one record with its scope and resource: a value takes more memory than its bytes.
  static constexpr size_t kMaxNodes = 200'000;

  // A list in its order.
  struct List {
    uint32_t first = OtlpNode::kEnd;
    uint32_t last = OtlpNode::kEnd;
  };
  // Appends `node` to the list; its index. Errors: Code::kLimit.
  Result<uint32_t> Add(List* list, const OtlpNode& node);
  OtlpNode& operator[](uint32_t index) { return nodes_[index]; }
  const OtlpNode& operator[](uint32_t index) const { return nodes_[index]; }
  size_t size() const { return nodes_.size(); }
  // Forgets all but the first ones.
  void Cut(size_t size) { nodes_.resize(size); }

 private:
  std::vector<OtlpNode> nodes_;
};

struct OtlpScope {
  std::string_view name, version;
  uint64_t dropped_attributes = 0;
  OtlpTree::List attributes;
};

struct OtlpRecord {
  uint64_t time_ns = 0, observed_ns = 0;  // 0: none
  int64_t severity_number = 0;
  std::string_view severity_text;
  OtlpNode body;
  OtlpTree::List attributes;
  uint64_t dropped_attributes = 0;
  uint64_t flags = 0;
  std::string_view trace_id, span_id;  // bytes
};

class OtlpBuilder {
 public:
  // Of metadata: that of a resource comes again with each of its records, the name of a map with
  // each of its values.
  static constexpr size_t kMaxMetaBytes = size_t{256} << 20;

  // `limits` must live until the last record; `memory` may be nullptr.
  void Begin(const Limits& limits, int64_t now_ns, MemoryClaim* memory = nullptr);
  // Each holds until the next one, a scope also until the next resource.
  // Errors: Code::kData, Code::kLimit.
  Status SetResource(OtlpTree::List attributes);
  Status SetScope(const OtlpScope& scope);
  Status AddRecord(const OtlpRecord& record);

  OtlpTree& tree() { return tree_; }
  // For texts that are no views of the body.
  Arena& arena() { return arena_; }
  const PushRequest& request() const { return request_; }

 private:
  using Pair = std::pair<std::string_view, std::string_view>;

  Status Flatten(const OtlpNode& node, std::string_view prefix, std::vector<Pair>* pairs);
  // More of metadata than kMaxMetaBytes.
  Status Charge(size_t bytes);
  std::string_view Name(std::string_view key, std::string_view prefix);
  std::string_view Text(const OtlpNode& node);
  void AppendJson(const OtlpNode& node, std::string* out) const;
  std::string_view Number(uint64_t number);
  std::string_view Hex(std::string_view bytes);
  Result<uint32_t> StreamOf(const Labels& labels);
  Result<std::string_view> MetaOf(std::vector<Pair>* pairs);

  const Limits* limits_ = nullptr;
  const OtlpConfig* config_ = nullptr;
  int64_t now_ns_ = 0;
  OtlpTree tree_;
  Arena arena_;
  MetaWriter meta_;
  PushRequest request_;
  StringMap<uint32_t> streams_;  // by labels as JSON
  PushCount count_;
  size_t meta_bytes_ = 0;

  Labels labels_;  // of the resource
  uint32_t stream_ = OtlpNode::kEnd;
  std::vector<Pair> resource_, scope_;  // metadata
  std::vector<Pair> pairs_, labelled_;  // of a record
  std::string scratch_;
};

}  // namespace glp::wire
