// SPDX-License-Identifier: Apache-2.0
#include "config/units.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::config {
namespace {

TEST(Durations, AreOneWholeNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("12h"), 12h);
  EXPECT_EQ(parse_duration("30d"), 30 * 24h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
  EXPECT_EQ(parse_duration("0"), 0ms);
}

TEST(Durations, AreRefusedWhenWrittenOtherwise) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "1.5h", "1h30m", "5S", "5sec",
                           "1w", "5us", "0x5s", "18446744073709551616s", "36501d", "99999999999999999ms"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Sizes, AreBytesOrBinaryUnits) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("64KiB"), 64u * 1024);
  EXPECT_EQ(parse_size("10MiB"), 10u * 1024 * 1024);
  EXPECT_EQ(parse_size("1GiB"), 1u << 30);
  EXPECT_EQ(parse_size("1048576TiB"), 1ull << 60);
}

TEST(Sizes, AreRefusedWhenWrittenOtherwise) {
  for (const char* text : {"", "KiB", "-1", "1K", "1KB", "1kib", "1 KiB", "1.5MiB", "1e6", "0x10",
                           "1048577TiB", "18446744073709551615", "18446744073709551616", "17179869184GiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Numbers, AreDigitsOnly) {
  EXPECT_EQ(parse_unsigned("0"), 0u);
  EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1_000", "0x1", "1.0", "18446744073709551616"})
    EXPECT_FALSE(parse_unsigned(text)) << text;
}

TEST(Decimals, HaveNoExponentAndNoInfinity) {
  EXPECT_EQ(parse_decimal("0.25"), 0.25);
  EXPECT_EQ(parse_decimal("1"), 1.0);
  EXPECT_EQ(parse_decimal("-3.5"), -3.5);
  for (const char* text : {"", ".5", "5.", "1e3", "inf", "nan", "-inf", "0x1", "1,5", "+1"})
    EXPECT_FALSE(parse_decimal(text)) << text;
}

TEST(Formats, SayTheLongestUnitThatIsExact) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(48h), "2d");
  EXPECT_EQ(format_duration(0ms), "0ms");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(32 * 1024), "32KiB");
  EXPECT_EQ(format_size(1u << 30), "1GiB");
}

TEST(Quotes, AreCutBetweenCharacters) {
  EXPECT_EQ(in_quotes("a"), "\"a\"");
  const std::string long_text = std::string(79, 'x') + "\xC3\xA9" + "tail";
  EXPECT_EQ(in_quotes(long_text), '"' + std::string(79, 'x') + "...\"");
}

TEST(EditDistance, CountsSwappedNeighboursOnce) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("timout", "timeout"), 1u);
  EXPECT_EQ(edit_distance("rotues", "routes"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace gw::config
