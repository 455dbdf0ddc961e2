// SPDX-License-Identifier: Apache-2.0
// Hashes that other implementations made, and those that look like them.
#include <gtest/gtest.h>

#include "auth/password_hash.h"

namespace gw::auth {
namespace {

const HashOptions kCheap{.memory_kib = 64, .iterations = 1, .lanes = 1};
constexpr std::string_view kPassword = "correct horse battery staple";

struct Vector {
  const char* maker;
  std::string_view hash;
  std::string_view password = kPassword;
};

constexpr Vector kVectors[] = {
    {"passlib pbkdf2_sha256",
     "$pbkdf2-sha256$1000$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0"},
    {"passlib pbkdf2_sha512",
     "$pbkdf2-sha512$1000$2XvP.f//H2MspTTGeG/"
     "tnQ$U2wqNsi.2YhQP.Jn3mLAZTgEkqFMNgqtVH7KIzoX0W0SYeAueVsJe5VOosavXS."
     "tTYX/pA5hFjGUvrc1bSArAw"},
    {"passlib pbkdf2_sha1", "$pbkdf2$1000$vrcWorS2ltKa816LkXJujQ$snVO2xKCDmljg6HvRnm.jePjrGU"},
    {"OpenLDAP pw-pbkdf2's form of the first",
     "{PBKDF2-SHA256}1000$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0"},
    {"passlib scrypt",
     "$scrypt$ln=10,r=8,p=1$ijGmFOJcS2lN6R0DYGxt7Q$IcfxOdpfW+kVKKjdRQ7vA+U5YKXAV96GATGNBYyi844"},
    {"passlib phpass", "$P$6N0ceO69gVV3saWewuToWFSHktisCs/"},
    {"passlib phpass, phpBB's letter", "$H$69SE5oxHI2ByQWqyig5zsGdmTmuIjg1"},
    {"passlib ldap_salted_sha256", "{SSHA256}FCF/5s5iNkCGRQdPhHtbrq0crqO/XAidLuVlW5nHC8V4D+GcsxYiRA=="},
    {"passlib ldap_salted_sha512",
     "{SSHA512}z5x8NhjfqtXGZs/"
     "Lqlm21YGCtHI7ndnfGhvh5X1kSlpb3PV1ErN6vj2i7m3dKWUMWDH27GSOixOq8EEpqMY+v7c2xpjzvleK"},
    {"passlib ldap_sha512_crypt",
     "{CRYPT}$6$rounds=1000$dHa45nY8oqTQTaJk$WDtMr6lrrQZxwUwkZEBI2xL1c0BCcblcc/"
     "qU4iNQDTdsUlAV01qQ0Kwk/XK3oResKhwfIWMreZtZaVVwUeBWT/"},
    {"slappasswd {SSHA}", "{SSHA}3DR4/srj0DbzFEU13rBD/nVeRp3OAsAx"},
    {"htpasswd -m", "$apr1$qa72K69Z$FK/Ip74RK1ZgwlJKpk1WY/"},
    {"openssl passwd -1", "$1$saltsalt$BsXyQbZiQujHkdhwPwdol."},
    {"PHP crypt", "$1$phpsalt$N5WF9GZQC94vpWIsRLiuT."},
    {"Django PBKDF2", "pbkdf2_sha256$1000$saltsaltsalt$KQDle8SXZRa7sBUZQfkYQI6NXnZxupxhxtm+aXnClyg="},
    {"Django PBKDF2SHA1", "pbkdf2_sha1$1000$saltsaltsalt$MNEV9u2pN6dwoHiByKLtK5AJwGc="},
    {"Django BCryptSHA256", "bcrypt_sha256$$2b$04$XowXuJKXDuZnd7MiSLHxKuLppwZlMGwPnirZ0gsk0/QKhvam8pDbe"},
    {"Django BCrypt", "bcrypt$$2b$04$cA4f0fOwmpa4mlk/.80F5.lAeLpvZ6oznltJJiy6i7/lf6jlkgzbS"},
    {"Django Argon2", "argon2$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHRzYWx0$kMsMWBufoo+0C3Zmw+zVxQ"},
    {"Werkzeug scrypt",
     "scrypt:1024:8:1$sVfK0Dv5HcefG0NX$"
     "9f9a6327362c8226f563d10da1393993e90e1db1a7c38dba190b658b4239d9bce8a3d9c94a1f"
     "5203301d9db2692c127c2bdb6b448797448bfda508960ee44c19"},
    {"Werkzeug PBKDF2",
     "pbkdf2:sha256:1000$Zjh7X5s5RWYeTCLH$3da715f93603599860621def45943017e2141d47f31d1618fd484478fc6a6b54"},
    {"ASP.NET Identity v2",
     "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==", "my password"},
    {"ASP.NET Identity v3, SHA-256",
     "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==", "my password"},
    {"ASP.NET Identity v3, SHA-1", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
     "my password"},
};

class LegacyHashes : public ::testing::TestWithParam<Vector> {};

TEST_P(LegacyHashes, MatchTheirPasswordAndNoOtherAndTakeOneHash) {
  const PasswordHasher hasher(kCheap);
  const auto& [maker, hash, password] = GetParam();
  EXPECT_TRUE(PasswordHasher::knows(hash)) << maker;
  EXPECT_EQ(hasher.match(hash, password), PasswordMatch::yes) << maker;
  const std::string right(password), huge(1024 * 1024, 'x');
  for (const std::string& wrong : {right + "x", right.substr(1), right + '\0', std::string(), huge})
    EXPECT_EQ(hasher.match(hash, wrong), PasswordMatch::no) << maker;
  EXPECT_EQ(hasher.computations(), 6u);
  EXPECT_TRUE(hasher.is_outdated(hash) || hash.find("argon2id") != std::string_view::npos) << maker;
}

TEST_P(LegacyHashes, AreNotTakenInPiecesOrWithMoreBehindThem) {
  const PasswordHasher hasher(kCheap);
  const auto& [maker, hash, password] = GetParam();
  for (std::size_t size = 0; size < hash.size(); ++size) {
    const std::string_view piece = hash.substr(0, size);
    const bool only_lacks_padding = hash.substr(size).find_first_not_of('=') == std::string_view::npos;
    const bool may_be_shorter = hash.starts_with("AQ") && hash.size() > 60;  // ASP.NET: 16 bytes or 32
    if (only_lacks_padding || may_be_shorter || !PasswordHasher::knows(piece)) continue;
    EXPECT_EQ(hasher.match(piece, password), PasswordMatch::no) << maker << ": " << piece;
  }
  for (const char* more : {"x", "$", "$x", "-", "AAAA"}) {
    EXPECT_EQ(hasher.match(std::string(hash) + more, password), PasswordMatch::no) << maker << more;
  }
}

INSTANTIATE_TEST_SUITE_P(PasswordHash, LegacyHashes, ::testing::ValuesIn(kVectors));

// Each would take minutes, gigabytes or no salt at all.
constexpr std::string_view kRefused[] = {
    "$pbkdf2-sha256$4294967295$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$pbkdf2-sha256$5000001$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$pbkdf2-sha256$0$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$pbkdf2-sha256$-1$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$pbkdf2-sha256$1000$$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$pbkdf2-sha256$1000$da71/r.XMgag9D6HsPYeQw$",
    "$pbkdf2-sha256$1000$da71/r.XMgag9D6HsPYeQw$pgs",
    "$pbkdf2-md5$1000$da71/r.XMgag9D6HsPYeQw$pgszKFUduEihAfvgztxeJp6AUcJJCLu65s2gkbrvGx0",
    "$scrypt$ln=30,r=8,p=1$ijGmFOJcS2lN6R0DYGxt7Q$IcfxOdpfW+kVKKjdRQ7vA+U5YKXAV96GATGNBYyi844",
    "$scrypt$ln=18,r=64,p=1$ijGmFOJcS2lN6R0DYGxt7Q$IcfxOdpfW+kVKKjdRQ7vA+U5YKXAV96GATGNBYyi844",
    "$scrypt$ln=10,r=8,p=4294967295$ijGmFOJcS2lN6R0DYGxt7Q$IcfxOdpfW+kVKKjdRQ7vA+U5YKXAV96GATGNBYyi844",
    "$scrypt$ln=10,r=0,p=1$ijGmFOJcS2lN6R0DYGxt7Q$IcfxOdpfW+kVKKjdRQ7vA+U5YKXAV96GATGNBYyi844",
    "scrypt:1024:8:1$sVfK0Dv5HcefG0NX$9f9a6327362c8226f563d10da1393993e90e1db1a7c38dba190b658b4239d9bc",
    "scrypt:1000:8:1$sVfK0Dv5HcefG0NX$9f9a6327362c8226f563d10da1393993e90e1db1a7c38dba190b658b4239d9bc",
    "$P$ZN0ceO69gVV3saWewuToWFSHktisCs/",
    "$P$.N0ceO69gVV3saWewuToWFSHktisCs/",
    "AQAAAAEATEtBAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
    "AQAAAAEAACcQ/////wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
    "AQAAAAMAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
    "AgAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
    "{SSHA}q/eq1kOINtvlJqojGr3i0O73TUI=",  // no salt behind the digest
    "{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=",
    "{SHA256}FCF/5s5iNkCGRQdPhHtbrq0crqO/XAidLuVlW5nHC8U=",
    "{MD5}q/eq1kOINtvlJqojGr3i0A==",
    "{CRYPT}5oPrl2BQ5195s",
    "{CLEARTEXT}correct horse battery staple",
    "{CRYPT}",
    "{",
    "md5$salt$37795b0102ce7e2ec07898d88690a638",
    "sha1$salt$59b3e8d637cf97edbe2384cf59cb7453dfe30789",
    "plaintext$$correct horse battery staple",
    "bcrypt$correct",
    "bcrypt_sha256$",
    "argon2$",
    "$apr1$$FK/Ip74RK1ZgwlJKpk1WY/",
    "$apr1$qa72K69Z$",
    "$1$$BsXyQbZiQujHkdhwPwdol.",
    "$1$saltsalt$",
    "$pepper$$argon2id$v=19$m=1024,t=2,p=1$UCoRdH6oVHcAgS0LN27aFA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$pepper$k1$2b$05$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq",
    "$pepper$k1",
};

TEST(LegacyHash, WhatCostsTooMuchOrHasNoSaltIsNoHash) {
  const PasswordHasher hasher(kCheap);
  for (const std::string_view hash : kRefused) {
    EXPECT_FALSE(PasswordHasher::knows(hash)) << hash;
    EXPECT_EQ(hasher.match(hash, kPassword), PasswordMatch::no) << hash;
  }
  EXPECT_EQ(hasher.computations(), std::size(kRefused));
}

HashOptions with_peppers(std::string id, std::map<std::string, SecretString, std::less<>> peppers) {
  HashOptions options = kCheap;
  options.pepper_id = std::move(id);
  options.peppers = std::move(peppers);
  return options;
}

const SecretString kOld(std::string(32, 'o')), kNew(std::string(32, 'n'));

TEST(Pepper, GoesIntoNewHashesWithItsIdAndIsNeededForThem) {
  const PasswordHasher hasher(with_peppers("k1", {{"k1", kOld}}));
  const auto hash = hasher.hash(SecretString("secret"));
  ASSERT_TRUE(hash.ok());
  EXPECT_TRUE(hash->reveal().starts_with("$pepper$k1$argon2id$v=19$m=64,t=1,p=1$"));
  EXPECT_TRUE(PasswordHasher::knows(hash->reveal()));
  EXPECT_EQ(hasher.match(hash->reveal(), "secret"), PasswordMatch::yes);
  EXPECT_EQ(hasher.match(hash->reveal(), "Secret"), PasswordMatch::no);
  EXPECT_EQ(hasher.match(hash->reveal(), ""), PasswordMatch::no);

  const PasswordHasher other(with_peppers("k1", {{"k1", kNew}}));
  EXPECT_EQ(other.match(hash->reveal(), "secret"), PasswordMatch::no);
  // Whoever steals the table has the hash without its pepper, and the password does not fit it.
  EXPECT_EQ(hasher.match(hash->reveal().substr(std::string_view("$pepper$k1").size()), "secret"),
            PasswordMatch::no);
}

TEST(Pepper, ThatIsMissingBlamesNobodysPassword) {
  const auto hash = PasswordHasher(with_peppers("k1", {{"k1", kOld}})).hash(SecretString("secret"));
  const PasswordHasher without(kCheap);
  EXPECT_EQ(without.match(hash->reveal(), "secret"), PasswordMatch::not_computed);
  EXPECT_EQ(without.computations(), 1u);
}

TEST(Pepper, IsRotatedAtTheNextLogin) {
  const PasswordHasher before(with_peppers("k1", {{"k1", kOld}}));
  const PasswordHasher after(with_peppers("k2", {{"k1", kOld}, {"k2", kNew}}));
  const auto old_hash = before.hash(SecretString("secret"));
  EXPECT_FALSE(before.is_outdated(old_hash->reveal()));
  EXPECT_EQ(after.match(old_hash->reveal(), "secret"), PasswordMatch::yes);
  EXPECT_TRUE(after.is_outdated(old_hash->reveal()));
  const auto new_hash = after.hash(SecretString("secret"));
  EXPECT_FALSE(after.is_outdated(new_hash->reveal()));
  EXPECT_TRUE(PasswordHasher(kCheap).is_outdated(new_hash->reveal()));
}

TEST(Outdated, IsWhatWeWouldNotMakeToday) {
  const PasswordHasher cheap(kCheap), dear(HashOptions{.memory_kib = 128, .iterations = 1, .lanes = 1});
  const auto hash = cheap.hash(SecretString("secret"));
  EXPECT_FALSE(cheap.is_outdated(hash->reveal()));
  EXPECT_TRUE(dear.is_outdated(hash->reveal()));
  EXPECT_FALSE(cheap.is_outdated(dear.hash(SecretString("secret"))->reveal()));
  EXPECT_TRUE(cheap.is_outdated("$2b$05$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq"));
}

}  // namespace
}  // namespace gw::auth
