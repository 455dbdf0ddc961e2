// SPDX-License-Identifier: Apache-2.0
// What flow tests share: a gateway before a fake service, over every pair of plain and TLS.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "jose/jws.h"
#include "support/certificates.h"
#include "support/fake_service.h"
#include "support/gateway_in_process.h"
#include "support/http_text.h"

namespace gw::test {

inline const std::string kSecret = "correct-horse-battery-staple-0123456789abcdef";

struct TokenSpec {
  std::string subject = "alice";
  std::string id = "token-1";
  WallSeconds expires_in = 3600;
};

inline std::string mint(const TokenSpec& spec = {}) {
  const auto algorithm = jose::Algorithm::hs256;
  auto key = jose::Key::from_secret(SecretString(std::string(kSecret)), {algorithm});
  EXPECT_TRUE(key.ok());
  const std::string expires = std::to_string(wall_now() + spec.expires_in);
  return *jose::Signer(*key, algorithm)
              .sign_compact(R"({"alg":"HS256","typ":"JWT"})", R"({"iss":"https://idp.test","sub":")" +
                                                                  spec.subject + R"(","jti":")" + spec.id +
                                                                  R"(","exp":)" + expires + "}");
}

inline std::string bearer(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

// "GET /x HTTP/1.1" with Host and these lines.
inline std::string get(std::string_view path, const std::string& lines = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: api.test\r\n" + lines + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: api.test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
inline std::string post_chunked(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n" +
         chunked(body);
}
inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string ok_chunked(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body);
}

// Is each side of the gateway TLS?
struct Pair {
  bool downstream_tls = false;
  bool upstream_tls = false;
};
inline std::string name_of(const ::testing::TestParamInfo<Pair>& info) {
  return std::string(info.param.downstream_tls ? "Tls" : "Plain") + "To" +
         (info.param.upstream_tls ? "Tls" : "Plain");
}

class Flow : public ::testing::Test {
 protected:
  explicit Flow(Pair pair = {}) : pair_(pair) {}

  std::unique_ptr<FakeService> serve(FakeService::Script script) {
    SslContext context;
    if (pair_.upstream_tls) context = server_context(authority_.issue("service"));
    return std::make_unique<FakeService>(std::move(script), std::move(context));
  }
  std::unique_ptr<FakeService> answer(FakeService::Answer answer) {
    return serve(FakeService::answering(std::move(answer)));
  }

  struct Settings {
    std::string routes = "  - {path: /**, auth: none, upstream: service}\n";
    std::string upstream = {};  // more keys of it, each ending in ", "
    std::string more = {};      // other sections
  };
  std::string configuration(const FakeService& service) { return configuration(service, Settings()); }
  std::string configuration(const FakeService& service, const Settings& settings) {
    std::string listener = "{address: '127.0.0.1:0'}";
    if (pair_.downstream_tls) {
      const net::CertificateFiles files = authority_.issue("gateway");
      listener =
          "{address: '127.0.0.1:0', tls: {certificate: " + files.certificate + ", key: " + files.key + "}}";
    }
    const std::string trust = pair_.upstream_tls ? "tls: {ca: " + authority_.ca_file() + "}, " : "";
    return "listeners:\n  - " + listener + "\nupstreams:\n  service: {" + trust + settings.upstream +
           "servers: ['" + service.url() +
           "']}\nissuers:\n  idp: {issuer: https://idp.test, secret: " + kSecret +
           ", algorithms: [HS256], audiences: any, leeway: 0s}\nroutes:\n" + settings.routes + settings.more;
  }

  Wire connect(const GatewayInProcess& gateway, std::size_t worker = 0, int receive_buffer = 0) {
    Wire wire = connect_to(gateway.port(worker), receive_buffer);
    if (pair_.downstream_tls) {
      EXPECT_TRUE(wire.start_tls(client_context(), false, "localhost")) << wire.error();
    }
    return wire;
  }
  Message ask(const GatewayInProcess& gateway, const std::string& request, std::size_t worker = 0) {
    Wire wire = connect(gateway, worker);
    EXPECT_TRUE(wire.send(request));
    return read_message(wire);
  }

  const Pair pair_;
  ScratchDir folder_;
  Authority authority_{folder_, "authority"};
};

class EachPair : public Flow, public ::testing::WithParamInterface<Pair> {
 protected:
  EachPair() : Flow(GetParam()) {}
};

#define EACH_PAIR(suite)                                                                             \
  INSTANTIATE_TEST_SUITE_P(                                                                          \
      , suite,                                                                                       \
      ::testing::Values(Pair{false, false}, Pair{true, false}, Pair{false, true}, Pair{true, true}), \
      name_of)

}  // namespace gw::test
