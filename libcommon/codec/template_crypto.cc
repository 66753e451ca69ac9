// Digests and checksums of texts.
#include <openssl/evp.h>
#include <sys/random.h>

#include "codec/template_functions.h"
#include "codec/template_hash.h"

namespace glp::codec::tmpl {

Value HexDigest(RunState* run, Digest digest, std::initializer_list<std::string_view> parts) {
  const EVP_MD* method = digest == Digest::kSha1     ? EVP_sha1()
                         : digest == Digest::kSha256 ? EVP_sha256()
                         : digest == Digest::kSha512 ? EVP_sha512()
                                                     : EVP_sha3_256();
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  // One context a thread: making it costs more than a short digest.
  struct Context {
    EVP_MD_CTX* it = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(it); }
  };
  static thread_local Context context;
  bool good = context.it != nullptr && EVP_DigestInit_ex(context.it, method, nullptr) == 1;
  for (std::string_view part : parts) {
    good = good && EVP_DigestUpdate(context.it, part.data(), part.size()) == 1;
  }
  if (!good || EVP_DigestFinal_ex(context.it, bytes, &size) != 1) {
    return run->Fail("libcrypto does not make this digest");
  }
  TextBuilder out(run);
  for (unsigned int i = 0; i < size; ++i) {
    out.Append("0123456789abcdef"[bytes[i] >> 4]);
    out.Append("0123456789abcdef"[bytes[i] & 15]);
  }
  return out.Finish();
}

namespace {

Value Sha1(const Call& call) { return HexDigest(call.run, Digest::kSha1, {call.str(0)}); }
Value Sha256(const Call& call) { return HexDigest(call.run, Digest::kSha256, {call.str(0)}); }
Value Sha512(const Call& call) { return HexDigest(call.run, Digest::kSha512, {call.str(0)}); }

Value Adler32(const Call& call) {
  uint32_t a = 1, b = 0;
  for (char c : call.str(0)) {
    a = (a + static_cast<uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return call.run->Copy(std::to_string(b << 16 | a));
}

// The one function whose result is another each time: that is what it is for.
Value Uuid(const Call& call) {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    return call.Fail("the kernel gives no random bytes");
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  TextBuilder out(call.run);
  for (size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.Append('-');
    out.Append("0123456789abcdef"[bytes[i] >> 4]);
    out.Append("0123456789abcdef"[bytes[i] & 15]);
  }
  return out.Finish();
}

constexpr Function kFunctions[] = {
    {"adler32sum", "s", Adler32}, {"sha1sum", "s", Sha1}, {"sha256sum", "s", Sha256},
    {"sha512sum", "s", Sha512},   {"uuidv4", "", Uuid},
};

}  // namespace

Functions CryptoFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
