// SPDX-License-Identifier: Apache-2.0
#include "auth/breached_passwords.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace gw::auth {
namespace {

constexpr std::size_t kPrefix = 5;

std::string sha1_in_hex(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

// Lists come in either case; a count of 0 is padding, and no entry.
bool is_line_of(std::string_view line, std::string_view suffix) {
  if (line.size() < suffix.size()) return false;
  const auto same = [](char a, char b) { return a == b || (b >= 'a' && b <= 'f' && b - 'a' + 'A' == a); };
  if (!std::equal(suffix.begin(), suffix.end(), line.begin(), same)) return false;
  std::string_view rest = line.substr(suffix.size());
  while (rest.ends_with('\r') || rest.ends_with(' ')) rest.remove_suffix(1);
  return rest.empty() || (rest.front() == ':' && rest != ":0");
}

}  // namespace

bool is_breached(const std::string& folder, const SecretString& password) {
  const std::string hash = sha1_in_hex(password.reveal());
  const std::string path = folder + "/" + hash.substr(0, kPrefix);
  const std::string_view suffix = std::string_view(hash).substr(kPrefix);
  for (const char* ending : {"", ".txt"}) {
    std::ifstream file(path + ending);
    for (std::string line; std::getline(file, line);)
      if (is_line_of(line, suffix)) return true;
  }
  return false;
}

}  // namespace gw::auth
