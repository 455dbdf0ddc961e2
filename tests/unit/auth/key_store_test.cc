// SPDX-License-Identifier: Apache-2.0
#include "auth/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "jose/jwk.h"
#include "support/scratch_dir.h"
#include "unit/auth/token_minter.h"

namespace gw::auth {
namespace {

using jose::Algorithm;
using test::ScratchDir;
using testing::HasSubstr;
namespace fs = std::filesystem;

jose::TokenOptions options_of(Algorithm algorithm, std::string secret = {}) {
  jose::TokenOptions options;
  options.issuer = "https://self.example";
  options.algorithm = algorithm;
  options.secret = SecretString(std::move(secret));
  return options;
}

KeyStore open_or_fail(const std::string& state_dir, const jose::TokenOptions& options,
                      WallSeconds now = kNow) {
  auto store = KeyStore::open(state_dir, options, now);
  if (!store) throw std::runtime_error(store.error());
  return std::move(*store);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

std::size_t files_in(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

json::Value claims() {
  return parse_json(R"({"iss":"https://self.example","sub":"7","aud":"api","exp":1700000900})");
}

std::string verdict(const KeyStore& store, const jose::TokenOptions& options, const std::string& token) {
  TokenVerifier verifier = verifier_of({make_self_issuer(options, store.verification_keys())});
  return outcome(verifier, token);
}

TEST(KeyStore, MakesAKeyOnFirstStartThatNobodyElseCanRead) {
  ScratchDir dir;
  const std::string state = dir.path().string() + "/state";
  const KeyStore store = open_or_fail(state, options_of(Algorithm::es256));
  EXPECT_EQ(mode_of(state + "/keys"), 0700u);
  EXPECT_EQ(mode_of(store.current().path), 0600u);
  EXPECT_EQ(store.current().path, state + "/keys/" + store.current().key.kid() + ".pem");
  EXPECT_EQ(store.current().key.kid(), jose::thumbprint(store.current().key));
  EXPECT_EQ(files_in(state + "/keys"), 1u) << "nothing unfinished is left";
  EXPECT_TRUE(store.warnings().empty());
}

TEST(KeyStore, HasTheSameKeyAfterARestartForEveryAlgorithm) {
  for (std::size_t i = 0; i < jose::kAlgorithms; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    const auto options = options_of(algorithm);
    ScratchDir dir;
    const KeyStore before = open_or_fail(dir.path().string(), options);
    const auto token = TokenSigner(before.current()).mint(claims());
    ASSERT_TRUE(token);
    const KeyStore after = open_or_fail(dir.path().string(), options, kNow + 100);
    EXPECT_EQ(after.current().key.kid(), before.current().key.kid());
    EXPECT_EQ(after.current().created_at, kNow);
    EXPECT_EQ(after.all().size(), 1u);
    EXPECT_EQ(verdict(after, options, *token), "ok") << name_of(algorithm);
  }
}

TEST(KeyStore, MintsTokensWithTheTypeAndTheKid) {
  ScratchDir dir;
  const KeyStore store = open_or_fail(dir.path().string(), options_of(Algorithm::eddsa));
  const auto text = TokenSigner(store.current()).mint(claims());
  ASSERT_TRUE(text);
  const auto token = jose::parse_token(*text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header.algorithm, Algorithm::eddsa);
  EXPECT_EQ(token->header.type, "at+jwt");
  EXPECT_EQ(token->header.kid, store.current().key.kid());
  EXPECT_EQ(token->payload, claims());
}

TEST(KeyStore, MakesANewKeyForANewAlgorithmAndGoesOnVerifyingWithTheOld) {
  ScratchDir dir;
  const auto old_options = options_of(Algorithm::es256), new_options = options_of(Algorithm::rs256);
  const auto old_token = TokenSigner(open_or_fail(dir.path().string(), old_options).current()).mint(claims());
  const KeyStore store = open_or_fail(dir.path().string(), new_options);
  EXPECT_EQ(store.current().algorithm, Algorithm::rs256);
  EXPECT_EQ(store.all().size(), 2u);
  EXPECT_EQ(verdict(store, new_options, *old_token), "ok");
  fs::remove(store.all()[1].path);
  const KeyStore without = open_or_fail(dir.path().string(), new_options);
  EXPECT_EQ(verdict(without, new_options, *old_token), "token_algorithm");
}

TEST(KeyStore, KeepsAnRsaKeyToItsOwnAlgorithm) {
  ScratchDir dir;
  const KeyStore rs = open_or_fail(dir.path().string(), options_of(Algorithm::rs256));
  const KeyStore ps = open_or_fail(dir.path().string(), options_of(Algorithm::ps256));
  EXPECT_NE(rs.current().key.kid(), ps.current().key.kid());
  EXPECT_EQ(ps.current().key.algorithms(), jose::AlgorithmSet{Algorithm::ps256});
}

TEST(KeyStore, RotatesToANewKeyAndGoesOnVerifyingWithTheOld) {
  ScratchDir dir;
  const auto options = options_of(Algorithm::es256);
  KeyStore store = open_or_fail(dir.path().string(), options);
  const std::string first = store.current().key.kid();
  const auto token = TokenSigner(store.current()).mint(claims());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store.rotate(kNow, kNow));  // within one second
  EXPECT_NE(store.current().key.kid(), first);
  EXPECT_EQ(store.all().size(), 4u);
  EXPECT_EQ(store.all().back().key.kid(), first);
  EXPECT_EQ(verdict(store, options, *token), "ok");
  EXPECT_EQ(open_or_fail(dir.path().string(), options).current().key.kid(), store.current().key.kid());
}

WallSeconds hours(int count) {
  return kNow + count * 3600;
}

TEST(KeyStore, PublishesTheNextKeyBeforeItSignsAndTheLastUntilItsTokensHaveExpired) {
  ScratchDir dir;
  auto options = options_of(Algorithm::es256);
  options.rotate_every = 24h;
  options.access_ttl = 1h;
  const std::string state = dir.path().string();
  KeyStore store = open_or_fail(state, options);
  ASSERT_EQ(store.all().size(), 2u);
  const std::string first = store.current().key.kid(), second = store.all()[1].key.kid();
  EXPECT_EQ(store.all()[1].signs_from, hours(24));
  EXPECT_EQ(store.next_event(), hours(24));
  EXPECT_THAT(store.public_jwk_set(), HasSubstr(second));

  EXPECT_EQ(open_or_fail(state, options, hours(24) - 1).current().key.kid(), first);
  store = open_or_fail(state, options, hours(24));
  EXPECT_EQ(store.current().key.kid(), second);
  ASSERT_EQ(store.all().size(), 3u);
  EXPECT_EQ(store.all()[1].signs_from, hours(48)) << "the one after it is published at once";
  EXPECT_EQ(store.all()[2].key.kid(), first);

  store = open_or_fail(state, options, hours(25));
  EXPECT_EQ(store.all().size(), 3u) << "the last token of the first key expires now";
  store = open_or_fail(state, options, hours(26));
  EXPECT_EQ(store.all().size(), 2u);
  EXPECT_EQ(files_in(state + "/keys"), 2u);
  EXPECT_FALSE(fs::exists(state + "/keys/" + first + ".pem"));
}

TEST(KeyStore, AfterALongRestPublishesTheNextKeyAWhileBeforeItSigns) {
  ScratchDir dir;
  auto options = options_of(Algorithm::es256);
  options.rotate_every = 24h;
  const std::string first =
      open_or_fail(dir.path().string(), options_of(Algorithm::es256)).current().key.kid();
  const KeyStore store = open_or_fail(dir.path().string(), options, hours(1000));
  EXPECT_EQ(store.current().key.kid(), first);
  ASSERT_EQ(store.all().size(), 2u);
  EXPECT_EQ(store.all()[1].signs_from, hours(1001));
}

TEST(KeyStore, KeepsAKeyForAsLongAsTheLongestOfItsTokensLives) {
  ScratchDir dir;
  const auto options = options_of(Algorithm::es256);
  const std::string state = dir.path().string();
  KeyStore store = open_or_fail(state, options);
  const std::string first = store.current().key.kid();
  ASSERT_TRUE(store.note_life(100 * 3600));
  ASSERT_TRUE(store.rotate(kNow, kNow + 2));
  EXPECT_EQ(open_or_fail(state, options, kNow + 1).current().key.kid(), first) << "not before its time";
  EXPECT_NE(open_or_fail(state, options, kNow + 2).current().key.kid(), first);
  EXPECT_EQ(open_or_fail(state, options, hours(100)).all().size(), 2u);
  EXPECT_EQ(open_or_fail(state, options, hours(101)).all().size(), 1u);
}

TEST(KeyStore, RotatesEarlyToTheKeyThatIsPublishedAlready) {
  ScratchDir dir;
  auto options = options_of(Algorithm::es256);
  options.rotate_every = 24h;
  KeyStore store = open_or_fail(dir.path().string(), options);
  const std::string next = store.all()[1].key.kid();
  ASSERT_TRUE(store.rotate(hours(1), hours(1) + 2));
  store = open_or_fail(dir.path().string(), options, hours(1) + 2);
  EXPECT_EQ(store.current().key.kid(), next);
  ASSERT_EQ(store.all().size(), 3u);
  EXPECT_EQ(store.all()[1].signs_from, hours(25) + 2);
}

TEST(KeyStore, EncryptsItsFilesWithThePassphraseAlsoThoseThatWerePlain) {
  ScratchDir dir;
  auto options = options_of(Algorithm::rs256);
  const std::string state = dir.path().string();
  const std::string kid = open_or_fail(state, options).current().key.kid();
  options.key_passphrase = SecretString("correct horse battery staple");
  EXPECT_EQ(open_or_fail(state, options).current().key.kid(), kid);
  std::ifstream file(state + "/keys/" + kid + ".pem");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  EXPECT_THAT(text, testing::Not(HasSubstr("BEGIN PRIVATE KEY")));
  EXPECT_EQ(open_or_fail(state, options).current().key.kid(), kid);
  options.key_passphrase = SecretString("another");
  auto refused = KeyStore::open(state, options, kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::AllOf(HasSubstr(kid + ".pem"), HasSubstr("of another passphrase")));
  options.key_passphrase = {};
  refused = KeyStore::open(state, options, kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("there is no passphrase"));
}

TEST(KeyStore, PublishesItsPublicKeysAndNeverASecret) {
  ScratchDir dir;
  open_or_fail(dir.path().string(), options_of(Algorithm::hs256));
  open_or_fail(dir.path().string(), options_of(Algorithm::eddsa));
  const KeyStore store = open_or_fail(dir.path().string(), options_of(Algorithm::es256));
  EXPECT_EQ(store.all().size(), 3u);
  const std::string text = store.public_jwk_set();
  EXPECT_THAT(text, testing::Not(HasSubstr("oct")));
  EXPECT_THAT(text, testing::Not(HasSubstr("\"d\"")));
  const auto set = jose::parse_jwk_set(text, {});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->keys.size(), 2u);
  EXPECT_TRUE(set->warnings.empty());
  EXPECT_EQ(set->keys[0].kid(), store.current().key.kid());
}

TEST(KeyStore, UsesTheSecretOfTheConfigurationAndWritesNoneDown) {
  ScratchDir dir;
  const std::string secret(32, 's');
  const auto options = options_of(Algorithm::hs256, secret);
  KeyStore store = open_or_fail(dir.path().string(), options);
  EXPECT_EQ(files_in(dir.path().string() + "/keys"), 0u);
  EXPECT_EQ(store.current().key.secret().reveal(), secret);
  EXPECT_FALSE(store.rotate(kNow, kNow));
  const auto key = jose::Key::from_secret(SecretString(secret), {Algorithm::hs256});
  const std::string foreign =
      sign(*key, Algorithm::hs256, R"({"alg":"HS256","typ":"at+jwt"})", json::dump(claims()));
  EXPECT_EQ(verdict(store, options, foreign), "ok") << "minted elsewhere, without kid";
  EXPECT_EQ(open_or_fail(dir.path().string(), options).current().key.kid(), store.current().key.kid());
}

TEST(KeyStore, PrefersTheSecretOfTheConfigurationToAKeptOne) {
  ScratchDir dir;
  open_or_fail(dir.path().string(), options_of(Algorithm::hs256));
  const KeyStore store =
      open_or_fail(dir.path().string(), options_of(Algorithm::hs256, std::string(32, 's')));
  EXPECT_EQ(store.all().size(), 1u);
}

TEST(KeyStore, RefusesASecretShorterThanItsHash) {
  ScratchDir dir;
  const auto store =
      KeyStore::open(dir.path().string(), options_of(Algorithm::hs512, std::string(63, 's')), kNow);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error(), HasSubstr("shorter"));
}

TEST(KeyStore, TakesTheRightsOfOthersAwayAndSaysSo) {
  ScratchDir dir;
  const std::string path = open_or_fail(dir.path().string(), options_of(Algorithm::es256)).current().path;
  fs::permissions(path, fs::perms(0644));
  fs::permissions(dir.path().string() + "/keys", fs::perms(0755));
  const KeyStore store = open_or_fail(dir.path().string(), options_of(Algorithm::es256));
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(mode_of(dir.path().string() + "/keys"), 0700u);
  EXPECT_THAT(store.warnings(), testing::UnorderedElementsAre(HasSubstr("keys:"), HasSubstr(".pem:")));
}

TEST(KeyStore, NamesAFileThatItCannotUse) {
  const auto problem_with = [](const std::string& name, const std::string& text) {
    ScratchDir dir;
    fs::create_directory(dir.path().string() + "/keys");
    std::ofstream(dir.path().string() + "/keys/" + name) << text;
    const auto store = KeyStore::open(dir.path().string(), options_of(Algorithm::es256), kNow);
    return store ? std::string("opened") : store.error();
  };
  EXPECT_THAT(problem_with("a.pem", ""), HasSubstr("a.pem: is no key file"));
  EXPECT_THAT(problem_with("a.pem", "algorithm: none\n"), HasSubstr("names no algorithm"));
  EXPECT_THAT(problem_with("a.pem", "algorithm: ES256\n-----BEGIN PRIVATE KEY-----\n"),
              HasSubstr("no private key"));
  EXPECT_THAT(problem_with("a.secret", "algorithm: HS256\nsecret: AAAA\n"), HasSubstr("shorter"));
  EXPECT_THAT(problem_with("a.pem", std::string(70'000, 'x')), HasSubstr("longer than"));
  EXPECT_EQ(problem_with(".a.pem.123", "unfinished"), "opened") << "left by a process that was killed";
  EXPECT_EQ(problem_with("README", "not a key"), "opened");
}

TEST(KeyStore, FollowsNoSymbolicLink) {
  ScratchDir dir;
  const std::string outside = dir.path().string() + "/outside.pem";
  fs::create_directory(dir.path().string() + "/keys");
  std::ofstream(outside) << "algorithm: ES256\n";
  fs::create_symlink(outside, dir.path().string() + "/keys/a.pem");
  EXPECT_FALSE(KeyStore::open(dir.path().string(), options_of(Algorithm::es256), kNow));
}

TEST(KeyStore, IsAnErrorWhereNothingCanBeWritten) {
  ScratchDir dir;
  std::ofstream(dir.path().string() + "/file") << "x";
  const auto store = KeyStore::open(dir.path().string() + "/file/state", options_of(Algorithm::es256), kNow);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error(), HasSubstr("/file"));
}

TEST(KeyStore, WritesNothingWhenItOnlyPretends) {
  ScratchDir dir;
  const auto store = KeyStore::open(dir.path().string() + "/state", options_of(Algorithm::es256), kNow,
                                    WhenMissing::pretend);
  ASSERT_TRUE(store) << store.error();
  EXPECT_TRUE(store->current().key.can_sign());
  EXPECT_FALSE(fs::exists(dir.path().string() + "/state"));
}

TEST(KeyStore, MakesOneKeyWhenManyStartAtOnce) {
  ScratchDir dir;
  std::vector<std::string> kids(4);
  std::vector<std::thread> threads;
  for (std::string& kid : kids)
    threads.emplace_back(
        [&] { kid = open_or_fail(dir.path().string(), options_of(Algorithm::es256)).current().key.kid(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files_in(dir.path().string() + "/keys"), 1u);
  for (const std::string& kid : kids) EXPECT_EQ(kid, kids[0]);
}

}  // namespace
}  // namespace gw::auth
