// SPDX-License-Identifier: Apache-2.0
// The tables of a store file and how they came to be. A file that is not a store, is damaged, or was made by
// a newer gateway is refused before anything is written to it.
#pragma once

#include "base/result.h"
#include "store/sqlite_db.h"

namespace gw::store {

// Checks the file and brings it to the current schema.
Status prepare_schema(SqliteDb& db, const std::string& path);

}  // namespace gw::store
