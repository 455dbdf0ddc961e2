// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/peer_certificate.h"
#include "net/tls_common.h"
#include "support/certificates.h"
#include "support/loop_thread.h"

namespace gw::net {
namespace {

using test::Authority;
using test::LoopThread;
using test::ScratchDir;
using test::SslContext;
using test::Wire;
using ::testing::AllOf;
using ::testing::HasSubstr;

// What OpenSSL holds, both sides of all tests.
std::atomic<std::size_t> held_by_openssl{0};

void* counted(void* memory) {
  held_by_openssl += ::malloc_usable_size(memory);
  return memory;
}
void count_out(void* memory) {
  held_by_openssl -= ::malloc_usable_size(memory);
}

// Only before OpenSSL's first allocation.
const bool openssl_is_counted =
    CRYPTO_set_mem_functions([](std::size_t size, const char*, int) { return counted(std::malloc(size)); },
                             [](void* memory, std::size_t size, const char*, int) {
                               count_out(memory);
                               return counted(std::realloc(memory, size));
                             },
                             [](void* memory, const char*, int) {
                               count_out(memory);
                               std::free(memory);
                             }) == 1;

// The server's end of one connection: sends back what it gets, or an answer.
class Echo final : public Stream::Events {
 public:
  Echo(const ServerTls& tls, EventLoop& loop, UniqueFd fd, const TicketKeys& tickets)
      : stream_(tls.accept(loop, std::move(fd), tickets)) {
    stream_->start(*this);
  }
  std::promise<std::string> opened;  // "open", or why not
  std::string answer;
  Stream& stream() { return *stream_; }

 private:
  void on_stream_open() override { opened.set_value("open"); }
  void on_stream_failed(const char* why) override { opened.set_value(why); }
  void on_stream_writable() override {}
  void on_stream_readable() override {
    char bytes[4096];
    const IoResult got = stream_->read(bytes, sizeof bytes);
    if (got.state == Io::ok)
      (void)stream_->write(answer.empty() ? std::string_view(bytes, got.bytes) : answer);
    stream_->read_pending();
  }
  std::unique_ptr<Stream> stream_;
};

class ServerTlsTest : public ::testing::Test {
 protected:
  std::shared_ptr<const ServerTls> make(std::vector<CertificateFiles> certificates,
                                        std::vector<std::string> alpn = {"http/1.1"},
                                        TlsVersion least = TlsVersion::tls12) {
    auto made = ServerTls::make({std::move(certificates), least, "", false}, std::move(alpn));
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error());
    return made ? *made : nullptr;
  }
  static std::string sentence(const CertificateFiles& files) {
    auto made = ServerTls::make({{files}, TlsVersion::tls12, "", false}, {"http/1.1"});
    return made ? "loaded" : made.error();
  }

  // What became of a handshake on both sides, and what the client saw.
  struct Outcome {
    bool client_open = false;
    std::string client_error, server;
    std::string common_name, alpn, version, echoed;
  };
  Outcome connect(const ServerTls& tls, const SslContext& context, const std::string& server_name = {}) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    UniqueFd server_end(ends[0]);
    ::fcntl(server_end.get(), F_SETFL, O_NONBLOCK);
    Wire wire{UniqueFd(ends[1])};
    std::optional<Echo> echo;
    thread_.run([&] { echo.emplace(tls, thread_.loop(), std::move(server_end), tickets_); });
    Outcome outcome;
    outcome.client_open = wire.start_tls(context, false, server_name);
    outcome.client_error = wire.error();
    if (!outcome.client_open) wire.hang_up();
    outcome.server = echo->opened.get_future().get();
    if (outcome.client_open) look_at(wire, outcome);
    thread_.run([&] { echo.reset(); });
    return outcome;
  }
  static void look_at(Wire& wire, Outcome& outcome) {
    outcome.version = SSL_get_version(wire.ssl());
    X509* certificate = SSL_get1_peer_certificate(wire.ssl());
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    outcome.common_name = name;
    const unsigned char* alpn = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(wire.ssl(), &alpn, &length);
    outcome.alpn.assign(reinterpret_cast<const char*>(alpn), length);
    wire.send("hello");
    outcome.echoed = wire.read_some();
  }
  static SslContext client_with_alpn(const std::string& wire_format) {
    SslContext context = test::client_context();
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire_format.data()),
                            static_cast<unsigned>(wire_format.size()));
    return context;
  }

  ScratchDir folder_;
  Authority authority_{folder_, "authority"};
  TicketKeys tickets_{TicketKey::make()};
  LoopThread thread_;
};

TEST_F(ServerTlsTest, ShakesHandsAndCarriesBytes) {
  const auto tls = make({authority_.issue("plain")});
  const Outcome outcome = connect(*tls, test::client_context());

  EXPECT_EQ(outcome.server, "open");
  EXPECT_EQ(outcome.version, "TLSv1.3");
  EXPECT_EQ(outcome.echoed, "hello");
}

TEST_F(ServerTlsTest, ChoosesTheCertificateByTheNameThatTheClientAsksFor) {
  const auto tls = make({authority_.issue("default", {.names = "DNS:default.test"}),
                         authority_.issue("wildcard", {.names = "DNS:*.shop.test"}),
                         authority_.issue("exact", {.names = "DNS:api.shop.test,DNS:Other.Test"})});
  const struct {
    std::string asked, chosen;
  } rows[] = {
      {"default.test", "default"}, {"api.shop.test", "exact"},    {"API.Shop.TEST", "exact"},
      {"other.test", "exact"},     {"www.shop.test", "wildcard"}, {"a.b.shop.test", "default"},
      {"shop.test", "default"},    {"unknown.test", "default"},   {"", "default"},
      {"xshop.test", "default"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = connect(*tls, test::client_context(), row.asked);
    EXPECT_EQ(outcome.common_name, row.chosen) << row.asked;
    EXPECT_EQ(outcome.echoed, "hello") << row.asked;
  }
}

TEST_F(ServerTlsTest, ChoosesTheProtocolByItsOwnPreference) {
  const auto tls = make({authority_.issue("plain")}, {"h2", "http/1.1"});

  EXPECT_EQ(connect(*tls, client_with_alpn("\x08http/1.1\x02h2")).alpn, "h2");
  EXPECT_EQ(connect(*tls, client_with_alpn("\x08http/1.1")).alpn, "http/1.1");
  EXPECT_EQ(connect(*tls, test::client_context()).alpn, "");
}

TEST_F(ServerTlsTest, EndsAHandshakeWithoutACommonProtocolWithAnAlert) {
  const auto tls = make({authority_.issue("plain")});
  const Outcome outcome = connect(*tls, client_with_alpn("\x02h3\x04spdy"));

  EXPECT_FALSE(outcome.client_open);
  EXPECT_THAT(outcome.client_error, HasSubstr("no application protocol"));
  EXPECT_NE(outcome.server, "open");
}

TEST_F(ServerTlsTest, EndsItWithAnAlertForACertificateChosenByNameToo) {
  const auto tls = make({authority_.issue("plain"), authority_.issue("named", {.names = "DNS:named.test"})});
  const Outcome outcome = connect(*tls, client_with_alpn("\x02h3"), "named.test");

  EXPECT_THAT(outcome.client_error, HasSubstr("no application protocol"));
}

TEST_F(ServerTlsTest, RefusesTls11) {
  const auto tls = make({authority_.issue("plain")});
  SslContext old = test::client_context();
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  const Outcome outcome = connect(*tls, old);

  EXPECT_FALSE(outcome.client_open);
  EXPECT_THAT(outcome.client_error, HasSubstr("protocol version"));
}

TEST_F(ServerTlsTest, TakesTls12UnlessMoreIsDemanded) {
  SslContext older = test::client_context();
  SSL_CTX_set_max_proto_version(older.get(), TLS1_2_VERSION);

  EXPECT_EQ(connect(*make({authority_.issue("a")}), older).version, "TLSv1.2");
  const auto strict = make({authority_.issue("b")}, {"http/1.1"}, TlsVersion::tls13);
  EXPECT_FALSE(connect(*strict, older).client_open);
}

TEST_F(ServerTlsTest, RefusesCiphersWithoutForwardSecrecy) {
  const auto tls = make({authority_.issue("plain")});
  SslContext weak = test::client_context();
  SSL_CTX_set_max_proto_version(weak.get(), TLS1_2_VERSION);
  ASSERT_EQ(SSL_CTX_set_cipher_list(weak.get(), "ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256"), 1);

  EXPECT_FALSE(connect(*tls, weak).client_open);
}

TEST_F(ServerTlsTest, LivesAsLongAsItsStreams) {
  auto tls = make({authority_.issue("plain")});
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd server_end(ends[0]);
  ::fcntl(server_end.get(), F_SETFL, O_NONBLOCK);
  Wire wire{UniqueFd(ends[1])};
  std::optional<Echo> echo;
  thread_.run([&] {
    echo.emplace(*tls, thread_.loop(), std::move(server_end), tickets_);
    tls.reset();
  });

  EXPECT_TRUE(wire.start_tls(test::client_context(), false, "localhost"));
  wire.send("still here");
  EXPECT_EQ(wire.read_some(), "still here");
  thread_.run([&] { echo.reset(); });
}

TEST_F(ServerTlsTest, SaysWhatIsWrongWithItsFiles) {
  const CertificateFiles good = authority_.issue("good"), other = authority_.issue("other");
  std::ofstream(folder_ / "text.pem") << "no PEM at all\n";

  EXPECT_EQ(sentence(good), "loaded");
  EXPECT_THAT(
      sentence({folder_ / "absent.crt", good.key, {}}),
      AllOf(HasSubstr("absent.crt: not a PEM certificate chain: "), HasSubstr("No such file or directory")));
  EXPECT_THAT(sentence({folder_ / "text.pem", good.key, {}}),
              HasSubstr("text.pem: not a PEM certificate chain: "));
  EXPECT_THAT(sentence({good.key, good.key, {}}), HasSubstr("good.key: not a PEM certificate chain: "));
  EXPECT_THAT(sentence({good.certificate, folder_ / "absent.key", {}}), HasSubstr("absent.key: "));
  EXPECT_THAT(sentence({good.certificate, good.certificate, {}}),
              HasSubstr("good.crt: not the PEM private key of "));
  EXPECT_THAT(sentence({good.certificate, other.key, {}}),
              AllOf(HasSubstr("other.key: "), HasSubstr("good.crt"), HasSubstr("key values mismatch")));
}

// How many segments an exchange takes: each wakes the client.
class SegmentsTest : public ServerTlsTest {
 protected:
  ~SegmentsTest() override {
    thread_.run([&] { echo_.reset(); });
  }

  Wire connect(std::string answer) {
    tls_ = make({authority_.issue("plain")});
    std::uint16_t port = 0;
    const UniqueFd listener = test::listen_on_loopback(port);
    Wire wire(test::connect_to(port));
    UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int on = 1;
    ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    thread_.run([&] {
      echo_.emplace(*tls_, thread_.loop(), std::move(accepted), tickets_);
      echo_->answer = std::move(answer);
    });
    return wire;
  }
  Wire connect(int version, std::string answer) {
    Wire wire = connect(std::move(answer));
    SslContext context = test::client_context();
    SSL_CTX_set_max_proto_version(context.get(), version);
    EXPECT_TRUE(wire.start_tls(context, false)) << wire.error();
    return wire;
  }
  static unsigned segments(const Wire& wire) {
    struct {  // of linux/tcp.h; the C library's ends earlier
      tcp_info known;
      std::uint64_t rates_and_bytes[4];
      std::uint32_t out, in, unsent, least_rtt, in_with_data;
    } info{};
    socklen_t size = sizeof info;
    ::getsockopt(wire.fd(), IPPROTO_TCP, TCP_INFO, &info, &size);
    EXPECT_EQ(size, sizeof info);
    return info.in_with_data;
  }
  static std::string ask(Wire& wire, std::size_t size) {
    EXPECT_TRUE(wire.send("?"));
    std::string got;
    while (got.size() < size) {
      const std::string more = wire.read_some();
      if (more.empty()) break;
      got += more;
    }
    return got;
  }

  std::shared_ptr<const ServerTls> tls_;
  std::optional<Echo> echo_;
};

// The last of them acknowledges the client's flight: a client that gathers small writes (Nagle) waits for
// that before it sends its request.
TEST_F(SegmentsTest, NothingOfAHandshakeIsHeldBack) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Wire wire = connect(version, "");
    EXPECT_EQ(echo_->opened.get_future().get(), "open");
    thread_.run([&] {
      int unsent = -1;
      ::ioctl(echo_->stream().fd(), SIOCOUTQNSD, &unsent);
      EXPECT_EQ(unsent, 0);
    });
    EXPECT_EQ(ask(wire, 1), "?");
    EXPECT_EQ(segments(wire), 3u) << "both flights, the second with the ticket, and the answer";
    thread_.run([&] { echo_.reset(); });
  }
}

// Sends nothing of its own accord: what it has to say is taken by hand.
class HandOperatedClient {
 public:
  HandOperatedClient(const SslContext& context, Wire wire)
      : wire_(std::move(wire)), owned_(SSL_new(context.get())), ssl_(owned_.get()) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }

  // Its last flight is not sent yet.
  bool shake_hands() {
    while (SSL_do_handshake(ssl_) != 1) {
      send_all();
      if (!receive()) return false;
    }
    return true;
  }
  void send_with_what_waits(std::string_view text) {
    SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    send_all();
  }
  std::string read(std::size_t size) {
    std::string got(size, 0);
    std::size_t filled = 0;
    for (int more = 0; filled < size; filled += static_cast<std::size_t>(std::max(more, 0)))
      if (more = SSL_read(ssl_, got.data() + filled, static_cast<int>(size - filled));
          more <= 0 && !receive())
        break;
    return got.substr(0, filled);
  }
  bool has_ticket() const { return SSL_SESSION_has_ticket(SSL_get0_session(ssl_)) == 1; }
  const Wire& wire() const { return wire_; }

 private:
  void send_all() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &bytes);
    EXPECT_TRUE(wire_.send({bytes, static_cast<std::size_t>(size)}));
    (void)BIO_reset(SSL_get_wbio(ssl_));
  }
  bool receive() {
    const std::string got = wire_.read_some();
    return !got.empty() && BIO_write(SSL_get_rbio(ssl_), got.data(), static_cast<int>(got.size())) > 0;
  }

  Wire wire_;
  const test::SslPtr owned_;
  SSL* const ssl_;
};

TEST_F(SegmentsTest, ATicketGoesWithTheAnswerWhenTheRequestCameWithTheHandshake) {
  for (const std::size_t size : {1u, 10'000u}) {
    const SslContext context = test::client_context();
    const std::string answer(size, 'x');
    HandOperatedClient client(context, connect(answer));
    ASSERT_TRUE(client.shake_hands());
    EXPECT_FALSE(client.has_ticket());
    client.send_with_what_waits("?");
    EXPECT_EQ(client.read(size), answer);
    EXPECT_TRUE(client.has_ticket());
    EXPECT_EQ(segments(client.wire()), 2u) << "the handshake's flight, and the ticket with the answer";
    thread_.run([&] { echo_.reset(); });
  }
}

TEST_F(SegmentsTest, NoBufferOfARecordIsKeptWhenTheAnswerIsOut) {
  ASSERT_TRUE(openssl_is_counted);
  const SslContext context = test::client_context();
  HandOperatedClient client(context, connect("!"));
  ASSERT_TRUE(client.shake_hands());
  client.send_with_what_waits("?");
  EXPECT_EQ(client.read(1), "!");
  std::size_t held = 0;
  thread_.run([&] { held = held_by_openssl; });
  thread_.run([&] { echo_.reset(); });
  EXPECT_LT(held - held_by_openssl, SSL3_RT_MAX_PLAIN_LENGTH);
}

TEST_F(SegmentsTest, AnAnswerOfSeveralRecordsIsOne) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer(40'000, 'x');
    Wire wire = connect(version, answer);
    EXPECT_EQ(ask(wire, answer.size()), answer);
    const unsigned before = segments(wire);
    EXPECT_EQ(ask(wire, answer.size()), answer);
    EXPECT_EQ(segments(wire), before + 1);
    thread_.run([&] { echo_.reset(); });
    EXPECT_EQ(wire.read_some(), "");
    EXPECT_FALSE(wire.has_failed()) << "the end is a clean one: " << wire.error();
  }
}

// The session that a connection brings is taken up again, or not.
class SessionTest : public ServerTlsTest {
 protected:
  SessionTest() { ::signal(SIGPIPE, SIG_IGN); }

  struct Resumed {
    bool resumed = false;
    bool open = false;
    bool has_certificate = false;
    SSL_SESSION* session = nullptr;
  };

  // Connects with `session`, and keeps the newest that the server sends.
  Resumed connect_with(const ServerTls& tls, const SslContext& context, const std::string& name,
                       SSL_SESSION* session, const TicketKeys& tickets) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    UniqueFd server_end(ends[0]);
    ::fcntl(server_end.get(), F_SETFL, O_NONBLOCK);
    std::optional<Echo> echo;
    thread_.run([&] { echo.emplace(tls, thread_.loop(), std::move(server_end), tickets); });
    SSL* ssl = SSL_new(context.get());
    SSL_set_fd(ssl, ends[1]);
    SSL_set_tlsext_host_name(ssl, name.c_str());
    if (session != nullptr) SSL_set_session(ssl, session);
    Resumed outcome;
    outcome.open = SSL_connect(ssl) == 1;
    if (!outcome.open) ::shutdown(ends[1], SHUT_RDWR);
    const bool served = echo->opened.get_future().get() == "open";
    if (outcome.open && served) {
      char byte = 'x';
      SSL_write(ssl, &byte, 1);
      SSL_read(ssl, &byte, 1);  // brings the ticket of TLS 1.3 with it
      outcome.resumed = SSL_session_reused(ssl) == 1;
      outcome.session = SSL_get1_session(ssl);
      thread_.run([&] { outcome.has_certificate = echo->stream().peer_certificate() != nullptr; });
    }
    outcome.open = outcome.open && served;
    SSL_shutdown(ssl);
    SSL_free(ssl);
    ::close(ends[1]);
    thread_.run([&] { echo.reset(); });
    ERR_clear_error();
    return outcome;
  }
  bool resumes(const ServerTls& first, const TicketKeys& first_tickets, const std::string& first_name,
               const ServerTls& second, const TicketKeys& second_tickets, const std::string& second_name,
               int version) {
    SslContext context = test::client_context();
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    const Resumed one = connect_with(first, context, first_name, nullptr, first_tickets);
    EXPECT_NE(one.session, nullptr);
    EXPECT_FALSE(one.resumed);
    const Resumed two = connect_with(second, context, second_name, one.session, second_tickets);
    EXPECT_TRUE(two.open) << "what cannot be resumed is a full handshake";
    SSL_SESSION_free(one.session);
    SSL_SESSION_free(two.session);
    return two.resumed;
  }
};

TEST_F(SessionTest, GoesOnWithWhoeverHasTheKeyAndTheCertificate) {
  const CertificateFiles files = authority_.issue("plain");
  const auto tls = make({files}), after_a_reload = make({files}), replaced = make({authority_.issue("new")});
  const TicketKeys others(TicketKey::make());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(resumes(*tls, tickets_, "a.test", *tls, tickets_, "a.test", version));
    EXPECT_TRUE(resumes(*tls, tickets_, "a.test", *after_a_reload, tickets_, "a.test", version));
    EXPECT_FALSE(resumes(*tls, tickets_, "a.test", *tls, others, "a.test", version));
    EXPECT_FALSE(resumes(*tls, tickets_, "a.test", *replaced, tickets_, "a.test", version));
  }
}

TEST_F(SessionTest, LivesThroughOneRotationOfKeysAndNotTwo) {
  const auto tls = make({authority_.issue("plain")});
  TicketKeys next = tickets_, after_next = tickets_;
  next.rotate(TicketKey::make());
  after_next.rotate(TicketKey::make());
  after_next.rotate(TicketKey::make());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_TRUE(resumes(*tls, tickets_, "a.test", *tls, next, "a.test", version));
    EXPECT_FALSE(resumes(*tls, tickets_, "a.test", *tls, after_next, "a.test", version));
  }
}

std::string ticket_of(const SSL_SESSION* session) {
  const unsigned char* ticket = nullptr;
  std::size_t length = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &length);
  return {reinterpret_cast<const char*>(ticket), length};
}

// Clients use a ticket once (RFC 8446 C.4): each resumed connection brings the next.
TEST_F(SessionTest, BringsAFreshTicketWithEachConnection) {
  const auto tls = make({authority_.issue("plain")});
  SslContext context = test::client_context();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_SESSION* session = connect_with(*tls, context, "a.test", nullptr, tickets_).session;
  std::set<std::string> tickets;
  for (int i = 0; i < 5; ++i) {
    ASSERT_NE(session, nullptr);
    EXPECT_TRUE(tickets.insert(ticket_of(session)).second) << "connection " << i << " brought none";
    const Resumed next = connect_with(*tls, context, "a.test", session, tickets_);
    EXPECT_TRUE(next.resumed);
    SSL_SESSION_free(session);
    session = next.session;
  }
  SSL_SESSION_free(session);
}

// CVE-2025-23419: a session of one host must not open another, least of all one that wants certificates.
TEST_F(SessionTest, NeverChangesTheName) {
  const CertificateFiles first = authority_.issue("first", {.names = "DNS:a.test,DNS:b.test"});
  const CertificateFiles second = authority_.issue("second", {.names = "DNS:c.test"});
  const auto open = make({first, second});
  ServerTlsOptions options{{first, second}, TlsVersion::tls12, authority_.ca_file(), false};
  const auto asking = *ServerTls::make(options, {"http/1.1"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_FALSE(resumes(*open, tickets_, "a.test", *open, tickets_, "b.test", version)) << "one certificate";
    EXPECT_FALSE(resumes(*open, tickets_, "a.test", *open, tickets_, "c.test", version)) << "another";
    EXPECT_FALSE(resumes(*open, tickets_, "unknown.test", *open, tickets_, "a.test", version));
    EXPECT_FALSE(resumes(*open, tickets_, "a.test", *asking, tickets_, "a.test", version))
        << "another listener";
    EXPECT_TRUE(resumes(*asking, tickets_, "c.test", *asking, tickets_, "C.TEST", version));
  }
}

class ClientCertificateTest : public SessionTest {
 protected:
  SslContext showing(const CertificateFiles& files) {
    SslContext context = test::client_context();
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM), 1);
    return context;
  }
  std::shared_ptr<const ServerTls> asking(bool required) {
    ServerTlsOptions options{{authority_.issue("server")}, TlsVersion::tls12, clients_.ca_file(), required};
    return *ServerTls::make(options, {"http/1.1"});
  }
  Resumed knock(const ServerTls& tls, const SslContext& context) {
    Resumed outcome = connect_with(tls, context, "a.test", nullptr, tickets_);
    SSL_SESSION_free(outcome.session);
    return outcome;
  }

  Authority clients_{folder_, "clients"};
};

TEST_F(ClientCertificateTest, IsVerifiedAndKept) {
  const SslContext good = showing(clients_.issue("ann"));
  for (const bool required : {false, true}) {
    const auto tls = asking(required);
    const Resumed outcome = knock(*tls, good);
    EXPECT_TRUE(outcome.open);
    EXPECT_TRUE(outcome.has_certificate);
  }
}

TEST_F(ClientCertificateTest, MayBeMissingOnlyWhereItIsOptional) {
  const Resumed optional = knock(*asking(false), test::client_context());
  EXPECT_TRUE(optional.open);
  EXPECT_FALSE(optional.has_certificate);
  EXPECT_FALSE(knock(*asking(true), test::client_context()).open);
}

TEST_F(ClientCertificateTest, OfAnotherAuthorityOrOutOfItsTimeEndsTheHandshake) {
  Authority strangers(folder_, "strangers");
  for (const bool required : {false, true}) {
    const auto tls = asking(required);
    EXPECT_FALSE(knock(*tls, showing(strangers.issue("mallory"))).open);
    EXPECT_FALSE(knock(*tls, showing(clients_.issue("old", {.begins_in = -7200, .ends_in = -3600}))).open);
    EXPECT_FALSE(knock(*tls, showing(clients_.issue("early", {.begins_in = 3600}))).open);
  }
}

TEST_F(ClientCertificateTest, ComesWithAResumedSession) {
  const auto tls = asking(true);
  const SslContext good = showing(clients_.issue("ann"));
  const Resumed first = connect_with(*tls, good, "a.test", nullptr, tickets_);
  const Resumed again = connect_with(*tls, good, "a.test", first.session, tickets_);
  EXPECT_TRUE(again.resumed);
  EXPECT_TRUE(again.has_certificate);
  SSL_SESSION_free(first.session);
  SSL_SESSION_free(again.session);
}

TEST_F(ClientCertificateTest, ThatRanOutSinceItsSessionBeganIsNone) {
  const SslContext brief = showing(clients_.issue("brief", {.ends_in = 3}));
  const auto optional = asking(false), required = asking(true);
  const Resumed first = connect_with(*optional, brief, "a.test", nullptr, tickets_);
  const Resumed second = connect_with(*required, brief, "a.test", nullptr, tickets_);
  ASSERT_TRUE(first.has_certificate && second.has_certificate);
  const WallSeconds over = wall_now() + 4;
  while (wall_now() < over) std::this_thread::sleep_for(50ms);

  const Resumed as_nobody = connect_with(*optional, brief, "a.test", first.session, tickets_);
  EXPECT_TRUE(as_nobody.open);
  EXPECT_TRUE(as_nobody.resumed);
  EXPECT_FALSE(as_nobody.has_certificate);
  EXPECT_FALSE(connect_with(*required, brief, "a.test", second.session, tickets_).open);
  for (SSL_SESSION* session : {first.session, second.session, as_nobody.session}) SSL_SESSION_free(session);
}

TEST_F(ClientCertificateTest, SaysWhoItIs) {
  const CertificateFiles files = clients_.issue(
      "ann", {.names = "DNS:a.test,email:ann@a.test,URI:spiffe://a.test/ann,IP:192.0.2.1,IP:2001:db8::1"});
  std::FILE* file = std::fopen(files.certificate.c_str(), "r");
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  const PeerCertificate facts = describe_certificate(certificate);
  X509_free(certificate);

  EXPECT_EQ(facts.subject, "CN=ann");
  EXPECT_EQ(facts.common_name, "ann");
  EXPECT_THAT(facts.alternative_names,
              ::testing::ElementsAre("DNS:a.test", "email:ann@a.test", "URI:spiffe://a.test/ann",
                                     "IP:192.0.2.1", "IP:2001:db8::1"));
  EXPECT_EQ(facts.fingerprint.size(), 64u);
  EXPECT_LT(facts.begins, wall_now());
  EXPECT_GT(facts.ends, wall_now());
}

TEST(PeerCertificate, HasTheThumbprintOfTheRfc) {
  // RFC 8705 appendix A.
  constexpr std::string_view kPem = R"(-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
)";
  BIO* memory = BIO_new_mem_buf(kPem.data(), static_cast<int>(kPem.size()));
  X509* certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
  BIO_free(memory);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(describe_certificate(certificate).thumbprint, "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
  X509_free(certificate);
}

// How many of both this end has. What has been emptied cannot be copied; nothing else may be asked of it.
int count_ephemeral_keys(SSL* ssl) {
  int count = 0;
  for (const int which : {SSL_CTRL_GET_TMP_KEY, SSL_CTRL_GET_PEER_TMP_KEY}) {
    EVP_PKEY* key = nullptr;
    if (SSL_ctrl(ssl, which, 0, &key) != 1) continue;
    EVP_PKEY* copy = EVP_PKEY_dup(key);
    count += copy != nullptr ? 1 : 0;
    EVP_PKEY_free(copy);
    EVP_PKEY_free(key);
  }
  ERR_clear_error();
  return count;
}

TEST(EphemeralKeys, AreForgottenAndTheConnectionGoesOn) {
  const ScratchDir folder;
  Authority authority(folder, "authority");
  struct Case {
    int version;
    const char* groups;
  };
  for (const auto& [version, groups] :
       {Case{TLS1_3_VERSION, "X25519"}, Case{TLS1_3_VERSION, "P-256"}, Case{TLS1_2_VERSION, "X25519:P-256"},
        Case{TLS1_2_VERSION, "P-384:P-256"}}) {
    SslContext client = test::client_context(), server = test::server_context(authority.issue("server"));
    SSL_CTX_set1_groups_list(server.get(), groups);
    SSL_CTX_set_max_proto_version(client.get(), version);
    SSL_CTX_set1_groups_list(client.get(), groups);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    Wire one{UniqueFd(ends[0])}, other{UniqueFd(ends[1])};
    auto served = std::async(std::launch::async, [&] { return other.start_tls(server, true); });
    ASSERT_TRUE(one.start_tls(client, false)) << one.error();
    ASSERT_TRUE(served.get());
    for (Wire* wire : {&one, &other}) {
      if (version == TLS1_3_VERSION) {
        EXPECT_EQ(count_ephemeral_keys(wire->ssl()), 2) << groups;
      }
      forget_ephemeral_keys(wire->ssl());
      EXPECT_EQ(count_ephemeral_keys(wire->ssl()), 0) << groups;
      forget_ephemeral_keys(wire->ssl());
      EXPECT_EQ(ERR_peek_error(), 0u);
    }
    for (int round = 0; round < 3; ++round) {
      for (auto [from, to] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
        if (version == TLS1_3_VERSION) {
          EXPECT_EQ(SSL_key_update(from->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        }
        ASSERT_TRUE(from->send("hello"));
        ASSERT_EQ(to->read_some(), "hello") << to->error();
      }
    }
  }
}

TEST(ClientTls, SaysWhatIsWrongWithItsFiles) {
  const ScratchDir folder;
  Authority authority(folder, "authority");
  const CertificateFiles own = authority.issue("own"), other = authority.issue("other");
  const auto sentence = [](const ClientTlsOptions& options) {
    auto made = ClientTls::make(options);
    return made ? "loaded" : made.error();
  };

  EXPECT_EQ(sentence({authority.ca_file(), "", "", ""}), "loaded");
  EXPECT_EQ(sentence({"", "", own.certificate, own.key}), "loaded");
  EXPECT_THAT(sentence({folder / "absent.pem", "", "", ""}),
              HasSubstr("absent.pem: not a PEM file of certificates: "));
  EXPECT_THAT(sentence({own.key, "", "", ""}), HasSubstr("own.key: not a PEM file of certificates: "));
  EXPECT_THAT(sentence({"", "", own.certificate, other.key}), HasSubstr("other.key: "));
}

}  // namespace
}  // namespace gw::net
