// SPDX-License-Identifier: Apache-2.0
#include "auth/introspection_answer.h"

#include <algorithm>
#include <array>

#include "auth/token_rules.h"

namespace gw::auth {
namespace {

constexpr json::Limits kAnswerLimits{.bytes = 64 * 1024, .depth = 16, .values = 4096};
constexpr std::size_t kMaxOpaqueBytes = 4096;

Error unclear(std::string what) {
  return {Fault::backend_unavailable, "the answer to introspection " + std::move(what)};
}

std::string lower_text(const json::Value* value) {
  std::string text = value == nullptr || value->as_string() == nullptr ? std::string() : *value->as_string();
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

enum class Use : std::uint8_t { unsaid, access, other };

Use use_of(const json::Value* member, std::initializer_list<std::string_view> access) {
  if (member == nullptr) return Use::unsaid;
  const std::string text = lower_text(member);
  return std::find(access.begin(), access.end(), text) == access.end() ? Use::other : Use::access;
}

// A refresh token may be active too, and is no access token. `token_type` is RFC 7662's, `token_use` and
// `typ` are what some issuers say.
Status check_use(const json::Value& answer, bool must_say) {
  const std::array uses{use_of(answer.find("token_type"), {"bearer", "dpop"}),
                        use_of(answer.find("token_use"), {"access_token", "access"}),
                        use_of(answer.find("typ"), {"bearer", "dpop", "at+jwt", "jwt", "access_token"})};
  const auto says = [&](Use use) { return std::find(uses.begin(), uses.end(), use) != uses.end(); };
  if (says(Use::other) || (must_say && !says(Use::access)))
    return Error(Fault::token_type, "the answer to introspection does not say that it is an access token");
  return {};
}

// RFC 9449 6.2: the answer tells the key. One that is not told would leave a bearer token.
Status check_binding(const json::Value& answer) {
  const bool is_bound =
      lower_text(answer.find("token_type")) == "dpop" || lower_text(answer.find("typ")) == "dpop";
  if (is_bound && read_confirmation(answer).key.empty())
    return Error(Fault::token_type,
                 "the answer to introspection does not say which key the token is bound to");
  return {};
}

void drop_member(json::Object& object, std::string_view name) {
  object.erase(std::remove_if(object.begin(), object.end(),
                              [&](const json::Member& member) { return member.first == name; }),
               object.end());
}

}  // namespace

Result<Introspected> read_introspection(std::string_view text, const Issuer& issuer, WallSeconds now) {
  auto answer = json::parse(text, kAnswerLimits);
  if (!answer) return unclear("is not JSON");
  const json::Value* active = answer->find("active");
  if (active == nullptr || active->as_bool() == nullptr) return unclear("has no `active`");
  if (!*active->as_bool()) return Error(Fault::token_revoked, "its issuer says that it is not active");
  if (const json::Value* named = answer->find("iss");
      named != nullptr && *named != json::Value(issuer.issuer))
    return Error(Fault::token_issuer, "the answer to introspection names another issuer");
  if (auto access = check_use(*answer, issuer.introspection->require_token_type); !access)
    return access.error();

  if (auto bound = check_binding(*answer); !bound) return bound.error();

  drop_member(*answer->as_object(), "active");
  answer->set("iss", issuer.issuer);
  // Without an end of its own it is good for as long as the answer.
  if (answer->find("exp") == nullptr) answer->set("exp", now + issuer.introspection->cache);
  const auto claims = jose::read_claims(*answer);
  if (!claims) return unclear("has a claim of the wrong type");
  if (auto aged = check_age(issuer, *claims); !aged) return aged.error();
  const Validity validity = validity_of(issuer, *claims);
  if (auto timely = check_times(validity, now); !timely) return timely.error();
  if (auto meant = check_audience(issuer, *claims); !meant) return meant.error();
  Introspected good{{}, validity.from, validity.until};
  good.identity = make_identity(issuer.name, *claims, std::move(*answer), issuer.claims, issuer.subject);
  return good;
}

bool is_opaque_token(std::string_view text) {
  if (text.empty() || text.size() > kMaxOpaqueBytes) return false;
  const std::size_t end = text.find_last_not_of('=');
  return end != std::string_view::npos &&
         std::all_of(text.begin(), text.begin() + static_cast<long>(end) + 1, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-._~+/").find(c) != std::string_view::npos;
         });
}

}  // namespace gw::auth
