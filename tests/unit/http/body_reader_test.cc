// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "feed.h"
#include "http/h1_parser.h"

namespace gw::http {
namespace {

using std::string_literals::operator""s;

struct Row {
  const char* name;
  std::string raw;
  std::string outcome;  // the body, trailers in brackets and what was left over; or "failed" or "incomplete"
};

Limits small_limits() {
  Limits limits;
  limits.header_bytes = 64;
  limits.headers = 2;
  return limits;
}

std::string times(std::size_t n, char c) {
  return std::string(n, c);
}

std::vector<Row> chunked_rows() {
  return {
      {"an empty body", "0\r\n\r\n", "[]"},
      {"one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello[]"},
      {"two chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello![]"},
      {"sizes in hex of both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
       "01234567890123456789[]"},
      {"zeros before a size", "0005\r\nhello\r\n000\r\n\r\n", "hello[]"},
      {"a size of sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello[]"},
      {"line ends inside a chunk", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n[]"},
      {"a next request behind it", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1", "a[]GET / HTTP/1.1"},
      {"an extension", "1;a=b\r\nx\r\n0;c\r\n\r\n", "x[]"},
      {"an extension in quotes", "1;a=\"b;c\"\r\nx\r\n0\r\n\r\n", "x[]"},
      {"an extension with blanks and a tab", "1; a =\tb\r\nx\r\n0\r\n\r\n", "x[]"},
      {"extensions with and without values", "1;a;b=c;d=\"\";e\r\nx\r\n0\r\n\r\n", "x[]"},
      {"escapes in a quoted extension", "1;a=\"\\\";\\\\\t\xC3\"\r\nx\r\n0\r\n\r\n", "x[]"},
      {"blanks around an extension", "1; a =\t\"b\" ; c\r\nx\r\n0\r\n\r\n", "x[]"},
      {"a semicolon alone", "1;\r\nx\r\n0\r\n\r\n", "failed"},
      {"two semicolons", "1;;a\r\nx\r\n0\r\n\r\n", "failed"},
      {"a semicolon at the end", "1;a;\r\nx\r\n0\r\n\r\n", "failed"},
      {"an equals sign at the end", "1;a=\r\nx\r\n0\r\n\r\n", "failed"},
      {"an equals sign first", "1;=a\r\nx\r\n0\r\n\r\n", "failed"},
      {"two equals signs", "1;a=b=c\r\nx\r\n0\r\n\r\n", "failed"},
      {"a blank at the end of an extension", "1;a \r\nx\r\n0\r\n\r\n", "failed"},
      {"a blank at the end of a value", "1;a=b \r\nx\r\n0\r\n\r\n", "failed"},
      {"a blank within a name", "1;a b\r\nx\r\n0\r\n\r\n", "failed"},
      {"a byte that is of no token in an extension", "1;a@\r\nx\r\n0\r\n\r\n", "failed"},
      {"quotes without an end", "1;a=\"b\r\nx\r\n0\r\n\r\n", "failed"},
      {"an escaped end of quotes", "1;a=\"b\\\"\r\nx\r\n0\r\n\r\n", "failed"},
      {"an escaped line end in quotes", "1;a=\"\\\r\n\"\r\nx\r\n0\r\n\r\n", "failed"},
      {"text behind quotes", "1;a=\"b\"c\r\nx\r\n0\r\n\r\n", "failed"},
      {"quotes in a token", "1;a=b\"c\"\r\nx\r\n0\r\n\r\n", "failed"},
      {"an extension as long as allowed", "1;" + times(1023, 'e') + "\r\nx\r\n0\r\n\r\n", "x[]"},
      {"a trailer", "0\r\nA: b\r\n\r\n", "[A=b]"},
      {"two trailers", "1\r\nx\r\n0\r\nA: b\r\nC:\td \r\n\r\nrest", "x[A=b, C=d]rest"},
      {"a size of seventeen digits", "00000000000000005\r\nhello\r\n0\r\n\r\n", "failed"},
      {"the largest size", "7FFFFFFFFFFFFFFF\r\n", "incomplete"},
      {"a size of 2^63", "8000000000000000\r\n", "failed"},
      {"a size of 2^64-1", "FFFFFFFFFFFFFFFF\r\n", "failed"},
      {"a size of 2^64", "10000000000000000\r\n", "failed"},
      {"an empty size", "\r\n", "failed"},
      {"an extension without a size", ";a\r\n", "failed"},
      {"a size with a plus", "+5\r\nhello\r\n", "failed"},
      {"a size with a minus", "-5\r\nhello\r\n", "failed"},
      {"a size with 0x", "0x5\r\nhello\r\n", "failed"},
      {"a blank before a size", " 5\r\nhello\r\n", "failed"},
      {"a blank after a size", "5 \r\nhello\r\n", "failed"},
      {"a blank before an extension", "5 ;a\r\nhello\r\n", "failed"},
      {"a tab after a size", "5\t\r\nhello\r\n", "failed"},
      {"an underscore in a size", "1_0\r\n", "failed"},
      {"a letter beyond hex", "5g\r\n", "failed"},
      {"a comma", "5,5\r\nhello\r\n", "failed"},
      {"a bare LF after a size", "5\nhello\r\n0\r\n\r\n", "failed"},
      {"a bare CR after a size", "5\rhello\r\n0\r\n\r\n", "failed"},
      {"a bare LF after an extension", "5;a\nhello\r\n", "failed"},
      {"a bare CR in an extension", "5;a\rb\r\nhello\r\n", "failed"},
      {"a NUL in an extension", "5;\0\r\nhello\r\n"s, "failed"},
      {"an extension too long", "1;" + times(1024, 'e') + "\r\nx\r\n", "failed"},
      {"extensions too long together", "1;" + times(600, 'e') + "\r\nx\r\n1;" + times(600, 'e') + "\r\ny\r\n",
       "failed"},
      {"a bare LF after a chunk", "5\r\nhello\n0\r\n\r\n", "failed"},
      {"a bare CR after a chunk", "5\r\nhello\r0\r\n\r\n", "failed"},
      {"no line end after a chunk", "5\r\nhello0\r\n\r\n", "failed"},
      {"a chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n", "failed"},
      {"a bare LF at the end", "0\r\n\n", "failed"},
      {"a bare CR at the end", "0\r\n\rx", "failed"},
      {"a bare LF after a trailer", "0\r\nA: b\n\r\n", "failed"},
      {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "failed"},
      {"a blank before the colon of a trailer", "0\r\nA : b\r\n\r\n", "failed"},
      {"a trailer without a name", "0\r\n: b\r\n\r\n", "failed"},
      {"a trailer without a colon", "0\r\nGET / HTTP/1.1\r\n\r\n", "failed"},
      {"a NUL in a trailer", "0\r\nA: \0\r\n\r\n"s, "failed"},
      {"a trailer too many", "0\r\nA:\r\nB:\r\nC:\r\n\r\n", "failed"},
      {"trailers as large as allowed", "0\r\nA:" + times(58, 'x') + "\r\n\r\n", "[A=" + times(58, 'x') + "]"},
      {"trailers too large", "0\r\nA:" + times(59, 'x') + "\r\n\r\n", "failed"},
      {"a trailer without an end", "0\r\nA:" + times(200, 'x'), "failed"},
      {"nothing", "", "incomplete"},
      {"half a size", "5", "incomplete"},
      {"half a chunk", "5\r\nhel", "incomplete"},
      {"no last chunk", "5\r\nhello\r\n", "incomplete"},
      {"half a last chunk", "0\r\n", "incomplete"},
      {"half an end", "0\r\n\r", "incomplete"},
      {"half a trailer section", "0\r\nA: b\r\n", "incomplete"},
  };
}

std::string outcome_of(const BodyReader& reader, const std::string& body, std::string_view rest) {
  if (reader.state() == BodyReader::State::failed) return "failed";
  if (reader.state() == BodyReader::State::more) return "incomplete";
  std::string text = body + "[";
  for (const Field& field : reader.trailers()) {
    if (text.back() != '[') text += ", ";
    text += std::string(field.name) + "=" + std::string(field.value);
  }
  return text + "]" + std::string(rest);
}

// Pieces of `step` bytes, each in memory of its own, as one reads from a socket.
std::string feed(BodyReader& reader, std::string_view raw, std::size_t step) {
  std::string body;
  while (!raw.empty() && reader.state() == BodyReader::State::more) {
    const ExactBytes bytes(raw.substr(0, step));
    const BodyReader::Piece piece = reader.next(bytes.view());
    EXPECT_EQ(piece.state, reader.state());
    EXPECT_LE(piece.consumed, bytes.view().size());
    if (piece.consumed == 0) break;
    body += piece.data;
    raw.remove_prefix(piece.consumed);
  }
  return outcome_of(reader, body, raw);
}

class ChunkedBodiesFed : public testing::TestWithParam<std::size_t> {};

TEST_P(ChunkedBodiesFed, HaveTheOutcomeOfTheirRow) {
  const Limits limits = small_limits();
  for (const Row& row : chunked_rows()) {
    SCOPED_TRACE(row.name);
    BodyReader reader;
    reader.begin(Framing::chunked, 0, limits);
    EXPECT_EQ(feed(reader, row.raw, GetParam()), row.outcome);
  }
}

INSTANTIATE_TEST_SUITE_P(PiecesOf, ChunkedBodiesFed, testing::Values(1, 2, 3, 7, 100000));

TEST(BodyReader, GivesDataAsViewsOfTheBytes) {
  const Limits limits;
  BodyReader reader;
  reader.begin(Framing::chunked, 0, limits);
  const std::string raw = "5\r\nhello\r\n0\r\n\r\n";
  const BodyReader::Piece piece = reader.next(raw);
  EXPECT_EQ(piece.data, "hello");
  EXPECT_EQ(piece.data.data(), raw.data() + 3);
  EXPECT_EQ(piece.consumed, 8u);
}

TEST(BodyReader, CountsALengthAndLeavesTheRest) {
  const Limits limits;
  BodyReader reader;
  reader.begin(Framing::length, 5, limits);
  EXPECT_EQ(reader.next("he").data, "he");
  EXPECT_EQ(reader.remaining(), 3u);
  EXPECT_EQ(reader.at_eof(), BodyReader::State::failed);
  const BodyReader::Piece piece = reader.next("lloGET");
  EXPECT_EQ(piece.data, "llo");
  EXPECT_EQ(piece.consumed, 3u);
  EXPECT_EQ(piece.state, BodyReader::State::done);
  EXPECT_EQ(reader.at_eof(), BodyReader::State::done);
  EXPECT_EQ(reader.next("GET").consumed, 0u);
}

TEST(BodyReader, IsDoneAtOnceWithoutABody) {
  const Limits limits;
  BodyReader reader;
  for (const auto framing : {Framing::none, Framing::length}) {
    reader.begin(framing, 0, limits);
    EXPECT_EQ(reader.state(), BodyReader::State::done);
    EXPECT_EQ(reader.next("GET").consumed, 0u);
  }
}

TEST(BodyReader, TakesEverythingUntilTheConnectionEnds) {
  const Limits limits;
  BodyReader reader;
  reader.begin(Framing::until_close, 0, limits);
  EXPECT_EQ(reader.next("0\r\n\r\n").data, "0\r\n\r\n");
  EXPECT_EQ(reader.state(), BodyReader::State::more);
  EXPECT_EQ(reader.at_eof(), BodyReader::State::done);
}

TEST(BodyReader, SeesAChunkedBodyThatIsCutOff) {
  const Limits limits;
  for (const std::string raw : {"5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nA: b\r\n"}) {
    BodyReader reader;
    reader.begin(Framing::chunked, 0, limits);
    feed(reader, raw, 100);
    EXPECT_EQ(reader.at_eof(), BodyReader::State::failed) << raw;
  }
}

TEST(BodyReader, BeginsAnewAfterTrailersAndAfterAFailure) {
  const Limits limits;
  BodyReader reader;
  for (const std::string first : {"0\r\nA: b\r\n\r\n", "x"}) {
    reader.begin(Framing::chunked, 0, limits);
    feed(reader, first, 100);
    reader.begin(Framing::chunked, 0, limits);
    EXPECT_EQ(feed(reader, "1\r\nx\r\n0\r\n\r\n", 100), "x[]");
  }
}

TEST(BodyReader, KeepsTrailersWhenTheirBytesAreGone) {
  const Limits limits;
  BodyReader reader;
  reader.begin(Framing::chunked, 0, limits);
  std::string raw =
      "0\r\nGrpc-Status: 0\r\nGrpc-Message: a somewhat longer text that is not kept inline\r\n\r\n";
  EXPECT_EQ(reader.next(raw).state, BodyReader::State::done);
  raw.assign(raw.size(), '?');
  ASSERT_NE(reader.trailers().find("grpc-status"), nullptr);
  EXPECT_EQ(reader.trailers().find("grpc-status")->value, "0");
  EXPECT_EQ(reader.trailers().find("grpc-message")->value, "a somewhat longer text that is not kept inline");
}

}  // namespace
}  // namespace gw::http
