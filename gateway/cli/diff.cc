// SPDX-License-Identifier: Apache-2.0
#include "cli/diff.h"

#include <map>
#include <vector>

#include "cli/dry_runs.h"
#include "cli/replay.h"
#include "config/load.h"
#include "policy/route_diff.h"

namespace gw::cli {
namespace {

constexpr int kDiffers = 1;
constexpr int kNotCompared = 2;
constexpr std::size_t kShown = 1000;  // of requests that change

struct Requests {
  std::map<Turn, std::int64_t> counts;
  std::vector<Replayed> changed;

  void add(const Replayed& one) {
    ++counts[one.turn];
    const bool is_change = one.turn != Turn::same && one.turn != Turn::unknown;
    if (is_change && changed.size() < kShown) changed.push_back(one);
  }
  std::int64_t count(Turn turn) const {
    const auto found = counts.find(turn);
    return found == counts.end() ? 0 : found->second;
  }
  std::int64_t total() const {
    std::int64_t all = 0;
    for (const auto& [turn, count] : counts) all += count;
    return all;
  }
};

struct Difference {
  std::vector<std::string> changes;    // of routes
  std::vector<std::string> widenings;  // what lets more through than before
  std::vector<std::string> narrowings;
  std::optional<Requests> requests;

  bool is_any() const { return !changes.empty() || (requests && !requests->changed.empty()); }
};

std::vector<std::string> sentences(const std::vector<policy::Widening>& widenings) {
  std::vector<std::string> all;
  for (const policy::Widening& each : widenings)
    all.push_back(each.place.file + ':' + std::to_string(each.place.line) + ':' +
                  std::to_string(each.place.column) + ": " + each.what);
  return all;
}

json::Array to_array(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

json::Value to_json(const Requests& requests) {
  json::Array changed;
  for (const Replayed& one : requests.changed)
    changed.push_back(json::Object{{"change", name_of(one.turn)},
                                   {"request", one.request},
                                   {"before", one.before},
                                   {"after", one.after}});
  json::Object all{{"requests", requests.total()}};
  for (const Turn turn : {Turn::same, Turn::wider, Turn::narrower, Turn::other})
    all.emplace_back(name_of(turn), requests.count(turn));
  all.emplace_back("not_judged", requests.count(Turn::unknown));
  all.emplace_back("changed", std::move(changed));
  return all;
}

json::Value to_json(const Difference& difference) {
  json::Object all{{"differs", difference.is_any()},
                   {"routes", to_array(difference.changes)},
                   {"wider", to_array(difference.widenings)},
                   {"narrower", to_array(difference.narrowings)}};
  if (difference.requests) all.emplace_back("log", to_json(*difference.requests));
  return all;
}

void print(const Requests& requests, std::ostream& out) {
  for (const Replayed& one : requests.changed)
    out << name_of(one.turn) << "  " << one.request << "\n  before  " << one.before << "\n  after   "
        << one.after << '\n';
  out << requests.total() << " requests: " << requests.count(Turn::same) << " decided the same, "
      << requests.count(Turn::wider) << " wider, " << requests.count(Turn::narrower) << " narrower, "
      << requests.count(Turn::other) << " otherwise";
  if (const std::int64_t unknown = requests.count(Turn::unknown))
    out << ", " << unknown
        << " not judged (the log does not tell enough of the caller; see log.access.claims)";
  out << '\n';
}

void print(const Difference& difference, std::ostream& out) {
  for (const std::string& change : difference.changes) out << "route     " << change << '\n';
  for (const std::string& what : difference.widenings) out << "wider     " << what << '\n';
  for (const std::string& what : difference.narrowings) out << "narrower  " << what << '\n';
  if (difference.requests) print(*difference.requests, out);
  if (!difference.is_any()) out << "nothing is decided otherwise\n";
}

std::optional<config::Config> load(const std::string& file, std::ostream& err) {
  config::Loaded loaded = config::load(file);
  if (!loaded.config) err << loaded.issues.format();
  return std::move(loaded.config);
}

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return kNotCompared;
}

}  // namespace

int run_diff(const DiffCommand& command, std::ostream& out, std::ostream& err) {
  const auto before = load(command.before, err), after = load(command.after, err);
  if (!before || !after) return kNotCompared;
  const auto old_routes = policy::RouteTable::build(before->routes);
  const auto new_routes = policy::RouteTable::build(after->routes);
  if (!old_routes || !new_routes) return fail(err, "the routes cannot stand together");
  policy::RouteDiff routes = policy::compare(*old_routes, *new_routes);
  Difference difference{std::move(routes.changes), sentences(routes.widenings),
                        sentences(policy::compare(*new_routes, *old_routes).widenings), std::nullopt};
  if (!command.log.empty()) {
    auto old_runs = make_dry_run(*before, err), new_runs = make_dry_run(*after, err);
    if (old_runs == nullptr || new_runs == nullptr) return kNotCompared;
    Replay replay(*before, std::move(old_runs), std::move(new_runs));
    Requests& requests = difference.requests.emplace();
    const auto read = read_access_log(command.log, [&](const AccessRecord& record) {
      if (record.is_of_routes()) requests.add(replay.run(record));
    });
    if (!read) return fail(err, read.error());
  }
  if (command.json)
    out << json::dump(to_json(difference)) << '\n';
  else
    print(difference, out);
  return difference.is_any() ? kDiffers : 0;
}

}  // namespace gw::cli
