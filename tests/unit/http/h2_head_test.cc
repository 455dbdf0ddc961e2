// SPDX-License-Identifier: Apache-2.0
// Heads of HTTP/2 requests: what is taken, what is refused, what the exchange sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h2_head.h"

namespace gw::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class H2HeadTest : public ::testing::Test {
 protected:
  Status read(const Pairs& pairs, bool has_body = false) {
    H2Head collected(pool_, limits_);
    went_on_ = true;
    for (const auto& [name, value] : pairs) went_on_ = went_on_ && collected.add(name, value);
    Status status = collected.finish_request(has_body, head_);
    storage_ = collected.take_storage();
    return status;
  }
  Fault fault_of(const Pairs& pairs, bool has_body = false) {
    const Status status = read(pairs, has_body);
    return status ? Fault::overloaded : status.error().fault;  // overloaded: taken
  }
  static Pairs get(const Pairs& more = {}, const std::string& path = "/a?b") {
    Pairs all{{":method", "GET"}, {":scheme", "https"}, {":path", path}, {":authority", "Example.com:8443"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Limits limits_;
  net::BufferPool pool_;
  net::Buffer storage_{pool_};
  RequestHead head_;
  bool went_on_ = true;
};

TEST_F(H2HeadTest, TellsTheExchangeWhatAnHttp1HeadWould) {
  ASSERT_TRUE(read(get({{"x-a", "1"}, {"accept", "*/*"}})));
  EXPECT_EQ(head_.method, Method::get);
  EXPECT_EQ(head_.target, "/a?b");
  EXPECT_EQ(head_.authority, "Example.com:8443");
  EXPECT_EQ(head_.version, Version::http2);
  EXPECT_EQ(head_.framing, Framing::none);
  ASSERT_EQ(head_.fields.size(), 2u);
  EXPECT_EQ(head_.fields.find(FieldName::accept)->value, "*/*");
}

TEST_F(H2HeadTest, ViewsStayValidWhenTheStorageHasMoved) {
  ASSERT_TRUE(read(get({{"x-long", std::string(20000, 'x')}, {"cookie", "a=1"}, {"cookie", "b=2"}})));
  const net::Buffer moved = std::move(storage_);
  EXPECT_EQ(head_.fields.find("x-long")->value, std::string(20000, 'x'));
  EXPECT_EQ(head_.fields.find(FieldName::cookie)->value, "a=1; b=2");
  EXPECT_EQ(head_.fields.count(FieldName::cookie), 1u);
}

TEST_F(H2HeadTest, ABodyHasALengthOrEndsWithTheStream) {
  ASSERT_TRUE(read(get(), true));
  EXPECT_EQ(head_.framing, Framing::stream);
  ASSERT_TRUE(read(get({{"content-length", "5"}, {"expect", "100-continue"}}), true));
  EXPECT_EQ(head_.framing, Framing::length);
  EXPECT_EQ(head_.content_length, 5u);
  EXPECT_TRUE(head_.expects_continue);
}

TEST_F(H2HeadTest, HostStandsInForAuthorityAndMayNotDiffer) {
  const Pairs bare{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}};
  Pairs with_host = bare;
  with_host.emplace_back("host", "h");
  ASSERT_TRUE(read(with_host));
  EXPECT_EQ(head_.authority, "h");
  EXPECT_EQ(fault_of(bare), Fault::bad_request);
  EXPECT_TRUE(read(get({{"host", "example.com:8443"}})));
  EXPECT_EQ(fault_of(get({{"host", "example.com"}})), Fault::bad_request);
  EXPECT_EQ(fault_of(get({{"host", "example.com:1"}})), Fault::bad_request);
  with_host.emplace_back("host", "h:443");
  with_host[3] = {":authority", "H."};
  EXPECT_TRUE(read(with_host));
  EXPECT_EQ(fault_of(get({{"host", "other"}})), Fault::bad_request);
  EXPECT_EQ(fault_of(get({{"host", "example.com"}, {"host", "example.com"}})), Fault::bad_request);
}

TEST_F(H2HeadTest, RefusesWhatAServiceCouldReadDifferently) {
  const std::vector<std::pair<std::string, std::string>> wrong{{"", "x"},
                                                               {"A", "x"},
                                                               {"a b", "x"},
                                                               {"a:b", "x"},
                                                               {":x", "y"},
                                                               {":path", "/b"},
                                                               {"a", "b\r\nc: d"},
                                                               {"a", std::string("b\0c", 3)},
                                                               {"a", "b\nc"},
                                                               {"connection", "x"},
                                                               {"upgrade", "x"},
                                                               {"transfer-encoding", "chunked"},
                                                               {"te", "gzip"},
                                                               {"keep-alive", "1"},
                                                               {"content-length", "1"},
                                                               {"content-length", "+0"},
                                                               {"content_length", "0"},
                                                               {"proxy-connection", "x"}};
  for (const auto& field : wrong)
    EXPECT_EQ(fault_of(get({field})), Fault::bad_request) << field.first << ": " << field.second;
  EXPECT_TRUE(read(get({{"te", "trailers"}})));
}

TEST_F(H2HeadTest, RefusesTargetsMethodsAndSchemes) {
  EXPECT_EQ(fault_of(get({}, "x")), Fault::bad_request);
  EXPECT_EQ(fault_of(get({}, "")), Fault::bad_request);
  EXPECT_EQ(fault_of(get({}, "*")), Fault::bad_request);
  EXPECT_EQ(fault_of(get({}, "/a b")), Fault::bad_path);
  EXPECT_EQ(fault_of(get({}, "/a#b")), Fault::bad_path);
  for (const char* method : {"get", "", "GE T", "G\"ET"})
    EXPECT_EQ(fault_of({{":method", method}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}}),
              Fault::bad_request);
  for (const char* method : {"CONNECT", "TRACE"})
    EXPECT_EQ(fault_of({{":method", method}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}}),
              Fault::method_not_allowed);
  EXPECT_EQ(fault_of({{":method", "GET"}, {":scheme", "ftp"}, {":path", "/"}, {":authority", "h"}}),
            Fault::bad_request);
  EXPECT_TRUE(read({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "h"}}));
}

TEST_F(H2HeadTest, HeadsBeyondTheLimitsAreRefusedAndSoonNotReadAtAll) {
  limits_.header_bytes = 4096;
  limits_.uri_bytes = 1024;
  limits_.headers = 10;
  EXPECT_EQ(fault_of(get({}, "/" + std::string(1024, 'x'))), Fault::uri_too_long);
  EXPECT_EQ(fault_of(get({{"a", std::string(4096, 'x')}})), Fault::header_too_large);
  EXPECT_TRUE(went_on_);
  EXPECT_EQ(fault_of(get(Pairs(11, {"a", "b"}))), Fault::header_too_large);
  EXPECT_TRUE(read(get(Pairs(11, {"cookie", "a=b"}))));
  EXPECT_EQ(fault_of(get(Pairs(40, {"a", std::string(1000, 'x')}))), Fault::header_too_large);
  EXPECT_FALSE(went_on_);
}

}  // namespace
}  // namespace gw::http
