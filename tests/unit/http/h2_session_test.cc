// SPDX-License-Identifier: Apache-2.0
// Frames into events and responses into frames, from raw bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h2_session.h"
#include "http/server_codec.h"

namespace gw::http {
namespace {

using namespace std::string_literals;
using Kind = H2Session::Event::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoaway = 7, kWindowUpdate = 8;

std::string frame(char type, char flags, char stream, const std::string& payload) {
  const std::size_t size = payload.size();
  return std::string{static_cast<char>(size >> 16),
                     static_cast<char>(size >> 8),
                     static_cast<char>(size),
                     type,
                     flags,
                     0,
                     0,
                     0,
                     stream} +
         payload;
}

std::string literal(const std::string& name, const std::string& value) {
  return "\0"s + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
}

std::string request(char stream, bool ends, const std::string& more = {}) {
  return frame(kHeaders, ends ? 5 : 4, stream,
               literal(":method", ends ? "GET" : "POST") + literal(":scheme", "http") +
                   literal(":path", "/") + literal(":authority", "h") + more);
}

class TextBody final : public H2Session::Body {
 public:
  std::string text;
  bool ended = false;
  Piece read_body(char* to, std::size_t room) override {
    const std::size_t size = text.copy(to, room);
    text.erase(0, size);
    if (ended && text.empty()) return {Piece::State::last, size};
    return {size == 0 ? Piece::State::waiting : Piece::State::more, size};
  }
  const Fields& trailers() const override { return trailers_; }

 private:
  Fields trailers_;
};

class H2SessionTest : public ::testing::Test {
 protected:
  H2SessionTest() {
    EXPECT_TRUE(receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, "")));
    sent();
  }
  bool receive(const std::string& bytes) {
    received_ = bytes;
    return session_.receive(received_, TimePoint{} + 1h);
  }
  std::vector<Kind> kinds() {
    std::vector<Kind> all;
    for (const H2Session::Event& event : session_.events()) all.push_back(event.kind);
    return all;
  }
  // The types of the frames that go out; their payloads are kept.
  std::vector<int> sent() {
    net::Buffer out(pool_);
    EXPECT_TRUE(session_.send(out, 64 * 1024));
    std::vector<int> types;
    payloads_.clear();
    for (std::string_view rest = out.view(); rest.size() >= 9;) {
      const auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(rest[i]));
      };
      const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      types.push_back(rest[3]);
      payloads_.emplace_back(rest.substr(9, size));
      rest.remove_prefix(9 + size);
    }
    return types;
  }

  Limits limits_;
  net::BufferPool pool_;
  H2Session session_{H2Session::Side::server, pool_, limits_};
  std::string received_;
  std::vector<std::string> payloads_;
};

TEST_F(H2SessionTest, ARequestIsAnEventAndItsAnswerGoesOut) {
  ASSERT_TRUE(receive(request(1, true)));
  ASSERT_THAT(kinds(), ElementsAre(Kind::head));
  RequestHead head;
  EXPECT_TRUE(session_.events()[0].head->finish_request(false, head));
  EXPECT_EQ(head.target, "/");
  ResponseHead response;
  response.status = 204;
  session_.submit_head(1, response, std::nullopt, nullptr);
  EXPECT_THAT(sent(), ElementsAre(kHeaders));
  EXPECT_THAT(kinds(), ElementsAre(Kind::sent, Kind::closed));
}

TEST_F(H2SessionTest, ABodyThatWaitsGoesOnWhenItIsResumed) {
  ASSERT_TRUE(receive(request(1, true)));
  ResponseHead response;
  response.status = 200;
  TextBody body;
  session_.submit_head(1, response, std::nullopt, &body);
  EXPECT_THAT(sent(), ElementsAre(kHeaders));
  body.text = "hello";
  EXPECT_THAT(sent(), IsEmpty());
  session_.resume_body(1);
  EXPECT_THAT(sent(), ElementsAre(kData));
  EXPECT_EQ(payloads_[0], "hello");
  body.ended = true;
  session_.resume_body(1);
  EXPECT_THAT(sent(), ElementsAre(kData));
  EXPECT_THAT(kinds(), ElementsAre(Kind::sent, Kind::closed));
}

TEST_F(H2SessionTest, TheWindowIsGivenBackOnlyForWhatWasUsed) {
  ASSERT_TRUE(receive(request(1, false)));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(receive(frame(kData, 0, 1, std::string(16000, 'x'))));
  EXPECT_THAT(sent(), IsEmpty());
  session_.give_window_back(1, 48000);
  EXPECT_THAT(sent(), ElementsAre(kWindowUpdate));
  EXPECT_EQ(payloads_[0], "\0\0\xBB\x80"s);
}

TEST_F(H2SessionTest, AMalformedHeadResetsItsStreamAndIsNoRequest) {
  for (const std::string& more : {literal("connection", "x"), literal("Upper", "x"), literal("a", "b\nc"),
                                  literal("te", "gzip"), literal(":path", "/b"), literal("a", "b\0c"s)}) {
    H2Session fresh(H2Session::Side::server, pool_, limits_);
    received_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, "") + request(1, true, more);
    ASSERT_TRUE(fresh.receive(received_, TimePoint{}));
    EXPECT_THAT(fresh.events(), IsEmpty());
    EXPECT_FALSE(fresh.head_since());
    net::Buffer out(pool_);
    ASSERT_TRUE(fresh.send(out, 64 * 1024));
    EXPECT_NE(out.view().find(frame(kReset, 0, 1, "\0\0\0\1"s)), std::string_view::npos);
    EXPECT_FALSE(fresh.is_over());
  }
}

TEST_F(H2SessionTest, AHeadThatHasNotEndedSaysSinceWhen) {
  ASSERT_TRUE(receive(frame(kHeaders, 0, 1, literal(":method", "GET"))));
  EXPECT_EQ(session_.head_since(), TimePoint{} + 1h);
}

TEST_F(H2SessionTest, TheEndIsToldInTwoSteps) {
  ASSERT_TRUE(receive(request(1, true)));
  session_.announce_end();
  EXPECT_THAT(sent(), ElementsAre(kPing, kGoaway));
  EXPECT_EQ(payloads_[1].substr(0, 4), "\x7F\xFF\xFF\xFF");
  session_.refuse_new_streams();
  EXPECT_THAT(sent(), ElementsAre(kGoaway));
  EXPECT_EQ(payloads_[0].substr(0, 4), "\0\0\0\1"s);
  EXPECT_FALSE(session_.is_over());
  ResponseHead response;
  response.status = 204;
  session_.submit_head(1, response, std::nullopt, nullptr);
  sent();
  EXPECT_TRUE(session_.is_over());
}

TEST_F(H2SessionTest, RequestsTakenBackOverAndOverAreTooMuch) {
  for (int stream = 1; stream < 255 && !session_.is_overspent(); stream += 2) {
    ASSERT_TRUE(receive(request(static_cast<char>(stream), true) +
                        frame(kReset, 0, static_cast<char>(stream), "\0\0\0\x08"s)));
    for (int i = 0; i < 2; ++i)
      ASSERT_TRUE(receive(frame(kReset, 0, static_cast<char>(stream), "\0\0\0\x08"s)));
  }
  EXPECT_TRUE(session_.is_overspent());
  session_.end(H2Session::Ending::too_much);
  EXPECT_THAT(sent(), ElementsAre(kGoaway));
  EXPECT_EQ(payloads_[0][7], 0x0B);
  EXPECT_TRUE(session_.is_over());
}

TEST(ServerCodec, IsChosenByAlpnOrTheFirstBytes) {
  EXPECT_EQ(protocol_of_alpn("h2"), Protocol::http2);
  EXPECT_EQ(protocol_of_alpn("http/1.1"), Protocol::http1);
  EXPECT_EQ(protocol_of_alpn(""), Protocol::http1);
  EXPECT_EQ(protocol_of_preface(""), Protocol::unknown);
  EXPECT_EQ(protocol_of_preface("P"), Protocol::unknown);
  EXPECT_EQ(protocol_of_preface("PUT"), Protocol::http1);
  EXPECT_EQ(protocol_of_preface("PRI * HTTP/2.0\r\n"), Protocol::http2);
  EXPECT_EQ(protocol_of_preface("PRI * HTTP/1.1\r\n"), Protocol::http1);
}

}  // namespace
}  // namespace gw::http
