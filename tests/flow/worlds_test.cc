// SPDX-License-Identifier: Apache-2.0
// Reloads, drains and revocations while requests are under way.
#include <future>

#include "flow/flow.h"
#include "server/resting_connections.h"
#include "store/sqlite_store.h"
#include "support/store_client.h"

namespace gw::test {
namespace {

using ::testing::HasSubstr;

class Worlds : public EachPair {};

TEST_P(Worlds, AnOldOneServesAResponseThatIsUnderWay) {
  std::promise<void> may_end;
  std::shared_future<void> told = may_end.get_future().share();
  const auto old_service = serve([&](Wire& wire, FakeService& self) {
    if (!self.next_request(wire)) return;
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour");
    told.wait();
    wire.send("more");
  });
  const auto new_service = answer([](const Message&) { return ok("new"); });
  GatewayInProcess gateway(configuration(*old_service));
  Wire streaming = connect(gateway);
  ASSERT_TRUE(streaming.send(get("/stream")));
  while (streaming.ahead().find("four") == std::string::npos) streaming.ahead() += streaming.read_some();

  gateway.reload(configuration(*new_service));
  EXPECT_EQ(ask(gateway, get("/")).body, "new");
  may_end.set_value();

  const Message response = read_message(streaming);
  EXPECT_EQ(response.body, "fourmore");
  ASSERT_TRUE(streaming.send(get("/")));
  EXPECT_EQ(read_message(streaming).body, "new");
}

TEST_P(Worlds, AnOldOneAnswersARequestWhoseServiceIsGone) {
  const auto new_service = answer([](const Message&) { return ok("new"); });
  std::promise<void> asked, may_end;
  std::shared_future<void> told = may_end.get_future().share();
  const auto old_service = serve([&](Wire& wire, FakeService& self) {
    if (!self.next_request(wire)) return;
    asked.set_value();
    told.wait();
  });
  GatewayInProcess gateway(configuration(*old_service));
  Wire waiting = connect(gateway);
  ASSERT_TRUE(waiting.send(get("/")));
  asked.get_future().get();
  gateway.reload(configuration(*new_service));
  EXPECT_EQ(ask(gateway, get("/")).body, "new");
  may_end.set_value();

  EXPECT_EQ(read_message(waiting).status(), 502);
}

TEST_P(Worlds, ReloadsWhileManyAreServedLoseNoRequest) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  const std::string plain = configuration(*service);
  GatewayInProcess gateway(plain);
  std::atomic<bool> enough = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      Wire wire = connect(gateway);
      while (!enough) {
        ASSERT_TRUE(wire.send(get("/")));
        ASSERT_EQ(read_message(wire).body, "hello");
      }
    });
  const std::string other = configuration(*service, {.upstream = "keepalive: 3, "});
  for (int i = 0; i < 10; ++i) gateway.reload(i % 2 == 0 ? other : plain);
  EXPECT_EQ(ask(gateway, get("/")).body, "hello");
  enough = true;
  for (std::thread& client : clients) client.join();
}

TEST_P(Worlds, ADrainLetsAResponseComeToItsEnd) {
  std::promise<void> asked, may_end;
  std::shared_future<void> told = may_end.get_future().share();
  const auto service = serve([&](Wire& wire, FakeService& self) {
    if (!self.next_request(wire)) return;
    asked.set_value();
    told.wait();
    wire.send(ok("last"));
  });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway), idle = connect(gateway);
  ASSERT_TRUE(wire.send(get("/")));
  asked.get_future().get();
  gateway.drain();
  EXPECT_EQ(idle.read_some(), "");
  may_end.set_value();

  const Message response = read_message(wire);
  EXPECT_EQ(response.body, "last");
  EXPECT_EQ(response.field("Connection"), "close");
  EXPECT_EQ(wire.read_some(), "");
  wire.close();
  gateway.wait_until_drained();
}

TEST_P(Worlds, OfEveryWorkerKnowARevocationAsSoonAsItIsAcknowledged) {
  store::SqliteStore::Options options;
  options.path = folder_ / "store.db";
  auto opened = store::SqliteStore::open(std::move(options));
  ASSERT_TRUE(opened);
  const auto service = answer([](const Message&) { return ok("hello"); });
  Settings settings;
  settings.routes = "  - {path: /**, upstream: service}\n";
  GatewayInProcess gateway(configuration(*service, settings), {.workers = 2, .store = opened->get()});
  {
    StoreClient store(**opened);
    for (int round = 0; round < 10; ++round) {
      const std::string id = "token-" + std::to_string(round);
      const std::string request = get("/", bearer(mint({.id = id})));
      Wire first = connect(gateway, 0), second = connect(gateway, 1);
      for (Wire* wire : {&first, &second}) {
        ASSERT_TRUE(wire->send(request));
        ASSERT_EQ(read_message(*wire).status(), 200);
      }
      ASSERT_TRUE(store.revoke({store::RevokedKind::token, id, wall_now(), wall_now() + 3600}));
      for (Wire* wire : {&second, &first}) {
        ASSERT_TRUE(wire->send(request));
        const Message response = read_message(*wire);
        EXPECT_EQ(response.status(), 401) << round;
        EXPECT_THAT(response.body, HasSubstr("token_revoked"));
      }
    }
  }
  gateway.stop();
}

// More than keep their codec while they wait.
class Resting : public EachPair {
 protected:
  static constexpr std::size_t kMany = server::RestingConnections::kWithCodec + 24;

  std::vector<Wire> rest(const GatewayInProcess& gateway) {
    std::vector<Wire> wires;
    for (std::size_t i = 0; i < kMany; ++i) {
      wires.push_back(connect(gateway));
      EXPECT_TRUE(wires.back().send(get("/")));
      EXPECT_EQ(read_message(wires.back()).status(), 200);
    }
    return wires;
  }
};

TEST_P(Resting, ConnectionsGoOnAsIfTheyHadNot) {
  const auto service = answer([](const Message& request) {
    return ok(request.start_line.substr(4, request.start_line.find(' ', 4) - 4));
  });
  GatewayInProcess gateway(configuration(*service));
  std::vector<Wire> wires = rest(gateway);
  for (int round = 0; round < 2; ++round) {
    for (Wire& wire : wires) {
      ASSERT_TRUE(wire.send("GET /a HTTP/1.1\r\nHo"));
      ASSERT_TRUE(wire.send("st: api.test\r\n\r\n" + get("/b") + get("/c")));
      for (const char* path : {"/a", "/b", "/c"}) ASSERT_EQ(read_message(wire).body, path);
    }
  }
  for (Wire& wire : wires) {
    ASSERT_TRUE(wire.send("GET  / HTTP/1.1\r\n\r\n"));
    ASSERT_EQ(read_message(wire).status(), 400);
    ASSERT_EQ(wire.read_some(), "");
  }
}

TEST_P(Resting, ConnectionsEndWhenTheirTimeIsOver) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  GatewayInProcess gateway(configuration(*service, {.more = "limits: {idle_timeout: 1s}\n"}));
  for (Wire& wire : rest(gateway)) EXPECT_EQ(wire.read_some(), "");
}

TEST_P(Resting, ConnectionsThatTheirClientsLeaveAreGone) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  GatewayInProcess gateway(configuration(*service));
  std::vector<Wire> wires = rest(gateway);
  for (std::size_t i = 0; i < kMany; i += 2) i % 4 == 0 ? wires[i].reset() : wires[i].end_writing();
  for (std::size_t i = 1; i < kMany; i += 2) {
    ASSERT_TRUE(wires[i].send(get("/")));
    ASSERT_EQ(read_message(wires[i]).body, "hello");
  }
  for (std::size_t i = 2; i < kMany; i += 4) ASSERT_EQ(wires[i].read_some(), "");
}

TEST_P(Resting, ConnectionsAnswerWhatComesWithADrain) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  GatewayInProcess gateway(configuration(*service));
  std::vector<Wire> wires = rest(gateway);
  ASSERT_TRUE(wires.front().send(get("/")));
  ASSERT_TRUE(wires.back().send(get("/")));
  gateway.drain();
  for (Wire* wire : {&wires.front(), &wires.back()}) {
    const Message response = read_message(*wire);
    EXPECT_EQ(response.body, "hello");
  }
  for (Wire& wire : wires) EXPECT_EQ(wire.read_some(), "");
  wires.clear();
  gateway.wait_until_drained();
}

EACH_PAIR(Worlds);
EACH_PAIR(Resting);

}  // namespace
}  // namespace gw::test
