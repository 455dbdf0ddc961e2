// SPDX-License-Identifier: Apache-2.0
#include "exchange/audit_chain.h"

#include <charconv>

#include "jose/digest.h"

namespace gw::exchange {
namespace {

constexpr std::string_view kNumber = "{\"seq\":", kMac = ",\"mac\":\"", kEnd = "\"}",
                           kContinues = "\"continues\":\"";
constexpr std::size_t kMacDigits = 64;

std::string to_hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

struct Parts {
  std::uint64_t number = 0;
  std::string_view sealed;  // what the MAC covers
  std::string_view mac;
};

std::optional<std::uint64_t> read_number(std::string_view text, std::size_t& used) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return std::nullopt;
  used = static_cast<std::size_t>(end - text.data());
  return number;
}

bool is_mac(std::string_view text) {
  return text.size() == kMacDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<Parts> take_apart(std::string_view line) {
  constexpr std::size_t kTail = kMac.size() + kMacDigits + kEnd.size();
  if (!line.starts_with(kNumber) || !line.ends_with(kEnd) || line.size() < kNumber.size() + kTail)
    return std::nullopt;
  std::size_t used = 0;
  const auto number = read_number(line.substr(kNumber.size()), used);
  const std::string_view tail = line.substr(line.size() - kTail);
  const std::string_view mac = tail.substr(kMac.size(), kMacDigits);
  if (!number || !tail.starts_with(kMac) || !is_mac(mac)) return std::nullopt;
  return Parts{*number, line.substr(0, line.size() - kTail), mac};
}

// Of the first line of a file that goes on from another.
std::string_view find_continued(std::string_view sealed) {
  const std::size_t comma = sealed.find(',');
  if (comma == std::string_view::npos || !sealed.substr(comma + 1).starts_with(kContinues)) return {};
  const std::string_view mac = sealed.substr(comma + 1 + kContinues.size(), kMacDigits);
  return is_mac(mac) ? mac : std::string_view();
}

}  // namespace

std::string AuditChain::seal_first(std::string_view members) {
  if (end_.number == 0) return seal(members);
  return seal(std::string(kContinues) + end_.mac + "\"," + std::string(members));
}

std::string AuditChain::seal(std::string_view members) {
  std::string line(kNumber);
  line.append(std::to_string(end_.number + 1)).append(",").append(members);
  std::string mac = mac_of(end_.mac, line);
  line.append(kMac).append(mac).append(kEnd).append("\n");
  end_ = {end_.number + 1, std::move(mac)};
  return line;
}

Result<void, std::string> AuditChain::check(std::string_view line) {
  const auto parts = take_apart(line);
  if (!parts) return std::string("is no line of this log, or is broken off");
  std::string_view previous = end_.mac;
  const bool begins = end_.number == 0 && parts->number != 1;
  if (begins) {
    previous = find_continued(parts->sealed);
    if (previous.empty()) return std::string("begins the file, but lines before it are missing");
  } else if (parts->number != end_.number + 1) {
    return "has the number " + std::to_string(parts->number) + " where " + std::to_string(end_.number + 1) +
           " was to come: lines are missing, or not in their order";
  }
  if (!equal_in_constant_time(mac_of(previous, parts->sealed), parts->mac))
    return std::string("has been changed, or is not the one that stood here");
  end_ = {parts->number, std::string(parts->mac)};
  return {};
}

std::optional<ChainEnd> AuditChain::end_of(std::string_view text) {
  while (!text.empty()) {
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos) return std::nullopt;
    text = text.substr(0, newline);
    const std::size_t begin = text.rfind('\n') + 1;  // npos + 1 is 0
    if (const auto parts = take_apart(text.substr(begin)))
      return ChainEnd{parts->number, std::string(parts->mac)};
    text = text.substr(0, begin);
  }
  return std::nullopt;
}

std::string AuditChain::mac_of(std::string_view previous, std::string_view sealed) const {
  std::string text(previous);
  text.append("\n").append(sealed);
  return to_hex(jose::Hmac(jose::Hash::sha256, key_.reveal()).compute(text).view());
}

std::string format_chain_end(const ChainEnd& end) {
  return std::to_string(end.number) + " " + end.mac + "\n";
}

std::optional<ChainEnd> parse_chain_end(std::string_view text) {
  std::size_t used = 0;
  const auto number = read_number(text, used);
  if (!number || text.size() != used + 1 + kMacDigits + 1 || text[used] != ' ' || text.back() != '\n')
    return std::nullopt;
  const std::string_view mac = text.substr(used + 1, kMacDigits);
  if (!is_mac(mac)) return std::nullopt;
  return ChainEnd{*number, std::string(mac)};
}

}  // namespace gw::exchange
