// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void ignore_notices(void*, const PGresult*) {}

}  // namespace

std::unique_ptr<Connection> Connection::open(const Server& server, std::string& error) {
  std::vector<const char*> names{"dbname", "fallback_application_name", "client_encoding"};
  std::vector<const char*> values{server.url.c_str(), "gatewarden", "UTF8"};
  if (!server.password.empty()) {
    names.push_back("password");
    values.push_back(server.password.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* started = PQconnectStartParams(names.data(), values.data(), 1);
  if (started == nullptr) {
    error = "out of memory";
    return nullptr;
  }
  std::unique_ptr<Connection> connection(new Connection(started, server.timeout));
  error = connection->finish_connecting(steady_clock::now() + server.timeout);
  return error.empty() ? std::move(connection) : nullptr;
}

std::string Connection::finish_connecting(Deadline deadline) {
  PQsetNoticeReceiver(connection_.get(), ignore_notices, nullptr);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return problem();
  for (PostgresPollingStatusType status = PGRES_POLLING_WRITING; status != PGRES_POLLING_OK;
       status = PQconnectPoll(connection_.get())) {
    if (status == PGRES_POLLING_FAILED) return problem();
    if (!wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) return problem();
  }
  if (PQsetnonblocking(connection_.get(), 1) != 0) return problem();
  // The server, too, gives up what nobody waits for any more.
  const Rows set = run("SET statement_timeout = " + std::to_string(timeout_.count()), {});
  return set == nullptr ? problem() : std::string();
}

Rows Connection::run(const std::string& query, const std::vector<std::string_view>& parameters) {
  const Deadline deadline = steady_clock::now() + timeout_;
  std::vector<std::string> texts(parameters.begin(), parameters.end());  // with a NUL at their end
  std::vector<const char*> values;
  for (const std::string& text : texts) values.push_back(text.c_str());

  if (PQsendQueryParams(connection_.get(), query.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 0 ||
      !flush(deadline)) {
    return nullptr;
  }
  Rows rows;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) {
      if (!wait(POLLIN, deadline) || PQconsumeInput(connection_.get()) == 0) return nullptr;
    }
    Rows next(PQgetResult(connection_.get()));
    if (next == nullptr) break;
    rows = std::move(next);
  }
  return PQstatus(connection_.get()) == CONNECTION_OK ? std::move(rows) : nullptr;
}

bool Connection::flush(Deadline deadline) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left <= 0) return left == 0;
    if (!wait(POLLIN | POLLOUT, deadline) || PQconsumeInput(connection_.get()) == 0) return false;
  }
}

bool Connection::wait(short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) {
      late_ = true;
      return false;
    }
    pollfd socket{PQsocket(connection_.get()), events, 0};
    const int ready = poll(&socket, 1, static_cast<int>(std::min<long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string Connection::problem() const {
  if (late_) return "no answer in time";
  std::string text = PQerrorMessage(connection_.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "the connection broke" : text;
}

}  // namespace postgres
