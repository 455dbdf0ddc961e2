// SPDX-License-Identifier: Apache-2.0
#include "net/ocsp_staple.h"

#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>

#include "base/log.h"
#include "net/tls_common.h"

namespace gw::net {
namespace {

constexpr std::size_t kLargest = 64 * 1024;

struct Free {
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_BASICRESP* basic) const { OCSP_BASICRESP_free(basic); }
};

// The one answer that is about this certificate, by its serial number; null when there is none.
OCSP_SINGLERESP* find_answer(OCSP_BASICRESP* basic, X509* certificate) {
  const ASN1_INTEGER* wanted = X509_get0_serialNumber(certificate);
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                      const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (serial != nullptr && ASN1_INTEGER_cmp(serial, wanted) == 0) return single;
  }
  return nullptr;
}

WallSeconds seconds_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  if (time == nullptr) return std::numeric_limits<WallSeconds>::max();  // newer answers are always to be had
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<WallSeconds>(::timegm(&parts)) : 0;
}

int show(SSL* ssl, void* argument) {
  const auto& staple = *static_cast<const OcspStaple*>(argument);
  if (!staple.is_fresh(wall_now())) return SSL_TLSEXT_ERR_NOACK;
  const std::string& bytes = staple.response();
  void* copy = OPENSSL_memdup(bytes.data(), bytes.size());  // OpenSSL frees it
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, static_cast<unsigned char*>(copy), static_cast<long>(bytes.size()));
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<OcspStaple, std::string> OcspStaple::read(const std::string& file, ssl_ctx_st* context) {
  OcspStaple staple;
  std::ifstream in(file, std::ios::binary);
  staple.response_.assign(std::istreambuf_iterator<char>(in), {});
  if (!in || staple.response_.empty() || staple.response_.size() > kLargest)
    return file + ": cannot be read, or is no OCSP response";
  const auto* bytes = reinterpret_cast<const unsigned char*>(staple.response_.data());
  const unsigned char* at = bytes;
  const std::unique_ptr<OCSP_RESPONSE, Free> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(staple.response_.size())));
  if (response == nullptr || at != bytes + staple.response_.size())
    return file + ": not an OCSP response in DER: " + openssl_reason();
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return file + ": the OCSP responder refused to answer (fetch it again)";
  const std::unique_ptr<OCSP_BASICRESP, Free> basic(OCSP_response_get1_basic(response.get()));
  OCSP_SINGLERESP* single =
      basic != nullptr ? find_answer(basic.get(), SSL_CTX_get0_certificate(context)) : nullptr;
  if (single == nullptr) return file + ": the OCSP response is about another certificate";
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next_update);
  if (status == V_OCSP_CERTSTATUS_REVOKED)
    log::warn("the OCSP response says that the certificate is revoked", {{"file", file}});
  staple.next_update_ = seconds_of(next_update);
  if (!staple.is_fresh(wall_now()))
    log::warn("the OCSP response has run out and is not shown", {{"file", file}});
  return staple;
}

void use_staple(ssl_ctx_st* context, const OcspStaple& staple) {
  SSL_CTX_set_tlsext_status_cb(context, &show);
  SSL_CTX_set_tlsext_status_arg(context, const_cast<OcspStaple*>(&staple));
}

}  // namespace gw::net
