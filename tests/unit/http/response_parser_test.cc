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
  std::string outcome;  // a summary of the head, "failed" or "incomplete"
  Method method = Method::get;
};

Limits small_limits() {
  Limits limits;
  limits.header_bytes = 512;
  limits.headers = 4;
  return limits;
}

std::string framing_text(const ResponseHead& head) {
  switch (head.framing) {
    case Framing::none:
      return "none";
    case Framing::length:
      return "length:" + std::to_string(head.content_length);
    case Framing::chunked:
      return "chunked";
    default:
      return "until_close";
  }
}

// "200 (OK) 1.1 length:5 keep [Content-Length=5]"
std::string summary(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + " (" + std::string(head.reason) + ")";
  text += (head.version == Version::http11 ? " 1.1 " : " 1.0 ") + framing_text(head);
  text += head.keep_alive ? " keep [" : " close [";
  for (const Field& field : head.fields) {
    if (text.back() != '[') text += ", ";
    text += std::string(field.name) + "=" + std::string(field.value);
  }
  return text + "]";
}

std::string status(const std::string& line) {
  return line + "\r\nContent-Length: 0\r\n\r\n";
}
std::string ok(const std::string& fields) {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n";
}
std::string read(const std::string& start) {
  return start + " 1.1 length:0 keep [Content-Length=0]";
}
std::string times(std::size_t n, char c) {
  return std::string(n, c);
}

std::vector<Row> status_line_rows() {
  return {
      {"200", status("HTTP/1.1 200 OK"), read("200 (OK)")},
      {"an empty reason", status("HTTP/1.1 200 "), read("200 ()")},
      {"no reason and no blank", status("HTTP/1.1 200"), read("200 ()")},
      {"a reason of words", status("HTTP/1.1 404 Not\tFound here"), read("404 (Not\tFound here)")},
      {"a reason outside ASCII", status("HTTP/1.1 200 \xC3\xA9"), read("200 (\xC3\xA9)")},
      {"the last status", status("HTTP/1.1 599 X"), read("599 (X)")},
      {"a status that nobody defined", status("HTTP/1.1 299 X"), read("299 (X)")},
      {"HTTP/1.0", status("HTTP/1.0 200 OK"), "200 (OK) 1.0 length:0 close [Content-Length=0]"},
      {"status 600", status("HTTP/1.1 600 X"), "failed"},
      {"status 099", status("HTTP/1.1 099 X"), "failed"},
      {"status 000", status("HTTP/1.1 000 X"), "failed"},
      {"two digits", status("HTTP/1.1 20 OK"), "failed"},
      {"four digits", status("HTTP/1.1 2000 OK"), "failed"},
      {"a sign", status("HTTP/1.1 +20 OK"), "failed"},
      {"letters", status("HTTP/1.1 2xx OK"), "failed"},
      {"no status", status("HTTP/1.1 OK"), "failed"},
      {"nothing after the version", status("HTTP/1.1"), "failed"},
      {"two blanks before the status", status("HTTP/1.1  200 OK"), "failed"},
      {"a tab before the status", status("HTTP/1.1\t200 OK"), "failed"},
      {"a tab after the status", status("HTTP/1.1 200\tOK"), "failed"},
      {"HTTP/2.0", status("HTTP/2.0 200 OK"), "failed"},
      {"HTTP/1.2", status("HTTP/1.2 200 OK"), "failed"},
      {"HTTP/0.9", "<html>hello</html>", "failed"},
      {"a lower-case version", status("http/1.1 200 OK"), "failed"},
      {"ICY", status("ICY 200 OK"), "failed"},
      {"a blank before", " " + status("HTTP/1.1 200 OK"), "failed"},
      {"an empty line before", "\r\n" + status("HTTP/1.1 200 OK"), "failed"},
      {"a NUL in the reason", status("HTTP/1.1 200 O\0K"s), "failed"},
      {"an escape byte in the reason", status("HTTP/1.1 200 \x1B[2J"), "failed"},
      {"a first byte of something else", "\x15", "failed"},
      {"bytes of TLS", "\x15\x03\x03\x00\x02\x02\x28"s, "failed"},
      {"a first byte that may be", "H", "incomplete"},
      {"half a status line", "HTTP/1.1 20", "incomplete"},
      {"half a line end", "HTTP/1.1 200 OK\r", "incomplete"},
      {"no empty line", "HTTP/1.1 200 OK\r\nA: b\r\n", "incomplete"},
  };
}

std::vector<Row> field_rows() {
  return {
      {"a field", ok("A: b\r\nContent-Length: 1"), "200 (OK) 1.1 length:1 keep [A=b, Content-Length=1]"},
      {"bare LF throughout", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "failed"},
      {"bare LF after a field", ok("A: b\nContent-Length: 0"), "failed"},
      {"bare CR in a value", ok("A: b\rc"), "failed"},
      {"a split answer in a value", ok("Location: /\r\r\n\r\nHTTP/1.1 200 OK"), "failed"},
      {"obs-fold", ok("A: b\r\n c"), "failed"},
      {"a blank before the colon", ok("A : b"), "failed"},
      {"a blank before the first field", ok(" A: b"), "failed"},
      {"an empty name", ok(": b"), "failed"},
      {"no colon", ok("A"), "failed"},
      {"a blank in a name", ok("A B: c"), "failed"},
      {"a NUL in a value", ok("A: \0"s), "failed"},
      {"a field too many", ok("A:\r\nB:\r\nC:\r\nD:\r\nE:"), "failed"},
      {"as many fields as allowed", ok("A:\r\nB:\r\nC:\r\nContent-Length: 0"),
       "200 (OK) 1.1 length:0 keep [A=, B=, C=, Content-Length=0]"},
      {"a head too large", ok("A: " + times(600, 'x')), "failed"},
      {"a head without an end", "HTTP/1.1 200 OK\r\nA: " + times(600, 'x'), "failed"},
      {"a Host in an answer says nothing", ok("Host: /\r\nContent-Length: 0"),
       "200 (OK) 1.1 length:0 keep [Host=/, Content-Length=0]"},
  };
}

std::vector<Row> framing_rows() {
  return {
      {"a length", ok("Content-Length: 5"), "200 (OK) 1.1 length:5 keep [Content-Length=5]"},
      {"chunked", ok("Transfer-Encoding: Chunked"), "200 (OK) 1.1 chunked keep [Transfer-Encoding=Chunked]"},
      {"neither", ok("A: b"), "200 (OK) 1.1 until_close close [A=b]"},
      {"neither, with keep-alive", ok("Connection: keep-alive"),
       "200 (OK) 1.1 until_close close [Connection=keep-alive]"},
      {"no fields at all", "HTTP/1.1 200 OK\r\n\r\n", "200 (OK) 1.1 until_close close []"},
      {"close", ok("Connection: close\r\nContent-Length: 0"),
       "200 (OK) 1.1 length:0 close [Connection=close, Content-Length=0]"},
      {"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n",
       "200 (OK) 1.0 length:2 keep [Connection=keep-alive, Content-Length=2]"},
      {"HTTP/1.0 with chunked", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "failed"},
      {"a length with chunked", ok("Content-Length: 5\r\nTransfer-Encoding: chunked"), "failed"},
      {"two lengths", ok("Content-Length: 5\r\nContent-Length: 6"), "failed"},
      {"two equal lengths", ok("Content-Length: 5\r\nContent-Length: 5"), "failed"},
      {"a list of lengths", ok("Content-Length: 5, 5"), "failed"},
      {"a length with a sign", ok("Content-Length: +5"), "failed"},
      {"a length that overflows", ok("Content-Length: 18446744073709551616"), "failed"},
      {"an empty length", ok("Content-Length:"), "failed"},
      {"gzip, chunked", ok("Transfer-Encoding: gzip, chunked"), "failed"},
      {"identity", ok("Transfer-Encoding: identity"), "failed"},
      {"chunked twice", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "failed"},
      {"an underscore in Transfer-Encoding", ok("Transfer_Encoding: chunked"), "failed"},
      {"HEAD with a length", ok("Content-Length: 5"), "200 (OK) 1.1 none keep [Content-Length=5]",
       Method::head},
      {"HEAD with chunked", ok("Transfer-Encoding: chunked"),
       "200 (OK) 1.1 none keep [Transfer-Encoding=chunked]", Method::head},
      {"HEAD with neither", ok("A: b"), "200 (OK) 1.1 none keep [A=b]", Method::head},
      {"HEAD with a bad length", ok("Content-Length: x"), "failed", Method::head},
      {"100", "HTTP/1.1 100 Continue\r\n\r\n", "100 (Continue) 1.1 none keep []"},
      {"103 with a field", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
       "103 (Early Hints) 1.1 none keep [Link=a]"},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
       "101 (Switching Protocols) 1.1 none keep [Upgrade=websocket]"},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "204 (No Content) 1.1 none keep []"},
      {"204 with length 0", "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
       "204 (X) 1.1 none keep [Content-Length=0]"},
      {"204 with a body", "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", "failed"},
      {"204 with chunked", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", "failed"},
      {"100 with a body", "HTTP/1.1 100 X\r\nContent-Length: 5\r\n\r\n", "failed"},
      {"304 with the length of what it saves", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n",
       "304 (X) 1.1 none keep [Content-Length=5]"},
      {"304 with neither", "HTTP/1.1 304 X\r\n\r\n", "304 (X) 1.1 none keep []"},
      {"205 with a length", "HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n",
       "205 (X) 1.1 length:0 keep [Content-Length=0]"},
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& part : {status_line_rows(), field_rows(), framing_rows()})
    rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

std::string outcome_of(Parse parsed, const ResponseParser& parser, const ResponseHead& head) {
  if (parsed == Parse::need_more) return "incomplete";
  if (parsed == Parse::complete) return summary(head);
  return parser.error().fault == Fault::upstream_protocol ? "failed" : "failed with another fault";
}

std::string feed(ResponseParser& parser, const Row& row, Feed how) {
  const std::string raw = how == Feed::followed_by_more ? row.raw + "HTTP/1.1 418 X\r\n\r\n" : row.raw;
  const bool is_at_once = how == Feed::whole || how == Feed::followed_by_more;
  const std::size_t step = is_at_once ? raw.size() : how == Feed::byte_by_byte ? 1 : 7;
  ResponseHead head;
  ExactBytes bytes("");
  Parse parsed = Parse::need_more;
  for (std::size_t size = 0; size < raw.size() && parsed == Parse::need_more;) {
    size = std::min(size + step, raw.size());
    ExactBytes moved(std::string_view(raw).substr(0, size));
    bytes = std::move(moved);
    parsed = parser.parse(bytes.view(), row.method, head);
  }
  return outcome_of(parsed, parser, head);
}

class ResponsesFed : public testing::TestWithParam<Feed> {};

TEST_P(ResponsesFed, HaveTheOutcomeOfTheirRow) {
  const Limits limits = small_limits();
  for (const Row& row : all_rows()) {
    SCOPED_TRACE(row.name);
    if (row.outcome == "incomplete" && GetParam() == Feed::followed_by_more) continue;
    ResponseParser parser(limits);
    const std::string outcome = feed(parser, row, GetParam());
    EXPECT_EQ(outcome, row.outcome);
    if (outcome.ends_with(']')) {
      EXPECT_EQ(parser.size(), row.raw.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Feeds, ResponsesFed,
                         testing::Values(Feed::whole, Feed::byte_by_byte, Feed::moved_between,
                                         Feed::followed_by_more),
                         testing::PrintToStringParamName());

TEST(ResponseParserTable, HasAtLeast60Rows) {
  EXPECT_GE(all_rows().size(), 60u);
}

TEST(ResponseParser, ReadsInterimAnswersBeforeTheLastOne) {
  const std::string raw =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 "
      "OK\r\nContent-Length: 0\r\n\r\n";
  const Limits limits;
  ResponseParser parser(limits);
  ResponseHead head;
  std::string_view rest = raw;
  for (const int expected : {100, 103, 200}) {
    parser.reset();
    ASSERT_EQ(parser.parse(rest, Method::get, head), Parse::complete);
    EXPECT_EQ(head.status, expected);
    rest.remove_prefix(parser.size());
  }
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace gw::http
