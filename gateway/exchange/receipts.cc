// SPDX-License-Identifier: Apache-2.0
#include "exchange/receipts.h"

#include <algorithm>
#include <type_traits>

#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kLongest = 128;  // of one text; a request id is no longer
constexpr std::size_t kUsual = 192;    // bytes of most slots

std::uint32_t microseconds(TimePoint from, TimePoint to) {
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(spent, 0, UINT32_MAX));
}

std::string_view take(std::string_view& rest) {
  if (rest.empty()) return {};
  const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest.front()), rest.size() - 1);
  const std::string_view text = rest.substr(1, length);
  rest.remove_prefix(1 + length);
  return text;
}

}  // namespace

ReceiptRing::ReceiptRing(unsigned workers)
    : slots_(std::max<std::size_t>(1, kReceipts / std::max(1u, workers))) {
  static_assert(sizeof(Slot) <= kSlotBytes && std::is_trivially_copyable_v<Slot>);
}

void ReceiptRing::note(const Exchange& exchange) {
  Slot& slot = slots_[next_];
  next_ = next_ + 1 == slots_.size() ? 0 : next_ + 1;
  ++noted_;
  const Exchange::Facts& facts = exchange.facts();
  const TimePoint now = steady_now();
  slot.at = exchange.wall();
  slot.total_us = microseconds(exchange.started(), now);
  slot.decided_us = exchange.decided() == TimePoint()
                        ? 0
                        : std::max(1u, microseconds(exchange.started(), exchange.decided()));
  slot.status = facts.status;
  slot.is_cut = exchange.trace().is_cut();
  std::size_t used = 0;
  // What fits no more is left out, so the least important comes last.
  const auto put = [&](std::string_view text, std::size_t longest = kLongest) {
    if (used == slot.text.size()) return;
    const std::size_t length = std::min({text.size(), longest, slot.text.size() - used - 1});
    if (length != text.size()) slot.is_cut = true;
    slot.text[used++] = static_cast<char>(length);
    text.copy(slot.text.data() + used, length);
    used += length;
  };
  put(exchange.request_id());
  put(exchange.route() != nullptr ? std::string_view(exchange.route()->name) : std::string_view());
  put(facts.code);
  put(facts.unenforced);
  put(facts.shadow);
  put(exchange.trace().packed(), 255);
  put(exchange.request().method_text);
  put(exchange.client_ip());
  put(exchange.target().path);
  put(exchange.host());
  slot.used = static_cast<std::uint16_t>(used);
  // The next slot has long left the processor's caches: it comes while the next request is served.
  const auto* ahead = reinterpret_cast<const char*>(&slots_[next_]);
  for (std::size_t i = 0; i < kUsual; i += 64) __builtin_prefetch(ahead + i, 1);
}

std::optional<std::uint64_t> ReceiptRing::search(const ReceiptQuery& query, std::optional<std::uint64_t> from,
                                                 std::vector<Receipt>& into) const {
  std::uint64_t note = from.value_or(noted_);
  const std::uint64_t oldest = noted_ > slots_.size() ? noted_ - slots_.size() : 0;
  const std::uint64_t end = std::max(oldest, note > kPiece ? note - kPiece : 0);
  for (; note > end && into.size() < query.limit; --note) {
    const Slot& slot = slots_[(note - 1) % slots_.size()];
    // What costs nothing to compare comes first.
    if (query.status != 0 && slot.status != query.status && slot.status / 100 != query.status) continue;
    std::string_view rest(slot.text.data(), slot.used);
    if (!query.request_id.empty() && take(rest) != query.request_id) continue;
    Receipt receipt = read(slot);
    if (query.takes(receipt)) into.push_back(std::move(receipt));
  }
  if (note <= oldest || into.size() >= query.limit) return std::nullopt;
  return note;
}

bool ReceiptQuery::takes(const Receipt& receipt) const {
  const auto agrees = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return agrees(request_id, receipt.request_id) && agrees(route, receipt.route) &&
         agrees(code, receipt.code) && agrees(client, receipt.client) && agrees(method, receipt.method) &&
         agrees(host, receipt.host) && receipt.path.starts_with(path_prefix) &&
         (!refused || *refused != receipt.code.empty()) &&
         (status == 0 || receipt.status == status || receipt.status / 100u == status);
}

Receipt ReceiptRing::read(const Slot& slot) {
  Receipt receipt;
  std::string_view rest(slot.text.data(), slot.used);
  receipt.request_id = take(rest);
  receipt.route = take(rest);
  receipt.code = take(rest);
  receipt.unenforced = take(rest);
  receipt.shadow = take(rest);
  receipt.conditions = policy::ConditionTrace::unpack(take(rest));
  receipt.method = take(rest);
  receipt.client = take(rest);
  receipt.path = take(rest);
  receipt.host = take(rest);
  receipt.status = slot.status;
  receipt.at = slot.at;
  receipt.decided_us = slot.decided_us;
  receipt.total_us = slot.total_us;
  receipt.is_cut = slot.is_cut;
  return receipt;
}

}  // namespace gw::exchange
