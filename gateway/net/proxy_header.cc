// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_header.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace gw::net {
namespace {

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view kText = "PROXY ";
constexpr std::size_t kLongestLine = 107;  // with its CRLF (2.1)
constexpr std::size_t kBinaryHead = 16;
constexpr std::size_t kLongestBody =
    4096;  // addresses and additions; enough for a client's certificate chain

constexpr unsigned kUnspecified = 0, kIpv4 = 1, kIpv6 = 2, kUnix = 3;
constexpr unsigned kStream = 1;
constexpr unsigned char kChecksum = 0x03;  // PP2_TYPE_CRC32C

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
unsigned word_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// Decimal, without leading zeros or sign.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

std::optional<std::array<std::string_view, 5>> split_line(std::string_view line) {
  std::array<std::string_view, 5> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t blank = line.find(' ');
    if ((blank == std::string_view::npos) != (i + 1 == words.size())) return std::nullopt;
    words[i] = line.substr(0, blank);
    if (words[i].empty()) return std::nullopt;
    line.remove_prefix(std::min(line.size(), words[i].size() + 1));
  }
  return words;
}

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t sum = ~0u;
  for (const char c : bytes) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ (0x82F63B78u & (0u - (sum & 1)));
  }
  return ~sum;
}

// Over the whole header, its own four bytes taken as zero (2.2.3).
bool checksum_holds(std::string header, std::size_t at) {
  const std::uint32_t told = word_at(header, at) << 16 | word_at(header, at + 2);
  std::fill_n(header.begin() + static_cast<std::ptrdiff_t>(at), 4, '\0');
  return crc32c(header) == told;
}

// Type, length, value, one after the other to the end.
bool additions_hold(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < 3) return false;
    const std::size_t length = word_at(header, at + 1);
    if (header.size() - at - 3 < length) return false;
    if (byte_at(header, at) == kChecksum && (length != 4 || !checksum_holds(std::string(header), at + 3)))
      return false;
    at += 3 + length;
  }
  return true;
}

Address ipv4_at(std::string_view body, std::size_t address, std::size_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  std::memcpy(&made.sin_addr, body.data() + address, 4);
  std::memcpy(&made.sin_port, body.data() + port, 2);
  return {reinterpret_cast<const sockaddr*>(&made), sizeof made};
}

Address ipv6_at(std::string_view body, std::size_t address, std::size_t port) {
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  std::memcpy(&made.sin6_addr, body.data() + address, 16);
  std::memcpy(&made.sin6_port, body.data() + port, 2);
  return {reinterpret_cast<const sockaddr*>(&made), sizeof made};
}

Address local_address() {
  sockaddr_un made{};
  made.sun_family = AF_UNIX;
  return {reinterpret_cast<const sockaddr*>(&made), sizeof made.sun_family};
}

}  // namespace

std::size_t ProxyHeader::feed(std::string_view bytes) {
  if (state_ != State::need_more || bytes.empty()) return 0;
  const char first = seen_.empty() ? bytes.front() : seen_.front();
  return first == kSignature.front() ? feed_binary(bytes) : feed_text(bytes);
}

void ProxyHeader::fail(const char* why) {
  state_ = State::failed;
  why_ = why;
}

std::size_t ProxyHeader::feed_text(std::string_view bytes) {
  const std::size_t before = seen_.size();
  const std::size_t newline = bytes.find('\n');
  const std::size_t wanted = newline == std::string_view::npos ? bytes.size() : newline + 1;
  seen_.append(bytes.substr(0, std::min(wanted, kLongestLine - before)));
  const std::size_t taken = seen_.size() - before;
  if (!kText.starts_with(std::string_view(seen_).substr(0, kText.size()))) {
    fail("no PROXY header");
  } else if (newline != std::string_view::npos && taken == wanted) {
    parse_text();
  } else if (seen_.size() == kLongestLine) {
    fail("the PROXY line is too long");
  }
  return taken;
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
void ProxyHeader::parse_text() {
  std::string_view line = seen_;
  if (!line.ends_with("\r\n")) return fail("the PROXY line does not end with CRLF");
  line.remove_prefix(kText.size());
  line.remove_suffix(2);
  if (line.find('\r') != std::string_view::npos) return fail("the PROXY line has a bare CR");
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return finish();
  const auto words = split_line(line);
  if (!words) return fail("the PROXY line has not its five words");
  const auto& [protocol, from, to, from_port, to_port] = *words;
  const auto source_port = parse_port(from_port);
  if (!source_port || !parse_port(to_port)) return fail("a port of the PROXY line is none");
  const auto source = Address::parse(from, *source_port);
  const auto target = Address::parse(to, 0);
  const int family = protocol == "TCP4" ? AF_INET : protocol == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (!source || !target || source->family() != family || target->family() != family)
    return fail("an address of the PROXY line is none");
  source_ = *source;
  finish();
}

std::size_t ProxyHeader::feed_binary(std::string_view bytes) {
  std::size_t taken = 0;
  const auto take_up_to = [&](std::size_t size) {
    const std::size_t more = std::min(bytes.size() - taken, size - std::min(size, seen_.size()));
    seen_.append(bytes.substr(taken, more));
    taken += more;
    return seen_.size() == size;
  };
  if (seen_.size() < kBinaryHead && !take_up_to(kBinaryHead)) {
    if (!kSignature.starts_with(std::string_view(seen_).substr(0, kSignature.size())))
      fail("no PROXY header");
    return taken;
  }
  if (!std::string_view(seen_).starts_with(kSignature)) {
    fail("no PROXY header");
    return taken;
  }
  const std::size_t body = word_at(seen_, 14);
  if (body > kLongestBody)
    fail("the PROXY header is too long");
  else if (take_up_to(kBinaryHead + body))
    parse_binary();
  return taken;
}

void ProxyHeader::parse_binary() {
  const unsigned version = byte_at(seen_, 12) >> 4, command = byte_at(seen_, 12) & 15;
  const unsigned family = byte_at(seen_, 13) >> 4, transport = byte_at(seen_, 13) & 15;
  if (version != 2) return fail("the PROXY header has another version than 2");
  if (command == 0) return finish();  // LOCAL: the balancer's own, such as a health check (2.2)
  if (command != 1) return fail("the PROXY header has an unknown command");
  if (family == kUnspecified && transport == 0) return finish();
  if (transport != kStream || family > kUnix) return fail("the PROXY header is not of a stream");
  parse_binary_addresses(std::string_view(seen_).substr(kBinaryHead), family);
}

void ProxyHeader::parse_binary_addresses(std::string_view body, unsigned family) {
  const std::size_t size = family == kIpv4 ? 12 : family == kIpv6 ? 36 : family == kUnix ? 216 : 0;
  if (size == 0) return fail("the PROXY header has a family without addresses");
  if (body.size() < size) return fail("the PROXY header is too short for its addresses");
  if (!additions_hold(seen_, kBinaryHead + size))
    return fail("the additions of the PROXY header are malformed");
  source_ = family == kIpv4 ? ipv4_at(body, 0, 8) : family == kIpv6 ? ipv6_at(body, 0, 32) : local_address();
  finish();
}

}  // namespace gw::net
