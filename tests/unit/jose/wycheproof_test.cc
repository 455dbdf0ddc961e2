// SPDX-License-Identifier: Apache-2.0
// Wycheproof's vectors for JWS and JWK, from a folder beside the tree or in GATEWARDEN_VECTORS; they are not
// ours to keep in it. Without them these tests are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64url.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/token.h"

namespace gw::jose {
namespace {

std::optional<json::Value> read_vectors(const std::string& name) {
  const char* folder = std::getenv("GATEWARDEN_VECTORS");
  const auto path = (folder != nullptr ? std::filesystem::path(folder)
                                       : std::filesystem::path(GW_SOURCE_DIR) / ".." / "shared" / "vectors") /
                    name;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto value = json::parse(text, {.bytes = 16 * 1024 * 1024});
  if (!value) ADD_FAILURE() << path << ": " << value.error();
  return value ? std::optional(std::move(*value)) : std::nullopt;
}

const std::string& text_of(const json::Value& object, std::string_view name) {
  static const std::string none;
  const json::Value* member = object.find(name);
  return member == nullptr || member->as_string() == nullptr ? none : *member->as_string();
}

// As a library user would: the one key of the group, or the set of it.
std::vector<Key> keys_of(const json::Value& group) {
  const json::Value* jwk = group.find("public");
  if (jwk == nullptr) jwk = group.find("private");
  const JwkRules rules{.allow_symmetric = true};
  if (jwk->find("keys") != nullptr) {
    auto set = parse_jwk_set(json::dump(*jwk), rules);
    return set ? std::move(set->keys) : std::vector<Key>();
  }
  auto key = parse_jwk(*jwk, rules);
  return key ? std::vector<Key>{std::move(*key)} : std::vector<Key>();
}

// The rules of auth::TokenVerifier without its claims: a key is used with its own algorithms, chosen by
// `kid`, and without a name only when it is the only one that fits.
bool is_accepted(const std::vector<Key>& keys, std::string_view token) {
  const auto parts = split_token(token);
  if (!parts) return false;
  const auto header = parse_header(parts->header);
  const auto signature = base64url_decode(parts->signature);
  if (!header || !header->algorithm || !signature || !base64url_decode(parts->payload)) return false;
  std::vector<const Key*> fitting;
  for (const Key& key : keys)
    if (key.algorithms().contains(*header->algorithm) &&
        (!header->has_kid || key.kid().empty() || key.kid() == header->kid))
      fitting.push_back(&key);
  return fitting.size() == 1 &&
         Verifier(*fitting[0], *header->algorithm).verify(parts->signing_input, *signature);
}

// Where the file is not followed, by the number of the case, and why.
struct Departure {
  int number;
  bool accepted;
  const char* why;
};
constexpr const char* kSignatures = "json_web_signature_test.json";
const std::vector<Departure>& departures(std::string_view file) {
  static const std::vector<Departure> none,
      signatures{
          // RFC 7520's signatures of PS384 and ES512, under keys that say another `alg`: we take a key's word
          // (RFC
          // 8725 3.1). Rfc7520 below takes them with the keys of the RFC, which say none.
          {346, false, "the key is for PS256, the token is PS384"},
          {347, false, "the key is for ES521, which is no algorithm"},
          {350, false, "the key is for PS256, the token is PS384"},
          {351, false, "the key is for ES521, which is no algorithm"},
          // Decoders that skip what they do not know; RFC 7515 2 has no such characters.
          {372, false, "a character that is none of base64url's in the header"},
          {373, false, "a character that is none of base64url's in the payload"},
          // Named for padding that the text does not have: to the letter the token of a case that is valid.
          {367, true, "a good token"},
          {370, true, "a good token"},
      };
  return file == kSignatures ? signatures : none;
}

bool expected_of(std::string_view file, const json::Value& test) {
  const std::int64_t number = *test.find("tcId")->as_int();
  for (const Departure& departure : departures(file))
    if (departure.number == number) return departure.accepted;
  return text_of(test, "result") == "valid";
}

class EachVectorFile : public ::testing::TestWithParam<const char*> {};

TEST_P(EachVectorFile, IsJudgedAsItSays) {
  const auto vectors = read_vectors(GetParam());
  if (!vectors) GTEST_SKIP() << "there are no vectors";
  std::size_t valid = 0, invalid = 0;
  for (const json::Value& group : *vectors->find("testGroups")->as_array()) {
    const std::vector<Key> keys = keys_of(group);
    for (const json::Value& test : *group.find("tests")->as_array()) {
      const json::Value* jws = test.find("jws");
      if (jws == nullptr) continue;
      const bool accepted = jws->as_string() != nullptr && is_accepted(keys, *jws->as_string());
      const bool expected = expected_of(GetParam(), test);
      EXPECT_EQ(accepted, expected) << text_of(group, "comment") << ": " << text_of(test, "comment") << " "
                                    << json::dump(test);
      ++(expected ? valid : invalid);
    }
  }
  RecordProperty("valid", static_cast<int>(valid));
  RecordProperty("invalid", static_cast<int>(invalid));
  EXPECT_GT(valid, 0u);
  EXPECT_GT(invalid, 10u);
}

// The cases that are departed from are still those that they were when that was decided.
TEST(Wycheproof, SaysSomethingElseWhereItIsNotFollowed) {
  const auto vectors = read_vectors(kSignatures);
  if (!vectors) GTEST_SKIP() << "there are no vectors";
  std::size_t found = 0;
  for (const json::Value& group : *vectors->find("testGroups")->as_array())
    for (const json::Value& test : *group.find("tests")->as_array())
      for (const Departure& departure : departures(kSignatures)) {
        if (*test.find("tcId")->as_int() != departure.number) continue;
        EXPECT_NE(text_of(test, "result") == "valid", departure.accepted)
            << departure.number << departure.why;
        ++found;
      }
  EXPECT_EQ(found, departures(kSignatures).size());
}

TEST(Wycheproof, HasSignaturesOfRfc7520ThatAreGoodUnderTheKeysOfTheRfc) {
  const auto vectors = read_vectors(kSignatures);
  if (!vectors) GTEST_SKIP() << "there are no vectors";
  std::size_t good = 0;
  for (const json::Value& group : *vectors->find("testGroups")->as_array()) {
    const json::Value* shown = group.find("public");
    if (!text_of(group, "comment").starts_with("rfc7520") || shown == nullptr) continue;
    json::Value jwk = json::Object{};
    for (const auto& [name, value] : *shown->as_object())
      if (name != "alg") jwk.set(name, value);
    auto key = parse_jwk(jwk, {});
    ASSERT_TRUE(key) << key.error();
    for (const json::Value& test : *group.find("tests")->as_array())
      if (text_of(test, "result") == "valid" && is_accepted({*key}, text_of(test, "jws"))) ++good;
  }
  EXPECT_GE(good, 4u);
}

INSTANTIATE_TEST_SUITE_P(Wycheproof, EachVectorFile,
                         ::testing::Values(kSignatures, "json_web_key_test.json",
                                           "json_web_crypto_test.json"));

}  // namespace
}  // namespace gw::jose
