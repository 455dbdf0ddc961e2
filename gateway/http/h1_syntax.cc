// SPDX-License-Identifier: Apache-2.0
#include "http/h1_syntax.h"

#include "http/scan.h"

namespace gw::http {
namespace {

// Longer names than any server sends; some servers keep the length of a name in one byte.
constexpr std::size_t kMaxNameBytes = 256;

// A spelling that a legacy server reads as one of the fields that delimit a message.
bool is_disguised_length(std::string_view name, std::uint32_t folded) {
  constexpr std::string_view kLength = "content-length", kEncoding = "transfer-encoding";
  return (folded == scan_name(kLength).folded && folds_equal(name, kLength)) ||
         (folded == scan_name(kEncoding).folded && folds_equal(name, kEncoding));
}

const char* read_length(const Field& field, MessageFields& out) {
  if (out.content_length) return "Content-Length stands twice";
  out.content_length = parse_content_length(field.value);
  return out.content_length ? nullptr : "Content-Length is not a number";
}

const char* read_encoding(const Field& field, Version version, MessageFields& out) {
  if (version == Version::http10) return "Transfer-Encoding in HTTP/1.0";
  if (out.chunked || !equal_without_case(field.value, "chunked"))
    return "Transfer-Encoding is not one chunked";
  out.chunked = true;
  return nullptr;
}

}  // namespace

LineEnd find_line_end(std::string_view bytes, std::size_t from) {
  const char* const end = bytes.data() + bytes.size();
  const char* const found = find_control(bytes.data() + from, end);
  const auto at = static_cast<std::size_t>(found - bytes.data());
  if (found == end || (*found == '\r' && found + 1 == end)) return {LineEnd::Kind::incomplete, at};
  if (*found == '\r' && found[1] == '\n') return {LineEnd::Kind::complete, at};
  return {LineEnd::Kind::malformed, at};
}

const char* parse_field_line(std::string_view line, Field& field) {
  if (is_blank(line.front())) return "white space before a field name";
  const NameScan name = scan_name(line);
  if (name.size == 0) return "a field name is empty or begins with a byte that may not stand there";
  if (name.size == line.size()) return "a field line without a colon";
  if (line[name.size] != ':') return "a byte in a field name that may not stand there";
  if (name.size > kMaxNameBytes) return "a field name is too long";

  field.name = line.substr(0, name.size);
  field.value = trim_blanks(line.substr(name.size + 1));
  field.folded = name.folded;
  field.id = field_name_of(field.name, name.folded);
  field.dropped = false;
  if (field.id == FieldName::other && is_disguised_length(field.name, name.folded))
    return "a field that could be read as another one";
  return nullptr;
}

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  constexpr std::size_t kMaxDigits = 19;  // of 2^63-1: nothing up to here overflows 64 bits
  if (value.empty() || value.size() > kMaxDigits) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<unsigned>(c - '0');
  }
  if (length > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return length;
}

const char* read_message_fields(const Fields& fields, Version version, MessageFields& out) {
  const char* why = nullptr;
  for (const Field& field : fields) {
    switch (field.id) {
      case FieldName::host:
        out.host = &field;
        ++out.hosts;
        break;
      case FieldName::content_length:
        why = read_length(field, out);
        break;
      case FieldName::transfer_encoding:
        why = read_encoding(field, version, out);
        break;
      case FieldName::connection:
        out.close = out.close || list_contains(field.value, "close");
        out.keep_alive = out.keep_alive || list_contains(field.value, "keep-alive");
        break;
      case FieldName::expect:
        (equal_without_case(field.value, "100-continue") ? out.expects_continue : out.expects_other) = true;
        break;
      default:
        break;
    }
    if (why != nullptr) return why;
  }
  // RFC 9112 6.1: both lengths present smells of smuggling.
  return out.chunked && out.content_length ? "Content-Length with Transfer-Encoding" : nullptr;
}

std::optional<Version> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return Version::http11;
  if (text == "HTTP/1.0") return Version::http10;
  return std::nullopt;
}

void rebase(Fields& fields, const char* from, const char* to) {
  for (Field& field : fields) {
    rebase(field.name, from, to);
    rebase(field.value, from, to);
  }
}

}  // namespace gw::http
