// SPDX-License-Identifier: Apache-2.0
// A worker's side of remote key sets: a token that names a key which nobody here knows may wait for one
// fetch, if one is due. Many such tokens ask once; while the issuer was asked lately, none waits. How often
// is asked is the refresher's to say; that it is not asked in vain is said here. THREAD: one worker's.
// OWNERSHIP: outlives the operations that it gave out.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "base/slot_map.h"
#include "net/deadlines.h"
#include "net/event_loop.h"
#include "net/operation.h"

namespace gw::auth {

class KeyDemand {
 public:
  struct Limits {
    std::size_t waiting = 256;  // requests, of one issuer
    Duration patience = 3s;     // of all that wait, from the first of them
    Duration first_pause = 5s;  // until a name that was not found is asked for again; doubled each time
    Duration longest_pause = 5min;
  };
  // Asks for a fetch of that issuer's keys; on_answer() comes later.
  using Ask = std::function<void(const std::string& issuer)>;

  KeyDemand(net::EventLoop& loop, net::Deadlines& deadlines, Ask ask) : KeyDemand(loop, deadlines, ask, {}) {}
  KeyDemand(net::EventLoop& loop, net::Deadlines& deadlines, Ask ask, const Limits& limits);
  ~KeyDemand();
  KeyDemand(const KeyDemand&) = delete;
  KeyDemand& operator=(const KeyDemand&) = delete;

  // `done` is called when the issuer's keys have been looked at again, or patience ends. Nothing when
  // waiting would be in vain: the issuer was asked lately, the name was not found lately, or too many wait.
  std::optional<net::Operation> wait(const std::string& issuer, std::string_view kid, Callback<void()> done);
  // After wait(), the key was not there. Remembered in a bounded table, so that one name does not cause a
  // fetch again and again.
  void note_unknown(const std::string& issuer, std::string_view kid);

  // The issuer has been asked (or could not be): what waits is judged again. Not before `next`.
  void on_answer(const std::string& issuer, TimePoint next);

 private:
  struct Unknown {
    std::size_t hash = 0;
    TimePoint until;
    Duration pause{0};
  };
  struct Source final : net::Deadline {
    explicit Source(KeyDemand& owner) : owner_(owner) {}
    void on_deadline() override { owner_.release(*this); }

    KeyDemand& owner_;
    std::string issuer;
    bool asked = false;
    TimePoint next{};
    std::vector<std::uint64_t> waiting;
    std::array<Unknown, 64> unknown{};
  };

  static void cancel(void* self, std::uint64_t id);
  Source& source_of(const std::string& issuer);
  Unknown& place_of(Source& source, std::string_view kid);
  void release(Source& source);

  net::EventLoop& loop_;
  net::Deadlines& deadlines_;
  Ask ask_;
  const Limits limits_;
  std::vector<std::unique_ptr<Source>> sources_;  // as many as remote issuers
  SlotMap<Callback<void()>> waiters_;
};

}  // namespace gw::auth
