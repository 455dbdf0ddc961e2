// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <sys/time.h>

#include <algorithm>
#include <cctype>

namespace ldap_users {
namespace {

timeval seconds_of(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
struct FreeMemory {
  void operator()(char* text) const { ldap_memfree(text); }
};
using Text = std::unique_ptr<char, FreeMemory>;

// The server is away, or cannot say now: neither tells anything about a user.
bool is_broken(int code) {
  switch (code) {
    case LDAP_SERVER_DOWN:
    case LDAP_LOCAL_ERROR:
    case LDAP_ENCODING_ERROR:
    case LDAP_DECODING_ERROR:
    case LDAP_TIMEOUT:
    case LDAP_CONNECT_ERROR:
    case LDAP_NO_MEMORY:
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
    case LDAP_OPERATIONS_ERROR:
    case LDAP_PROTOCOL_ERROR:
    case LDAP_OTHER:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::unique_ptr<Connection> Connection::open(const Server& server, std::string& error) {
  LDAP* handle = nullptr;
  const int made = ldap_initialize(&handle, server.url.c_str());
  if (made != LDAP_SUCCESS) {
    error = ldap_err2string(made);
    return nullptr;
  }
  std::unique_ptr<Connection> connection(new Connection(handle, server.timeout));
  error = connection->prepare(server);
  return error.empty() ? std::move(connection) : nullptr;
}

// Each option is set here: what ldap.conf or the environment say must not weaken the connection.
std::string Connection::prepare(const Server& server) {
  const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
  const timeval timeout = seconds_of(server.timeout);
  LDAP* const handle = handle_.get();
  bool set = ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
             ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &timeout) == LDAP_OPT_SUCCESS &&
             ldap_set_option(handle, LDAP_OPT_TIMEOUT, &timeout) == LDAP_OPT_SUCCESS &&
             ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
             ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS;
  if (set && !server.ca_file.empty())
    set = ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, server.ca_file.c_str()) == LDAP_OPT_SUCCESS;
  if (set) set = ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS;
  if (!set) return "libldap does not take its options (is ca_file readable?)";
  if (!server.start_tls) return {};
  const int started = ldap_start_tls_s(handle, nullptr, nullptr);
  if (started == LDAP_SUCCESS) return {};
  const Answer answer = answer_of(started);
  return "StartTLS: " + std::string(ldap_err2string(started)) +
         (answer.diagnostic.empty() ? "" : ": " + answer.diagnostic);
}

Answer Connection::bind(const std::string& dn, std::string_view password) {
  if (password.empty() && !dn.empty()) return {LDAP_INVALID_CREDENTIALS, "an empty password", false};
  std::string copy(password);
  berval credentials{copy.size(), copy.data()};
  const int code =
      ldap_sasl_bind_s(handle_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, nullptr);
  volatile char* bytes = copy.data();
  for (std::size_t i = 0; i < copy.size(); ++i) bytes[i] = 0;
  return answer_of(code);
}

Answer Connection::search(const std::string& base, int scope, const std::string& filter,
                          const std::vector<std::string>& attributes, int most, std::vector<Entry>& entries) {
  std::vector<std::string> names = attributes;
  std::vector<char*> wanted;
  for (std::string& name : names) wanted.push_back(name.data());
  wanted.push_back(nullptr);
  timeval timeout = seconds_of(timeout_);
  LDAPMessage* received = nullptr;
  const int code = ldap_search_ext_s(handle_.get(), base.c_str(), scope, filter.c_str(), wanted.data(), 0,
                                     nullptr, nullptr, &timeout, most, &received);
  const std::unique_ptr<LDAPMessage, FreeMessage> result(received);
  if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED) read_entries(result.get(), entries);
  return answer_of(code);
}

void Connection::read_entries(LDAPMessage* result, std::vector<Entry>& entries) const {
  LDAP* const handle = handle_.get();
  for (LDAPMessage* one = ldap_first_entry(handle, result); one != nullptr;
       one = ldap_next_entry(handle, one)) {
    Entry entry;
    const Text dn(ldap_get_dn(handle, one));
    if (dn != nullptr) entry.dn = dn.get();
    BerElement* place = nullptr;
    for (Text name(ldap_first_attribute(handle, one, &place)); name != nullptr;
         name.reset(ldap_next_attribute(handle, one, place))) {
      berval** values = ldap_get_values_len(handle, one, name.get());
      auto& texts = entry.values[lower_case(name.get())];
      for (berval** value = values; value != nullptr && *value != nullptr; ++value)
        texts.emplace_back((*value)->bv_val, (*value)->bv_len);
      ldap_value_free_len(values);
    }
    ber_free(place, 0);
    entries.push_back(std::move(entry));
  }
}

Answer Connection::answer_of(int code) const {
  Answer answer{code, {}, is_broken(code)};
  char* text = nullptr;
  if (code != LDAP_SUCCESS &&
      ldap_get_option(handle_.get(), LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) == LDAP_OPT_SUCCESS) {
    const Text owned(text);
    if (owned != nullptr) answer.diagnostic = owned.get();
  }
  return answer;
}

}  // namespace ldap_users
