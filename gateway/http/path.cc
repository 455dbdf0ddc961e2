// SPDX-License-Identifier: Apache-2.0
#include "http/path.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "http/scan.h"

namespace gw::http {
namespace {

enum class Byte : std::uint8_t { refused, plain, slash, dot, semicolon, percent };

// RFC 3986 pchar, and '[' and ']', which browsers send as they are. Refused are controls, blanks, bytes
// outside ASCII, '\', '#' and what RFC 3986 wants escaped, because servers differ in what they make of it.
constexpr std::array<Byte, 256> kPathBytes = [] {
  std::array<Byte, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if (is_digit(c) || is_upper(c) || is_lower(c)) table[static_cast<std::size_t>(i)] = Byte::plain;
  }
  for (const char c : std::string_view("-_~!$&'()*+,=:@[]"))
    table[static_cast<unsigned char>(c)] = Byte::plain;
  table['/'] = Byte::slash;
  table['.'] = Byte::dot;
  table[';'] = Byte::semicolon;
  table['%'] = Byte::percent;
  return table;
}();
Byte byte_of(char c) {
  return kPathBytes[static_cast<unsigned char>(c)];
}

bool is_unreserved(unsigned c) {
  const char byte = static_cast<char>(c);
  return is_digit(byte) || is_upper(byte) || is_lower(byte) || c == '-' || c == '.' || c == '_' || c == '~';
}

// The value of the escape at `at`; -1 when there is none.
int escape_at(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// A path in its only form already: nothing to decode, to merge or to resolve. May say no to one that is.
bool is_clean(std::string_view path, bool& has_parameters) {
  Byte before = Byte::refused;
  for (const char c : path) {
    const Byte byte = byte_of(c);
    if (byte == Byte::percent || byte == Byte::refused) return false;
    if (before == Byte::slash && (byte == Byte::slash || byte == Byte::dot)) return false;
    if (byte == Byte::semicolon) has_parameters = true;
    before = byte;
  }
  return true;
}

// A sequence that lenient decoders of UTF-8 read as a shorter one, `%c0%af` as a slash.
bool is_overlong(unsigned lead, int next) {
  if (lead == 0xC0 || lead == 0xC1) return true;
  const auto is_below = [next](int limit) { return next >= 0x80 && next < limit; };
  return (lead == 0xE0 && is_below(0xA0)) || (lead == 0xF0 && is_below(0x90)) ||
         (lead == 0xF8 && is_below(0x88)) || (lead == 0xFC && is_below(0x84));
}

bool is_refused_escape(unsigned value, int next) {
  return value < 0x20 || value == 0x7F || value == '/' || value == '\\' || is_overlong(value, next);
}

// RFC 3986 6.2.2.1 and 6.2.2.2: escapes of unreserved characters are decoded, the others get upper case.
const char* decode(std::string_view path, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out.clear();
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Byte byte = byte_of(path[i]);
    if (byte == Byte::refused) return "a byte that may not stand in a path";
    if (byte != Byte::percent) {
      out += path[i];
      continue;
    }
    const int escape = escape_at(path, i);
    if (escape < 0) return "an escape that is not two hex digits";
    const auto value = static_cast<unsigned>(escape);
    if (is_refused_escape(value, escape_at(path, i + 3))) return "an escape that servers read differently";
    if (is_unreserved(value)) {
      out += static_cast<char>(value);
    } else {
      out += '%';
      out += kHex[value >> 4];
      out += kHex[value & 15];
    }
    i += 2;
  }
  return nullptr;
}

// What an escaped percent sign leads to when `text` behind it is decoded until no percent is left.
int nested_escape(std::string_view text) {
  while (text.starts_with("25")) text.remove_prefix(2);
  if (text.size() < 2) return -1;
  const int high = hex_value(text[0]), low = hex_value(text[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// REQUIRES: decoded, so that `%25` has one spelling and its digits are not escaped themselves.
bool has_nested_separator(std::string_view path) {
  for (std::size_t at = path.find("%25"); at != std::string_view::npos; at = path.find("%25", at + 3)) {
    const int value = nested_escape(path.substr(at + 3));
    if (value == '.' || value == '/' || value == '\\') return true;
  }
  return false;
}

// "..;x": servers that take parameters out see a dot segment.
bool is_disguised_dot_segment(std::string_view segment) {
  const std::size_t dots = std::min(segment.find_first_not_of('.'), segment.size());
  if (dots != 1 && dots != 2) return false;
  const std::string_view rest = segment.substr(dots);
  return rest.starts_with(';') || rest.starts_with("%3B") ||
         (rest.starts_with("%25") && nested_escape(rest.substr(3)) == ';');
}

// Merges slashes and resolves dot segments, in place: what is written never overtakes what is read.
const char* resolve(std::string& path) {
  std::size_t written = 1;  // the first slash; what was written always ends in one
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view segment = std::string_view(path).substr(at, slash - at);
    if (is_disguised_dot_segment(segment)) return "a dot segment with parameters";
    const bool is_last = slash == path.size();
    const std::size_t next = slash + 1;
    if (segment == "..") {
      if (written == 1) return "a dot segment climbs above the root";
      written = path.rfind('/', written - 2) + 1;
    } else if (!segment.empty() && segment != ".") {
      std::copy(path.begin() + static_cast<std::ptrdiff_t>(at),
                path.begin() + static_cast<std::ptrdiff_t>(slash),
                path.begin() + static_cast<std::ptrdiff_t>(written));
      written += segment.size();
      if (!is_last) path[written++] = '/';
    }
    at = next;
  }
  path.resize(written);
  return nullptr;
}

// The query goes on byte for byte, so it may hold nothing that would break a request line or be cut off:
// controls, blanks, '#' and bytes outside ASCII are refused, everything else passes.
bool is_query(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

bool is_port(std::string_view text) {
  constexpr std::size_t kMaxDigits = 5;
  if (text.size() > kMaxDigits || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  unsigned port = 0;
  for (const char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  return port <= 65535;
}

// Letters, digits, '-', '_' and '~' in labels that are not empty; a trailing dot has gone already. RFC 3986
// also allows escapes and signs, of which servers make different things and for which nobody has a use.
bool is_name(std::string_view text) {
  constexpr std::size_t kMaxBytes = 255;
  if (text.empty() || text.size() > kMaxBytes || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_unreserved(static_cast<unsigned char>(c)); });
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) return false;
  text.copy(buffer.data(), text.size());
  in6_addr address;
  return inet_pton(AF_INET6, buffer.data(), &address) == 1;
}

std::string_view to_lower(std::string_view text, std::string& scratch) {
  if (std::none_of(text.begin(), text.end(), is_upper)) return text;
  scratch.resize(text.size());
  std::transform(text.begin(), text.end(), scratch.begin(), lower);
  return scratch;
}

bool is_parameter_at(std::string_view path, std::size_t at) {
  return path[at] == ';' || (path[at] == '%' && escape_at(path, at) == ';');
}

}  // namespace

Result<Target> normalise_target(std::string_view target, std::string& scratch) {
  if (target == "*") return Target{target, {}, false, false};
  if (!target.starts_with('/')) return Error(Fault::bad_path, "the target does not begin with a slash");

  Target result;
  const std::size_t question = target.find('?');
  result.path = target.substr(0, question);
  result.has_query = question != std::string_view::npos;
  if (result.has_query) result.query = target.substr(question + 1);
  if (!is_query(result.query)) return Error(Fault::bad_path, "a byte that may not stand in a query");
  if (is_clean(result.path, result.has_parameters)) return result;

  if (const char* why = decode(result.path, scratch)) return Error(Fault::bad_path, why);
  if (has_nested_separator(scratch)) return Error(Fault::bad_path, "a dot or slash that is escaped twice");
  if (const char* why = resolve(scratch)) return Error(Fault::bad_path, why);
  if (result.path != scratch) result.path = scratch;
  result.has_parameters =
      result.path.find(';') != std::string_view::npos || result.path.find("%3B") != std::string_view::npos;
  return result;
}

// Slashes that come to stand side by side are merged, as the servers do that take parameters out.
std::string_view without_parameters(std::string_view path, std::string& scratch) {
  std::size_t at = 0;
  while (at < path.size() && !is_parameter_at(path, at)) ++at;
  if (at == path.size()) return path;

  scratch.assign(path.substr(0, at));
  for (bool is_inside = true; at < path.size(); ++at) {
    if (path[at] == '/') {
      is_inside = false;
      if (scratch.ends_with('/')) continue;
    } else if (is_parameter_at(path, at)) {
      is_inside = true;
    }
    if (!is_inside) scratch += path[at];
  }
  return scratch;
}

std::string_view normalise_host(std::string_view authority, std::string& scratch) {
  const bool is_bracketed = authority.starts_with('[');
  const std::size_t bracket = is_bracketed ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return {};
  const std::size_t end = is_bracketed ? bracket + 1 : std::min(authority.find(':'), authority.size());
  std::string_view host = authority.substr(0, end);
  const std::string_view port = authority.substr(end);
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return {};

  if (is_bracketed)
    return is_ipv6(host.substr(1, host.size() - 2)) ? to_lower(host, scratch) : std::string_view();
  if (host.ends_with('.')) host.remove_suffix(1);
  return is_name(host) ? to_lower(host, scratch) : std::string_view();
}

}  // namespace gw::http
