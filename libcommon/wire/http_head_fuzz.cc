// Fuzzes what reads requests: head, chunks, form and the table of routes. The first byte is the
// size of the pieces that they come in; another size must not change what is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/http_head.h"

namespace {

using glp::wire::ReadState;

constexpr size_t kMaxBodyBytes = 1000;

struct Outcome {
  ReadState head = ReadState::kMore;
  ReadState body = ReadState::kMore;
  int status = 0;
  size_t head_bytes = 0, rest_bytes = 0;
  glp::wire::RequestHead request;
  std::string text;
};

Outcome Read(std::string_view bytes, size_t step) {
  Outcome outcome;
  glp::wire::HeadReader head({500, 1000, 10});
  for (size_t size = 0; outcome.head == ReadState::kMore && size < bytes.size();) {
    size = std::min(size + step, bytes.size());
    outcome.head = head.Read(bytes.substr(0, size));
  }
  outcome.status = head.refusal().status;
  if (outcome.head != ReadState::kWhole) return outcome;
  outcome.head_bytes = head.size_bytes();
  outcome.request = head.head();
  bytes.remove_prefix(head.size_bytes());
  if (!outcome.request.chunked) return outcome;
  glp::wire::ChunkReader chunks;
  while (outcome.body == ReadState::kMore && !bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    outcome.body = chunks.Read(&piece, kMaxBodyBytes, &outcome.text);
    outcome.rest_bytes = bytes.size() + piece.size();
  }
  outcome.status = chunks.refusal().status;
  return outcome;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Read(bytes, bytes.size() + 1), parts = Read(bytes, data[0] + 1U);
  Require(whole.head == parts.head && whole.body == parts.body && whole.text == parts.text);
  Require(whole.head_bytes == parts.head_bytes && whole.text.size() <= kMaxBodyBytes);
  Require((whole.status != 0) ==
          (whole.head == ReadState::kRefused || whole.body == ReadState::kRefused));
  Require(whole.request.headers == parts.request.headers);
  if (whole.head != ReadState::kWhole) return 0;
  if (whole.body == ReadState::kWhole) Require(whole.rest_bytes == parts.rest_bytes);

  static const glp::wire::Router router = [] {
    glp::wire::Router routes;
    const auto nothing = [](const glp::wire::Request&) { return glp::wire::Response(); };
    for (const char* path : {"/", "/ready", "/loki/api/v1/label/{name}/values", "/{a}/{b}"}) {
      routes.Add("GET,POST", path, glp::wire::Lane::kQuery, glp::wire::OpenGate(), nothing);
    }
    return routes;
  }();
  const std::string_view target = whole.request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  const glp::wire::Router::Match match = router.Find(whole.request.method, path);
  Require(match.captures.size() <= 2);
  glp::wire::Params params;
  glp::wire::ParseForm(target, &params);
  glp::wire::ParseForm(whole.text, &params);
  return 0;
}
