// SPDX-License-Identifier: Apache-2.0
// The cases are those of https://github.com/w3c/trace-context/tree/main/test and of the specification.
#include "trace/context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gw::trace {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kGood = "00-" + kTrace + "-" + kSpan + "-01";

http::Fields fields_of(std::string_view name, const std::vector<std::string>& values) {
  http::Fields fields;
  for (const std::string& value : values) fields.add(name, value);
  return fields;
}

bool good_state(const std::vector<std::string>& values) {
  return has_good_state(fields_of("tracestate", values));
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Traceparent, TellsTraceSpanAndWhetherItIsSampled) {
  const auto parent = parse_traceparent(kGood);
  ASSERT_TRUE(parent);
  EXPECT_EQ(text_of(parent->trace), kTrace);
  EXPECT_EQ(text_of(parent->span), kSpan);
  EXPECT_TRUE(parent->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-00")->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-02")->sampled) << "another flag";
  EXPECT_TRUE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-ff")->sampled);
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsThisOneGoes) {
  for (const std::string& rest :
       {std::string(), std::string("-"), std::string("-what-the-future-will-be-like")}) {
    const auto parent = parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01" + rest);
    ASSERT_TRUE(parent) << rest;
    EXPECT_EQ(text_of(parent->trace), kTrace);
    EXPECT_TRUE(parent->sampled);
  }
}

TEST(Traceparent, ThatIsMalformedIsNone) {
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           "ff-" + kTrace + "-" + kSpan + "-01",
           kGood + "-",
           kGood + "-what-the-future-will-be-like",
           kGood + ".",
           "cc-" + kTrace + "-" + kSpan + "-01.what-the-future",
           "0" + kGood,
           "0.-" + kTrace + "-" + kSpan + "-01",
           "0x-" + kTrace + "-" + kSpan + "-01",
           "00-" + std::string(32, '0') + "-" + kSpan + "-01",
           "00-" + kTrace + "-" + std::string(16, '0') + "-01",
           "00-" + kTrace.substr(1) + "-" + kSpan + "-01",
           "00-" + kTrace + "-" + kSpan.substr(1) + "-01",
           "00-" + kTrace.substr(1) + ".-" + kSpan + "-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01",
           "00-" + kTrace + "-00F067AA0BA902B7-01",
           "00-" + kTrace + "-" + kSpan + "-0",
           "00-" + kTrace + "-" + kSpan + "-0x",
           "00-" + kTrace + "-" + kSpan + "-0A",
           "00_" + kTrace + "_" + kSpan + "_01",
           " " + kGood,
       })
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

TEST(Traceparent, InSeveralFieldsIsNone) {
  EXPECT_TRUE(find_parent(fields_of("Traceparent", {kGood})));
  EXPECT_FALSE(find_parent(fields_of("traceparent", {kGood, kGood})));
  EXPECT_FALSE(find_parent(fields_of("traceparent", {kGood + "," + kGood})));
  EXPECT_FALSE(find_parent(fields_of("traceparent", {})));
  EXPECT_FALSE(find_parent(fields_of("trace-parent", {kGood})));
  http::Fields dropped = fields_of("traceparent", {kGood});
  dropped.drop(http::FieldName::traceparent);
  EXPECT_FALSE(find_parent(dropped));
}

TEST(Tracestate, OfTheRightFormIsGood) {
  for (const std::vector<std::string>& values : std::vector<std::vector<std::string>>{
           {"foo=1"},
           {"foo=1,bar=2"},
           {"foo=1", "bar=2"},
           {"foo=1 , \tbar=2", " baz=3 "},
           {"foo=1,,bar=2,"},
           {"fw529a3039@dt=FfGHI!@#$%^&*()_+-.;:"},
           {"1a-_*/@a0-_*/=x"},
           {"foo=a b"},
           {std::string(256, 'z') + "=1"},
           {std::string(241, 't') + "@" + std::string(14, 'v') + "=1"},
           {"foo=" + std::string(256, 'v')},
       })
    EXPECT_TRUE(good_state(values)) << values[0];
}

TEST(Tracestate, OfAnotherFormIsNotPassedOn) {
  for (const std::vector<std::string>& values : std::vector<std::vector<std::string>>{
           {},
           {""},
           {" , ,"},
           {"foo"},
           {"foo="},
           {"=1"},
           {"foo=1=2"},
           {"foo =1"},
           {"FOO=1"},
           {"foo.bar=1"},
           {"1foo=1"},
           {"foo@=1,bar=2"},
           {"@foo=1"},
           {"foo@@bar=1"},
           {"foo@bar@baz=1"},
           {"foo@1bar=1"},
           {"foo=1,foo=2"},
           {"foo=1", "foo=2"},
           {"foo=1;bar=2=3"},
           {"foo=\xC3\xA9"},
           {"foo=\x7F"},
           {std::string("foo=a\0b", 7)},
           {std::string(257, 'z') + "=1"},
           {std::string(242, 't') + "@v=1"},
           {"t@" + std::string(15, 'v') + "=1"},
           {"foo=" + std::string(257, 'v')},
       })
    EXPECT_FALSE(good_state(values)) << (values.empty() ? "" : values[0]);
}

TEST(Tracestate, HasNoMoreThan32MembersAnd512Bytes) {
  std::string members;
  for (int i = 0; i < 32; ++i) members += "k" + std::to_string(i) + "=1,";
  EXPECT_TRUE(good_state({members}));
  EXPECT_FALSE(good_state({members + "one=more"}));
  EXPECT_FALSE(good_state({members, "one=more"}));
  EXPECT_TRUE(good_state({"a=" + std::string(252, 'x') + ",b=" + std::string(255, 'x')}));
  EXPECT_FALSE(good_state({"a=" + std::string(252, 'x') + ",b=" + std::string(256, 'x')}));
  EXPECT_FALSE(good_state({"a=1" + repeated(",", 510)}));
}

TEST(Traceparent, IsWrittenAsItIsRead) {
  const auto parent = parse_traceparent(kGood);
  std::string text(kParentBytes, '?');
  format_traceparent(text.data(), parent->trace, parent->span, true);
  EXPECT_EQ(text, kGood);
  format_traceparent(text.data(), parent->trace, parent->span, false);
  EXPECT_EQ(text, "00-" + kTrace + "-" + kSpan + "-00");
}

TEST(Share, GoesByTheEndOfTheId) {
  const auto trace_of = [](const std::string& end) {
    return parse_traceparent("00-ffffffffffffffffff" + end + "-" + kSpan + "-01")->trace;
  };
  EXPECT_FALSE(is_in_share(trace_of("00000000000001"), 0));
  EXPECT_TRUE(is_in_share(trace_of("ffffffffffffff"), 1));
  EXPECT_TRUE(is_in_share(trace_of("7ffffffffffff0"), 0.5));
  EXPECT_FALSE(is_in_share(trace_of("80000000000000"), 0.5));
  EXPECT_TRUE(is_in_share(trace_of("028f5c28f5c28f"), 0.01));
  EXPECT_FALSE(is_in_share(trace_of("03000000000000"), 0.01));
}

TEST(SpanIds, AreDerivedToOthersThatAreIdsToo) {
  for (const std::string& text : {kSpan, "1" + std::string(15, '0'), std::string(15, '0') + "1"}) {
    const auto parent = parse_traceparent("00-" + kTrace + "-" + text + "-01");
    const std::string other(text_of(derive(parent->span)));
    EXPECT_NE(other, text);
    EXPECT_TRUE(parse_traceparent("00-" + kTrace + "-" + other + "-01")) << other;
  }
}

}  // namespace
}  // namespace gw::trace
