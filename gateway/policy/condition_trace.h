// SPDX-License-Identifier: Apache-2.0
// The conditions that a decision has asked, packed into a little memory of its own: for a request that is
// served, where nothing may be allocated and the decision asks no more than it must.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"

namespace gw::policy {

// The word for a condition in reports: "token", "scope", "client_certificate", …
std::string_view name_of(Condition condition);

// One that was asked, as a value.
struct AskedCondition {
  Condition condition = Condition::token;
  bool met = false;
  std::string name;
  std::string trouble;
};

class ConditionTrace final : public ConditionListener {
 public:
  void on_condition(const Finding& finding) override;
  bool wants_all() const override { return false; }

  void clear() { size_ = 0, is_cut_ = false; }
  std::string_view packed() const { return {bytes_.data(), size_}; }
  bool is_cut() const { return is_cut_; }  // there were more, or longer ones

  // What packed() holds.
  static std::vector<AskedCondition> unpack(std::string_view packed);

 private:
  static constexpr std::size_t kRoom = 224;
  static constexpr std::size_t kLongest = 96;  // of a name

  void put(std::string_view text);

  std::array<char, kRoom> bytes_;
  std::size_t size_ = 0;
  bool is_cut_ = false;
};

}  // namespace gw::policy
