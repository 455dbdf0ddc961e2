// SPDX-License-Identifier: Apache-2.0
// Requests one after the other, decisions on their way, and what is written about them.
#include "flow/flow.h"

namespace gw::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Requests : public EachPair {
 protected:
  static FakeService::Answer its_path() {
    return [](const Message& request) { return ok(request.start_line); };
  }
  static Settings guarded() {
    Settings settings;
    settings.routes = "  - {path: /**, upstream: service}\n";
    return settings;
  }
};

TEST_P(Requests, PipelinedAreAnsweredInTheirOrder) {
  const auto service = answer(its_path());
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += i % 3 == 0 ? post("/" + std::to_string(i), make_body(100)) : get("/" + std::to_string(i));
  ASSERT_TRUE(wire.send(all));
  for (int i = 0; i < 20; ++i) {
    const Message response = read_message(wire);
    ASSERT_EQ(response.status(), 200) << i;
    EXPECT_THAT(response.body, HasSubstr(" /" + std::to_string(i) + " "));
  }
  EXPECT_EQ(service->requests_seen(), 20);
  EXPECT_EQ(service->connections_seen(), 1);
}

TEST_P(Requests, PipelinedBehindARefusedOneAreStillAnswered) {
  const auto service = answer(its_path());
  Settings settings;
  settings.routes =
      "  - {path: /open/**, auth: none, upstream: service}\n  - {path: /closed, upstream: service}\n";
  GatewayInProcess gateway(configuration(*service, settings));
  Wire wire = connect(gateway);
  ASSERT_TRUE(wire.send(get("/open/1") + get("/closed") + get("/nowhere") + get("/open/2")));

  EXPECT_EQ(read_message(wire).status(), 200);
  EXPECT_EQ(read_message(wire).status(), 401);
  EXPECT_EQ(read_message(wire).status(), 404);
  EXPECT_EQ(read_message(wire).status(), 200);
  EXPECT_EQ(service->requests_seen(), 2);
}

TEST_P(Requests, WithAnExpiredTokenAreRefusedAndNeverReachTheService) {
  const auto service = answer(its_path());
  GatewayInProcess gateway(configuration(*service, guarded()));

  const Message response = ask(gateway, get("/orders", bearer(mint({.expires_in = -1}))));

  EXPECT_EQ(response.status(), 401);
  EXPECT_THAT(response.body, HasSubstr("\"code\":\"token_expired\""));
  EXPECT_THAT(response.field("WWW-Authenticate"), HasSubstr("error=\"invalid_token\""));
  EXPECT_EQ(service->connections_seen(), 0);
}

TEST_P(Requests, WithATokenThatExpiresOnTheConnectionAreRefusedFromThenOn) {
  const auto service = answer(its_path());
  GatewayInProcess gateway(configuration(*service, guarded()));
  const std::string token = mint({.expires_in = 2});
  Wire wire = connect(gateway);
  int answered = 0;
  Message response;
  do {
    ASSERT_TRUE(wire.send(get("/orders", bearer(token))));
    response = read_message(wire);
  } while (response.status() == 200 && ++answered < 1000000);

  EXPECT_GT(answered, 0);
  EXPECT_EQ(response.status(), 401);
  EXPECT_EQ(service->requests_seen(), answered);
}

TEST_P(Requests, CarryTheVerifiedIdentityAndNotTheToken) {
  const auto service = answer([](const Message& request) { return ok(request.head); });
  GatewayInProcess gateway(configuration(*service, guarded()));
  const Message response =
      ask(gateway, get("/orders", bearer(mint()) + "X-Auth-Subject: root\r\nx_auth_subject: root\r\n"));

  ASSERT_EQ(response.status(), 200);
  EXPECT_THAT(response.body, HasSubstr("X-Auth-Subject: alice\r\n"));
  EXPECT_THAT(response.body, Not(HasSubstr("root")));
  EXPECT_THAT(response.body, Not(HasSubstr("Bearer")));
  EXPECT_THAT(response.body,
              HasSubstr(std::string("X-Forwarded-Proto: ") + (GetParam().downstream_tls ? "https" : "http")));
}

TEST_P(Requests, OfManyConnectionsAtOnceAreNotMixedUp) {
  const auto service = answer(its_path());
  GatewayInProcess gateway(configuration(*service));
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client)
    clients.emplace_back([&, client] {
      Wire wire = connect(gateway);
      for (int i = 0; i < 40; ++i) {
        const std::string path = "/" + std::to_string(client) + "/" + std::to_string(i);
        ASSERT_TRUE(wire.send(get(path)));
        ASSERT_THAT(read_message(wire).body, HasSubstr(" " + path + " "));
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(service->requests_seen(), 8 * 40);
}

TEST_P(Requests, OfOthersAreServedWhileOneDownloadsWithoutEnd) {
  const std::string block = chunked(make_body(256 * 1024));
  const auto service = serve([&](Wire& wire, FakeService& self) {
    auto request = self.next_request(wire);
    if (!request) return;
    if (request->start_line.find("/endless") == std::string::npos) {
      wire.send(ok("quick"));
      return;
    }
    wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (wire.send(std::string_view(block).substr(0, block.size() - 5))) continue;
  });
  GatewayInProcess gateway(configuration(*service));
  Wire endless = connect(gateway);
  ASSERT_TRUE(endless.send(get("/endless")));
  std::atomic<bool> enough = false;
  std::thread reader([&] {
    while (!enough && !endless.read_some().empty()) continue;
  });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(gateway, get("/quick")).body, "quick");
  enough = true;
  reader.join();
}

EACH_PAIR(Requests);

class AccessLogLines : public Flow {};

TEST_F(AccessLogLines, OfARefusedRequestTellNothingOfAnEarlierOne) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  GatewayInProcess gateway(configuration(*service));
  EXPECT_EQ(ask(gateway, get("/private/of-alice?who=alice")).status(), 200);
  EXPECT_EQ(ask(gateway, "GET /next HTTP/1.1\r\nHost: api.test\r\nBad Field: x\r\n\r\n").status(), 400);

  const auto lines = gateway.access_log_lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("/private/of-alice"));
  EXPECT_THAT(lines[1], Not(HasSubstr("alice")));
  EXPECT_THAT(lines[1], Not(HasSubstr("HTT")));  // bytes of the answer
  EXPECT_THAT(lines[1], HasSubstr("\"client\":\"127.0.0.1\""));
  EXPECT_THAT(lines[1], HasSubstr("\"status\":400"));
}

TEST_F(AccessLogLines, MaskSecretsAndTellWhoAsked) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  Settings settings;
  settings.routes = "  - {name: all, path: /**, upstream: service}\n";
  GatewayInProcess gateway(configuration(*service, settings));
  const std::string token = mint();
  EXPECT_EQ(ask(gateway, get("/orders?access_token=abc123&page=2", bearer(token) + "Cookie: session=xyz\r\n"))
                .status(),
            200);

  const auto lines = gateway.access_log_lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("\"query\":\"access_token=***&page=2\""));
  EXPECT_THAT(lines[0], HasSubstr("\"sub\":\"alice\""));
  EXPECT_THAT(lines[0], HasSubstr("\"route\":\"all\""));
  for (const std::string& secret : {std::string("abc123"), std::string("xyz"), token})
    EXPECT_THAT(lines[0], Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace gw::test
