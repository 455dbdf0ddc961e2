// SPDX-License-Identifier: Apache-2.0
// Accounts of a PostgreSQL database through the queries of the section. THREAD: any, several at once.
#pragma once

#include <memory>
#include <string>

#include "common/pool.h"
#include "common/query_backend.h"
#include "connection.h"

namespace postgres {

class Users final : public common::QueryBackend {
 public:
  static std::unique_ptr<Users> open(const gatewarden_host* host, common::Options& options);
  Users(const gatewarden_host* host, common::Queries queries, Server server, unsigned connections);

 protected:
  common::Found select(const std::string& query, const Parameters& parameters) override;
  gatewarden_result update(const std::string& query, const Parameters& parameters) override;

 private:
  Rows run(const std::string& query, const Parameters& parameters);
  // What a failed statement means.
  gatewarden_result failure(const PGresult* rows) const;
  gatewarden_result away(std::string_view what) const;

  const Server server_;
  common::Pool<Connection> pool_;
};

}  // namespace postgres
