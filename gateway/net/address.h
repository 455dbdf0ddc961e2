// SPDX-License-Identifier: Apache-2.0
// Socket addresses as values: literals in, text out, networks tested.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/options.h"

namespace gw::net {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);

  // "127.0.0.1" or "::1" (no brackets, no names); nothing when it is no literal.
  static std::optional<Address> parse(std::string_view literal, std::uint16_t port);
  // A path that is too long for a socket gives nothing.
  static std::optional<Address> unix_path(std::string_view path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  // Of whom this socket is connected to.
  static Address of_peer(int fd);
  bool has_ip_of(const Address& other) const;
  std::uint16_t port() const;
  Address with_port(std::uint16_t port) const;
  std::string ip() const;  // "192.0.2.1"; a v4-mapped address as IPv4; "unix:" for a unix socket
  bool is_in(const Cidr& network) const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// "10.0.0.0/8", "::1", "2001:db8::/32"; host bits must be zero.
std::optional<Cidr> parse_cidr(std::string_view text);

}  // namespace gw::net
