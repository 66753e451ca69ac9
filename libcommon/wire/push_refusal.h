// Which entries of a push a server refused and why, by the words of its answer. A 400 of Loki's
// never means that nothing was stored: what passes is stored, and the words tell about the rest.
//
// Where the words give a limit (size of a line, oldest time, number of labels), it is held against
// every entry of the request; where they name a stream, against its entries. A real Loki tells of
// refusals of its ingester (too far behind) only for the last stream that had some: what it drops
// of others without a word nobody can know.
// A refused entry that is pushed once more later must be pushed without its src: a glp-store
// that was given its file whole takes it for delivered.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/push_request.h"

namespace glp::wire {

struct Refusal {
  struct Entry {
    uint32_t stream;  // index in PushRequest::streams
    uint32_t entry;   // index in its entries
    uint32_t reason;  // index in `reasons`
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> refused;  // in the order of the request, each once
  std::vector<std::string> reasons;
  // What is not in `refused` was stored. Where false, some or all of the words were not understood:
  // any other entry may have been stored or not.
  bool complete = false;
};

// `request`: what was sent. `words`: the body of an answer that is neither 2xx nor one to be tried
// again, as much of it as came (64 KiB are more than enough).
Refusal FindRefused(const PushRequest& request, std::string_view words);

}  // namespace glp::wire
