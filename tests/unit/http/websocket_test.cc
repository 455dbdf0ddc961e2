// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1_parser.h"

namespace gw::http {
namespace {

using namespace std::string_literals;

bool asks(const std::string& line, const std::string& fields) {
  static std::string bytes;
  bytes = line + "\r\nHost: h\r\n" + fields + "\r\n";
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  EXPECT_EQ(parser.parse(bytes, head), Parse::complete) << bytes;
  return asks_for_websocket(head);
}

const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

TEST(WebSocket, IsAskedForByAGetOverHttp11ThatNamesItOnceAndAlone) {
  const std::string line = "GET / HTTP/1.1", upgrade = "Upgrade: WebSocket\r\n",
                    named = "Connection: a, uPgrade\r\n";
  EXPECT_TRUE(asks(line, upgrade + named + kKey));
  EXPECT_TRUE(asks(line, "Connection: x\r\n" + upgrade + named + kKey));
  EXPECT_FALSE(asks(line, upgrade + kKey));
  EXPECT_FALSE(asks(line, named + kKey));
  EXPECT_FALSE(asks(line, upgrade + named));
  EXPECT_FALSE(asks(line, upgrade + upgrade + named + kKey));
  EXPECT_FALSE(asks(line, "Upgrade: websocket, h2c\r\n" + named + kKey));
  EXPECT_FALSE(asks(line, "Upgrade: websocket/13\r\n" + named + kKey));
  EXPECT_FALSE(asks(line, upgrade + "Connection: upgrades\r\n" + kKey));
  EXPECT_FALSE(asks(line, upgrade + named + kKey + "Content-Length: 1\r\n"));
  EXPECT_FALSE(asks("GET / HTTP/1.0", upgrade + named + kKey));
  EXPECT_FALSE(asks("POST / HTTP/1.1", upgrade + named + kKey));
}

// Where frames end, one '|' for each boundary behind a byte.
std::string boundaries(std::string_view bytes) {
  WebSocketFrames frames;
  std::string marks;
  for (const char c : bytes) {
    frames.follow({&c, 1});
    marks += frames.at_boundary() ? '|' : '.';
  }
  WebSocketFrames whole;
  whole.follow(bytes);
  EXPECT_EQ(whole.at_boundary(), bytes.empty() || marks.back() == '|');
  return marks;
}

TEST(WebSocket, FramesEndWhereTheirLengthSays) {
  EXPECT_EQ(boundaries("\x81\x02hi"), "...|");
  EXPECT_EQ(boundaries("\x89\0\x8a\0"s), ".|.|");
  EXPECT_EQ(boundaries("\x81\x82mask12"), ".......|");
  EXPECT_EQ(boundaries("\x81\x80mask"), ".....|");
  EXPECT_EQ(boundaries("\x82\x7e\0\x03"
                       "abc\x81\0"s),
            "......|.|");
  EXPECT_EQ(boundaries("\x82\x7f\0\0\0\0\0\0\0\x01"
                       "a"s),
            "..........|");
  EXPECT_EQ(boundaries("\x82\xff\0\0\0\0\0\0\0\x01maska"s), "..............|");
  EXPECT_EQ(boundaries(std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff") + "abcdef"),
            "................");
  EXPECT_EQ(boundaries("\x82\x7e\0\0"s), "...|");
}

TEST(WebSocket, ACloseFrameHasItsCodeAndReason) {
  EXPECT_EQ(websocket_close(4401, "token expired"), "\x88\x0f\x11\x31token expired");
  EXPECT_EQ(boundaries(websocket_close(1001, "")), "...|");
}

}  // namespace
}  // namespace gw::http
