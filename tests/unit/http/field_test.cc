// SPDX-License-Identifier: Apache-2.0
#include "http/field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "http/scan.h"

namespace gw::http {
namespace {

TEST(FieldName, IsKnownInEverySpellingOfCase) {
  for (int i = 1; i <= static_cast<int>(FieldName::x_request_id); ++i) {
    const auto name = static_cast<FieldName>(i);
    std::string spelling(spelling_of(name));
    ASSERT_FALSE(spelling.empty());
    EXPECT_EQ(field_name_of(spelling), name) << spelling;
    std::transform(spelling.begin(), spelling.end(), spelling.begin(), [](char c) { return lower(c); });
    EXPECT_EQ(field_name_of(spelling), name) << spelling;
    EXPECT_EQ(field_name_of(spelling + "x"), FieldName::other) << spelling;
  }
}

TEST(FieldName, IsOtherForASpellingThatOnlyFoldsAlike) {
  for (const char* name : {"content_length", "Content.Length", "x_forwarded-for", "", "Hos", "Hostt"})
    EXPECT_EQ(field_name_of(name), FieldName::other) << name;
}

TEST(Folding, MakesOneNameOfWhatServersFoldTogether) {
  for (const char* name : {"X_Auth_Subject", "x.auth.subject", "x-AUTH~subject", "x!auth'subject"}) {
    EXPECT_EQ(folded_hash(name), folded_hash("X-Auth-Subject")) << name;
    EXPECT_TRUE(folds_equal(name, "X-Auth-Subject")) << name;
  }
  EXPECT_FALSE(folds_equal("X-Auth-Subject", "XAuth-Subject"));
  EXPECT_FALSE(folds_equal("X-Auth-Subject", "X-Auth-Subjects"));
}

TEST(Folding, GivesZeroForBytesThatMayNotStandInAName) {
  int allowed = 0;
  for (int i = 0; i < 256; ++i) allowed += fold_name_byte(static_cast<char>(i)) != 0;
  EXPECT_EQ(allowed, 26 + 26 + 10 + 15);
  for (const char c : std::string("\0 \t\r\n:\"(),/;<=>?@[\\]{}\x7F\x80\xFF", 26))
    EXPECT_EQ(fold_name_byte(c), 0) << c;
}

TEST(Fields, AreTheSameAddedByNameAndBySpelling) {
  for (int i = 1; i <= static_cast<int>(FieldName::x_request_id); ++i) {
    const auto name = static_cast<FieldName>(i);
    Fields fields;
    fields.add(name, "a");
    fields.add(spelling_of(name), "a");
    EXPECT_EQ(fields[0].name, fields[1].name);
    EXPECT_EQ(fields[0].folded, fields[1].folded);
    EXPECT_EQ(fields[0].id, name);
    EXPECT_EQ(fields[1].id, name) << spelling_of(name);
  }
}

TEST(Fields, FindsWhatWasNotDropped) {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("X-A", "b");
  fields.add("accept", "c");
  EXPECT_EQ(fields.find(FieldName::accept)->value, "a");
  EXPECT_EQ(fields.find("x-a")->value, "b");
  EXPECT_EQ(fields.find("x_a"), nullptr);
  EXPECT_EQ(fields.count(FieldName::accept), 2u);
  fields[0].dropped = true;
  EXPECT_EQ(fields.find(FieldName::accept)->value, "c");
  fields.drop(FieldName::accept);
  fields.drop("X-a");
  EXPECT_EQ(fields.find("Accept"), nullptr);
  EXPECT_EQ(fields.find("X-A"), nullptr);
  EXPECT_EQ(fields.size(), 3u);
}

TEST(ListContains, ComparesWholeElementsWithoutCase) {
  EXPECT_TRUE(list_contains("close", "close"));
  EXPECT_TRUE(list_contains("Upgrade ,\tCLOSE", "close"));
  EXPECT_TRUE(list_contains(",,close,", "close"));
  EXPECT_FALSE(list_contains("closed, disclose", "close"));
  EXPECT_FALSE(list_contains("", "close"));
}

TEST(FindControl, FindsEveryControlByteAtEveryPlace) {
  for (int i = 0; i < 256; ++i) {
    const char byte = static_cast<char>(i);
    const bool is_wanted = (i < 0x20 && i != '\t') || i == 0x7F;
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(40, '\xE9');
      text[at] = byte;
      const char* const end = text.data() + text.size();
      EXPECT_EQ(find_control(text.data(), end), is_wanted ? text.data() + at : end) << i << " at " << at;
    }
  }
}

}  // namespace
}  // namespace gw::http
