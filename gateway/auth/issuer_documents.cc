// SPDX-License-Identifier: Apache-2.0
#include "auth/issuer_documents.h"

#include <algorithm>
#include <charconv>

namespace gw::auth {
namespace {

constexpr json::Limits kDiscoveryLimits{.bytes = 256 * 1024, .depth = 16, .values = 20000};
constexpr json::Limits kSnapshotLimits{.bytes = 4 * 1024 * 1024, .depth = 4, .values = 16};

const std::string* text_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

// RFC 9111 section 1.2.2: what is too large is as good as infinite.
std::optional<std::int64_t> read_seconds(std::string_view text) {
  constexpr std::int64_t kInfinite = 2147483648;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range) return kInfinite;
  return std::min(seconds, kInfinite);
}

}  // namespace

std::array<std::string, 2> discovery_urls(std::string_view issuer) {
  std::string base(issuer);
  while (base.ends_with('/')) base.pop_back();
  // RFC 8414 section 3.1 puts the well-known part before the path, OpenID Connect behind it.
  const std::size_t authority = base.find("://") == std::string::npos ? 0 : base.find("://") + 3;
  const std::size_t path = std::min(base.find('/', authority), base.size());
  return {base + "/.well-known/openid-configuration",
          base.substr(0, path) + "/.well-known/oauth-authorization-server" + base.substr(path)};
}

Result<fetch::Url, std::string> read_discovery(std::string_view text, std::string_view issuer) {
  const auto document = json::parse(text, kDiscoveryLimits);
  if (!document) return "the discovery document is not JSON: " + document.error();
  const std::string* named = text_of(*document, "issuer");
  if (named == nullptr || *named != issuer)
    return std::string("the discovery document is that of another issuer");
  const std::string* uri = text_of(*document, "jwks_uri");
  if (uri == nullptr) return std::string("the discovery document has no `jwks_uri`");
  auto url = fetch::parse_url(*uri);
  if (!url) return "`jwks_uri` of the discovery document " + url.error();
  return std::move(*url);
}

std::optional<std::chrono::seconds> read_freshness(std::string_view cache_control, std::string_view age) {
  std::optional<std::int64_t> fresh;
  while (!cache_control.empty()) {
    const std::size_t comma = std::min(cache_control.find(','), cache_control.size());
    const std::string directive = lower_case(trimmed(cache_control.substr(0, comma)));
    cache_control.remove_prefix(std::min(comma + 1, cache_control.size()));
    if (directive == "no-store" || directive == "no-cache") return std::chrono::seconds(0);
    constexpr std::string_view kMaxAge = "max-age=";
    if (!directive.starts_with(kMaxAge)) continue;
    std::string_view value = std::string_view(directive).substr(kMaxAge.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    const auto seconds = read_seconds(value);
    // Of two, or one that cannot be read, the shorter life.
    fresh = std::min(fresh.value_or(seconds.value_or(0)), seconds.value_or(0));
  }
  if (!fresh) return std::nullopt;
  return std::chrono::seconds(std::max<std::int64_t>(0, *fresh - read_seconds(trimmed(age)).value_or(0)));
}

std::string format_key_snapshot(const KeySnapshot& snapshot) {
  return json::dump(json::Object{{"issuer", snapshot.issuer},
                                 {"jwks_uri", snapshot.jwks_uri},
                                 {"fetched_at", snapshot.fetched_at},
                                 {"keys", snapshot.keys}}) +
         '\n';
}

Result<KeySnapshot, std::string> parse_key_snapshot(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto document = json::parse(text, kSnapshotLimits);
  if (!document) return document.error();
  const std::string* issuer = text_of(*document, "issuer");
  const std::string* uri = text_of(*document, "jwks_uri");
  const std::string* keys = text_of(*document, "keys");
  const json::Value* at = document->find("fetched_at");
  if (issuer == nullptr || uri == nullptr || keys == nullptr || at == nullptr || at->as_int() == nullptr)
    return std::string("it is no snapshot of keys");
  return KeySnapshot{*issuer, *uri, *at->as_int(), *keys};
}

}  // namespace gw::auth
