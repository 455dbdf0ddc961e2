// SPDX-License-Identifier: Apache-2.0
#include "cli/state_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "net/event_loop.h"
#include "server/open_store.h"
#include "server/process.h"

namespace gw::cli {
namespace {

std::filesystem::path store_file(const config::Config& config) {
  return std::filesystem::path(config.server.state_dir) / config.store.path;
}

Result<std::unique_ptr<store::Store>, std::string> open_store(const config::Config& config) {
  auto opened = server::open_store(config, 5s);
  if (!opened) return opened.error().detail;
  return std::move(opened->store);
}

// Redis is made by nobody here.
bool is_there(const config::Config& config) {
  return config.store.redis || std::filesystem::exists(store_file(config));
}

// Runs one operation to its end.
template <class T, class Begin>
Result<T> finish(Begin begin) {
  net::EventLoop loop;
  Result<T> outcome{T{}};
  const net::Operation running = begin(loop, [&](Result<T> result) {
    outcome = std::move(result);
    loop.stop();
  });
  loop.run();
  return outcome;
}

// What root has made beside a gateway that runs as another user must be that user's.
bool give_to_owner_of_folder(const std::filesystem::path& file) {
  struct stat info {};
  if (::geteuid() != 0) return true;
  return ::stat(file.parent_path().c_str(), &info) == 0 &&
         ::chown(file.c_str(), info.st_uid, info.st_gid) == 0;
}

}  // namespace

Result<auth::Revocations, std::string> load_revocations(const config::Config& config) {
  auth::Revocations revocations;
  if ((config.login.backends.empty() && !config.store.redis) || !is_there(config)) return revocations;
  const auto store = open_store(config);
  if (!store) return store.error();
  const WallSeconds now = wall_now();
  const auto all = finish<std::vector<store::Revocation>>([&](net::EventLoop& loop, auto done) {
    return (*store)->load_revocations(loop, now, std::move(done));
  });
  if (!all) return all.error().detail;
  for (const store::Revocation& revocation : *all) revocations.apply(revocation, now);
  return revocations;
}

Result<void, std::string> record_revocation(const config::Config& config, store::Revocation revocation) {
  const WallSeconds outlasted = store::covers_a_second(revocation.kind) ? revocation.at : 0;
  if (config.login.backends.empty() && !config.store.redis)
    return std::string("this configuration has no login, and so no store to record it in");
  if (auto made = server::make_state_dir(config.server.state_dir, config.server.user); !made)
    return made.error();
  const bool is_new = !is_there(config);
  const auto store = open_store(config);
  if (!store) return store.error();
  if (is_new && !give_to_owner_of_folder(store_file(config)))
    return store_file(config).string() + ": cannot be given to the owner of its folder";
  const auto done = finish<std::monostate>([&](net::EventLoop& loop, auto then) {
    return (*store)->revoke(loop, std::move(revocation), std::move(then));
  });
  if (!done) return done.error().detail;
  // As the gateway's own: who hears of it may sign in again at once.
  while (left_of_second(outlasted) > Duration{0}) std::this_thread::sleep_for(left_of_second(outlasted));
  return {};
}

}  // namespace gw::cli
