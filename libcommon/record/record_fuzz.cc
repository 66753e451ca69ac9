// Any bytes as records: both readers give the same, and what was written is read back the same.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/reader.h"

namespace {

class Text : public glp::io::ByteSource {
 public:
  explicit Text(std::string_view text) : text_(text) {}
  glp::Result<size_t> Read(char* out, size_t size) override {
    size = std::min(size, text_.size());
    if (size > 0) std::memcpy(out, text_.data(), size);
    text_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view text_;
};

// As written again, a line for each record; what is no record leaves an empty line.
std::string Rewrite(std::string_view text, bool fast) {
  glp::LabelTable labels;
  glp::RecordReader reader(std::make_unique<Text>(text), &labels);
  reader.SetClock([] { return int64_t{1}; });
  if (!fast) reader.DisableFastPath();
  std::string out;
  for (;;) {
    auto state = reader.ReadBatch();
    if (!state.ok() || *state != glp::io::ReadState::kData) return out;
    while (const auto* item = reader.Next()) {
      if (item->kind == glp::RecordReader::Item::Kind::kRecord) {
        glp::AppendRecord(&out, item->record);
      } else {
        out.push_back('\n');
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string once = Rewrite(text, true);
  if (once != Rewrite(text, false)) std::abort();
  if (once != Rewrite(once, true)) std::abort();
  return 0;
}
