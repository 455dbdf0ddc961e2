// SPDX-License-Identifier: Apache-2.0
// `/etc/hosts`: read again when it has changed. THREAD: one worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/address.h"

namespace gw::net {

class HostsFile {
 public:
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  // Names are compared without case and final dot; empty when the file does not have it. `localhost` and what
  // is below it need no line (RFC 6761 6.3).
  std::vector<Address> find(std::string_view name);

 private:
  void read_if_changed();

  const std::string path_;
  std::int64_t changed_ = -1;
  std::unordered_map<std::string, std::vector<Address>> names_;
};

}  // namespace gw::net
