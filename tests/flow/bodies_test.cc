// SPDX-License-Identifier: Apache-2.0
// Bodies arrive as they were sent, in both directions, however they are framed and cut.
#include "flow/flow.h"

namespace gw::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 16 * 1024, 1024 * 1024};

class Bodies : public EachPair {
 protected:
  // Sends back what it got, framed as the path says.
  std::unique_ptr<FakeService> echo() {
    return answer([](const Message& request) {
      return request.start_line.find(" /chunked") != std::string::npos ? ok_chunked(request.body)
                                                                       : ok(request.body);
    });
  }
};

TEST_P(Bodies, OfEverySizeAndFramingComeBackAsTheyWere) {
  const auto service = echo();
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  for (const std::size_t size : kSizes) {
    const std::string body = make_body(size);
    for (const bool chunked_request : {false, true}) {
      for (const std::string path : {"/length", "/chunked"}) {
        ASSERT_TRUE(wire.send(chunked_request ? post_chunked(path, body) : post(path, body)));
        const Message response = read_message(wire);
        ASSERT_EQ(response.status(), 200) << response.head << response.body.substr(0, 200);
        EXPECT_TRUE(response.complete) << path << size;
        EXPECT_TRUE(response.body == body) << path << " " << size << " became " << response.body.size();
      }
    }
  }
  EXPECT_EQ(service->connections_seen(), 1);
}

TEST_P(Bodies, SentByteByByteArriveWhole) {
  const auto service = echo();
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  for (const std::string& request :
       {post("/length", make_body(60)), post_chunked("/chunked", make_body(60))}) {
    for (const char c : request) ASSERT_TRUE(wire.send({&c, 1}));
    const Message response = read_message(wire);
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.body, make_body(60));
  }
}

TEST_P(Bodies, AnsweredByteByByteArriveWhole) {
  const auto service = serve([](Wire& wire, FakeService& self) {
    while (auto request = self.next_request(wire))
      for (const char c : request->body == "length" ? ok(make_body(60)) : ok_chunked(make_body(60)))
        if (!wire.send({&c, 1})) return;
  });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  for (const std::string kind : {"length", "chunked"}) {
    ASSERT_TRUE(wire.send(post("/", kind)));
    const Message response = read_message(wire);
    EXPECT_TRUE(response.complete);
    EXPECT_EQ(response.body, make_body(60)) << kind;
  }
}

TEST_P(Bodies, ThatEndWithTheConnectionArriveWhole) {
  for (const std::size_t size : kSizes) {
    const std::string body = make_body(size);
    const auto service = serve([&](Wire& wire, FakeService& self) {
      if (self.next_request(wire)) wire.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
    });
    GatewayInProcess gateway(configuration(*service));
    const Message response = ask(gateway, get("/"));
    EXPECT_TRUE(response.complete) << size;
    EXPECT_TRUE(response.body == body) << size << " became " << response.body.size();
  }
}

TEST_P(Bodies, OfAnswersToHeadAreOnlyAnnounced) {
  const auto service =
      answer([](const Message&) { return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"; });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(wire.send("HEAD / HTTP/1.1\r\nHost: api.test\r\n\r\n"));
    const Message response = read_message(wire, true);
    EXPECT_EQ(response.field("Content-Length"), "1234");
  }
  EXPECT_EQ(wire.ahead(), "");
}

TEST_P(Bodies, LargerThanTheRouteTakesAreRefused) {
  const auto service = echo();
  Settings settings;
  settings.routes = "  - {path: /**, auth: none, upstream: service, max_body: 1KiB}\n";
  GatewayInProcess gateway(configuration(*service, settings));
  const std::string body = make_body(2000);

  EXPECT_EQ(ask(gateway, post("/", body)).status(), 413);
  EXPECT_EQ(service->requests_seen(), 0);
  EXPECT_EQ(ask(gateway, post_chunked("/", body)).status(), 413);
  EXPECT_EQ(ask(gateway, post("/", make_body(1024))).status(), 200);
}

TEST_P(Bodies, LargeOnesPassInBothDirectionsAtOnce) {
  // The service answers each piece as it comes: neither side may wait for the other's end.
  const auto service = serve([](Wire& wire, FakeService&) {
    std::string bytes;
    while (bytes.find("\r\n\r\n") == std::string::npos) bytes += wire.read_some();
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n");
    std::string body = bytes.substr(bytes.find("\r\n\r\n") + 4);
    for (std::size_t passed = 0; passed < 4 * 1024 * 1024 && wire.send(body);) {
      passed += body.size();
      if (passed < 4 * 1024 * 1024) body = wire.read_some();
      if (body.empty()) return;
    }
  });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway);
  const std::string body = make_body(4 * 1024 * 1024);
  const std::string request = post("/", body);
  std::string received;
  // One thread may use a TLS connection: sends and reads in turn, in pieces that the sockets can hold.
  std::size_t sent = 0;
  while (sent < request.size()) {
    const std::string_view piece = std::string_view(request).substr(sent, 64 * 1024);
    ASSERT_TRUE(wire.send(piece));
    sent += piece.size();
    if (sent > 512 * 1024 && received.size() + 512 * 1024 < sent) received += wire.read_some();
  }
  wire.ahead() = received;
  const Message response = read_message(wire);
  EXPECT_TRUE(response.complete);
  EXPECT_TRUE(response.body == body);
}

EACH_PAIR(Bodies);

}  // namespace
}  // namespace gw::test
