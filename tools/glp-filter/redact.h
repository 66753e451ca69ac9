// --redact: takes secrets out of records: of the line, of metadata and of fields. Labels stay as
// they are. In place of each stands its kind, <email>, or with a salt <email:3f786850e387>: equal
// secrets stay equal and cannot be guessed without the salt (HMAC-SHA256, 48 bits of it).
// All bytes that are not part of a secret stay as they were.
// Lifetime: what Apply leaves in a record is good until the next Apply. Threads: one at a time.
// Cost:     records without a secret are only looked through.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "record/record.h"
#include "secrets.h"
#include "stages/fields.h"

namespace glp::filter {

// "email,card": the kinds that are named; "all" is every one. Errors: Code::kUsage.
Result<SecretKinds> ParseSecretKinds(std::string_view text);

class Redactor {
 public:
  // `salt`: "" for none.
  Redactor(SecretKinds kinds, std::string salt)
      : kinds_(kinds), finder_(kinds), salt_(std::move(salt)) {}

  // True where the record was changed.
  bool Apply(Record* record);
  // The text without its secrets into `out`; false, and `out` as it was, where it has none.
  bool Text(std::string_view text, std::string* out);

  const std::array<uint64_t, kSecretNames.size()>& counts() const { return counts_; }
  uint64_t total() const;
  // {"email":2,"token":1}
  std::string CountsJson() const;
  // "2 email, 1 token"
  std::string CountsText() const;

 private:
  void AppendMark(std::string* out, SecretKind kind, std::string_view secret);
  // The same for a JSON object of texts.
  bool Object(std::string_view json, std::string* scratch, std::string_view* out);

  SecretKinds kinds_;
  SecretFinder finder_;
  std::string salt_;
  std::array<uint64_t, kSecretNames.size()> counts_ = {};
  Arena arena_;
  stages::FieldSet fields_;
  std::string decoded_, line_, value_, meta_, fields_json_;
};

}  // namespace glp::filter
