// SPDX-License-Identifier: Apache-2.0
#include "exchange/identity_fields.h"

namespace gw::exchange {
namespace {

struct RenderedIdentity final : auth::Identity::Derived {
  struct Rendering {
    const policy::IdentityHeaders* options;  // of the world that the identity belongs to
    std::vector<policy::RenderedHeader> headers;
    std::vector<http::Field> fields;  // views of the headers
  };
  std::vector<std::unique_ptr<Rendering>> renderings;
};

}  // namespace

Result<const std::vector<http::Field>*> identity_fields(const auth::Identity& identity,
                                                        const policy::IdentityHeaders& options) {
  if (identity.derived == nullptr) identity.derived = std::make_unique<RenderedIdentity>();
  auto& rendered = static_cast<RenderedIdentity&>(*identity.derived);
  for (const auto& rendering : rendered.renderings)
    if (rendering->options == &options) return &rendering->fields;
  auto headers = options.render(identity);
  if (!headers) return std::move(headers.error());
  auto made = std::make_unique<RenderedIdentity::Rendering>();
  made->options = &options;
  made->headers = std::move(*headers);
  for (const policy::RenderedHeader& header : made->headers)
    made->fields.push_back(
        {header.name, header.value, http::folded_hash(header.name), http::FieldName::other, false});
  rendered.renderings.push_back(std::move(made));
  return &rendered.renderings.back()->fields;
}

}  // namespace gw::exchange
