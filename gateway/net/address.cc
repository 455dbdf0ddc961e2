// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace gw::net {
namespace {

// As IPv6, an IPv4 address mapped (RFC 4291 2.5.5.2); false for other families.
bool mapped_bytes(const sockaddr_storage& storage, std::uint8_t out[16]) {
  if (storage.ss_family == AF_INET6) {
    std::memcpy(out, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, 16);
    return true;
  }
  if (storage.ss_family != AF_INET) return false;
  std::memset(out, 0, 10);
  out[10] = out[11] = 0xFF;
  std::memcpy(out + 12, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, 4);
  return true;
}

bool same_bits(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) {
  if (std::memcmp(a, b, bits / 8) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - bits % 8));
  return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length) : length_(length) {
  std::memcpy(&storage_, address, length);
}

std::optional<Address> Address::parse(std::string_view literal, std::uint16_t port) {
  if (literal.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string text(literal);
  Address result;
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage_);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.length_ = sizeof v4;
    return result;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage_);
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    result.length_ = sizeof v6;
    return result;
  }
  return std::nullopt;
}

std::optional<Address> Address::unix_path(std::string_view path) {
  Address result;
  auto& local = reinterpret_cast<sockaddr_un&>(result.storage_);
  if (path.empty() || path.size() >= sizeof local.sun_path) return std::nullopt;
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  result.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  return 0;
}

Address Address::with_port(std::uint16_t port) const {
  Address copy = *this;
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(copy.storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(copy.storage_).sin6_port = htons(port);
  return copy;
}

std::string Address::ip() const {
  std::uint8_t bytes[16];
  if (!mapped_bytes(storage_, bytes)) return "unix:";
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(reinterpret_cast<const in6_addr*>(bytes)))
    inet_ntop(AF_INET, bytes + 12, text, sizeof text);
  else
    inet_ntop(AF_INET6, bytes, text, sizeof text);
  return text;
}

Address Address::of_peer(int fd) {
  Address peer;
  peer.length_ = sizeof peer.storage_;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage_), &peer.length_) != 0) return {};
  return peer;
}

bool Address::has_ip_of(const Address& other) const {
  std::uint8_t a[16], b[16];
  return mapped_bytes(storage_, a) && mapped_bytes(other.storage_, b) && std::memcmp(a, b, sizeof a) == 0;
}

bool Address::is_in(const Cidr& network) const {
  std::uint8_t bytes[16];
  return mapped_bytes(storage_, bytes) && same_bits(bytes, network.address, network.bits);
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash), 0);
  if (!address) return std::nullopt;
  const unsigned widest = address->family() == AF_INET ? 32 : 128;
  unsigned bits = widest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > widest) return std::nullopt;
  }
  Cidr result;
  sockaddr_storage storage{};
  std::memcpy(&storage, address->get(), address->length());
  mapped_bytes(storage, result.address);
  result.bits = bits + (128 - widest);
  for (unsigned bit = result.bits; bit < 128; ++bit)
    if ((result.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  return result;
}

}  // namespace gw::net
