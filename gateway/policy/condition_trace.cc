// SPDX-License-Identifier: Apache-2.0
#include "policy/condition_trace.h"

#include <algorithm>

namespace gw::policy {
namespace {

constexpr unsigned kMet = 0x80;  // beside the condition, in its byte

// A text with its length before it, taken from the front of `packed`.
std::string take(std::string_view& packed) {
  if (packed.empty()) return {};
  const std::size_t length =
      std::min<std::size_t>(static_cast<unsigned char>(packed.front()), packed.size() - 1);
  std::string text(packed.substr(1, length));
  packed.remove_prefix(1 + length);
  return text;
}

}  // namespace

std::string_view name_of(Condition condition) {
  switch (condition) {
    case Condition::certificate:
      return "client_certificate";
    case Condition::bound:
      return "bound";
    case Condition::token:
      return "token";
    case Condition::issuer:
      return "issuer";
    case Condition::scope:
      return "scope";
    case Condition::roles:
      return "roles";
    case Condition::claim:
      return "claim";
    case Condition::when:
      return "when";
  }
  return "";
}

void ConditionTrace::put(std::string_view text) {
  bytes_[size_++] = static_cast<char>(text.size());
  text.copy(bytes_.data() + size_, text.size());
  size_ += text.size();
}

void ConditionTrace::on_condition(const Finding& finding) {
  const std::string_view name = finding.name.substr(0, kLongest),
                         trouble = finding.trouble.substr(0, kLongest);
  if (name.size() != finding.name.size() || trouble.size() != finding.trouble.size()) is_cut_ = true;
  if (size_ + 3 + name.size() + trouble.size() > bytes_.size()) {
    is_cut_ = true;
    return;
  }
  const unsigned condition = static_cast<unsigned>(finding.condition) | (finding.met ? kMet : 0);
  bytes_[size_++] = static_cast<char>(condition);
  put(name);
  put(trouble);
}

std::vector<AskedCondition> ConditionTrace::unpack(std::string_view packed) {
  std::vector<AskedCondition> all;
  while (!packed.empty()) {
    const auto byte = static_cast<unsigned char>(packed.front());
    packed.remove_prefix(1);
    AskedCondition one{static_cast<Condition>(byte & ~kMet), (byte & kMet) != 0, {}, {}};
    one.name = take(packed);
    one.trouble = take(packed);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace gw::policy
