// SPDX-License-Identifier: Apache-2.0
#include "net/dialer.h"

#include <poll.h>

#include <event2/dns.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "support/certificates.h"
#include "support/fake_service.h"
#include "support/loop_thread.h"

namespace gw::net {
namespace {

using test::Authority;
using test::FakeService;
using test::LoopThread;
using test::ScratchDir;
using test::Wire;
using ::testing::HasSubstr;

// Knows no name: answers every query with NXDOMAIN, or not at all.
class FakeNameServer {
 public:
  explicit FakeNameServer(bool answers) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = test::loopback(0);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers] { serve(answers); });
  }
  ~FakeNameServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  void serve(bool answers) {
    char packet[512];
    sockaddr_in peer{};
    for (;;) {
      socklen_t length = sizeof peer;
      const ssize_t got =
          ::recvfrom(fd_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&peer), &length);
      if (got <= 0) return;
      if (!answers || got < 12) continue;
      packet[2] = static_cast<char>(packet[2] | 0x80);  // a response ...
      packet[3] = static_cast<char>(0x83);              // ... that says NXDOMAIN
      (void)::sendto(fd_.get(), packet, static_cast<std::size_t>(got), 0, reinterpret_cast<sockaddr*>(&peer),
                     length);
    }
  }
  UniqueFd fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class DialerTest : public ::testing::Test {
 protected:
  DialerTest() {
    thread_.run([&] {
      deadlines_.emplace(thread_.loop());
      dialer_.emplace(thread_.loop(), *deadlines_, folder_ / "hosts");
    });
  }
  ~DialerTest() override {
    thread_.run([&] {
      dialer_.reset();
      deadlines_.reset();
    });
  }

  // Names come from a file and this server alone.
  void use_names(const FakeNameServer& server, const std::string& hosts = {}) {
    std::ofstream(folder_ / "hosts") << hosts;
    thread_.run([&] {
      evdns_base* dns = thread_.loop().dns();
      evdns_base_clear_nameservers_and_suspend(dns);
      evdns_base_resume(dns);
      evdns_base_nameserver_ip_add(dns, ("127.0.0.1:" + std::to_string(server.port())).c_str());
    });
  }

  // "open", "timed out", or what the log would say.
  std::string dial(const Dialer::Target& target) {
    std::promise<std::string> answered;
    std::unique_ptr<Stream> stream;
    bool inside = true;
    Operation operation;
    std::atomic<bool> calling = true;
    thread_.run([&] {
      operation = dialer_->dial(target, [&](Result<std::unique_ptr<Stream>, DialFailure> result) {
        inside = calling;
        if (result) stream = std::move(*result);
        answered.set_value(result ? "open" : result.error().timed_out ? "timed out" : result.error().detail);
      });
      calling = false;
    });
    const std::string said = answered.get_future().get();
    EXPECT_FALSE(inside);
    thread_.run([&] {
      stream.reset();
      operation.reset();
    });
    return said;
  }

  static Dialer::Target plain(const std::string& host, std::uint16_t port, Duration timeout = 20s) {
    return {host, port, nullptr, {}, timeout};
  }
  Dialer::Target tls(const FakeService& service, const ClientTlsOptions& options, const std::string& name) {
    auto made = ClientTls::make(options);
    EXPECT_TRUE(made.ok());
    return {"127.0.0.1", service.port(), *made, name, 20s};
  }
  static FakeService::Script silent() {
    return [](Wire& wire, FakeService&) {
      while (!wire.read_some().empty()) continue;
    };
  }
  static std::uint16_t closed_port() {
    std::uint16_t port = 0;
    (void)test::listen_on_loopback(port);
    return port;
  }

  ScratchDir folder_;
  LoopThread thread_;
  std::optional<Deadlines> deadlines_;
  std::optional<Dialer> dialer_;
};

TEST_F(DialerTest, ConnectsToAnAddress) {
  FakeService service(silent());
  EXPECT_EQ(dial(plain("127.0.0.1", service.port())), "open");
}

TEST_F(DialerTest, NobodyHearsOfAPeerThatLeavesBeforeTheStreamIsTaken) {
  FakeService service([](Wire& wire, FakeService&) { wire.send("hello"); });
  std::promise<int> opened;
  std::unique_ptr<Stream> stream;
  Operation operation;
  thread_.run([&] {
    operation = dialer_->dial(plain("127.0.0.1", service.port()),
                              [&](Result<std::unique_ptr<Stream>, DialFailure> result) {
                                stream = std::move(*result);
                                opened.set_value(stream->fd());
                              });
  });
  const int fd = opened.get_future().get();
  pollfd left{fd, POLLRDHUP, 0};
  ASSERT_EQ(::poll(&left, 1, 10'000), 1) << "the service leaves at once";
  // Bytes nobody reads, then the watch for the end, then the end: an event of the loop each.
  for (int i = 0; i < 3; ++i) thread_.run([] {});
  thread_.run([&] {
    stream.reset();
    operation.reset();
  });
}

TEST_F(DialerTest, ConnectsToAName) {
  FakeService service(silent());
  FakeNameServer names(true);
  use_names(names, "127.0.0.1 service.test\n");
  EXPECT_EQ(dial(plain("service.test", service.port())), "open");
}

TEST_F(DialerTest, TriesTheNextAddressOfAName) {
  FakeService service(silent());
  FakeNameServer names(true);
  use_names(names, "127.0.0.2 service.test\n127.0.0.3 service.test\n127.0.0.1 service.test\n");
  EXPECT_EQ(dial(plain("service.test", service.port())), "open");
}

TEST_F(DialerTest, TellsThatNoAddressOfANameAnswers) {
  FakeNameServer names(true);
  use_names(names, "127.0.0.2 service.test\n127.0.0.1 service.test\n");
  EXPECT_THAT(dial(plain("service.test", closed_port())), HasSubstr("refused"));
}

TEST_F(DialerTest, TellsARefusal) {
  EXPECT_EQ(dial(plain("127.0.0.1", closed_port())), "cannot connect: Connection refused");
}

TEST_F(DialerTest, TellsANameThatDoesNotResolve) {
  FakeNameServer names(true);
  use_names(names);
  EXPECT_THAT(dial(plain("absent.test", 80)), HasSubstr("cannot resolve absent.test: "));
}

TEST_F(DialerTest, GivesUpOnANameServerThatSaysNothing) {
  FakeNameServer names(false);
  use_names(names);
  EXPECT_THAT(dial(plain("absent.test", 80, 100ms)), HasSubstr("cannot resolve absent.test within"));
}

TEST_F(DialerTest, GivesUpOnAServerThatNeverShakesHands) {
  FakeService service(silent());
  Dialer::Target target = tls(service, {}, "localhost");
  target.timeout = 100ms;
  EXPECT_EQ(dial(target), "timed out");
}

TEST_F(DialerTest, AnswersNobodyWhoHasCancelled) {
  FakeService service(silent());
  FakeNameServer names(false);
  use_names(names);
  std::atomic<int> answers = 0;
  Operation connecting, resolving, shaking;
  const Dialer::Target handshake = tls(service, {}, "localhost");
  thread_.run([&] {
    const auto count = [&](Result<std::unique_ptr<Stream>, DialFailure>) { ++answers; };
    connecting = dialer_->dial(plain("127.0.0.1", service.port()), count);
    resolving = dialer_->dial(plain("absent.test", 80), count);
    shaking = dialer_->dial(handshake, count);
  });
  thread_.run([&] { connecting.reset(); });
  const int before = answers;  // it may have been quicker
  // A dial that was begun later has ended: the cancelled ones had their time.
  EXPECT_EQ(dial(plain("127.0.0.1", service.port())), "open");
  thread_.run([&] {
    resolving.reset();
    shaking.reset();
  });
  EXPECT_EQ(dial(plain("127.0.0.1", service.port())), "open");
  EXPECT_EQ(answers, before);
}

TEST_F(DialerTest, MayGoWhileItDials) {
  FakeNameServer names(false);
  use_names(names);
  std::atomic<int> answers = 0;
  Operation operation;
  thread_.run([&] {
    operation = dialer_->dial(plain("absent.test", 80),
                              [&](Result<std::unique_ptr<Stream>, DialFailure>) { ++answers; });
  });
  thread_.run([&] {
    operation.reset();
    dialer_.emplace(thread_.loop(), *deadlines_);
  });
  EXPECT_EQ(answers, 0);
}

class TlsDialerTest : public DialerTest {
 protected:
  FakeService serve(const CertificateFiles& files) {
    return FakeService(silent(), test::server_context(files));
  }
  Authority authority_{folder_, "authority"};
  const ClientTlsOptions trusting_{authority_.ca_file(), "", "", ""};
};

TEST_F(TlsDialerTest, TrustsACertificateOfItsAuthorityForThatName) {
  const FakeService service = serve(authority_.issue("a", {.names = "DNS:service.test,IP:127.0.0.1"}));
  EXPECT_EQ(dial(tls(service, trusting_, "service.test")), "open");
  EXPECT_EQ(dial(tls(service, trusting_, "127.0.0.1")), "open");
}

TEST_F(TlsDialerTest, RefusesACertificateForAnotherName) {
  const FakeService service = serve(authority_.issue("a", {.names = "DNS:service.test,DNS:*.wild.test"}));
  EXPECT_THAT(dial(tls(service, trusting_, "other.test")), HasSubstr("hostname mismatch"));
  EXPECT_THAT(dial(tls(service, trusting_, "127.0.0.1")), HasSubstr("IP address mismatch"));
  EXPECT_THAT(dial(tls(service, trusting_, "a.b.wild.test")), HasSubstr("hostname mismatch"));
  EXPECT_EQ(dial(tls(service, trusting_, "a.wild.test")), "open");
}

TEST_F(TlsDialerTest, RefusesACertificateOfAStranger) {
  Authority stranger(folder_, "stranger");
  const FakeService service = serve(stranger.issue("a", {.names = "DNS:service.test"}));
  EXPECT_THAT(dial(tls(service, trusting_, "service.test")),
              HasSubstr("TLS handshake: unable to get local issuer"));
  EXPECT_THAT(dial(tls(service, {}, "service.test")), HasSubstr("unable to get local issuer"));
}

TEST_F(TlsDialerTest, RefusesACertificateOutOfItsTime) {
  const FakeService expired =
      serve(authority_.issue("old", {.names = "DNS:service.test", .begins_in = -7200, .ends_in = -3600}));
  EXPECT_THAT(dial(tls(expired, trusting_, "service.test")), HasSubstr("certificate has expired"));
  const FakeService early =
      serve(authority_.issue("new", {.names = "DNS:service.test", .begins_in = 3600, .ends_in = 7200}));
  EXPECT_THAT(dial(tls(early, trusting_, "service.test")), HasSubstr("not yet valid"));
}

TEST_F(TlsDialerTest, TellsAServerThatSpeaksNoTls) {
  FakeService service([](Wire& wire, FakeService&) {
    (void)wire.read_some();
    wire.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_THAT(dial(tls(service, trusting_, "service.test")), HasSubstr("TLS handshake: "));
}

TEST_F(TlsDialerTest, ShowsItsCertificateWhenAsked) {
  const CertificateFiles own = authority_.issue("client");
  test::SslContext context = test::server_context(authority_.issue("server", {.names = "DNS:service.test"}));
  SSL_CTX_load_verify_locations(context.get(), authority_.ca_file().c_str(), nullptr);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  std::promise<bool> shown;
  FakeService service(
      [&](Wire& wire, FakeService&) { shown.set_value(SSL_get0_peer_certificate(wire.ssl()) != nullptr); },
      context);
  EXPECT_EQ(dial(tls(service, {authority_.ca_file(), "", own.certificate, own.key}, "service.test")), "open");
  EXPECT_TRUE(shown.get_future().get());
}

}  // namespace
}  // namespace gw::net
