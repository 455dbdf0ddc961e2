// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::array kLogKeys{
    Key{"level", "`trace`, `debug`, `info`, `warn` or `error`", "info",
        "the least important lines that are written"},
    Key{"format", "`json` or `text`", "json", "of the log and, unless it says otherwise, the access log"},
    Key{"access", "map, true or false", "on at `info` and below", "one line a request; see below"},
    Key{"audit", "map", "none", "logins, refusals, revocations and admin acts, in a chain; see below"},
};
constexpr std::array kAuditKeys{
    Key{"path", "path", "required", "a file, of which `gatewarden audit verify` tells whether it is whole"},
};
constexpr std::array kAccessKeys{
    Key{"path", "path", "\"-\"", "a file, or `-` for standard output"},
    Key{"format", "`json`, `text`, `ecs`, `common` or `combined`", "`log.format`",
        "the Elastic Common Schema, or the lines of Apache and nginx"},
    Key{"sample", "number", "1.0", "the share of requests that are written, 0 to 1"},
    Key{"claims", "list of names", "[]",
        "claims of the caller that are written too: `[roles, scope]` lets `gatewarden diff --log` judge by "
        "them"},
};

constexpr Choice<log::Level> kLevels[] = {{"trace", log::Level::trace},
                                          {"debug", log::Level::debug},
                                          {"info", log::Level::info},
                                          {"warn", log::Level::warn},
                                          {"error", log::Level::error}};
constexpr Choice<log::Format> kFormats[] = {{"json", log::Format::json}, {"text", log::Format::text}};

constexpr Choice<AccessFormat> kAccessFormats[] = {{"json", AccessFormat::json},
                                                   {"text", AccessFormat::text},
                                                   {"ecs", AccessFormat::ecs},
                                                   {"common", AccessFormat::common},
                                                   {"combined", AccessFormat::combined}};

AccessLogOptions parse_access(Context& context, const Item& item, AccessLogOptions access) {
  if (item.node->kind == Kind::text) {
    access.enabled = read_flag(context, item).value_or(access.enabled);
    return access;
  }
  const NodeReader node(context, item, kAccessLogSection);
  access.enabled = true;
  if (node.text("path", "-") != "-") access.path = node.path("path");
  access.format = node.one_of("format", kAccessFormats, access.format);
  access.sample = node.decimal("sample", access.sample, {0, 1});
  access.claims = node.texts("claims");
  return access;
}

std::string parse_audit(Context& context, const Item& item) {
  const NodeReader node(context, item, kAuditLogSection);
  if (!node.require("path")) return {};
  if (const auto path = node.find("path"); path && (node.text("path").empty() || node.text("path") == "-"))
    report(context, *path, "is no file (the log has to be one, so that it can be verified)");
  return node.path("path");
}

}  // namespace

const Section kLogSection{"log", kLogKeys};
const Section kAuditLogSection{"log.audit", kAuditKeys};
const Section kAccessLogSection{"log.access", kAccessKeys};

void parse_log(Context& context, const Item& item, Config& config) {
  const NodeReader node(context, item, kLogSection);
  config.log.level = node.one_of("level", kLevels, config.log.level);
  config.log.format = node.one_of("format", kFormats, config.log.format);
  config.access_log.enabled = config.log.level <= log::Level::info;
  config.access_log.format = config.log.format == log::Format::json ? AccessFormat::json : AccessFormat::text;
  if (const auto access = node.find("access"))
    config.access_log = parse_access(context, *access, config.access_log);
  if (const auto audit = node.find("audit")) config.audit_path = parse_audit(context, *audit);
}

}  // namespace gw::config
