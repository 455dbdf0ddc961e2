// SPDX-License-Identifier: Apache-2.0
// Text that must not be seen: kept out of swap and core dumps where that is permitted, zeroed when it goes,
// without operator<<, compared in constant time.
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
  explicit SecretString(std::string text);  // which is wiped
  explicit SecretString(std::string_view text);
  explicit SecretString(const char* text) : SecretString(std::string_view(text)) {}
  SecretString(const SecretString& other) : SecretString(other.reveal()) {}
  SecretString(SecretString&& other) noexcept
      : text_(std::exchange(other.text_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SecretString& operator=(SecretString other) noexcept {
    std::swap(text_, other.text_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SecretString();

  // A zero byte follows it.
  std::string_view reveal() const { return {text_ != nullptr ? text_ : "", size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  friend bool operator==(const SecretString& a, const SecretString& b) {
    return equal_in_constant_time(a.reveal(), b.reveal());
  }

 private:
  char* text_ = nullptr;  // in secret_memory
  std::size_t size_ = 0;
};

}  // namespace gw
