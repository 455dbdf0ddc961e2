// SPDX-License-Identifier: Apache-2.0
// How the last requests were decided, for who asks by their X-Request-Id. One ring a worker, of slots of a
// fixed size: noting a request writes one slot, takes no lock and allocates nothing. There is no token,
// cookie, query or claim in it: what the access log would not tell, this does not know. MEMORY: kSlotBytes a
// slot, touched as they are used; kReceipts slots a process. THREAD: one worker's; a Receipt is a value for
// anybody.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/zeroed_array.h"
#include "policy/condition_trace.h"

namespace gw::exchange {

class Exchange;

inline constexpr std::size_t kReceipts = 65536;

struct Receipt {
  std::string request_id, method, host, path, client;
  std::string route;  // empty: none was found, or an endpoint of the gateway's own was meant
  std::string code, unenforced, shadow;
  std::vector<policy::AskedCondition> conditions;
  std::uint16_t status = 0;      // 0: the client left before an answer
  WallSeconds at = 0;            // of the end
  std::uint64_t decided_us = 0;  // from the head to the decision; 0: it came to none
  std::uint64_t total_us = 0;    // to the end of the answer
  bool is_cut = false;           // something was too long for the slot
};

// Which receipts are meant: those that agree in all that is given. Texts are whole but where it says
// otherwise.
struct ReceiptQuery {
  std::string request_id{}, route{}, code{}, client{}, method{}, host{};
  std::string path_prefix{};
  std::optional<bool> refused{};
  unsigned status = 0;  // 404, or 4 for a class; 0: any
  std::size_t limit = 1;

  bool takes(const Receipt& receipt) const;
};

class ReceiptRing {
 public:
  // The share of one of `workers`.
  explicit ReceiptRing(unsigned workers);

  void note(const Exchange& exchange);
  // Appends the newest that the query takes. Looks at no more than kPiece slots, beginning below note
  // `from` (the newest without): where to go on, nothing when there are no older ones or `into` has enough.
  std::optional<std::uint64_t> search(const ReceiptQuery& query, std::optional<std::uint64_t> from,
                                      std::vector<Receipt>& into) const;

  static constexpr std::size_t kSlotBytes = 512;
  static constexpr std::size_t kPiece = 2048;  // under a millisecond
  std::size_t size() const { return slots_.size(); }

 private:
  struct Slot {
    WallSeconds at;
    std::uint32_t decided_us;
    std::uint32_t total_us;
    std::uint16_t status;
    std::uint16_t used;  // of `text`; 0: the slot is empty
    bool is_cut;
    std::array<char, kSlotBytes - 24> text;  // texts, each with its length before it
  };

  static Receipt read(const Slot& slot);

  ZeroedArray<Slot> slots_;
  std::size_t next_ = 0;
  std::uint64_t noted_ = 0;  // ever
};

}  // namespace gw::exchange
