// SPDX-License-Identifier: Apache-2.0
#include "plugin/account_reader.h"

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"
#include "plugin/plugin_host.h"

namespace gw::plugin {
namespace {

constexpr json::Limits kJsonLimits{.bytes = 64 * 1024, .depth = 16, .values = 4096};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Copies `from` to `to`; false when it is not text of at most `most` bytes. Looks at no byte before the
// length.
bool read_text(const gatewarden_text& from, std::size_t most, std::string& to) {
  if (from.size > most || (from.data == nullptr && from.size != 0)) return false;
  const std::string_view text = view_of(from);
  if (!is_utf8(text) || has_control(text)) return false;
  to = text;
  return true;
}

bool read_json(const gatewarden_text& from, json::Value& to) {
  if (from.size == 0) return true;
  if (from.data == nullptr || from.size > kJsonLimits.bytes) return false;
  auto value = json::parse(view_of(from), kJsonLimits);
  if (!value) return false;
  to = std::move(*value);
  return true;
}

bool read_roles(const gatewarden_text& from, std::vector<std::string>& to) {
  json::Value value;
  if (!read_json(from, value)) return false;
  if (value.is_null()) return true;
  const json::Array* roles = value.as_array();
  if (roles == nullptr) return false;
  for (const json::Value& role : *roles) {
    const std::string* text = role.as_string();
    if (text == nullptr || text->size() > kMaxTextBytes || has_control(*text)) return false;
    to.push_back(*text);
  }
  return true;
}

}  // namespace

bool is_login_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTextBytes && is_utf8(text) && !has_control(text);
}

Result<auth::Account, std::string> read_account(const gatewarden_account& from) {
  auth::Account account;
  if (!read_text(from.id, kMaxIdBytes, account.id) || account.id.empty())
    return std::string("the account's id");
  if (!read_text(from.username, kMaxTextBytes, account.username) || account.username.empty()) {
    return std::string("the account's user name");
  }
  if (!read_text(from.email, kMaxTextBytes, account.email))
    return std::string("the account's e-mail address");
  if (!read_text(from.name, kMaxTextBytes, account.name)) return std::string("the account's name");
  if (!read_roles(from.roles, account.roles)) return std::string("the account's roles");
  if (!read_json(from.attributes, account.attributes) ||
      (!account.attributes.is_null() && account.attributes.as_object() == nullptr)) {
    return std::string("the account's attributes");
  }
  account.disabled = from.disabled != 0;
  return account;
}

AccountReader::AccountReader(std::size_t most) : most_(most) {
  sink_.account = on_account;
  sink_.reader = this;
}

void AccountReader::on_account(const gatewarden_sink* sink, const gatewarden_account* account) noexcept {
  static_cast<const Sink*>(sink)->reader->add(account);
}

void AccountReader::add(const gatewarden_account* from) {
  if (!problem_.empty()) return;
  if (from == nullptr) {
    problem_ = "an account that is NULL";
  } else if (accounts_.size() == most_) {
    problem_ = "more accounts than were asked for";
  } else if (auto account = read_account(*from)) {
    accounts_.push_back(std::move(*account));
  } else {
    problem_ = account.error();
  }
}

}  // namespace gw::plugin
