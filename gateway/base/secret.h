// SPDX-License-Identifier: Apache-2.0
// Text that must not be seen: zeroed when it goes, without operator<<, compared in constant time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gw {

// True when equal; the time depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Overwrites in a way that the compiler keeps.
void wipe(void* data, std::size_t size);
void wipe(std::string& text);

class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string text) : text_(std::move(text)) {}
  SecretString(const SecretString&) = default;
  SecretString& operator=(const SecretString& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  SecretString(SecretString&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  SecretString& operator=(SecretString&& other) noexcept {
    if (this != &other) {
      wipe(text_);
      text_ = std::move(other.text_);
      wipe(other.text_);
    }
    return *this;
  }
  ~SecretString() { wipe(text_); }

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  friend bool operator==(const SecretString& a, const SecretString& b) {
    return equal_in_constant_time(a.text_, b.text_);
  }

 private:
  std::string text_;
};

}  // namespace gw
