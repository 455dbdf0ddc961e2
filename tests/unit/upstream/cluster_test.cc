// SPDX-License-Identifier: Apache-2.0
#include "upstream/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_service.h"
#include "support/loop_thread.h"

namespace gw::upstream {
namespace {

using test::FakeService;
using test::LoopThread;
using test::Wire;

const http::Fields kNoFields;

// One request on a lease; the answer's status, or 0 when it fails.
class Call final : public http::ResponseEvents {
 public:
  explicit Call(http::ClientStream& stream) {
    http::UpstreamRequest request;
    request.method_text = "GET";
    request.path = "/";
    request.authority = "service.test";
    request.fields = &kNoFields;
    stream.send_head(request, *this);
    stream.send_end(kNoFields);
  }
  std::promise<int> ended;

 private:
  void on_interim_head(http::ResponseHead&) override {}
  void on_response_head(http::ResponseHead& head) override { status_ = head.status; }
  void on_response_body(std::string_view) override {}
  void on_response_end(http::Fields&) override { ended.set_value(status_); }
  void on_upstream_failed(http::UpstreamFailure, const char*) override { ended.set_value(0); }
  void on_upstream_drained() override {}
  int status_ = 0;
};

// Tells a number with every connection, so that a test knows which one it holds.
FakeService::Script numbered() {
  return [last = std::make_shared<std::atomic<int>>(0)](Wire& wire, FakeService& self) {
    const int number = ++*last;
    while (self.next_request(wire))
      wire.send("HTTP/1.1 " + std::to_string(200 + number) + " OK\r\nContent-Length: 0\r\n\r\n");
  };
}

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    thread_.run([&] {
      deadlines_.emplace(thread_.loop());
      dialer_.emplace(thread_.loop(), *deadlines_);
      buffers_.emplace();
    });
  }
  ~ClusterTest() override {
    thread_.run([&] { cluster_.reset(); });
    thread_.run([&] {
      dialer_.reset();
      deadlines_.reset();
    });
    thread_.run([&] { buffers_.reset(); });
  }

  void make(ClusterOptions options) {
    auto spec = std::make_shared<ClusterSpec>();
    spec->options = std::move(options);
    thread_.run([&] {
      cluster_ = make_local<Cluster>(
          spec, ClusterWorker{thread_.loop(), *deadlines_, *dialer_, *buffers_, scratch_, limits_});
    });
  }
  static ServerUrl url(std::uint16_t port, unsigned weight = 1) {
    return {false, "127.0.0.1", port, weight, "http://127.0.0.1:" + std::to_string(port)};
  }
  struct Knobs {
    Duration connect_timeout = 20s;
    Duration idle_timeout = 60s;
    std::size_t keepalive = 64;
    std::size_t max_connections = 1024;
  };
  void make(const FakeService& service) { make(service, Knobs()); }
  void make(const FakeService& service, const Knobs& knobs) {
    ClusterOptions options;
    options.servers = {url(service.port())};
    options.connect_timeout = knobs.connect_timeout;
    options.idle_timeout = knobs.idle_timeout;
    options.keepalive = knobs.keepalive;
    options.max_connections = knobs.max_connections;
    make(std::move(options));
  }

  // An idle connection or a new one; the fault otherwise.
  struct Pending {
    std::promise<Result<Lease>> answered;
    net::Operation operation;
  };
  std::unique_ptr<Pending> ask() {
    auto pending = std::make_unique<Pending>();
    thread_.run([&] {
      Server& server = *cluster_->pick();
      if (Lease lease = server.try_acquire()) return pending->answered.set_value(std::move(lease));
      pending->operation = server.acquire(
          [&answered = pending->answered](Result<Lease> lease) { answered.set_value(std::move(lease)); });
    });
    return pending;
  }
  Result<Lease> wait(Pending& pending) { return pending.answered.get_future().get(); }
  Lease acquire() {
    const auto pending = ask();
    Result<Lease> lease = wait(*pending);
    EXPECT_TRUE(lease.ok()) << (lease ? "" : lease.error().detail);
    thread_.run([&] { pending->operation.reset(); });
    return lease ? std::move(*lease) : Lease();
  }
  // The number of the connection behind the lease; 0 when it failed.
  int use(Lease& lease) {
    std::optional<Call> call;
    thread_.run([&] { call.emplace(lease.stream()); });
    const int status = call->ended.get_future().get();
    return status == 0 ? 0 : status - 200;
  }
  void release(Lease& lease) {
    thread_.run([&] { lease.release(); });
  }
  std::size_t open_connections() {
    std::size_t open = 0;
    thread_.run([&] { open = cluster_->pick()->pool_state().open; });
    return open;
  }
  std::size_t active() {
    std::size_t count = 0;
    thread_.run([&] { count = cluster_->pick()->active(); });
    return count;
  }

  LoopThread thread_;
  std::optional<net::Deadlines> deadlines_;
  std::optional<net::Dialer> dialer_;
  std::optional<net::BufferPool> buffers_;
  std::vector<char> scratch_ = std::vector<char>(64 * 1024);
  http::Limits limits_;
  LocalRef<Cluster> cluster_;
};

TEST_F(ClusterTest, UsesTheConnectionThatCameBackLast) {
  FakeService service(numbered());
  make(service);
  Lease a = acquire();
  const int first = use(a);
  Lease b = acquire();
  const int second = use(b);
  EXPECT_NE(first, second);
  release(a);
  release(b);

  Lease again = acquire();
  EXPECT_EQ(use(again), second);
  Lease other = acquire();
  EXPECT_EQ(use(other), first);
  release(again);
  release(other);
  EXPECT_EQ(service.connections_seen(), 2);
}

TEST_F(ClusterTest, KeepsNoMoreIdleConnectionsThanItMay) {
  FakeService service(numbered());
  make(service, {.keepalive = 1});
  Lease a = acquire(), b = acquire();
  use(a);
  use(b);
  release(a);
  release(b);
  Lease c = acquire(), d = acquire();
  use(c);
  use(d);
  EXPECT_EQ(service.connections_seen(), 2) << "what comes in bursts finds both";
  release(c);
  release(d);

  while (open_connections() > 1) std::this_thread::yield();
  Lease e = acquire(), f = acquire();
  use(e);
  use(f);
  EXPECT_EQ(service.connections_seen(), 3) << "one had ended, and one was kept";
  release(e);
  release(f);
}

TEST_F(ClusterTest, KeepsNoConnectionWhereNoneMayBeIdle) {
  FakeService service(numbered());
  make(service, {.keepalive = 0});
  Lease a = acquire();
  use(a);
  release(a);
  EXPECT_EQ(open_connections(), 0u);
}

TEST_F(ClusterTest, DoesNotUseAConnectionAgainWhoseAnswerWasNotReadToItsEnd) {
  FakeService service(numbered());
  make(service);
  Lease lease = acquire();
  std::optional<Call> call;
  thread_.run([&] {
    call.emplace(lease.stream());
    lease.release();
  });
  Lease next = acquire();
  use(next);
  EXPECT_EQ(service.connections_seen(), 2);
  release(next);
}

TEST_F(ClusterTest, RemovesAnIdleConnectionThatTheServerEnds) {
  std::promise<void> may_end;
  std::shared_future<void> told = may_end.get_future().share();
  FakeService service([&](Wire& wire, FakeService& self) {
    const int number = self.connections_seen();
    if (!self.next_request(wire)) return;
    wire.send("HTTP/1.1 " + std::to_string(200 + number) + " OK\r\nContent-Length: 0\r\n\r\n");
    if (number == 1) return told.wait();
    (void)wire.read_some();
  });
  make(service);
  Lease lease = acquire();
  EXPECT_EQ(use(lease), 1);
  release(lease);
  may_end.set_value();
  // The end arrives in its own time; until then the pool may still offer the connection.
  Lease next;
  for (bool idle = true; idle; thread_.run([] {}))
    thread_.run([&] {
      next = cluster_->pick()->try_acquire();
      idle = static_cast<bool>(next);
      next.release();
    });
  next = acquire();
  EXPECT_EQ(use(next), 2);
  EXPECT_EQ(active(), 1u);
  release(next);
  EXPECT_EQ(active(), 0u);
}

TEST_F(ClusterTest, ClosesWhatWasIdleTooLong) {
  std::promise<void> ended;
  FakeService service([&](Wire& wire, FakeService& self) {
    if (!self.next_request(wire)) return;
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(wire.read_some(), "");
    ended.set_value();
  });
  make(service, {.idle_timeout = 100ms});
  Lease lease = acquire();
  use(lease);
  release(lease);

  ended.get_future().get();
}

TEST_F(ClusterTest, GivesAConnectionThatComesBackToWhoWaits) {
  FakeService service(numbered());
  make(service, {.keepalive = 0, .max_connections = 1});
  Lease lease = acquire();
  use(lease);
  const auto second = ask(), third = ask();
  release(lease);
  Result<Lease> got = wait(*second);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(use(*got), 1);
  thread_.run([&] { got->release(); });
  Result<Lease> last = wait(*third);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(use(*last), 1);
  thread_.run([&] { last->release(); });
  EXPECT_EQ(service.connections_seen(), 1);
}

TEST_F(ClusterTest, RefusesWhoWaitedTooLong) {
  FakeService service(numbered());
  make(service, {.connect_timeout = 200ms, .max_connections = 1});
  Lease lease = acquire();
  const auto waiting = ask();
  const Result<Lease> got = wait(*waiting);

  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().fault, Fault::overloaded);
  release(lease);
}

TEST_F(ClusterTest, ServesTheNextWhenAWaiterLeaves) {
  FakeService service(numbered());
  make(service, {.max_connections = 1});
  Lease lease = acquire();
  use(lease);
  const auto gone = ask(), stays = ask();
  thread_.run([&] { gone->operation.reset(); });
  release(lease);
  Result<Lease> got = wait(*stays);

  ASSERT_TRUE(got.ok());
  thread_.run([&] { got->release(); });
}

TEST_F(ClusterTest, TellsARefusalAndCountsNothingForIt) {
  std::uint16_t port = 0;
  (void)test::listen_on_loopback(port);
  ClusterOptions options;
  options.servers = {url(port)};
  make(options);
  for (int i = 0; i < 3; ++i) {
    const Result<Lease> got = wait(*ask());
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().fault, Fault::upstream_refused);
  }
  EXPECT_EQ(active(), 0u);
}

TEST_F(ClusterTest, MayGoWithTheLastRequestThatFails) {
  std::uint16_t port = 0;
  (void)test::listen_on_loopback(port);
  ClusterOptions options;
  options.servers = {url(port)};
  make(options);
  std::promise<Fault> failed;
  net::Operation operation;
  thread_.run([&] {
    operation = cluster_->pick()->acquire([&](Result<Lease> lease) {
      // As after a reload, when the exchange was the last to hold it.
      operation.reset();
      cluster_.reset();
      failed.set_value(lease.error().fault);
    });
  });
  EXPECT_EQ(failed.get_future().get(), Fault::upstream_refused);
  thread_.run([] {});
}

TEST_F(ClusterTest, LivesAsLongAsItsLeases) {
  FakeService service(numbered());
  make(service);
  Lease lease = acquire();
  thread_.run([&] { cluster_.reset(); });
  EXPECT_EQ(use(lease), 1);
  release(lease);
}

class PickTest : public ClusterTest {
 protected:
  // How often each server's turn comes.
  std::map<unsigned, int> spread(int picks, const std::vector<unsigned>& weights, Balance balance) {
    ClusterOptions options;
    options.balance = balance;
    for (unsigned i = 0; i < weights.size(); ++i)
      options.servers.push_back(url(static_cast<std::uint16_t>(i + 1), weights[i]));
    make(options);
    std::map<unsigned, int> turns;
    thread_.run([&] {
      for (int i = 0; i < picks; ++i) ++turns[cluster_->pick()->url().port];
    });
    return turns;
  }
};

TEST_F(PickTest, RoundRobinFollowsTheWeightsExactly) {
  EXPECT_THAT(spread(90, {1, 1, 1}, Balance::round_robin),
              ::testing::ElementsAre(::testing::Pair(1, 30), ::testing::Pair(2, 30), ::testing::Pair(3, 30)));
  EXPECT_THAT(spread(70, {5, 1, 1}, Balance::round_robin),
              ::testing::ElementsAre(::testing::Pair(1, 50), ::testing::Pair(2, 10), ::testing::Pair(3, 10)));
}

TEST_F(PickTest, RoundRobinGivesTheHeavyOneNoBursts) {
  spread(0, {3, 1, 1}, Balance::round_robin);
  std::string order;
  thread_.run([&] {
    for (int i = 0; i < 5; ++i) order += std::to_string(cluster_->pick()->url().port);
  });
  EXPECT_EQ(order, "12131");
}

TEST_F(PickTest, LeastRequestsTakesTurnsAmongServersThatAreEquallyBusy) {
  EXPECT_THAT(spread(90, {1, 1, 1}, Balance::least_requests),
              ::testing::ElementsAre(::testing::Pair(1, 30), ::testing::Pair(2, 30), ::testing::Pair(3, 30)));
}

TEST_F(PickTest, AvoidsTheServerThatFailedWhenThereIsAnother) {
  for (const Balance balance : {Balance::round_robin, Balance::least_requests}) {
    spread(0, {5, 1}, balance);
    thread_.run([&] {
      for (int i = 0; i < 10; ++i) {
        const Server& failed = *cluster_->pick();
        EXPECT_NE(cluster_->pick(&failed), &failed);
      }
    });
  }
  spread(0, {1}, Balance::round_robin);
  thread_.run([&] {
    const Server& only = *cluster_->pick();
    EXPECT_EQ(cluster_->pick(&only), &only);
  });
}

TEST_F(PickTest, LeastRequestsChoosesTheServerWithFewerForItsWeight) {
  FakeService a(numbered()), b(numbered());
  ClusterOptions options;
  options.balance = Balance::least_requests;
  options.servers = {url(a.port(), 2), url(b.port(), 1)};
  options.connect_timeout = 20s;
  make(options);
  std::vector<Lease> leases;
  for (int i = 0; i < 6; ++i) leases.push_back(acquire());
  std::map<std::uint16_t, int> busy;
  for (const Lease& lease : leases) ++busy[lease.server().url().port];

  EXPECT_EQ(busy[a.port()], 4);
  EXPECT_EQ(busy[b.port()], 2);
  thread_.run([&] { leases.clear(); });
}

}  // namespace
}  // namespace gw::upstream
