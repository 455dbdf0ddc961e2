// SPDX-License-Identifier: Apache-2.0
#include "plugin/subject_template.h"

#include <gtest/gtest.h>

namespace gw::plugin {
namespace {

SubjectTemplate parse(std::string_view text, std::string_view backend = "users") {
  auto parsed = SubjectTemplate::parse(text, backend);
  EXPECT_TRUE(parsed.ok()) << text;
  return *parsed;
}

auth::Account alice() {
  auth::Account account;
  account.id = "17";
  account.username = "alice";
  account.email = "alice@example.com";
  return account;
}

TEST(SubjectTemplate, TheNamesInBracesAreFilledIn) {
  EXPECT_EQ(parse("{backend}:{id}").subject_of(alice()), "users:17");
  EXPECT_EQ(parse("{username}").subject_of(alice()), "alice");
  EXPECT_EQ(parse("mailto:{email}").subject_of(alice()), "mailto:alice@example.com");
  EXPECT_EQ(parse("{username}@{backend}").subject_of(alice()), "alice@users");
}

TEST(SubjectTemplate, AnAccountWithoutTheNamedPartHasNoSubject) {
  auth::Account account = alice();
  account.email.clear();
  EXPECT_EQ(parse("mailto:{email}").subject_of(account), "");
}

TEST(SubjectTemplate, ASubjectLeadsBackToWhatItWasMadeOf) {
  for (const char* text : {"{backend}:{id}", "{id}", "a{id}b", "{id}@{backend}"}) {
    const SubjectTemplate subject = parse(text);
    EXPECT_EQ(subject.find_key(subject.subject_of(alice())), "17") << text;
  }
}

TEST(SubjectTemplate, ASubjectOfAnotherBackendLeadsNowhere) {
  const SubjectTemplate subject = parse("{backend}:{id}");
  for (const char* foreign : {"", "users", "users:", "user:17", "users2:17", "17", "USERS:17"}) {
    EXPECT_FALSE(subject.find_key(foreign).has_value()) << foreign;
  }
}

TEST(SubjectTemplate, WhatCannotLeadBackIsRefused) {
  for (const char* text : {"", "users", "{backend}", "{id}{username}", "{id}:{id}", "{name}", "{", "}", "{id",
                           "id}", "{id}}", "{{id}", "{}", "{ID}"}) {
    EXPECT_FALSE(SubjectTemplate::parse(text, "users").ok()) << text;
  }
}

TEST(SubjectTemplate, TemplatesThatCouldGiveOneSubjectCollide) {
  EXPECT_FALSE(parse("{backend}:{id}", "a").could_collide(parse("{backend}:{id}", "b")));
  EXPECT_FALSE(parse("{backend}:{id}", "users").could_collide(parse("{backend}:{id}", "users2")));
  EXPECT_FALSE(parse("{id}@a").could_collide(parse("{id}@b")));
  EXPECT_TRUE(parse("{id}").could_collide(parse("{username}")));
  EXPECT_TRUE(parse("{username}").could_collide(parse("{backend}:{id}", "b")));
  EXPECT_TRUE(parse("x{id}").could_collide(parse("{id}y")));
  EXPECT_TRUE(parse("u{id}").could_collide(parse("users:{id}")));
}

}  // namespace
}  // namespace gw::plugin
