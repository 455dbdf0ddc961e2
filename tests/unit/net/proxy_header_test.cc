// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace gw::net {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string word(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

// Version 2, as a balancer makes it.
std::string binary(char command, char family, const std::string& body) {
  return kSignature + command + family + word(body.size()) + body;
}

const std::string kIpv4 = "\xC0\x00\x02\x01\xC0\x00\x02\x02"s + word(56324) + word(443);
const std::string kIpv6 =
    "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01" + std::string(16, '\x01') + word(56324) + word(443);

// "192.0.2.1:56324", "own" when the balancer speaks for itself, "failed", "more"; fed in pieces of `step`,
// with bytes behind it that must stay.
std::string read(const std::string& header, std::size_t step = 1000, const std::string& behind = "GET / ") {
  ProxyHeader parser;
  const std::string all = header + behind;
  std::size_t at = 0;
  while (parser.state() == ProxyHeader::State::need_more && at < all.size()) {
    const std::size_t taken = parser.feed(std::string_view(all).substr(at, step));
    EXPECT_LE(taken, step);
    EXPECT_TRUE(parser.state() != ProxyHeader::State::need_more || taken == std::min(step, all.size() - at))
        << "an unfinished header takes all";
    at += taken;
  }
  if (parser.state() == ProxyHeader::State::failed) return "failed";
  if (parser.state() == ProxyHeader::State::need_more) return "more";
  EXPECT_EQ(at, header.size()) << "what is behind the header is not its own";
  if (!parser.source()) return "own";
  return parser.source()->ip() + ":" + std::to_string(parser.source()->port());
}

TEST(ProxyHeader, ReadsLinesOfVersionOne) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "192.0.2.1:56324");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"), "2001:db8::1:1");
  EXPECT_EQ(read("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255:65535");
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "own");
  EXPECT_EQ(read("PROXY UNKNOWN ffff:f::f ffff::f 65535 65535\r\n"), "own");
}

TEST(ProxyHeader, ReadsVersionTwo) {
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4)), "192.0.2.1:56324");
  EXPECT_EQ(read(binary(0x21, 0x21, kIpv6)), "2001:db8::1:56324");
  EXPECT_EQ(read(binary(0x21, 0x31, std::string(216, 'x'))), "unix::0");
  EXPECT_EQ(read(binary(0x20, 0x00, "")), "own");
  EXPECT_EQ(read(binary(0x20, 0x11, kIpv4)), "own") << "LOCAL: its addresses do not count";
  EXPECT_EQ(read(binary(0x21, 0x00, "")), "own");
}

TEST(ProxyHeader, IsTheSameInPiecesOfAnySize) {
  const std::string headers[] = {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", binary(0x21, 0x11, kIpv4),
                                 binary(0x21, 0x21, kIpv6), "PROXY UNKNOWN\r\n", binary(0x20, 0x00, "")};
  for (const std::string& header : headers)
    for (std::size_t step = 1; step < header.size() + 3; ++step) EXPECT_EQ(read(header, step), read(header));
}

TEST(ProxyHeader, TakesWellFormedAdditions) {
  const std::string alpn = "\x01"s + word(2) + "h2";
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4 + alpn + "\x04" + word(0))), "192.0.2.1:56324");
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4 + "\x01" + word(3) + "h2")), "failed");
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4 + "\x01")), "failed");
}

TEST(ProxyHeader, HoldsAChecksumToItsWord) {
  const auto with_checksum = [](const std::string& sum) {
    return binary(0x21, 0x11, kIpv4 + "\x03" + word(4) + sum);
  };
  const std::string wrong = with_checksum(std::string(4, '\0'));
  EXPECT_EQ(read(wrong), "failed");
  // CRC32c of the header with its own four bytes zero.
  std::uint32_t sum = ~0u;
  for (const char c : wrong) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78u : sum >> 1;
  }
  sum = ~sum;
  EXPECT_EQ(read(with_checksum(word(sum >> 16) + word(sum & 0xFFFF))), "192.0.2.1:56324");
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4 + "\x03" + word(3) + "abc")), "failed");
}

TEST(ProxyHeader, RefusesWhatIsNoHeaderAtItsFirstWrongByte) {
  for (const char* text : {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02", "PRI * HTTP/2.0\r\n", "PROXX",
                           "proxy TCP4 ", " PROXY TCP4", "\nPROXY TCP4"})
    EXPECT_EQ(read(text, 1000, ""), "failed") << text;
  EXPECT_EQ(read("\r\nGET / HTTP/1.1\r\n", 1000, ""), "failed");
  EXPECT_EQ(read("\r\n\r\n\0\r\nQUIT\r"s, 1000, ""), "failed");
  EXPECT_EQ(read("PROX", 1000, ""), "more");
  EXPECT_EQ(read(kSignature, 1000, ""), "more");
}

TEST(ProxyHeader, RefusesMalformedLines) {
  for (const char* line : {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n",
                           "PROXY TCP4  192.0.2.1 192.0.2.2 56324 443\r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 \r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 065 443\r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n",
                           "PROXY TCP4 192.0.2.1 192.0.2.2 1 x\r\n",
                           "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
                           "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
                           "PROXY TCP4 ::1 ::1 1 2\r\n",
                           "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
                           "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
                           "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
                           "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
                           "PROXY \r\n",
                           "PROXY UNKNOWNX\r\n",
                           "PROXY UNKNOWN\r\r\n",
                           "PROXY TCP4 localhost localhost 1 2\r\n"})
    EXPECT_EQ(read(line), "failed") << line;
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "own") << "107 bytes are allowed";
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "failed");
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(500, 'x')), "failed") << "without an end";
}

TEST(ProxyHeader, RefusesMalformedHeadersOfVersionTwo) {
  EXPECT_EQ(read(binary(0x11, 0x11, kIpv4)), "failed") << "version";
  EXPECT_EQ(read(binary(0x22, 0x11, kIpv4)), "failed") << "command";
  EXPECT_EQ(read(binary(0x21, 0x12, kIpv4)), "failed") << "datagrams";
  EXPECT_EQ(read(binary(0x21, 0x41, kIpv4)), "failed") << "family";
  EXPECT_EQ(read(binary(0x21, 0x01, kIpv4)), "failed") << "no family, but a transport";
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4.substr(1))), "failed") << "too short";
  EXPECT_EQ(read(binary(0x21, 0x21, kIpv4)), "failed") << "of the other family";
  EXPECT_EQ(read(binary(0x21, 0x11, kIpv4 + std::string(4085, '\x04'))), "failed") << "too long";
}

}  // namespace
}  // namespace gw::net
