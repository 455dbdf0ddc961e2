// SPDX-License-Identifier: Apache-2.0
#include "endpoints/dashboard.h"

#include <algorithm>

#include "endpoints/built_in_files.h"
#include "exchange/exchange.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// Scripts and styles are the built-in ones, and texts never become markup.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "text/html; charset=utf-8";
}

}  // namespace

Verdict reply_with_dashboard(Exchange& exchange) {
  const std::string_view path = exchange.target().path;
  const std::string_view name = path == "/" ? "index.html" : path.substr(1);
  const auto& files = dashboard_files();
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const BuiltInFile& one) { return one.name == name; });
  if (file == files.end()) return exchange.refuse(Fault::no_route);
  exchange::Reply reply;
  reply.content_type = type_of(name);
  reply.body = file->text;
  reply.fields.emplace_back("Content-Security-Policy", kPolicy);
  reply.fields.emplace_back("Referrer-Policy", "no-referrer");
  reply.fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  reply.fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
