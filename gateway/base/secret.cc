// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <cstring>

#include "base/secret_memory.h"

namespace gw {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

void wipe(void* data, std::size_t size) {
  explicit_bzero(data, size);
}

void wipe(std::string& text) {
  // The whole capacity: what was there before may have been longer.
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

SecretString::SecretString(std::string_view text) : size_(text.size()) {
  if (size_ == 0) return;
  text_ = secret_memory::allocate(size_ + 1);
  std::memcpy(text_, text.data(), size_);
  text_[size_] = '\0';
}

SecretString::SecretString(std::string text) : SecretString(std::string_view(text)) {
  wipe(text);
}

SecretString::~SecretString() {
  secret_memory::release(text_, size_ + 1);
}

}  // namespace gw
