// SPDX-License-Identifier: Apache-2.0
#include "http/h1_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace gw::http {
namespace {

// One connection of a real loop and its exchange, which answers when it is told to.
class H1ServerTest : public testing::Test, public ServerCodecEvents, public RequestEvents {
 protected:
  H1ServerTest() {
    limits_.client_header_timeout = 1min;
    limits_.client_body_timeout = 20ms;
    std::array<int, 2> ends{};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()));
    client_ = UniqueFd(ends[0]);
    stream_ = net::make_tcp_stream(loop_, UniqueFd(ends[1]));
    server_ = std::make_unique<H1Server>(*stream_, ServerWorker{deadlines_, buffers_, scratch_, limits_},
                                         *this, loop_.now());
    stream_->start(starter_);
  }

  void say(std::string_view bytes) {
    ASSERT_EQ(static_cast<ssize_t>(bytes.size()), ::send(client_.get(), bytes.data(), bytes.size(), 0));
  }
  std::string heard() {
    std::array<char, 4096> room{};
    const ssize_t got = ::recv(client_.get(), room.data(), room.size(), 0);
    return got > 0 ? std::string(room.data(), static_cast<std::size_t>(got)) : "";
  }
  void answer() {
    ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.framing = Framing::length;
    head.content_length = 2;
    server_->send_head(head);
    server_->send_body("ok");
    server_->send_end({});
  }

  RequestEvents& open_exchange(ServerStream&) override { return *this; }
  void on_codec_closed() override { loop_.stop(); }
  void on_codec_resting() override {
    ++rested_;
    on_rest_();
  }
  bool is_draining() const override { return false; }
  RequestHead& request_head() override { return head_; }
  void on_request_head(net::Buffer storage) override {
    storage_ = std::move(storage);
    on_head_();
  }
  void on_request_refused(const Error& error) override { failed_ = error.detail; }
  void on_request_body(std::string_view) override {}
  void on_request_end(Fields&) override {}
  void on_request_failed(const Error& error) override { failed_ = error.detail; }
  void on_response_drained() override {}
  void on_drain() override {}
  void on_downstream_gone() override { gone_ = true; }

  struct Starter final : net::Stream::Events {
    explicit Starter(H1ServerTest& of) : test(of) {}
    void on_stream_open() override { test.server_->start(net::Buffer(test.buffers_)); }
    void on_stream_readable() override {}
    void on_stream_writable() override {}
    void on_stream_failed(const char*) override {}
    H1ServerTest& test;
  };

  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_, 1ms};
  net::BufferPool buffers_;
  std::array<char, 20 * 1024> scratch_{};
  Limits limits_;
  RequestHead head_;
  net::Buffer storage_{buffers_};
  UniqueFd client_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<H1Server> server_;
  Starter starter_{*this};
  Callback<void()> on_head_, on_rest_ = [] {};
  int rested_ = 0;
  std::string failed_;
  bool gone_ = false;
};

// Runs `act` when its time has come.
struct At final : net::Deadline {
  explicit At(Callback<void()> what) : act(std::move(what)) {}
  void on_deadline() override { act(); }
  Callback<void()> act;
};

// What a round gathers is written at its end: the deadline of the body may come between.
TEST_F(H1ServerTest, ADeadlineOfTheRoundThatAnswersDoesNotTakeTheAnswer) {
  At end([this] { loop_.stop(); });
  // Set last among those of its tick, it comes first.
  At answers([&] {
    answer();
    deadlines_.set_in(end, 5ms);
  });
  on_head_ = [&] {
    server_->set_body_paused(false);
    deadlines_.set_in(answers, limits_.client_body_timeout);
  };
  say("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 99999\r\n\r\n");
  loop_.run();
  EXPECT_EQ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", heard());
  EXPECT_EQ("", failed_);
  EXPECT_FALSE(gone_);
}

// Of two requests in one piece the second is answered a round after the first: the client has ended by then.
TEST_F(H1ServerTest, WhatIsAnsweredIsWrittenBeforeTheEndOfTheClientIsSeen) {
  on_head_ = [&] { answer(); };
  say("GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  ASSERT_EQ(0, ::shutdown(client_.get(), SHUT_WR));
  loop_.run();
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  EXPECT_EQ(one + one, heard());
}

TEST_F(H1ServerTest, RestsBetweenRequestsAndNotWhileOneIsUnderWay) {
  limits_.idle_timeout = 1min;
  on_head_ = [&] { answer(); };
  At end([this] { loop_.stop(); });
  on_rest_ = [&] {
    EXPECT_GT(server_->rests_until(), loop_.now() + 50000ms);
    say("GET / HT");
    deadlines_.set_in(end, 5ms);
  };
  say("GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  loop_.run();
  EXPECT_EQ(1, rested_) << "after both";
}

TEST_F(H1ServerTest, AnotherGoesOnWhereOneRested) {
  limits_.idle_timeout = 1min;
  const auto take_over = [&](TimePoint until) {
    server_ = std::make_unique<H1Server>(*stream_, ServerWorker{deadlines_, buffers_, scratch_, limits_},
                                         *this, TimePoint());
    server_->resume(until);
  };
  At sends_the_rest([&] { say("st\r\n\r\n"); });
  At takes_over([&] {
    EXPECT_EQ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", heard());
    if (rested_ == 1) {
      say("GET / HTTP/1.1\r\nHost: a.te");
      take_over(server_->rests_until());
      deadlines_.set_in(sends_the_rest, 2ms);
    } else {
      on_rest_ = [] {};
      take_over(loop_.now() + 5ms);  // though nothing has come; then it ends
    }
  });
  on_head_ = [&] { answer(); };
  on_rest_ = [&] { deadlines_.set_in(takes_over, 2ms); };
  say("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  loop_.run();
  EXPECT_EQ(3, rested_);
  EXPECT_EQ("", failed_);
}

}  // namespace
}  // namespace gw::http
