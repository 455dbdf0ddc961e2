// SPDX-License-Identifier: Apache-2.0
// Either side leaves, at every stage: the other side learns of it, and the gateway serves on.
#include <future>

#include "flow/flow.h"

namespace gw::test {
namespace {

using ::testing::HasSubstr;

class Disconnects : public EachPair {
 protected:
  // The gateway is well: it answers, over a new connection to the service or an idle one.
  void expect_served(const GatewayInProcess& gateway) { EXPECT_EQ(ask(gateway, get("/well")).body, "well"); }
  static bool asks_if_well(const Message& request) {
    return request.start_line.find("/well") != std::string::npos;
  }
};

TEST_P(Disconnects, OfAClientAtEveryByteOfItsRequestHarmNobody) {
  const auto service = answer([](const Message&) { return ok("well"); });
  GatewayInProcess gateway(configuration(*service));
  const std::string request = post("/x", make_body(20));
  for (std::size_t bytes = 0; bytes < request.size(); bytes += 7) {
    Wire wire = connect(gateway);
    wire.send(std::string_view(request).substr(0, bytes));
    if (bytes % 2 == 0) wire.reset();
  }
  expect_served(gateway);
}

TEST_P(Disconnects, OfAClientThatWaitsEndTheRequestToTheService) {
  std::promise<void> asked, cancelled;
  const auto service = serve([&](Wire& wire, FakeService& self) {
    while (auto request = self.next_request(wire)) {
      if (asks_if_well(*request)) {
        wire.send(ok("well"));
        continue;
      }
      asked.set_value();
      EXPECT_EQ(wire.read_some(), "");
      return cancelled.set_value();
    }
  });
  GatewayInProcess gateway(configuration(*service));
  {
    Wire wire = connect(gateway);
    ASSERT_TRUE(wire.send(get("/slow")));
    asked.get_future().get();
  }
  cancelled.get_future().get();
  expect_served(gateway);
}

TEST_P(Disconnects, OfAClientWithinItsBodyEndTheRequestToTheService) {
  std::promise<void> began, cancelled;
  const auto service = serve([&](Wire& wire, FakeService& self) {
    std::string bytes = wire.read_some();
    if (bytes.starts_with("GET /well")) {
      wire.send(ok("well"));
      return;
    }
    began.set_value();
    while (!(bytes = wire.read_some()).empty()) continue;
    (void)self;
    cancelled.set_value();
  });
  GatewayInProcess gateway(configuration(*service));
  {
    Wire wire = connect(gateway);
    const std::string request = post("/x", make_body(1000));
    ASSERT_TRUE(wire.send(std::string_view(request).substr(0, request.size() - 500)));
    began.get_future().get();
  }
  cancelled.get_future().get();
  expect_served(gateway);
}

TEST_P(Disconnects, OfAClientWithinTheAnswerEndTheRequestToTheService) {
  std::promise<void> ended;
  const auto service = serve([&](Wire& wire, FakeService& self) {
    while (auto request = self.next_request(wire)) {
      if (asks_if_well(*request)) {
        wire.send(ok("well"));
        continue;
      }
      wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
      while (wire.send(std::string(64 * 1024, 'x'))) continue;
      return ended.set_value();
    }
  });
  GatewayInProcess gateway(configuration(*service));
  {
    Wire wire = connect(gateway);
    ASSERT_TRUE(wire.send(get("/long")));
    EXPECT_NE(wire.read_some(), "");
  }
  ended.get_future().get();
  expect_served(gateway);
}

TEST_P(Disconnects, OfTheServiceBeforeItsHeadIsABadGateway) {
  for (const std::string begun : {"", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    const auto service = serve([&](Wire& wire, FakeService& self) {
      if (self.next_request(wire)) wire.send(begun);
    });
    GatewayInProcess gateway(configuration(*service));
    const Message response = ask(gateway, get("/x"));
    EXPECT_EQ(response.status(), 502) << begun;
    EXPECT_THAT(response.body, HasSubstr("\"code\":\"upstream_protocol\""));
  }
}

TEST_P(Disconnects, OfTheServiceWithinItsBodyAreSeenByTheClient) {
  const std::string answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
  };
  for (const std::string& begun : answers) {
    const auto service = serve([&](Wire& wire, FakeService& self) {
      if (self.next_request(wire)) wire.send(begun);
    });
    GatewayInProcess gateway(configuration(*service));
    const Message response = ask(gateway, get("/x"));
    EXPECT_EQ(response.status(), 200);
    EXPECT_FALSE(response.complete) << begun;
  }
}

TEST_P(Disconnects, OfAnIdleServiceConnectionAreNotSeenByTheClient) {
  const auto service = serve([&](Wire& wire, FakeService& self) {
    if (self.next_request(wire)) wire.send(ok("well"));
  });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(wire.send(get("/well")));
    ASSERT_EQ(read_message(wire).body, "well") << i;
  }
}

TEST_P(Disconnects, OfTheServiceWhileItTakesABodyAreABadGateway) {
  const auto service = serve([&](Wire& wire, FakeService&) { (void)wire.read_some(); });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  const std::string request = post("/x", make_body(4 * 1024 * 1024));
  // The gateway answers before it has all of it, and may end the connection.
  std::thread sender;
  if (!GetParam().downstream_tls) {
    sender = std::thread([&] { wire.send(request); });
  } else {
    wire.send(std::string_view(request).substr(0, 32 * 1024));
  }
  EXPECT_EQ(read_message(wire).status(), 502);
  if (sender.joinable()) {
    wire.hang_up();
    sender.join();
  }
}

EACH_PAIR(Disconnects);

}  // namespace
}  // namespace gw::test
