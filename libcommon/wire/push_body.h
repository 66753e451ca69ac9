// The body of a push out of canonical bytes (push_batch.h): protobuf or JSON, for a Loki or for a
// glp-store. Format: PUSH.md beside this file.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http_client.h"

namespace glp::wire {

enum class PushFormat : uint8_t { kProtobuf, kJson };

// Who is pushed to.
enum class PushTarget : uint8_t {
  kLoki,
  kGlp,
  // A glp-store of before protobuf: always gets JSON, without what it does not know.
  kOldGlp,
};
// Out of the body of a 2xx answer of /loki/api/v1/status/buildinfo; whatever it is, it is kLoki
// unless it says that it is a glp-store.
PushTarget ReadPushTarget(std::string_view buildinfo);
// What a glp-store answers there as `push`: the newest form of glp's part that it reads.
inline constexpr uint64_t kPushVersion = 2;

struct PushBody {
  std::string bytes;
  std::string_view content_type;
  std::string_view content_encoding;  // "" for none
  // Lines that are not UTF-8 and that a Loki is told with U+FFFD in place of the bad bytes; only in
  // JSON, protobuf carries them as they are.
  uint64_t changed_lines = 0;

  // Content-Type and Content-Encoding, added to `headers`.
  void AddHeaders(HeaderList* headers) const;
};

// One body out of the canonical bytes of one or several batches of the same tenant, in their order;
// a stream that two of them have stands twice in it.
//   kProtobuf: a snappy block, nothing is encoded anew; for a Loki glp's part is left out.
//   kJson:     decoded and written anew; for a Loki without glp's part (so a dry run prints it).
// `gzip` is around either: for protobuf around the snappy block, as Loki takes it too; that makes
// lines of text about a fifth smaller again.
// Errors: Code::kData where `canonicals` are damaged.
Result<PushBody> MakePushBody(std::span<const std::string_view> canonicals, PushFormat format,
                              bool gzip, PushTarget target);

}  // namespace glp::wire
