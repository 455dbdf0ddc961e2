// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2: what a balancer says of its client before the client's first byte.
// Strict and incremental, fed in pieces of any size; it takes the header's bytes and none behind them.
// THREAD: one worker.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace gw::net {

class ProxyHeader {
 public:
  enum class State : std::uint8_t { need_more, complete, failed };

  // How many of the bytes belong to the header; all of them while it needs more.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  const char* why() const { return why_; }  // it failed
  // Complete: the client's address. Nothing when the balancer speaks for itself (LOCAL, UNKNOWN): then the
  // address of the connection counts.
  const std::optional<Address>& source() const { return source_; }

 private:
  std::size_t feed_text(std::string_view bytes);
  std::size_t feed_binary(std::string_view bytes);
  void parse_text();
  void parse_binary();
  void parse_binary_addresses(std::string_view body, unsigned family);
  void fail(const char* why);
  void finish() { state_ = State::complete; }

  State state_ = State::need_more;
  const char* why_ = "";
  std::string seen_;
  std::optional<Address> source_;
};

}  // namespace gw::net
