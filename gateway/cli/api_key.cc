// SPDX-License-Identifier: Apache-2.0
#include "cli/api_key.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "auth/api_key.h"
#include "base/utf8.h"
#include "cli/store_access.h"
#include "config/units.h"

namespace gw::cli {
namespace {

constexpr Duration kYear = 365 * 24h;

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return 1;
}

// A word of a scope list (RFC 6749 3.3), or a role: what joins them may not stand in them.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 200 && is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '\x7f';
         });
}

bool is_title(std::string_view text) {
  return !text.empty() && text.size() <= 200 && is_utf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

std::string find_problem(const config::Config& config, const ApiKeyRequest& request) {
  if (config.login.backends.empty())
    return "API keys need login in the configuration (it issues the identities)";
  if (!is_title(request.name)) return "--name must be 1 to 200 bytes of UTF-8, without control characters";
  if (!request.subject.empty() && !is_word(request.subject)) return "--sub has blanks or control characters";
  if (!std::all_of(request.scopes.begin(), request.scopes.end(), is_word)) return "a --scope is one word";
  if (!std::all_of(request.roles.begin(), request.roles.end(), is_word)) return "a --role is one word";
  return {};
}

std::string format_day(WallSeconds at) {
  const std::time_t time = at;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return text.data();
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined.empty() ? "-" : joined;
}

}  // namespace

int run_key_issue(const config::Config& config, const ApiKeyRequest& request, std::ostream& out,
                  std::ostream& err) {
  if (const std::string problem = find_problem(config, request); !problem.empty()) return fail(err, problem);
  const auto ttl = request.ttl.empty() ? std::optional(kYear) : config::parse_duration(request.ttl);
  if (!ttl || *ttl < 1s) return fail(err, "--ttl is no duration (write 90d)");
  const auth::NewApiKey key = auth::make_api_key();
  const WallSeconds now = wall_now();
  const auth::ApiKeyFacts facts{key.hash, request.name, request.scopes, request.roles, now};
  store::Record record{store::RecordKind::api_key, key.id, request.subject, auth::format_api_key(facts),
                       now + std::chrono::duration_cast<std::chrono::seconds>(*ttl).count()};
  if (record.owner.empty()) record.owner = "key:" + key.id;
  if (const Status kept = put_record(opener_of(config), record); !kept) return fail(err, kept.error().detail);
  err << "key " << key.id << " (sub " << record.owner << ") is good until " << format_day(record.until)
      << "; it is shown only now:\n";
  out << key.text.reveal() << '\n';
  return 0;
}

int run_key_list(const config::Config& config, std::ostream& out, std::ostream& err) {
  const auto records = list_records(opener_of(config), store::RecordKind::api_key);
  if (!records) return fail(err, records.error().detail);
  for (const store::Record& record : *records) {
    const auto facts = auth::parse_api_key(record.value);
    if (!facts) continue;
    out << record.key << "  " << record.owner << "  until " << format_day(record.until) << "  scopes "
        << join(facts->scopes) << "  roles " << join(facts->roles) << "  " << facts->name << '\n';
  }
  return 0;
}

int run_key_revoke(const config::Config& config, const ApiKeyRequest& request, std::ostream& out,
                   std::ostream& err) {
  const auto taken = take_record(opener_of(config), store::RecordKind::api_key, request.id);
  if (!taken) return fail(err, taken.error().detail);
  if (!*taken)
    return fail(err, "there is no key \"" + request.id + "\" (`gatewarden key list` shows those there are)");
  out << "revoked key " << request.id << '\n';
  return 0;
}

}  // namespace gw::cli
