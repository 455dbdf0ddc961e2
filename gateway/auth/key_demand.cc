// SPDX-License-Identifier: Apache-2.0
#include "auth/key_demand.h"

#include <algorithm>
#include <utility>

namespace gw::auth {

KeyDemand::KeyDemand(net::EventLoop& loop, net::Deadlines& deadlines, Ask ask, const Limits& limits)
    : loop_(loop), deadlines_(deadlines), ask_(std::move(ask)), limits_(limits) {}

KeyDemand::~KeyDemand() = default;

std::optional<net::Operation> KeyDemand::wait(const std::string& issuer, std::string_view kid,
                                              Callback<void()> done) {
  Source& source = source_of(issuer);
  const TimePoint now = loop_.now();
  if (!source.asked && now < source.next) return std::nullopt;
  if (source.waiting.size() >= limits_.waiting) return std::nullopt;
  const Unknown& known = place_of(source, kid);
  if (known.hash == std::hash<std::string_view>()(kid) && now < known.until) return std::nullopt;

  const auto id = waiters_.insert(std::move(done));
  source.waiting.push_back(id);
  if (source.waiting.size() == 1) deadlines_.set_in(source, limits_.patience);
  if (!std::exchange(source.asked, true)) ask_(issuer);
  return net::Operation(&KeyDemand::cancel, this, id);
}

// A token without a name has none that could be remembered.
void KeyDemand::note_unknown(const std::string& issuer, std::string_view kid) {
  if (kid.empty()) return;
  Unknown& place = place_of(source_of(issuer), kid);
  const std::size_t hash = std::hash<std::string_view>()(kid);
  const bool again = place.hash == hash && place.pause > Duration(0);
  place.pause = again ? std::min(place.pause * 2, limits_.longest_pause) : limits_.first_pause;
  place.hash = hash;
  place.until = loop_.now() + place.pause;
}

void KeyDemand::on_answer(const std::string& issuer, TimePoint next) {
  Source& source = source_of(issuer);
  source.asked = false;
  source.next = next;
  release(source);
}

// A waiter's end may be that of others; an id of those finds nothing.
void KeyDemand::release(Source& source) {
  net::Deadlines::clear(source);
  for (const std::uint64_t id : std::exchange(source.waiting, {}))
    if (auto done = waiters_.take(id)) (*done)();
}

// The id stays in its source's list, as a claim on one of the places, until the list goes as a whole.
void KeyDemand::cancel(void* self, std::uint64_t id) {
  (void)static_cast<KeyDemand*>(self)->waiters_.take(id);
}

KeyDemand::Source& KeyDemand::source_of(const std::string& issuer) {
  for (const auto& source : sources_)
    if (source->issuer == issuer) return *source;
  sources_.push_back(std::make_unique<Source>(*this));
  sources_.back()->issuer = issuer;
  return *sources_.back();
}

KeyDemand::Unknown& KeyDemand::place_of(Source& source, std::string_view kid) {
  return source.unknown[std::hash<std::string_view>()(kid) % source.unknown.size()];
}

}  // namespace gw::auth
