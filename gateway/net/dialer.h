// SPDX-License-Identifier: Apache-2.0
// Outgoing connections: resolves the name (Resolver), connects to one of its addresses, and shakes hands, all
// within one deadline.
// THREAD: one worker. The stream that comes is open; its events must be taken over with hand_to().
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/callback.h"
#include "base/result.h"
#include "base/slot_map.h"
#include "net/address.h"
#include "net/deadlines.h"
#include "net/operation.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/tls.h"

namespace gw::net {

struct DialFailure {
  bool timed_out = false;
  std::string detail;  // for the log
};

class Dialer {
 public:
  using Done = Callback<void(Result<std::unique_ptr<Stream>, DialFailure>)>;

  Dialer(EventLoop& loop, Deadlines& deadlines, std::string hosts_file = "/etc/hosts");
  ~Dialer();

  struct Target {
    std::string host;  // a name, an address, or the path of a unix socket
    std::uint16_t port = 0;
    std::shared_ptr<const ClientTls> tls;  // null: plain
    std::string server_name;               // verified with TLS
    Duration timeout{0};
  };
  Operation dial(const Target& target, Done done);
  Resolver& resolver() { return resolver_; }

 private:
  class Dial;
  static void cancel(void* self, std::uint64_t id);
  void finish(std::uint64_t id, Result<std::unique_ptr<Stream>, DialFailure> result);

  EventLoop& loop_;
  Deadlines& deadlines_;
  Resolver resolver_;
  std::size_t turn_ = 0;  // which of a name's addresses is next
  SlotMap<std::unique_ptr<Dial>> dials_;
};

}  // namespace gw::net
