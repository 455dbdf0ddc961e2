// SPDX-License-Identifier: Apache-2.0
// Accounts of an existing table in another program's SQLite file, through the queries of the section.
// THREAD: any, several at once; one connection behind one mutex, as in Accounts.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/query_backend.h"
#include "database.h"

namespace accounts {

class TableUsers final : public common::QueryBackend {
 public:
  // Null after options.problem(): the file is not there, or a query does not fit it.
  static std::unique_ptr<TableUsers> open(const gatewarden_host* host, const char* path,
                                          common::Options& options);
  TableUsers(const gatewarden_host* host, common::Queries queries, Database database)
      : QueryBackend(host, std::move(queries)), database_(std::move(database)) {}

 protected:
  common::Found select(const std::string& query, const Parameters& parameters) override;
  gatewarden_result update(const std::string& query, const Parameters& parameters) override;

 private:
  gatewarden_result unavailable() const;

  std::mutex mutex_;
  const Database database_;
};

}  // namespace accounts
