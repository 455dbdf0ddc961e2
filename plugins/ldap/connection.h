// SPDX-License-Identifier: Apache-2.0
// One connection to a directory (libldap), verified TLS, every step with a time limit. THREAD: one at a time.
#pragma once

#include <ldap.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ldap_users {

struct Server {
  std::string url;  // ldap:// ldaps:// ldapi://; several are tried in order, with blanks between
  bool start_tls = false;
  std::string ca_file;  // empty: the system's
  std::chrono::milliseconds timeout{0};
};

struct Entry {
  std::string dn;
  std::map<std::string, std::vector<std::string>> values;  // by attribute, in lower case
};

// What a directory said. `broken`: it is away, or this connection is of no more use.
struct Answer {
  int code = LDAP_OTHER;
  std::string diagnostic;
  bool broken = true;
};

class Connection {
 public:
  static std::unique_ptr<Connection> open(const Server& server, std::string& error);

  // Simple bind. REQUIRES: a password that is not empty (RFC 4513 5.1.2: that would be no check at all), or
  // an empty `dn` too, which is anonymous on purpose.
  Answer bind(const std::string& dn, std::string_view password);

  // At most two entries below `base`: more than one is for the caller to judge. A base that is not there has
  // none.
  Answer search(const std::string& base, int scope, const std::string& filter,
                const std::vector<std::string>& attributes, int most, std::vector<Entry>& entries);

 private:
  struct Free {
    void operator()(LDAP* handle) const { ldap_unbind_ext_s(handle, nullptr, nullptr); }
  };
  Connection(LDAP* handle, std::chrono::milliseconds timeout) : handle_(handle), timeout_(timeout) {}
  std::string prepare(const Server& server);
  Answer answer_of(int code) const;
  void read_entries(LDAPMessage* result, std::vector<Entry>& entries) const;

  const std::unique_ptr<LDAP, Free> handle_;
  const std::chrono::milliseconds timeout_;
};

std::string lower_case(std::string_view text);

}  // namespace ldap_users
