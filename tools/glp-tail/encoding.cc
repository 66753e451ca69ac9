#include "encoding.h"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace glp::tail {
namespace {

// iconv's own way to say that it failed.
const iconv_t kNoIconv = reinterpret_cast<iconv_t>(-1);
constexpr size_t kFailed = static_cast<size_t>(-1);

// `text` (UTF-8) in the encoding, from the state that `to` is in; "" where it has none of it.
std::string Encode(iconv_t to, std::string_view text) {
  char out[64];
  char* in = const_cast<char*>(text.data());
  size_t in_left = text.size();
  char* end = out;
  size_t out_left = sizeof out;
  if (iconv(to, &in, &in_left, &end, &out_left) == kFailed) return "";
  return {out, static_cast<size_t>(end - out)};
}

// A '\n' in the middle of a text: a first one may bring a byte order mark or an escape along.
std::string NewlineOf(const std::string& name) {
  iconv_t to = iconv_open(name.c_str(), "UTF-8");
  if (to == kNoIconv) return "";
  (void)Encode(to, "\n");
  std::string newline = Encode(to, "\n");
  iconv_close(to);
  return newline;
}

bool NamesByteOrder(std::string_view name) {
  if (name.size() < 2) return false;
  std::string end(name.substr(name.size() - 2));
  for (char& c : end) c = static_cast<char>(c & ~0x20);
  return end == "LE" || end == "BE";
}

Status Unknown(const std::string& name) {
  return UsageError("--encoding " + EscapeForTerminal(name) +
                    ": iconv does not know it; `iconv -l` lists the names, as UTF-16, LATIN1, "
                    "WINDOWS-1252, SHIFT_JIS");
}

}  // namespace

// ---------------------------------------------------------------------------------------- Decoder

Result<std::unique_ptr<Decoder>> Decoder::Open(const std::string& name, std::string newline) {
  iconv_t from = iconv_open("UTF-8", name.c_str());
  if (from == kNoIconv) return Unknown(name);
  return std::unique_ptr<Decoder>(new Decoder(name, from, std::move(newline)));
}

Decoder::Decoder(std::string name, void* iconv, std::string newline)
    : name_(std::move(name)), iconv_(iconv), newline_(std::move(newline)) {}

Decoder::~Decoder() { iconv_close(iconv_); }

std::unique_ptr<Decoder> Decoder::Clone() const {
  auto clone = Open(name_, newline_);
  return clone.ok() ? std::move(*clone) : nullptr;
}

// memchr for the byte 0A finds few that are not a newline; the whole unit is often full of zeros.
size_t Decoder::FirstLineEnd(std::string_view bytes) const {
  size_t within = newline_.find('\n');
  for (size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) {
    size_t unit = at - at % unit_bytes();
    if (at - unit == within && bytes.substr(unit, unit_bytes()) == newline_) {
      return unit + unit_bytes();
    }
  }
  return 0;
}

size_t Decoder::LastLineEnd(std::string_view bytes) const {
  size_t within = newline_.find('\n');
  for (size_t end = bytes.size(); end > 0;) {
    size_t at = bytes.substr(0, end).rfind('\n');
    if (at == std::string_view::npos) break;
    size_t unit = at - at % unit_bytes();
    if (at - unit == within && bytes.substr(unit, unit_bytes()) == newline_) {
      return unit + unit_bytes();
    }
    end = at;
  }
  return 0;
}

Decoder::Taken Decoder::Decode(std::string_view bytes, size_t max_bytes, bool goes_on, bool last,
                               std::string* out) const {
  // Some encodings give a character only when they have seen that no accent follows it.
  constexpr size_t kFlushBytes = 32;
  if (!goes_on) iconv(iconv_, nullptr, nullptr, nullptr, nullptr);
  char* in = const_cast<char*>(bytes.data());
  size_t in_left = bytes.size();
  size_t used = 0;
  Outcome outcome = Outcome::kWhole;
  out->resize(std::min(max_bytes, bytes.size() + bytes.size() / 2 + 16));
  for (;;) {
    char* end = out->data() + used;
    size_t out_left = out->size() - used;
    size_t result = iconv(iconv_, &in, &in_left, &end, &out_left);
    used = static_cast<size_t>(end - out->data());
    if (result == 0) break;
    if (result != kFailed || errno == EILSEQ) {
      outcome = Outcome::kBad;
    } else if (errno == EINVAL) {
      outcome = last ? Outcome::kBad : Outcome::kCut;
    } else if (out->size() < max_bytes) {
      out->resize(std::min(max_bytes, 2 * out->size()));
      continue;
    } else {
      outcome = Outcome::kFull;
    }
    break;
  }
  if (last && in_left == 0 && outcome != Outcome::kBad) {
    outcome = Outcome::kWhole;
    out->resize(used + kFlushBytes);
    char* end = out->data() + used;
    size_t out_left = kFlushBytes;
    if (iconv(iconv_, nullptr, nullptr, &end, &out_left) == kFailed) outcome = Outcome::kBad;
    used = static_cast<size_t>(end - out->data());
  }
  out->resize(used);
  if (!IsValidUtf8(*out)) outcome = Outcome::kBad;
  return {bytes.size() - in_left, outcome};
}

// --------------------------------------------------------------------------------------- Encoding

Result<std::shared_ptr<const Encoding>> Encoding::Make(const std::string& name) {
  std::shared_ptr<Encoding> encoding(new Encoding());
  encoding->name_ = name;
  std::string bare = name;
  // `iconv -l` shows names with slashes behind.
  while (!bare.empty() && bare.back() == '/') bare.pop_back();
  if (bare.empty()) return Unknown(name);
  if (bare.find("//") != std::string::npos) {
    return UsageError("--encoding " + EscapeForTerminal(name) +
                      ": nothing is replaced or left out here; give the name without what follows "
                      "'//'");
  }
  std::string newline = NewlineOf(bare);
  if (newline.empty()) return Unknown(name);
  if (newline.find('\n') == std::string::npos) {
    return UsageError("--encoding " + name +
                      ": its lines do not end with the byte 0A; read it through `iconv -f " + name +
                      " -t UTF-8 FILE | glp-tail`");
  }
  if (newline.size() == 1) {
    GLP_ASSIGN_OR_RETURN(encoding->decoder_, Decoder::Open(bare, newline));
    return std::shared_ptr<const Encoding>(std::move(encoding));
  }
  bool little = newline[0] == '\n';
  std::string wide = newline.size() == 2 ? "UTF-16" : "UTF-32";
  GLP_ASSIGN_OR_RETURN(encoding->decoder_, Decoder::Open(wide + (little ? "LE" : "BE"), newline));
  if (!NamesByteOrder(bare)) {
    std::reverse(newline.begin(), newline.end());
    GLP_ASSIGN_OR_RETURN(encoding->swapped_, Decoder::Open(wide + (little ? "BE" : "LE"), newline));
    encoding->head_bytes_ = newline.size();
    encoding->swapped_mark_ = little ? "\xFE\xFF" : "\xFF\xFE";
    encoding->swapped_mark_.insert(little ? 0 : 2, newline.size() - 2, '\0');
  }
  return std::shared_ptr<const Encoding>(std::move(encoding));
}

const Decoder& Encoding::ForHead(std::string_view head) const {
  bool swapped = swapped_ != nullptr && head.substr(0, head_bytes_) == swapped_mark_;
  return swapped ? *swapped_ : *decoder_;
}

}  // namespace glp::tail
