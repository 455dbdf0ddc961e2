// SPDX-License-Identifier: Apache-2.0
// Hostile tokens, each with the exact code of its refusal, and their good neighbours.
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <functional>
#include <vector>

#include "jose/ecdsa_form.h"
#include "jose/pem.h"
#include "unit/auth/token_minter.h"

namespace gw::auth {
namespace {

using jose::Algorithm;

struct Case {
  std::string name;
  std::string token;
  std::string expected;
};

constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"e1"})";
constexpr std::string_view kPayload =
    R"({"iss":"https://self.example","sub":"users:7","aud":"api","exp":1700000900,"iat":1700000000,"jti":"1"})";
constexpr std::string_view kCorpHeader = R"({"alg":"RS256","kid":"r1"})";
constexpr std::string_view kCorpPayload =
    R"({"iss":"https://corp.example","sub":"7","aud":"api","exp":1700000900})";
constexpr std::string_view kSharedHeader = R"({"alg":"HS256","kid":"any"})";
constexpr std::string_view kSharedPayload =
    R"({"iss":"https://shared.example","sub":"7","aud":"api","exp":1700000900})";

std::string self(std::string_view header, std::string_view payload) {
  return sign(es_key(), Algorithm::es256, header, payload);
}
std::string with_header(std::string_view header) {
  return self(header, kPayload);
}
std::string with_payload(std::string_view payload) {
  return self(kHeader, payload);
}

// The good payload with one claim replaced (`json` is its value's text) or, without a text, taken away.
std::string payload_with(std::string_view base, std::string_view name, std::string_view json_text) {
  json::Value payload = parse_json(base);
  json::Object& members = *payload.as_object();
  std::erase_if(members, [&](const json::Member& member) { return member.first == name; });
  std::string text = json::dump(payload);
  if (json_text.empty()) return text;
  text.pop_back();
  return text + ",\"" + std::string(name) + "\":" + std::string(json_text) + "}";
}
std::string self_claim(std::string_view name, std::string_view json_text) {
  return with_payload(payload_with(kPayload, name, json_text));
}
std::string corp_claim(std::string_view name, std::string_view json_text) {
  return sign(rsa_key(), Algorithm::rs256, kCorpHeader, payload_with(kCorpPayload, name, json_text));
}

// The token's parts with another signature.
std::string resigned(std::string_view token, std::string_view signature_bytes) {
  return std::string(token.substr(0, token.rfind('.') + 1)) + base64url_encode(signature_bytes);
}
std::string signature_of(std::string_view token) {
  return *base64url_decode(token.substr(token.rfind('.') + 1));
}

std::string hmac_signed(std::string_view secret, std::string_view header, std::string_view payload) {
  const auto key = jose::Key::from_secret(SecretString(std::string(secret)), {Algorithm::hs256});
  return sign(*key, Algorithm::hs256, header, payload);
}

std::string rsa_public_pem() {
  const auto pem = jose::format_private_pem(rsa_key());
  return std::string(pem->reveal());
}

// n - 1 and n of P-256.
const std::string kOrder = *base64url_decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");

std::vector<Case> algorithm_cases() {
  const std::string payload(kPayload);
  std::vector<Case> cases;
  for (const char* name : {"none", "None", "NONE", "nOnE", "", "HS256 ", "es256", "ES256K", "RS1", "EdDSA",
                           "HS512", "PS256", "ES512", "dir", "A128GCM", "HS256\\u0000"})
    cases.push_back({std::string("alg_") + name,
                     with_header(R"({"alg":")" + std::string(name) + R"(","typ":"at+jwt"})"),
                     "token_algorithm"});
  const auto unsigned_token = [&](std::string_view alg) {
    return encode(R"({"alg":")" + std::string(alg) + R"(","typ":"at+jwt"})", payload) + ".";
  };
  for (const char* name : {"none", "None", "NONE", ""})
    cases.push_back({std::string("unsigned_alg_") + name, unsigned_token(name), "token_algorithm"});
  cases.push_back({"alg_missing", with_header(R"({"typ":"at+jwt"})"), "token_malformed"});
  cases.push_back({"alg_null", with_header(R"({"alg":null})"), "token_malformed"});
  cases.push_back({"alg_list", with_header(R"({"alg":["ES256"]})"), "token_malformed"});
  cases.push_back({"alg_number", with_header(R"({"alg":1})"), "token_malformed"});
  cases.push_back(
      {"alg_twice", with_header(R"({"alg":"ES256","alg":"none","kid":"e1"})"), "token_malformed"});
  cases.push_back({"alg_of_another_issuer", hmac_signed(std::string(32, 'k'), R"({"alg":"HS256"})", payload),
                   "token_algorithm"});
  return cases;
}

std::vector<Case> confusion_cases() {
  const std::string pem = rsa_public_pem();
  const std::string jwk = json::dump(jose::format_public_jwk(rsa_key()));
  const std::string corp_hs = R"({"alg":"HS256","kid":"r1"})";
  return {
      {"rsa_pem_as_hmac_secret", hmac_signed(pem, corp_hs, kCorpPayload), "token_algorithm"},
      {"rsa_jwk_as_hmac_secret", hmac_signed(jwk, corp_hs, kCorpPayload), "token_algorithm"},
      {"rsa_pem_as_secret_of_the_shared_issuer", hmac_signed(pem, R"({"alg":"HS256"})", kSharedPayload),
       "token_signature"},
      {"kid_of_a_key_of_another_algorithm",
       sign(es_key(), Algorithm::es256, R"({"alg":"ES256","kid":"r1"})", kCorpPayload), "token_algorithm"},
      {"wrong_curve", sign(es384_key(), Algorithm::es384, R"({"alg":"ES256","kid":"e384"})", kCorpPayload),
       "token_algorithm"},
      {"wrong_curve_on_self", sign(es384_key(), Algorithm::es384, kHeader, kPayload), "token_signature"},
      {"algorithm_of_another_issuer_with_its_kid",
       sign(es384_key(), Algorithm::es384, R"({"alg":"ES384","kid":"e1","typ":"at+jwt"})", kPayload),
       "token_algorithm"},
      {"pss_signature_said_to_be_pkcs1", sign(rsa_key(), Algorithm::ps256, kCorpHeader, kCorpPayload),
       "token_signature"},
      {"key_of_corp_signs_for_self",
       sign(es384_key(), Algorithm::es384, R"({"alg":"ES384","kid":"e384"})", kPayload), "token_algorithm"},
      {"embedded_jwk",
       with_header(R"({"alg":"ES256","typ":"at+jwt","kid":"x","jwk":{"kty":"oct","k":"AAAA"}})"),
       "token_signature"},
      {"jku_is_not_fetched",
       with_header(R"({"alg":"ES256","typ":"at+jwt","kid":"x","jku":"http://127.0.0.1/"})"),
       "token_signature"},
      {"jku_beside_a_known_kid",
       with_header(R"({"alg":"ES256","typ":"at+jwt","kid":"e1","x5u":"http://127.0.0.1/"})"), "ok"},
  };
}

std::vector<Case> kid_cases() {
  const auto kid = [](std::string_view value) {
    return with_header(R"({"alg":"ES256","typ":"at+jwt","kid":)" + std::string(value) + "}");
  };
  return {
      {"kid_unknown", kid(R"("e2")"), "token_signature"},
      {"kid_of_another_case", kid(R"("E1")"), "token_signature"},
      {"kid_a_path", kid(R"("../../../../dev/null")"), "token_signature"},
      {"kid_sql", kid(R"("e1' OR '1'='1")"), "token_signature"},
      {"kid_with_nul", kid(R"("e1\u0000")"), "token_signature"},
      {"kid_empty", kid(R"("")"), "token_signature"},
      {"kid_number", kid("1"), "token_malformed"},
      {"kid_null", kid("null"), "token_malformed"},
      {"kid_twice", kid(R"("e1","kid":"e1")"), "token_malformed"},
      {"kid_huge", kid("\"" + std::string(65536, 'k') + "\""), "token_malformed"},
      {"kid_of_10_KiB", kid("\"" + std::string(10240, 'k') + "\""), "token_signature"},
      {"kid_missing_and_one_key_fits", with_header(R"({"alg":"ES256","typ":"at+jwt"})"), "ok"},
      {"kid_missing_and_two_algorithms",
       sign(rsa_key(), Algorithm::rs256, R"({"alg":"RS256"})", kCorpPayload), "ok"},
      {"kid_for_a_secret_without_a_name", sign(hs_key(), Algorithm::hs256, kSharedHeader, kSharedPayload),
       "ok"},
  };
}

std::vector<Case> header_cases() {
  return {
      {"crit_registered", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwt","crit":["exp"],"exp":1})"),
       "token_malformed"},
      {"crit_unknown", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwt","crit":["x"],"x":1})"),
       "token_malformed"},
      {"crit_empty", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwt","crit":[]})"),
       "token_malformed"},
      {"crit_null", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwt","crit":null})"),
       "token_malformed"},
      {"b64_false", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwt","b64":false})"),
       "token_malformed"},
      {"header_a_list", with_header("[]"), "token_malformed"},
      {"header_empty", with_header(""), "token_malformed"},
      {"header_with_bom", with_header("\xEF\xBB\xBF" + std::string(kHeader)), "token_malformed"},
      {"header_with_trailing_text", with_header(std::string(kHeader) + "x"), "token_malformed"},
      {"header_not_utf8", with_header("{\"alg\":\"ES256\",\"kid\":\"\xff\"}"), "token_malformed"},
      {"header_deep",
       with_header("{\"alg\":\"ES256\",\"x\":" + std::string(500, '[') + std::string(500, ']') + "}"),
       "token_malformed"},
      {"typ_missing", with_header(R"({"alg":"ES256","kid":"e1"})"), "token_type"},
      {"typ_jwt", with_header(R"({"alg":"ES256","kid":"e1","typ":"JWT"})"), "token_type"},
      {"typ_refresh", with_header(R"({"alg":"ES256","kid":"e1","typ":"refresh"})"), "token_type"},
      {"typ_prefix", with_header(R"({"alg":"ES256","kid":"e1","typ":"at+jwtx"})"), "token_type"},
      {"typ_with_blank", with_header(R"({"alg":"ES256","kid":"e1","typ":" at+jwt"})"), "token_type"},
      {"typ_null", with_header(R"({"alg":"ES256","kid":"e1","typ":null})"), "token_malformed"},
      {"typ_in_full", with_header(R"({"alg":"ES256","kid":"e1","typ":"application/at+jwt"})"), "ok"},
      {"typ_in_capitals", with_header(R"({"alg":"ES256","kid":"e1","typ":"AT+JWT"})"), "ok"},
  };
}

std::vector<Case> signature_cases() {
  const std::string good = self(kHeader, kPayload);
  const std::string raw = signature_of(good);
  const auto der = jose::ecdsa_der_from_raw(raw, 32);
  const std::string der_text(reinterpret_cast<const char*>(der->bytes.data()), der->size);
  const std::string zero(32, '\0'), one = std::string(31, '\0') + '\x01', r = raw.substr(0, 32),
                                    s = raw.substr(32);
  std::string flipped = raw;
  flipped[40] = static_cast<char>(flipped[40] ^ 1);
  const std::string signing_input = good.substr(0, good.rfind('.'));
  const std::string stranger = sign(new_key(Algorithm::es256, ""), Algorithm::es256, kHeader, kPayload);
  const std::string shared = sign(hs_key(), Algorithm::hs256, kSharedHeader, kSharedPayload);
  return {
      {"good", good, "ok"},
      {"signature_empty", signing_input + ".", "token_signature"},
      {"signature_of_a_stranger", stranger, "token_signature"},
      {"signature_flipped", resigned(good, flipped), "token_signature"},
      {"signature_of_another_payload",
       encode(kHeader, payload_with(kPayload, "sub", "\"admin\"")) + "." + base64url_encode(raw),
       "token_signature"},
      {"r_and_s_zero", resigned(good, zero + zero), "token_signature"},
      {"r_zero", resigned(good, zero + s), "token_signature"},
      {"s_zero", resigned(good, r + zero), "token_signature"},
      {"r_one_s_one", resigned(good, one + one), "token_signature"},
      {"r_is_n", resigned(good, kOrder + s), "token_signature"},
      {"s_is_n", resigned(good, r + kOrder), "token_signature"},
      {"r_and_s_all_ones", resigned(good, std::string(64, '\xff')), "token_signature"},
      {"63_bytes", resigned(good, raw.substr(0, 63)), "token_signature"},
      {"65_bytes", resigned(good, raw + '\0'), "token_signature"},
      {"4096_bytes", resigned(good, std::string(4096, 'x')), "token_signature"},
      {"der", resigned(good, der_text), "token_signature"},
      {"r_and_s_exchanged", resigned(good, s + r), "token_signature"},
      {"r_with_leading_zeros", resigned(good, zero + r + zero + s), "token_signature"},
      {"mac_flipped", resigned(shared, std::string(32, 'x')), "token_signature"},
      {"mac_truncated", resigned(shared, signature_of(shared).substr(0, 16)), "token_signature"},
      {"mac_empty", resigned(shared, ""), "token_signature"},
      {"mac_good", shared, "ok"},
      {"rsa_signature_of_zeros", resigned(corp_claim("x", "1"), std::string(256, '\0')), "token_signature"},
      {"rsa_signature_of_255_bytes", resigned(corp_claim("x", "1"), std::string(255, '\1')),
       "token_signature"},
  };
}

std::vector<Case> form_cases() {
  const std::string good = self(kHeader, kPayload);
  const std::string header = base64url_encode(kHeader), payload = base64url_encode(kPayload);
  const std::string signature = good.substr(good.rfind('.') + 1);
  std::string spare = good;  // the last of 86 characters carries two bits: the spare ones are set
  spare.back() = static_cast<char>(spare.back() + 1);
  std::string deep = payload_with(kPayload, "x", std::string(1000, '[') + std::string(1000, ']'));
  return {
      {"empty", "", "token_malformed"},
      {"no_dots", "abc", "token_malformed"},
      {"two_parts", header + "." + payload, "token_malformed"},
      {"four_parts", good + ".", "token_malformed"},
      {"five_parts", "a.b.c.d.e", "token_malformed"},
      {"an_empty_header", "." + payload + "." + signature, "token_malformed"},
      {"an_empty_payload", header + ".." + signature, "token_malformed"},
      {"only_dots", "..", "token_malformed"},
      {"padding", good + "==", "token_malformed"},
      {"standard_base64", header + "." + payload + "." + std::string(84, 'A') + "+/", "token_malformed"},
      {"newline", header + "\n." + payload + "." + signature, "token_malformed"},
      {"trailing_blank", good + " ", "token_malformed"},
      {"leading_blank", " " + good, "token_malformed"},
      {"spare_bits", spare, "token_malformed"},
      {"nul_inside", header + "." + payload + std::string(1, '\0') + "." + signature, "token_malformed"},
      {"a_megabyte", std::string(1 << 20, 'a') + ".b.c", "token_malformed"},
      {"a_megabyte_of_dots", std::string(1 << 20, '.'), "token_malformed"},
      {"payload_a_list", with_payload("[]"), "token_malformed"},
      {"payload_text", with_payload("\"iss\""), "token_malformed"},
      {"payload_not_json", with_payload("{iss:1}"), "token_malformed"},
      {"payload_single_quotes", with_payload("{'exp':1}"), "token_malformed"},
      {"payload_with_comment", with_payload(std::string(kPayload) + "//x"), "token_malformed"},
      {"payload_with_bom", with_payload("\xEF\xBB\xBF" + std::string(kPayload)), "token_malformed"},
      {"payload_with_trailing_nul", with_payload(std::string(kPayload) + '\0'), "token_malformed"},
      {"payload_not_utf8", self_claim("x", "\"\xc3\x28\""), "token_malformed"},
      {"payload_overlong_utf8", self_claim("x", "\"\xc0\xaf\""), "token_malformed"},
      {"payload_surrogate", self_claim("x", R"("\ud800")"), "token_malformed"},
      {"payload_deep", with_payload(deep), "token_malformed"},
      {"claim_twice", self_claim("x", R"(1,"x":1)"), "token_malformed"},
      {"sub_twice", self_claim("sub", R"("users:7","sub":"admin")"), "token_malformed"},
      {"sub_twice_escaped", self_claim("sub", R"("users:7","s\u0075b":"admin")"), "token_malformed"},
      {"nested_claim_twice", self_claim("x", R"({"a":1,"a":2})"), "token_malformed"},
  };
}

std::vector<Case> claim_cases() {
  return {
      {"iss_missing", self_claim("iss", ""), "token_issuer"},
      {"iss_empty", self_claim("iss", R"("")"), "token_issuer"},
      {"iss_unknown", self_claim("iss", R"("https://evil.example")"), "token_issuer"},
      {"iss_with_slash", self_claim("iss", R"("https://self.example/")"), "token_issuer"},
      {"iss_in_capitals", self_claim("iss", R"("HTTPS://SELF.EXAMPLE")"), "token_issuer"},
      {"iss_prefix", self_claim("iss", R"("https://self.exampl")"), "token_issuer"},
      {"iss_with_nul", self_claim("iss", R"("https://self.example\u0000")"), "token_issuer"},
      {"iss_of_another", self_claim("iss", R"("https://corp.example")"), "token_signature"},
      {"iss_list", self_claim("iss", R"(["https://self.example"])"), "token_malformed"},
      {"aud_missing", self_claim("aud", ""), "token_audience"},
      {"aud_other", self_claim("aud", R"("web")"), "token_audience"},
      {"aud_empty", self_claim("aud", R"("")"), "token_audience"},
      {"aud_empty_list", self_claim("aud", "[]"), "token_audience"},
      {"aud_other_list", self_claim("aud", R"(["web","app"])"), "token_audience"},
      {"aud_in_capitals", self_claim("aud", R"("API")"), "token_audience"},
      {"aud_prefix", self_claim("aud", R"("ap")"), "token_audience"},
      {"aud_longer", self_claim("aud", R"("api2")"), "token_audience"},
      {"aud_joined", self_claim("aud", R"("api web")"), "token_audience"},
      {"aud_object", self_claim("aud", R"({"a":"api"})"), "token_malformed"},
      {"aud_number", self_claim("aud", "1"), "token_malformed"},
      {"aud_mixed_list", self_claim("aud", R"(["api",1])"), "token_malformed"},
      {"aud_list_with_ours", self_claim("aud", R"(["other","api"])"), "ok"},
      {"sub_number", self_claim("sub", "7"), "token_malformed"},
      {"jti_list", self_claim("jti", "[]"), "token_malformed"},
      {"sid_object", self_claim("sid", "{}"), "token_malformed"},
  };
}

std::vector<Case> time_cases() {
  return {
      {"exp_missing", self_claim("exp", ""), "token_malformed"},
      {"exp_text", self_claim("exp", R"("1700000900")"), "token_malformed"},
      {"exp_null", self_claim("exp", "null"), "token_malformed"},
      {"exp_true", self_claim("exp", "true"), "token_malformed"},
      {"exp_list", self_claim("exp", "[1700000900]"), "token_malformed"},
      {"exp_infinite", self_claim("exp", "1e999"), "token_malformed"},
      {"exp_nan", self_claim("exp", "NaN"), "token_malformed"},
      {"exp_hexadecimal", self_claim("exp", "0xFFFFFFFF"), "token_malformed"},
      {"exp_past", self_claim("exp", "1699999999"), "token_expired"},
      {"exp_now", self_claim("exp", "1700000000"), "token_expired"},
      {"exp_zero", self_claim("exp", "0"), "token_expired"},
      {"exp_negative", self_claim("exp", "-1"), "token_expired"},
      {"exp_fraction_before_now", self_claim("exp", "1699999999.9"), "token_expired"},
      {"exp_in_a_second", self_claim("exp", "1700000001"), "ok"},
      {"exp_fraction_after_now", self_claim("exp", "1700000000.5"), "ok"},
      {"exp_1e99", self_claim("exp", "1e99"), "ok"},
      {"exp_beyond_64_bits", self_claim("exp", "9999999999999999999"), "ok"},
      {"exp_minus_1e99", self_claim("exp", "-1e99"), "token_expired"},
      {"nbf_in_a_second", self_claim("nbf", "1700000001"), "token_not_yet_valid"},
      {"nbf_now", self_claim("nbf", "1700000000"), "ok"},
      {"nbf_text", self_claim("nbf", R"("0")"), "token_malformed"},
      {"nbf_huge", self_claim("nbf", "1e99"), "token_not_yet_valid"},
      {"iat_in_a_second", self_claim("iat", "1700000001"), "token_not_yet_valid"},
      {"iat_text", self_claim("iat", R"("now")"), "token_malformed"},
      {"expired_and_not_yet_valid",
       with_payload(payload_with(payload_with(kPayload, "exp", "1"), "nbf", "1800000000")), "token_expired"},
      {"leeway_exp_within", corp_claim("exp", "1699999971"), "ok"},
      {"leeway_exp_at_its_end", corp_claim("exp", "1699999970"), "token_expired"},
      {"leeway_nbf_within", corp_claim("nbf", "1700000030"), "ok"},
      {"leeway_nbf_beyond", corp_claim("nbf", "1700000031"), "token_not_yet_valid"},
  };
}

// Two things are wrong; the first in the contract's order gives the code.
std::vector<Case> order_cases() {
  const std::string stranger_payload = payload_with(kPayload, "iss", R"("https://evil.example")");
  const auto stranger = new_key(Algorithm::es256, "e1");
  const auto forged = [&](std::string_view header, std::string_view payload) {
    return sign(stranger, Algorithm::es256, header, payload);
  };
  return {
      {"form_before_algorithm", encode(R"({"alg":"none"})", "[]") + ".", "token_malformed"},
      {"form_of_claims_before_signature", forged(kHeader, payload_with(kPayload, "exp", "")),
       "token_malformed"},
      {"algorithm_before_issuer", forged(R"({"alg":"none"})", stranger_payload), "token_algorithm"},
      {"issuer_before_signature", forged(kHeader, stranger_payload), "token_issuer"},
      {"signature_before_type", forged(R"({"alg":"ES256","kid":"e1"})", kPayload), "token_signature"},
      {"signature_before_times", forged(kHeader, payload_with(kPayload, "exp", "1")), "token_signature"},
      {"signature_before_audience", forged(kHeader, payload_with(kPayload, "aud", "[]")), "token_signature"},
      {"type_before_times", self(R"({"alg":"ES256","kid":"e1"})", payload_with(kPayload, "exp", "1")),
       "token_type"},
      {"times_before_audience", with_payload(payload_with(payload_with(kPayload, "exp", "1"), "aud", "[]")),
       "token_expired"},
  };
}

class HostileTokens : public testing::TestWithParam<std::function<std::vector<Case>()>> {};

TEST_P(HostileTokens, GetTheCodeOfTheirFirstFault) {
  TokenVerifier verifier = verifier_of(test_issuers());
  for (const Case& each : GetParam()()) {
    EXPECT_EQ(outcome(verifier, each.token), each.expected) << each.name;
    EXPECT_EQ(outcome(verifier, each.token), each.expected) << each.name << ", a second time";
    EXPECT_EQ(ERR_peek_error(), 0u) << each.name;
  }
  EXPECT_EQ(outcome(verifier, self(kHeader, kPayload)), "ok") << "a good token after all of them";
}

INSTANTIATE_TEST_SUITE_P(Algorithm, HostileTokens, testing::Values(algorithm_cases));
INSTANTIATE_TEST_SUITE_P(Confusion, HostileTokens, testing::Values(confusion_cases));
INSTANTIATE_TEST_SUITE_P(Kid, HostileTokens, testing::Values(kid_cases));
INSTANTIATE_TEST_SUITE_P(Header, HostileTokens, testing::Values(header_cases));
INSTANTIATE_TEST_SUITE_P(Signature, HostileTokens, testing::Values(signature_cases));
INSTANTIATE_TEST_SUITE_P(Form, HostileTokens, testing::Values(form_cases));
INSTANTIATE_TEST_SUITE_P(Claims, HostileTokens, testing::Values(claim_cases));
INSTANTIATE_TEST_SUITE_P(Times, HostileTokens, testing::Values(time_cases));
INSTANTIATE_TEST_SUITE_P(Order, HostileTokens, testing::Values(order_cases));

}  // namespace
}  // namespace gw::auth
