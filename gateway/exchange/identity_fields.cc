// SPDX-License-Identifier: Apache-2.0
#include "exchange/identity_fields.h"

namespace gw::exchange {
namespace {

struct Rendered final : auth::Identity::Derived {
  const policy::IdentityHeaders* options = nullptr;  // of the world that the identity belongs to
  policy::RenderedHeaders headers;
  std::unique_ptr<Derived> next;  // by other options: those of a route
};

}  // namespace

Result<const policy::RenderedHeaders*> identity_fields(const auth::Identity& identity,
                                                       const policy::IdentityHeaders& options) {
  std::unique_ptr<auth::Identity::Derived>* last = &identity.derived;
  while (*last != nullptr) {
    auto& known = static_cast<Rendered&>(**last);
    if (known.options == &options) return &known.headers;
    last = &known.next;
  }
  auto headers = options.render(identity);
  if (!headers) return std::move(headers.error());
  auto made = std::make_unique<Rendered>();
  made->options = &options;
  made->headers = std::move(*headers);
  const policy::RenderedHeaders* rendered = &made->headers;
  identity.derive(*last, std::move(made), sizeof(Rendered) + rendered->bytes());
  return rendered;
}

}  // namespace gw::exchange
