// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/loop_thread.h"
#include "support/scratch_dir.h"
#include "support/wire.h"

namespace gw::net {
namespace {

using test::LoopThread;
using test::ScratchDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers A queries as it is told; says that there is no AAAA. Anything else about a name is an NXDOMAIN.
class NameServer {
 public:
  NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return port_; }
  int queries() const { return queries_; }

  struct Record {
    std::vector<std::string> addresses;
    std::uint32_t ttl = 60;
    int code = 0;  // 2: SERVFAIL, 3: NXDOMAIN
  };
  void say(const std::string& name, Record record) {
    const std::lock_guard lock(mutex_);
    records_[name] = std::move(record);
  }

 private:
  static std::string name_in(const char* packet) {
    std::string name;
    for (const char* at = packet + 12; *at != 0; at += *at + 1) {
      if (!name.empty()) name += '.';
      for (int i = 1; i <= *at; ++i) name += static_cast<char>(std::tolower(at[i]));
    }
    return name;
  }
  void serve() {
    char packet[1500];
    sockaddr_in peer{};
    for (;;) {
      socklen_t length = sizeof peer;
      const ssize_t got = ::recvfrom(fd_.get(), packet, 512, 0, reinterpret_cast<sockaddr*>(&peer), &length);
      if (got <= 0) return;
      const std::string name = name_in(packet);
      const std::size_t end = 12 + name.size() + 2 + 4;
      const bool is_a = packet[end - 3] == 1;
      Record record{{}, 0, 3};
      {
        const std::lock_guard lock(mutex_);
        if (records_.contains(name)) record = records_[name];
      }
      if (is_a) ++queries_;
      std::string answer(packet, end);
      answer[2] = static_cast<char>(0x81);
      answer[3] = static_cast<char>(0x80 | record.code);
      const std::size_t count = is_a ? record.addresses.size() : 0;
      answer[7] = static_cast<char>(count);
      answer[9] = answer[11] = 0;
      for (std::size_t i = 0; i < count; ++i) {
        in_addr address{};
        ::inet_pton(AF_INET, record.addresses[i].c_str(), &address);
        const std::uint32_t ttl = htonl(record.ttl);
        answer += std::string("\xC0\x0C\x00\x01\x00\x01", 6);
        answer.append(reinterpret_cast<const char*>(&ttl), 4);
        answer += std::string("\x00\x04", 2);
        answer.append(reinterpret_cast<const char*>(&address), 4);
      }
      (void)::sendto(fd_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
    }
  }

  UniqueFd fd_;
  std::uint16_t port_ = 0;
  std::atomic<int> queries_ = 0;
  std::mutex mutex_;
  std::map<std::string, Record> records_;
  std::thread thread_;
};

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    thread_.run([&] {
      evdns_base* dns = thread_.loop().dns();
      evdns_base_clear_nameservers_and_suspend(dns);
      evdns_base_resume(dns);
      evdns_base_search_clear(dns);
      evdns_base_nameserver_ip_add(dns, ("127.0.0.1:" + std::to_string(server_.port())).c_str());
      resolver_.emplace(thread_.loop(), folder_ / "hosts");
    });
  }
  ~ResolverTest() override {
    thread_.run([&] { resolver_.reset(); });
  }

  static std::vector<std::string> texts(const Addresses& addresses) {
    std::vector<std::string> all;
    for (const Address& address : addresses) all.push_back(address.ip());
    return all;
  }
  // The addresses, or the failure as the only text.
  std::vector<std::string> ask(const std::string& name) {
    std::promise<std::vector<std::string>> answered;
    Operation operation;
    bool inside = true;
    bool calling = true;
    thread_.run([&] {
      operation = resolver_->resolve(name, [&](Result<Addresses, std::string> found) {
        inside = calling;
        answered.set_value(found ? texts(*found) : std::vector<std::string>{found.error()});
      });
      calling = false;
    });
    auto said = answered.get_future().get();
    EXPECT_FALSE(inside);
    thread_.run([&] { operation.reset(); });
    return said;
  }
  bool knows(const std::string& name) {
    bool known = false;
    thread_.run([&] { known = resolver_->find(name) != nullptr; });
    return known;
  }
  void wait_until_forgotten(const std::string& name) {
    const TimePoint until = steady_now() + 20s;
    while (knows(name) && steady_now() < until) std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(knows(name));
  }

  ScratchDir folder_;
  NameServer server_;
  LoopThread thread_;
  std::optional<Resolver> resolver_;
};

TEST_F(ResolverTest, KeepsAnAnswerForItsTtlAndThenAsksAgain) {
  server_.say("app.test", {{"192.0.2.1"}, 2});
  EXPECT_FALSE(knows("app.test"));
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.1"));
  EXPECT_TRUE(knows("app.test"));
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.1"));
  EXPECT_EQ(server_.queries(), 1);

  server_.say("app.test", {{"192.0.2.2", "192.0.2.3"}, 60});
  wait_until_forgotten("app.test");
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.2", "192.0.2.3"));
  EXPECT_EQ(server_.queries(), 2);
}

TEST_F(ResolverTest, AsksOnceForAllWhoWait) {
  server_.say("app.test", {{"192.0.2.1"}});
  std::atomic<int> answers = 0;
  std::promise<void> all;
  std::vector<Operation> operations;
  thread_.run([&] {
    for (int i = 0; i < 50; ++i)
      operations.push_back(resolver_->resolve("app.test", [&](Result<Addresses, std::string> found) {
        EXPECT_TRUE(found.ok());
        if (++answers == 49) all.set_value();
      }));
    operations[7].reset();  // who has cancelled hears nothing
  });
  all.get_future().get();
  thread_.run([&] { operations.clear(); });
  EXPECT_EQ(answers, 49);
  EXPECT_EQ(server_.queries(), 1);
}

TEST_F(ResolverTest, ANameThatDoesNotResolveGoesOnResolving) {
  EXPECT_THAT(ask("late.test").front(), HasSubstr("cannot resolve late.test: "));
  EXPECT_FALSE(knows("late.test"));
  const int queries = server_.queries();
  for (int i = 0; i < 20; ++i) (void)ask("late.test");
  EXPECT_LE(server_.queries(), queries + 3) << "a flood of requests is no flood of queries";

  server_.say("late.test", {{"192.0.2.9"}});
  const TimePoint until = steady_now() + 20s;
  while (ask("late.test").front() != "192.0.2.9" && steady_now() < until) std::this_thread::sleep_for(20ms);
  EXPECT_THAT(ask("late.test"), ElementsAre("192.0.2.9"));
}

TEST_F(ResolverTest, WhatWasKnownGoesOnWhileNameServersFailButNotWhenTheyDeny) {
  server_.say("app.test", {{"192.0.2.1"}, 1});
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.1"));
  server_.say("app.test", {{}, 0, 2});
  wait_until_forgotten("app.test");
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.1"));
  server_.say("app.test", {{}, 0, 3});
  wait_until_forgotten("app.test");
  EXPECT_THAT(ask("app.test").front(), HasSubstr("cannot resolve"));
}

TEST_F(ResolverTest, TheHostsFileGoesFirstAndIsReadAgainWhenItChanges) {
  std::ofstream(folder_ / "hosts")
      << "# comment\n192.0.2.5 App.Test other.test # more\n2001:db8::5 app.test\nnonsense\n";
  EXPECT_THAT(ask("app.test"), ElementsAre("192.0.2.5", "2001:db8::5"));
  EXPECT_THAT(ask("OTHER.test."), ElementsAre("192.0.2.5"));
  EXPECT_EQ(server_.queries(), 0);
  HostsFile hosts(folder_ / "hosts");
  EXPECT_EQ(hosts.find("app.test").size(), 2u);
  std::ofstream(folder_ / "hosts") << "192.0.2.6 app.test\n";
  const TimePoint until = steady_now() + 20s;
  while (hosts.find("app.test").size() != 1 && steady_now() < until) std::this_thread::sleep_for(5ms);
  EXPECT_THAT(texts(hosts.find("app.test")), ElementsAre("192.0.2.6"));
}

TEST_F(ResolverTest, LocalhostNeedsNobody) {
  EXPECT_THAT(ask("localhost"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(ask("a.localhost"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(server_.queries(), 0);
}

TEST_F(ResolverTest, WithoutAnyNameServerSaysSoAtOnce) {
  thread_.run([&] { evdns_base_clear_nameservers_and_suspend(thread_.loop().dns()); });
  EXPECT_THAT(ask("app.test").front(), HasSubstr("no name server is known"));
}

TEST_F(ResolverTest, MayGoWhileItAsks) {
  std::atomic<int> answers = 0;
  Operation operation;
  thread_.run([&] {
    operation = resolver_->resolve("app.test", [&](Result<Addresses, std::string>) { ++answers; });
    operation.reset();
    resolver_.emplace(thread_.loop(), folder_ / "hosts");
  });
  (void)ask("other.test");
  EXPECT_EQ(answers, 0);
}

}  // namespace
}  // namespace gw::net
