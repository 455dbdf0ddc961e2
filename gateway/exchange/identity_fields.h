// SPDX-License-Identifier: Apache-2.0
// The headers of an identity, made once and kept beside its facts for as long as the token cache keeps them.
#pragma once

#include "auth/identity.h"
#include "base/result.h"
#include "policy/identity_headers.h"

namespace gw::exchange {

// Live as long as the identity. `options` are those of the world that it belongs to.
Result<const policy::RenderedHeaders*> identity_fields(const auth::Identity& identity,
                                                       const policy::IdentityHeaders& options);

}  // namespace gw::exchange
