// SPDX-License-Identifier: Apache-2.0
#include "cli/audit.h"

#include <fstream>
#include <optional>

#include "auth/key_file.h"
#include "exchange/audit_log.h"

namespace gw::cli {
namespace {

constexpr int kBroken = 3;

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return 1;
}

// After a flaw, the chain is taken up again behind it, so that one change is one line of the report.
void check_file(std::istream& in, const std::string& file, exchange::AuditChain& chain, std::size_t& flaws,
                std::ostream& err) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const auto checked = chain.check(line);
    if (checked) continue;
    ++flaws;
    err << file << ':' << number << ": " << checked.error() << '\n';
    if (auto end = exchange::AuditChain::end_of(line + "\n")) chain.go_on_from(std::move(*end));
  }
}

std::optional<exchange::ChainEnd> kept_end(const std::string& state_dir) {
  std::vector<std::string> warnings;
  const auto text = auth::read_private_file(exchange::audit_head_path(state_dir), warnings);
  return text ? exchange::parse_chain_end(text->reveal()) : std::nullopt;
}

}  // namespace

int run_audit_verify(const config::Config& config, const std::vector<std::string>& files, std::ostream& out,
                     std::ostream& err) {
  if (config.audit_path.empty()) return fail(err, "this configuration has no log.audit");
  std::vector<std::string> wanted = files;
  if (wanted.empty()) wanted.push_back(config.audit_path);
  // Read first: a gateway that writes meanwhile only makes the log longer than that.
  const auto kept = kept_end(config.server.state_dir);
  std::vector<std::string> warnings;
  auto key = auth::read_private_file(exchange::audit_key_path(config.server.state_dir), warnings);
  if (!key) return fail(err, key.error());
  exchange::AuditChain chain(std::move(*key));
  std::size_t flaws = 0;
  for (const std::string& file : wanted) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(err, file + ": cannot be read");
    check_file(in, file, chain, flaws, err);
  }
  if (wanted.back() == config.audit_path && kept && chain.end().number < kept->number) {
    ++flaws;
    err << config.audit_path << ": ends with line " << chain.end().number << ", but " << kept->number
        << " have been written: lines are missing at its end\n";
  }
  if (flaws != 0) return kBroken;
  out << "whole: " << chain.end().number << " lines\n";
  return 0;
}

}  // namespace gw::cli
