// SPDX-License-Identifier: Apache-2.0
#include "cli/keys.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <thread>

#include "auth/key_store.h"
#include "config/units.h"
#include "server/process.h"

namespace gw::cli {
namespace {

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return 1;
}

// "2030-01-31T12:00:00Z"
std::string format_time(WallSeconds seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  std::string text(sizeof "2030-01-31T12:00:00Z", '\0');
  if (gmtime_r(&time, &parts) == nullptr) return "-";
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

void print_key(const auth::SigningKey& key, const auth::KeyStore& keys, std::ostream& out) {
  const bool in_file = !key.path.empty();
  out << key.key.kid() << "  " << jose::name_of(key.algorithm) << "  "
      << (in_file ? format_time(key.created_at) : "-") << "  "
      << (in_file ? key.path : "tokens.secret of the configuration");
  if (&key == &keys.current())
    out << "  (signs)";
  else if (key.signs_from > keys.current().signs_from && key.algorithm == keys.current().algorithm)
    out << "  (will sign from " << format_time(key.signs_from) << ')';
  out << '\n';
}

// A running gateway looks into the folder twice a second; a key that it has not seen must not sign.
constexpr WallSeconds kSpread = 2;
constexpr WallSeconds kSpreadToReplicas = 5;  // who look into the store as often

}  // namespace

int run_keys_list(const config::Config& config, std::ostream& out, std::ostream& err) {
  const auto keys =
      auth::KeyStore::open(config.server.state_dir, config.tokens, wall_now(), auth::WhenMissing::pretend);
  if (!keys) return fail(err, keys.error());
  for (const std::string& warning : keys->warnings()) err << "warning: " << warning << '\n';
  for (const auth::SigningKey& key : keys->all()) {
    const bool is_pretended = key.path.empty() && config.tokens.secret.empty();
    if (!is_pretended) print_key(key, *keys, out);
  }
  return 0;
}

int run_keys_rotate(const config::Config& config, const std::string& delay, std::ostream& out,
                    std::ostream& err) {
  const auto wanted =
      delay.empty() ? std::optional<Duration>(Duration::zero()) : config::parse_duration(delay);
  if (!wanted || *wanted < Duration::zero() || *wanted > 365 * 24h)
    return fail(err, "--in is no duration up to 365d (write 10m or 24h)");
  if (auto made = server::make_state_dir(config.server.state_dir, config.server.user); !made)
    return fail(err, made.error());
  auto keys = auth::KeyStore::open(config.server.state_dir, config.tokens, wall_now());
  if (!keys) return fail(err, keys.error());
  const WallSeconds now = wall_now();
  const WallSeconds from = now + std::max(config.store.redis ? kSpreadToReplicas : kSpread,
                                          std::chrono::ceil<std::chrono::seconds>(*wanted).count());
  if (auto rotated = keys->rotate(now, from); !rotated) return fail(err, rotated.error());
  if (delay.empty())
    while (wall_now() < from) std::this_thread::sleep_for(50ms);
  const auto after =
      auth::KeyStore::open(config.server.state_dir, config.tokens, wall_now(), auth::WhenMissing::pretend);
  if (!after) return fail(err, after.error());
  for (const auth::SigningKey& key : after->all())
    if (key.signs_from == from) print_key(key, *after, out);
  return 0;
}

}  // namespace gw::cli
