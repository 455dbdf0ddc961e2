// SPDX-License-Identifier: Apache-2.0
// The store of a gateway, which may be running, for one command: each call opens it, waits and closes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace gw::cli {

// The errors are sentences in `detail`.
Status unlock_account(const std::string& store_path, const std::string& subject);
Status put_record(const std::string& store_path, const store::Record& record);
Result<std::optional<store::Record>> take_record(const std::string& store_path, store::RecordKind kind,
                                                 const std::string& key);
// All of a kind; of one owner unless that is empty.
Result<std::vector<store::Record>> list_records(const std::string& store_path, store::RecordKind kind,
                                                const std::string& owner = {});
// The links by which a forgotten password could be replaced.
Status end_reset_links(const std::string& store_path, const std::string& subject);

}  // namespace gw::cli
