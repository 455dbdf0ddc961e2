// SPDX-License-Identifier: Apache-2.0
// The store of a gateway, which may be running, for one command: each call opens it, waits and closes it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "store/store.h"

namespace gw::cli {

using StoreOpener = std::function<Result<std::unique_ptr<store::Store>>()>;
StoreOpener opener_of(const config::Config& config);  // which outlives it

// The errors are sentences in `detail`.
Status unlock_account(const StoreOpener& open, const std::string& subject);
Status put_record(const StoreOpener& open, const store::Record& record);
Result<std::optional<store::Record>> take_record(const StoreOpener& open, store::RecordKind kind,
                                                 const std::string& key);
// All of a kind; of one owner unless that is empty.
Result<std::vector<store::Record>> list_records(const StoreOpener& open, store::RecordKind kind,
                                                const std::string& owner = {});
// All sessions, revocations and records of one into the other, beside what is there.
struct Moved {
  std::size_t sessions = 0, revocations = 0, records = 0;
};
Result<Moved> move_store(const StoreOpener& from, const StoreOpener& to);
// The links by which a forgotten password could be replaced.
Status end_reset_links(const StoreOpener& open, const std::string& subject);

}  // namespace gw::cli
