// SPDX-License-Identifier: Apache-2.0
#include "exchange/identity_fields.h"

namespace gw::exchange {
namespace {

struct Rendered final : auth::Identity::Derived {
  const policy::IdentityHeaders* options = nullptr;  // of the world that the identity belongs to
  std::vector<http::Field> fields;                   // views of the options' names and of `text`
  std::string text;
  std::unique_ptr<Derived> next;  // by other options: those of a route

  void fill(policy::RenderedHeaders made) {
    text = std::move(made.text);
    text.shrink_to_fit();
    fields.reserve(made.headers.size());
    for (const auto& header : made.headers)
      fields.push_back({header.name, std::string_view(text).substr(header.begin, header.end - header.begin),
                        header.folded_hash, http::FieldName::other, false});
  }
};

}  // namespace

Result<const std::vector<http::Field>*> identity_fields(const auth::Identity& identity,
                                                        const policy::IdentityHeaders& options) {
  std::unique_ptr<auth::Identity::Derived>* last = &identity.derived;
  while (*last != nullptr) {
    auto& known = static_cast<Rendered&>(**last);
    if (known.options == &options) return &known.fields;
    last = &known.next;
  }
  auto headers = options.render(identity);
  if (!headers) return std::move(headers.error());
  auto made = std::make_unique<Rendered>();
  made->options = &options;
  made->fill(std::move(*headers));
  const auto* fields = &made->fields;
  *last = std::move(made);
  return fields;
}

}  // namespace gw::exchange
