// SPDX-License-Identifier: Apache-2.0
// Frames as they are written for an attack, and what is understood of those that come back.
#include "attack/frames.h"

#include <gmock/gmock.h>

namespace gw::attack {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::string_literals;

TEST(Frames, CarryFieldsAsTheyAre) {
  const std::string bytes = format_frames({{{":method", "GET"}, {"X", "a\r\nb"}}, {}, {}});
  EXPECT_TRUE(bytes.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_THAT(bytes, HasSubstr("\x00\x00\x15\x01\x05\x00\x00\x00\x01"s  // HEADERS: the end of both
                               "\x10\x07:method\x03GET\x10\x01X\x04"
                               "a\r\nb"));
}

TEST(Frames, SplitAHeadThatIsLong) {
  const std::string bytes = format_frames({{{"x", std::string(40'000, 'a')}}, "body", {{"t", "1"}}});
  std::vector<int> kinds;
  for (std::size_t at = 24; at < bytes.size();) {
    kinds.push_back(bytes[at + 3]);
    at += 9 + (static_cast<unsigned char>(bytes[at]) << 16 | static_cast<unsigned char>(bytes[at + 1]) << 8 |
               static_cast<unsigned char>(bytes[at + 2]));
  }
  EXPECT_THAT(kinds, ElementsAre(4, 1, 9, 9, 0, 1));
}

std::string frame(int kind, int flags, std::string payload, int stream = 1) {
  std::string head("\0\0\0\0\0\0\0\0\0", 9);
  head[2] = static_cast<char>(payload.size());
  head[3] = static_cast<char>(kind);
  head[4] = static_cast<char>(flags);
  head[8] = static_cast<char>(stream);
  return head + payload;
}

TEST(Frames, OfAnswersTellTheStatusHoweverItIsWritten) {
  const std::pair<std::string, int> heads[] = {{"\x88", 200},
                                               {"\x8d", 404},
                                               {"\x48\x03"
                                                "401",
                                                401},
                                               {"\x08\x82\x68\x01", 401},
                                               {"\x20\x18\x03"
                                                "503",
                                                503},
                                               {"\x48\x82\x65\xf7", 0},
                                               {"\xbe", 0},
                                               {"", 0}};
  for (const auto& [block, status] : heads)
    EXPECT_THAT(read_frames(frame(1, 5, block)).statuses, ElementsAre(status)) << block;
}

TEST(Frames, OfAnswersAreReadToTheirEnd) {
  const std::string settings = frame(4, 0, "", 0);
  EXPECT_TRUE(is_http2(settings));
  EXPECT_FALSE(is_http2("HTTP/1.1 400 Bad Request\r\n\r\n"));
  FramedAnswer answer = read_frames(settings +
                                    frame(1, 4,
                                          "\x08\x03"
                                          "103") +
                                    frame(1, 4, "\x88") + frame(0, 8, "\x02okxx"));
  EXPECT_THAT(answer.statuses, ElementsAre(200));
  EXPECT_EQ(answer.body, "ok");
  EXPECT_FALSE(answer.is_over);
  answer = read_frames(frame(1, 4, "\x88") + frame(0, 1, "ok"));
  EXPECT_TRUE(answer.is_over);
  answer = read_frames(settings + frame(3, 0, "\0\0\0\1"s));
  EXPECT_TRUE(answer.is_over);
  EXPECT_EQ(answer.reset, 1u);
  EXPECT_THAT(answer.statuses, IsEmpty());
  EXPECT_TRUE(read_frames(frame(7, 0, "\0\0\0\0\0\0\0\1"s, 0)).is_over);
  const std::string cut = frame(1, 4, "\x88");
  for (std::size_t i = 0; i < cut.size(); ++i) EXPECT_THAT(read_frames(cut.substr(0, i)).statuses, IsEmpty());
}

}  // namespace
}  // namespace gw::attack
