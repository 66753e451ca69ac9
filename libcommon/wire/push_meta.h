// Structured metadata of pushed entries as the store keeps it: a JSON object, names fit for LogQL
// and sorted, of equal names the last. Part of the decoders of a push.
// Lifetime: what Take returns is good until Clear.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glp::wire {

class MetaWriter {
 public:
  // A pair of the next object; the views must live until Take. Bytes of `value` that are not UTF-8
  // become blanks.
  void Add(std::string_view name, std::string_view value) { pairs_.emplace_back(name, value); }
  // The object of what was added since the last Take, "" for none.
  std::string_view Take();
  void Clear();

 private:
  bool IsAsKept() const;
  std::string_view Keep(std::string_view text);

  std::vector<std::pair<std::string_view, std::string_view>> pairs_;
  std::string json_;                // scratch
  std::deque<std::string> chunks_;  // none grows beyond its capacity: views into it stay good
};

// Of names and values of an object as MetaWriter writes it, or "", without detected_level, which
// Loki does not count.
struct MetaSize {
  uint64_t bytes = 0;
  uint32_t pairs = 0;
};
MetaSize SizeOfMeta(std::string_view meta);

// Takes the next pair off `rest`, an object as MetaWriter writes it or what is left of one: the
// name and the raw inside of the value. False at the end.
bool NextMetaPair(std::string_view* rest, std::string_view* name, std::string_view* value);

}  // namespace glp::wire
