#include "wire/http_transport.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>

#include "io/file.h"

namespace glp::wire {
namespace {

// What is used of OpenSSL; libcrypto's functions come with libssl.
#define GLP_OPENSSL_FUNCTIONS(X)            \
  X(ASN1_STRING_to_UTF8)                    \
  X(CRYPTO_free)                            \
  X(ERR_clear_error)                        \
  X(ERR_peek_last_error)                    \
  X(ERR_reason_error_string)                \
  X(SSL_CTX_check_private_key)              \
  X(SSL_CTX_ctrl)                           \
  X(SSL_CTX_free)                           \
  X(SSL_CTX_load_verify_file)               \
  X(SSL_CTX_new)                            \
  X(SSL_CTX_set_alpn_select_cb)             \
  X(SSL_CTX_set_client_CA_list)             \
  X(SSL_CTX_set_default_passwd_cb)          \
  X(SSL_CTX_set_default_passwd_cb_userdata) \
  X(SSL_CTX_set_options)                    \
  X(SSL_CTX_set_session_id_context)         \
  X(SSL_CTX_set_verify)                     \
  X(SSL_CTX_use_PrivateKey_file)            \
  X(SSL_CTX_use_certificate_chain_file)     \
  X(SSL_accept)                             \
  X(SSL_free)                               \
  X(SSL_get1_peer_certificate)              \
  X(SSL_get_error)                          \
  X(SSL_load_client_CA_file)                \
  X(SSL_new)                                \
  X(SSL_read)                               \
  X(SSL_select_next_proto)                  \
  X(SSL_set_fd)                             \
  X(SSL_shutdown)                           \
  X(SSL_write)                              \
  X(TLS_server_method)                      \
  X(X509_NAME_ENTRY_get_data)               \
  X(X509_NAME_get_entry)                    \
  X(X509_NAME_get_index_by_NID)             \
  X(X509_free)                              \
  X(X509_get_subject_name)

struct OpenSsl {
#define GLP_POINTER(name) decltype(&::name) name = nullptr;
  GLP_OPENSSL_FUNCTIONS(GLP_POINTER)
#undef GLP_POINTER
};

constexpr char kLibrary[] = "libssl.so.3";

Result<OpenSsl> FindOpenSsl() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(Code::kIo,
                  std::string(dlerror()) + "; TLS needs OpenSSL 3 (Debian's package libssl3)");
  }
  OpenSsl found;
  const char* missing = nullptr;
#define GLP_FIND(name)                                                        \
  found.name = reinterpret_cast<decltype(found.name)>(dlsym(library, #name)); \
  if (found.name == nullptr) missing = #name;
  GLP_OPENSSL_FUNCTIONS(GLP_FIND)
#undef GLP_FIND
  if (missing != nullptr) {
    return Status(Code::kIo, std::string(kLibrary) + " has no " + missing + ": it is too old");
  }
  return found;
}

const Result<OpenSsl>& LoadOpenSsl() {
  static const Result<OpenSsl> found = FindOpenSsl();
  return found;
}

}  // namespace

class TlsContext {
 public:
  explicit TlsContext(const OpenSsl& functions)
      : ssl(functions), context(ssl.SSL_CTX_new(ssl.TLS_server_method())) {}
  ~TlsContext() { ssl.SSL_CTX_free(context); }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  Status SetUp(const TlsOptions& options);

  const OpenSsl& ssl;
  SSL_CTX* const context;

 private:
  Status TakeCertificate(const TlsOptions& options);
  Status TakeKey(const TlsOptions& options);
  Status TakeClientCa(const std::string& file);
  std::string LastReason() const;
  int LastReasonCode() const { return ERR_GET_REASON(ssl.ERR_peek_last_error()); }
};

namespace {

Status CheckReadable(const std::string& file) { return io::OpenRead(file).status(); }

// Nobody is there to be asked for the passphrase of a key.
int RefusePassphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

// Of what the client offers, HTTP/1.1; one that does not offer it may try.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                   const unsigned char* offered, unsigned offered_size, void* context) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  unsigned char* out = nullptr;
  const int result = static_cast<TlsContext*>(context)->ssl.SSL_select_next_proto(
      &out, chosen_size, kHttp, sizeof kHttp - 1, offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string TlsContext::LastReason() const {
  const char* const reason = ssl.ERR_reason_error_string(ssl.ERR_peek_last_error());
  return reason != nullptr ? reason : "unknown error";
}

Status TlsContext::SetUp(const TlsOptions& options) {
  if (context == nullptr) return Status(Code::kIo, "OpenSSL could not be set up: out of memory?");
  ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  ssl.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                       SSL_MODE_RELEASE_BUFFERS,
                   nullptr);
  ssl.SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  static constexpr unsigned char kSessionContext[] = "glp";
  ssl.SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  ssl.SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, this);
  GLP_RETURN_IF_ERROR(TakeCertificate(options));
  GLP_RETURN_IF_ERROR(TakeKey(options));
  return options.client_ca_file.empty() ? Status::Ok() : TakeClientCa(options.client_ca_file);
}

Status TlsContext::TakeCertificate(const TlsOptions& options) {
  GLP_RETURN_IF_ERROR(CheckReadable(options.cert_file));
  ssl.ERR_clear_error();
  if (ssl.SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) == 1) {
    return Status::Ok();
  }
  return DataError(options.cert_file +
                   ": no certificate in PEM (-----BEGIN CERTIFICATE-----): " + LastReason());
}

Status TlsContext::TakeKey(const TlsOptions& options) {
  GLP_RETURN_IF_ERROR(CheckReadable(options.key_file));
  bool is_encrypted = false;
  ssl.SSL_CTX_set_default_passwd_cb(context, RefusePassphrase);
  ssl.SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
  ssl.ERR_clear_error();
  const bool taken =
      ssl.SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  ssl.SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (is_encrypted) {
    return DataError(options.key_file +
                     ": the key has a passphrase; `openssl pkey -in KEY -out NEW` takes it off");
  }
  if (taken ? ssl.SSL_CTX_check_private_key(context) != 1
            : LastReasonCode() == X509_R_KEY_VALUES_MISMATCH) {
    return DataError(options.key_file + ": the key does not belong to the certificate of " +
                     options.cert_file);
  }
  if (taken) return Status::Ok();
  return DataError(options.key_file +
                   ": no private key in PEM (-----BEGIN PRIVATE KEY-----): " + LastReason());
}

Status TlsContext::TakeClientCa(const std::string& file) {
  GLP_RETURN_IF_ERROR(CheckReadable(file));
  ssl.ERR_clear_error();
  STACK_OF(X509_NAME)* names = nullptr;
  if (ssl.SSL_CTX_load_verify_file(context, file.c_str()) != 1 ||
      (names = ssl.SSL_load_client_CA_file(file.c_str())) == nullptr) {
    return DataError(file +
                     ": no certificate in PEM (-----BEGIN CERTIFICATE-----): " + LastReason());
  }
  ssl.SSL_CTX_set_client_CA_list(context, names);  // takes them
  ssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return Status::Ok();
}

Result<std::shared_ptr<TlsContext>> LoadTls(const TlsOptions& options) {
  if (options.cert_file.empty() && options.key_file.empty()) {
    if (options.client_ca_file.empty()) return std::shared_ptr<TlsContext>();
    return UsageError("certificates of clients (" + options.client_ca_file +
                      ") need a certificate and a key of the server");
  }
  if (options.cert_file.empty()) {
    return UsageError("the key " + options.key_file + " needs a certificate");
  }
  if (options.key_file.empty()) {
    return UsageError("the certificate " + options.cert_file + " needs a key");
  }
  const Result<OpenSsl>& ssl = LoadOpenSsl();
  if (!ssl.ok()) return ssl.status();
  auto context = std::make_shared<TlsContext>(*ssl);
  GLP_RETURN_IF_ERROR(context->SetUp(options));
  return context;
}

Transport::Transport(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
  if (tls_ == nullptr) return;
  ssl_ = tls_->ssl.SSL_new(tls_->context);
  is_broken_ = ssl_ == nullptr || tls_->ssl.SSL_set_fd(ssl_, socket_.native_handle()) != 1;
}

Transport::~Transport() {
  if (ssl_ != nullptr) tls_->ssl.SSL_free(ssl_);
}

ssize_t Transport::AfterSsl(int result) {
  switch (tls_->ssl.SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return result;
    case SSL_ERROR_WANT_READ:
      return kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return kEnd;
    default:
      is_broken_ = true;
      return kBroken;
  }
}

ssize_t Transport::Handshake() {
  if (is_broken_) return kBroken;
  tls_->ssl.ERR_clear_error();
  const ssize_t result = AfterSsl(tls_->ssl.SSL_accept(ssl_));
  is_set_up_ = result > 0;
  if (result == kBroken) {
    const auto error = tls_->ssl.ERR_peek_last_error();
    got_plain_http_ =
        ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST;
  }
  return result;
}

ssize_t Transport::Read(char* to, size_t size) {
  if (tls_ != nullptr) {
    if (is_broken_) return kBroken;
    tls_->ssl.ERR_clear_error();
    return AfterSsl(
        tls_->ssl.SSL_read(ssl_, to, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  while (true) {
    const ssize_t result = recv(socket_.native_handle(), to, size, 0);
    if (result >= 0) return result;
    if (errno == EAGAIN) return kWantRead;
    if (errno != EINTR) return kBroken;
  }
}

ssize_t Transport::Write(std::string_view bytes, bool more_follows) {
  ssize_t result = 0;
  if (tls_ != nullptr) {
    if (is_broken_) return kBroken;
    tls_->ssl.ERR_clear_error();
    result = AfterSsl(tls_->ssl.SSL_write(
        ssl_, bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX))));
  } else {
    const int flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
    do {
      result = send(socket_.native_handle(), bytes.data(), bytes.size(), flags);
    } while (result < 0 && errno == EINTR);
    if (result < 0) result = errno == EAGAIN ? kWantWrite : kBroken;
  }
  if (result > 0) written_at_ = std::chrono::steady_clock::now();
  return result;
}

void Transport::EndWrites() {
  if (tls_ != nullptr && is_set_up_ && !is_broken_) {
    tls_->ssl.ERR_clear_error();
    tls_->ssl.SSL_shutdown(ssl_);
  }
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

void Transport::Close(bool reset) {
  boost::system::error_code ignored;
  if (reset) socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  is_broken_ = true;
}

std::string Transport::client_name() const {
  if (ssl_ == nullptr) return {};
  const OpenSsl& ssl = tls_->ssl;
  X509* const certificate = ssl.SSL_get1_peer_certificate(ssl_);
  if (certificate == nullptr) return {};
  std::string name;
  X509_NAME* const subject = ssl.X509_get_subject_name(certificate);
  const int at = ssl.X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  unsigned char* text = nullptr;
  if (at >= 0) {
    const ASN1_STRING* const value =
        ssl.X509_NAME_ENTRY_get_data(ssl.X509_NAME_get_entry(subject, at));
    const int size = ssl.ASN1_STRING_to_UTF8(&text, value);
    if (size > 0) name.assign(reinterpret_cast<char*>(text), static_cast<size_t>(size));
    if (size >= 0) ssl.CRYPTO_free(text, "", 0);
  }
  ssl.X509_free(certificate);
  return name;
}

}  // namespace glp::wire
