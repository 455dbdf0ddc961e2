// SPDX-License-Identifier: Apache-2.0
#include "policy/rewrite.h"

#include <optional>

#include "http/path.h"

namespace gw::policy {
namespace {

std::optional<std::string> find_problem(std::string_view key, const std::string& prefix) {
  if (prefix.empty()) return std::nullopt;
  const std::string named = std::string(key) + " \"" + prefix + "\"";
  if (prefix.front() != '/') return named + " does not begin with /";
  if (prefix.back() == '/') return named + " ends with / (a prefix is whole segments: leave the / out)";
  if (prefix.find_first_of("{}*?") != std::string::npos)
    return named + " is no plain path (no patterns, no query)";

  std::string scratch;
  const Result<http::Target> normal = http::normalise_target(prefix, scratch);
  if (!normal) return named + " is not a path that a request can have";
  if (normal->has_parameters) return named + " has ;parameters";
  if (normal->path != prefix)
    return named + " is not normalised (write \"" + std::string(normal->path) + "\")";
  return std::nullopt;
}

std::string_view without_prefix(std::string_view path, std::string_view prefix) {
  if (path.substr(0, prefix.size()) != prefix) return path;
  const bool at_boundary = path.size() == prefix.size() || path[prefix.size()] == '/';
  return at_boundary ? path.substr(prefix.size()) : path;
}

}  // namespace

Result<PathRewriter, std::string> PathRewriter::parse(const Rewrite& options) {
  if (auto problem = find_problem("strip_prefix", options.strip_prefix)) return std::move(*problem);
  if (auto problem = find_problem("add_prefix", options.add_prefix)) return std::move(*problem);
  return PathRewriter(options);
}

Result<std::string_view> PathRewriter::apply(std::string_view path, std::string& scratch) const {
  if (options_.empty() || path.empty() || path.front() != '/') return path;

  std::string_view rewritten = without_prefix(path, options_.strip_prefix);
  if (!options_.add_prefix.empty()) {
    scratch.assign(options_.add_prefix).append(rewritten);
    rewritten = scratch;
  }
  if (rewritten.empty()) rewritten = "/";

  std::string normal_scratch;
  const Result<http::Target> normal = http::normalise_target(rewritten, normal_scratch);
  if (!normal || normal->has_query || normal->path != rewritten)
    return Error(Fault::bad_path, "the rewritten path is not normalised");
  return rewritten;
}

}  // namespace gw::policy
