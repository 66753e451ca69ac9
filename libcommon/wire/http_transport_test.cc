// The server under TLS, with certificates made here.
#include "wire/http_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "io/file.h"
#include "wire/http_client.h"

namespace glp::wire {
namespace {

// A key and the certificate of it, signed by `issuer` or by itself.
class Identity {
 public:
  explicit Identity(const std::string& name, const Identity* issuer = nullptr)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* const subject = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const Identity& by = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(certificate_, X509_get_subject_name(by.certificate_));
    Extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    Extend(NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(certificate_, by.key_, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  void WriteCertificate(const std::string& file) const {
    FILE* const out = std::fopen(file.c_str(), "w");
    EXPECT_EQ(PEM_write_X509(out, certificate_), 1);
    std::fclose(out);
  }
  void WriteKey(const std::string& file, const char* passphrase = nullptr) const {
    FILE* const out = std::fopen(file.c_str(), "w");
    EXPECT_EQ(PEM_write_PrivateKey(out, key_, passphrase != nullptr ? EVP_aes_128_cbc() : nullptr,
                                   nullptr, 0, nullptr, const_cast<char*>(passphrase)),
              1);
    std::fclose(out);
  }

 private:
  void Extend(int nid, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate_, extension, -1);
    X509_EXTENSION_free(extension);
  }

  EVP_PKEY* const key_;
  X509* const certificate_;
};

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    dir_ = ::testing::TempDir() + "glp-tls-" + test->name() + "-" + std::to_string(getpid());
    std::filesystem::create_directories(dir_);
    authority_.WriteCertificate(File("ca"));
    server_identity_.WriteCertificate(File("cert"));
    server_identity_.WriteKey(File("key"));
    options_.tls = {File("cert"), File("key"), ""};
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string File(const std::string& name) const { return dir_ + "/" + name + ".pem"; }

  void Start() {
    Router router;
    router.Add("POST", "/take", Lane::kIngest, OpenGate(), [](const Request& request) {
      return TextResponse(200, request.client_name + ":" + std::to_string(request.body.size()));
    });
    router.Add("GET", "/pieces", Lane::kQuery, OpenGate(), [](const Request&) {
      Response response{200, "text/plain", "", {}};
      response.more = [i = 0](std::string* piece) mutable -> Result<bool> {
        piece->assign(100'000, 'x');
        return ++i < 50;
      };
      return response;
    });
    server_ = std::make_unique<HttpServer>(options_, std::move(router));
    const Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Result<ClientResponse> Do(const std::string& method, const std::string& path,
                            const std::string& body, const ClientOptions& options) {
    HttpClient client("test", options);
    ClientRequest request;
    request.method = method;
    request.url = "https://" + server_->address() + path;
    request.body = body;
    request.timeout_ms = 10'000;
    return client.Do(request);
  }
  ClientOptions Trusting(const std::string& ca) const {
    ClientOptions options;
    options.ca_file = File(ca);
    options.proxy_of_environment = false;
    return options;
  }

  // What comes for `bytes`, until the server closes.
  std::string Exchange(const std::string& bytes) const {
    const io::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    std::string all;
    char buffer[4096];
    pollfd poll_fd{fd.get(), POLLIN, 0};
    while (poll(&poll_fd, 1, 10'000) == 1) {
      const ssize_t size = recv(fd.get(), buffer, sizeof buffer, 0);
      if (size <= 0) return all;
      all.append(buffer, static_cast<size_t>(size));
    }
    return all + "(still open)";
  }

  const Identity authority_{"test authority"};
  const Identity server_identity_{"server", &authority_};
  std::string dir_;
  ServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, CarriesWhatPlainConnectionsDo) {
  Start();
  const auto taken = Do("POST", "/take", std::string(3'000'000, 'x'), Trusting("ca"));
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken->body, ":3000000");
  const auto pieces = Do("GET", "/pieces", "", Trusting("ca"));
  ASSERT_TRUE(pieces.ok()) << pieces.status().message();
  EXPECT_EQ(pieces->body.size(), 5'000'000u);
  EXPECT_EQ(Do("GET", "/pieces", "", {}).status().code(), Code::kIo) << "nobody knows who it is";
}

TEST_F(TlsTest, AsksClientsWhoTheyAre) {
  options_.tls.client_ca_file = File("ca");
  Start();
  const Identity client("promtail ü", &authority_), other_authority("other"),
      stranger("stranger", &other_authority);
  ClientOptions options = Trusting("ca");
  EXPECT_EQ(Do("POST", "/take", "x", options).status().code(), Code::kIo);
  options.cert_file = File("client");
  options.key_file = File("client-key");
  client.WriteCertificate(options.cert_file);
  client.WriteKey(options.key_file);
  const auto taken = Do("POST", "/take", "x", options);
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken->body, "promtail ü:1");
  stranger.WriteCertificate(options.cert_file);
  stranger.WriteKey(options.key_file);
  EXPECT_EQ(Do("POST", "/take", "x", options).status().code(), Code::kIo);
}

TEST_F(TlsTest, TakesNewFiles) {
  Start();
  const Identity new_authority("new"), new_server("server", &new_authority);
  new_authority.WriteCertificate(File("new-ca"));
  new_server.WriteCertificate(File("cert"));
  // The key is still the old one.
  const Status mixed = server_->ReloadTls();
  EXPECT_EQ(mixed.code(), Code::kData);
  EXPECT_TRUE(Do("POST", "/take", "x", Trusting("ca")).ok()) << "the old ones stay";
  new_server.WriteKey(File("key"));
  const Status reloaded = server_->ReloadTls();
  EXPECT_TRUE(reloaded.ok()) << reloaded.message();
  EXPECT_TRUE(Do("POST", "/take", "x", Trusting("new-ca")).ok());
  EXPECT_FALSE(Do("POST", "/take", "x", Trusting("ca")).ok());
}

TEST_F(TlsTest, AnswersOtherProtocols) {
  options_.read_timeout_ms = 100;
  Start();
  EXPECT_EQ(Exchange("GET /take HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
  EXPECT_EQ(Exchange("").find("still open"), std::string::npos) << "a handshake takes its time";
  EXPECT_EQ(Exchange("\x16\x03\x01").find("still open"), std::string::npos);
  EXPECT_EQ(Exchange(std::string(100, '\xFF')).find("still open"), std::string::npos);
  EXPECT_TRUE(Do("POST", "/take", "x", Trusting("ca")).ok());
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  std::ofstream(File("empty"));
  std::ofstream(File("noise")) << "-----BEGIN CERTIFICATE-----\nnoise\n-----END CERTIFICATE-----\n";
  server_identity_.WriteKey(File("locked"), "secret");
  authority_.WriteKey(File("other-key"));
  const std::string cert = File("cert"), key = File("key");
  const struct {
    TlsOptions options;
    Code code;
    std::string words;
  } cases[] = {
      {{cert, "", ""}, Code::kUsage, "the certificate " + cert + " needs a key"},
      {{"", key, ""}, Code::kUsage, "the key " + key + " needs a certificate"},
      {{"", "", File("ca")}, Code::kUsage, "certificates of clients (" + File("ca")},
      {{File("none"), key, ""}, Code::kIo, File("none")},
      {{cert, File("none"), ""}, Code::kIo, File("none")},
      {{cert, key, File("none")}, Code::kIo, File("none")},
      {{File("empty"), key, ""}, Code::kData, File("empty") + ": no certificate in PEM"},
      {{File("noise"), key, ""}, Code::kData, File("noise") + ": no certificate in PEM"},
      {{key, key, ""}, Code::kData, key + ": no certificate in PEM"},
      {{cert, File("empty"), ""}, Code::kData, File("empty") + ": no private key in PEM"},
      {{cert, cert, ""}, Code::kData, cert + ": no private key in PEM"},
      {{cert, File("locked"), ""}, Code::kData, File("locked") + ": the key has a passphrase"},
      {{cert, File("other-key"), ""},
       Code::kData,
       File("other-key") + ": the key does not belong to the certificate of " + cert},
      {{cert, key, File("empty")}, Code::kData, File("empty") + ": no certificate in PEM"},
  };
  for (const auto& c : cases) {
    options_.tls = c.options;
    HttpServer server(options_, Router());
    const Status status = server.Start();
    EXPECT_EQ(status.code(), c.code) << status.message();
    EXPECT_NE(status.message().find(c.words), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace glp::wire
