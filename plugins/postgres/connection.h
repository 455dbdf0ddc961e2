// SPDX-License-Identifier: Apache-2.0
// One connection to PostgreSQL (libpq), every step with a deadline. THREAD: one at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postgres {

struct FreeRows {
  void operator()(PGresult* rows) const { PQclear(rows); }
};
using Rows = std::unique_ptr<PGresult, FreeRows>;

struct Server {
  std::string url;       // postgresql://… or key=value, as libpq reads it
  std::string password;  // empty: what the url says
  std::chrono::milliseconds timeout{0};
};

class Connection {
 public:
  // Null, and why, when the server is away.
  static std::unique_ptr<Connection> open(const Server& server, std::string& error);

  // Null when the connection is broken or the time is up. REQUIRES: no NUL in the parameters.
  Rows run(const std::string& query, const std::vector<std::string_view>& parameters);
  std::string problem() const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Free {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  Connection(PGconn* connection, std::chrono::milliseconds timeout)
      : connection_(connection), timeout_(timeout) {}

  std::string finish_connecting(Deadline deadline);
  bool wait(short events, Deadline deadline);
  bool flush(Deadline deadline);

  const std::unique_ptr<PGconn, Free> connection_;
  const std::chrono::milliseconds timeout_;
  bool late_ = false;
};

}  // namespace postgres
