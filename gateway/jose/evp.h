// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL's objects, and its error queue kept clean: what is left in it would be taken for the
// failure of somebody else's call on this thread. Included by the .cc files of this folder only.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>

namespace gw::jose {

template <auto free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using BioOwner = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using BnOwner = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using EvpContextOwner = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using EvpDigestContextOwner = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using EvpKeyOwner = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using EcdsaSignatureOwner = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using ParamBuilderOwner = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using ParamsOwner = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;
using X509Owner = std::unique_ptr<X509, FreeWith<X509_free>>;

// Clean before and after the calls of a scope.
class CleanErrors {
 public:
  CleanErrors() { ERR_clear_error(); }
  CleanErrors(const CleanErrors&) = delete;
  CleanErrors& operator=(const CleanErrors&) = delete;
  ~CleanErrors() { ERR_clear_error(); }
};

}  // namespace gw::jose
