// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "feed.h"
#include "http/h1_parser.h"

namespace gw::http {
namespace {

using std::string_literals::operator""s;

struct Row {
  const char* name;
  std::string raw;
  std::string outcome;  // a summary of the head, the code of the fault, or "incomplete"
};

Limits small_limits() {
  Limits limits;
  limits.header_bytes = 1024;
  limits.headers = 8;
  limits.uri_bytes = 200;
  return limits;
}

std::string framing_text(const RequestHead& head) {
  if (head.framing == Framing::chunked) return "chunked";
  if (head.framing == Framing::length) return "length:" + std::to_string(head.content_length);
  return head.framing == Framing::none ? "none" : "?";
}

// "GET /a at host 1.1 none keep [Host=host]"
std::string summary(const RequestHead& head) {
  std::string text = std::string(head.method_text) + " " + std::string(head.target) + " at ";
  text += std::string(head.authority) + (head.version == Version::http11 ? " 1.1 " : " 1.0 ");
  text += framing_text(head) + (head.keep_alive ? " keep" : " close") +
          (head.expects_continue ? " continue [" : " [");
  for (const Field& field : head.fields) {
    if (text.back() != '[') text += ", ";
    text += std::string(field.name) + "=" + std::string(field.value);
  }
  return text + "]";
}

std::string line(const std::string& request_line) {
  return request_line + "\r\nHost: a\r\n\r\n";
}
std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n";
}
std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n";
}
std::string old(const std::string& fields) {
  return "GET / HTTP/1.0\r\n" + fields + "\r\n\r\n";
}
std::string host(const std::string& value) {
  return "GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n";
}
std::string times(std::size_t n, char c) {
  return std::string(n, c);
}
std::string plain(const std::string& start) {
  return start + " at a 1.1 none keep [Host=a]";
}
std::string with(const std::string& fields) {
  return "GET / at a 1.1 none keep [Host=a, " + fields + "]";
}

std::vector<Row> request_line_rows() {
  return {
      {"a GET", line("GET / HTTP/1.1"), plain("GET /")},
      {"a path and a query", line("GET /a/b?c=d&e HTTP/1.1"), plain("GET /a/b?c=d&e")},
      {"an empty query", line("GET /a? HTTP/1.1"), plain("GET /a?")},
      {"escapes stay for the normaliser", line("GET /%2e%2E/%61 HTTP/1.1"), plain("GET /%2e%2E/%61")},
      {"two slashes are a path", line("GET //b/c HTTP/1.1"), plain("GET //b/c")},
      {"HEAD", line("HEAD / HTTP/1.1"), plain("HEAD /")},
      {"POST", line("POST / HTTP/1.1"), plain("POST /")},
      {"PUT", line("PUT / HTTP/1.1"), plain("PUT /")},
      {"PATCH", line("PATCH / HTTP/1.1"), plain("PATCH /")},
      {"DELETE", line("DELETE / HTTP/1.1"), plain("DELETE /")},
      {"OPTIONS", line("OPTIONS /a HTTP/1.1"), plain("OPTIONS /a")},
      {"PROPFIND is another method", line("PROPFIND / HTTP/1.1"), plain("PROPFIND /")},
      {"M-SEARCH is another method", line("M-SEARCH / HTTP/1.1"), plain("M-SEARCH /")},
      {"a method of 32 bytes", line(times(32, 'A') + " / HTTP/1.1"), plain(times(32, 'A') + " /")},
      {"a method of 33 bytes", line(times(33, 'A') + " / HTTP/1.1"), "bad_request"},
      {"a method that never ends", times(500, 'A'), "bad_request"},
      {"OPTIONS with an asterisk", line("OPTIONS * HTTP/1.1"), plain("OPTIONS *")},
      {"GET with an asterisk", line("GET * HTTP/1.1"), "bad_request"},
      {"an asterisk with a query", line("OPTIONS *?a HTTP/1.1"), "bad_request"},
      {"CONNECT", line("CONNECT a:443 HTTP/1.1"), "method_not_allowed"},
      {"CONNECT with a path", line("CONNECT / HTTP/1.1"), "method_not_allowed"},
      {"TRACE", line("TRACE / HTTP/1.1"), "method_not_allowed"},
      {"a lower-case method", line("get / HTTP/1.1"), "bad_request"},
      {"a method in mixed case", line("Get / HTTP/1.1"), "bad_request"},
      {"a method with a lower-case end", line("GEt / HTTP/1.1"), "bad_request"},
      {"a method with a NUL", line("G\0T / HTTP/1.1"s), "bad_request"},
      {"a method with a colon", line("GE:T / HTTP/1.1"), "bad_request"},
      {"a method outside ASCII", line("G\xC3\x89T / HTTP/1.1"), "bad_request"},
      {"a method in quotes", line("\"GET\" / HTTP/1.1"), "bad_request"},
      {"no method", line(" / HTTP/1.1"), "bad_request"},
      {"a tab after the method", line("GET\t/ HTTP/1.1"), "bad_request"},
      {"a tab after the target", line("GET /\tHTTP/1.1"), "bad_request"},
      {"two blanks after the method", line("GET  / HTTP/1.1"), "bad_request"},
      {"two blanks after the target", line("GET /  HTTP/1.1"), "bad_request"},
      {"a blank in the target", line("GET /a b HTTP/1.1"), "bad_request"},
      {"a blank after the version", line("GET / HTTP/1.1 "), "bad_request"},
      {"no target", line("GET HTTP/1.1"), "bad_request"},
      {"an empty target", line("GET  HTTP/1.1"), "bad_request"},
      {"HTTP/0.9", "GET /\r\n", "bad_request"},
      {"HTTP/0.9 with a blank", "GET / \r\n", "bad_request"},
      {"HTTP/1.2", line("GET / HTTP/1.2"), "bad_request"},
      {"HTTP/2.0", line("GET / HTTP/2.0"), "bad_request"},
      {"HTTP/0.9 by name", line("GET / HTTP/0.9"), "bad_request"},
      {"HTTP/1.10", line("GET / HTTP/1.10"), "bad_request"},
      {"HTTP/01.1", line("GET / HTTP/01.1"), "bad_request"},
      {"HTTP/1", line("GET / HTTP/1"), "bad_request"},
      {"a lower-case version", line("GET / http/1.1"), "bad_request"},
      {"a version with a comma", line("GET / HTTP/1,1"), "bad_request"},
      {"a version with a blank", line("GET / HTTP/ 1.1"), "bad_request"},
      {"another protocol", line("GET / ICY/1.1"), "bad_request"},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_request"},
      {"a path without a slash", line("GET a HTTP/1.1"), "bad_request"},
      {"a query alone", line("GET ?a HTTP/1.1"), "bad_request"},
      {"authority-form", line("GET a:80 HTTP/1.1"), "bad_request"},
      {"a fragment", line("GET /a#b HTTP/1.1"), "bad_path"},
      {"a fragment in the query", line("GET /a?b#c HTTP/1.1"), "bad_path"},
      {"a byte outside ASCII in the target", line("GET /\xC3\xA9 HTTP/1.1"), "bad_path"},
      {"a NUL in the target", line("GET /a\0b HTTP/1.1"s), "bad_path"},
      {"an escape byte in the target", line("GET /a\x1B[2J HTTP/1.1"), "bad_path"},
      {"a tab in the target", line("GET /a\tb HTTP/1.1"), "bad_path"},
      {"DEL in the target", line("GET /a\x7F HTTP/1.1"), "bad_path"},
      {"a NUL in the version", line("GET / HTTP/1.1\0"s), "bad_request"},
      {"a bare CR in the target", line("GET /a\rb HTTP/1.1"), "bad_request"},
      {"a bare LF in the target", line("GET /a\nb HTTP/1.1"), "bad_request"},
      {"a backslash stays for the normaliser", line("GET /a\\b HTTP/1.1"), plain("GET /a\\b")},
      {"a target as long as allowed", line("GET /" + times(199, 'a') + " HTTP/1.1"),
       plain("GET /" + times(199, 'a'))},
      {"a target a byte too long", line("GET /" + times(200, 'a') + " HTTP/1.1"), "uri_too_long"},
      {"a target too long, and no end", "GET /" + times(300, 'a'), "uri_too_long"},
      {"a target too long with a bad version", line("GET /" + times(300, 'a') + " HTTP/9"), "uri_too_long"},
      {"a target too long with a NUL behind the limit", "GET /" + times(300, 'a') + "\0 "s, "uri_too_long"},
      {"a target too long and larger than the head", "GET /" + times(3000, 'a'), "uri_too_long"},
      {"a TLS handshake on a plain port", "\x16\x03\x01\x02\x00\x01"s, "bad_request"},
      {"the first byte of a TLS handshake", "\x16", "bad_request"},
      {"an SSH client", "SSH-2.0-OpenSSH_9.2\r\n", "bad_request"},
      {"JSON", "{\"a\":1}", "bad_request"},
      {"one byte that cannot begin a method", "g", "bad_request"},
      {"a first byte that can", "G", "incomplete"},
      {"half a request line", "GET /a HT", "incomplete"},
      {"half a line end", "GET / HTTP/1.1\r", "incomplete"},
  };
}

std::vector<Row> line_end_rows() {
  return {
      {"one empty line before", "\r\n" + line("GET / HTTP/1.1"), plain("GET /")},
      {"two empty lines before", "\r\n\r\n" + line("GET / HTTP/1.1"), "bad_request"},
      {"a bare LF before", "\n" + line("GET / HTTP/1.1"), "bad_request"},
      {"a bare CR before", "\r" + line("GET / HTTP/1.1"), "bad_request"},
      {"a blank before", " " + line("GET / HTTP/1.1"), "bad_request"},
      {"an empty line and nothing else", "\r\n", "incomplete"},
      {"half an empty line", "\r", "incomplete"},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "bad_request"},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", "bad_request"},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "bad_request"},
      {"bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n", "bad_request"},
      {"bare CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "bad_request"},
      {"bare CR after a field", "GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n", "bad_request"},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "bad_request"},
      {"CR CR LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", "bad_request"},
      {"LF CR", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", "bad_request"},
      {"bare CR in a value", get("A: b\rc"), "bad_request"},
      {"bare LF in a value", get("A: b\nc"), "bad_request"},
      {"obs-fold with a blank", get("A: b\r\n c"), "bad_request"},
      {"obs-fold with a tab", get("A: b\r\n\tc"), "bad_request"},
      {"obs-fold of blanks alone", get("A: b\r\n   "), "bad_request"},
      {"obs-fold of the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "bad_request"},
      {"no empty line at the end", "GET / HTTP/1.1\r\nHost: a\r\n", "incomplete"},
      {"half an empty line at the end", "GET / HTTP/1.1\r\nHost: a\r\n\r", "incomplete"},
  };
}

std::vector<Row> field_rows() {
  return {
      {"a field", get("Accept: */*"), with("Accept=*/*")},
      {"no blank after the colon", get("A:b"), with("A=b")},
      {"blanks around a value", get("A: \t b c\t "), with("A=b c")},
      {"an empty value", get("A:"), with("A=")},
      {"a value of blanks", get("A: \t "), with("A=")},
      {"a colon in a value", get("A: b:c"), with("A=b:c")},
      {"a tab in a value", get("A: b\tc"), with("A=b\tc")},
      {"bytes outside ASCII in a value", get("A: \xC3\xA9\xFF"), with("A=\xC3\xA9\xFF")},
      {"every sign of a token in a name", get("!#$%&'*+-.^_`|~09: a"), with("!#$%&'*+-.^_`|~09=a")},
      {"a field twice", get("A: b\r\nA: c"), with("A=b, A=c")},
      {"a value longer than a block", get("A: " + times(100, 'x')), with("A=" + times(100, 'x'))},
      {"a blank before the colon", get("A : b"), "bad_request"},
      {"a tab before the colon", get("A\t: b"), "bad_request"},
      {"a blank in a name", get("A B: c"), "bad_request"},
      {"an empty name", get(": a"), "bad_request"},
      {"a colon alone", get(":"), "bad_request"},
      {"no colon", get("A"), "bad_request"},
      {"no colon, but text", get("GET / HTTP/1.1"), "bad_request"},
      {"a quote in a name", get("\"A\": b"), "bad_request"},
      {"a bracket in a name", get("A[]: b"), "bad_request"},
      {"a slash in a name", get("A/B: c"), "bad_request"},
      {"an at sign in a name", get("A@B: c"), "bad_request"},
      {"a name outside ASCII", get("\xC3\x84: b"), "bad_request"},
      {"a NUL in a name", get("A\0B: c"s), "bad_request"},
      {"a vertical tab before a name",
       get("\x0B"
           "A: b"),
       "bad_request"},
      {"a NUL in a value", get("A: b\0c"s), "bad_request"},
      {"an escape byte in a value", get("A: \x1B[2J"), "bad_request"},
      {"a vertical tab in a value",
       get("A: \x0B"
           "b"),
       "bad_request"},
      {"a form feed in a value", get("A: b\x0C"), "bad_request"},
      {"DEL in a value", get("A: b\x7F"), "bad_request"},
      {"byte 1 in a value", get("A: \x01"), "bad_request"},
      {"byte 1f after thirty others", get("A: " + times(30, 'x') + "\x1F"), "bad_request"},
      {"a name of 256 bytes", get(times(256, 'n') + ": v"), with(times(256, 'n') + "=v")},
      {"a name of 257 bytes", get(times(257, 'n') + ": v"), "bad_request"},
      {"as many fields as allowed", get("A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:"),
       with("A=, B=, C=, D=, E=, F=, G=")},
      {"a field too many", get("A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:"), "header_too_large"},
      {"a field too many before the end",
       "GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\n", "header_too_large"},
      {"a head as large as allowed", get("A: " + times(992, 'x')), with("A=" + times(992, 'x'))},
      {"a head a byte too large", get("A: " + times(993, 'x')), "header_too_large"},
      {"a field without an end", "GET / HTTP/1.1\r\nHost: a\r\nA: " + times(2000, 'x'), "header_too_large"},
      {"a name without an end", "GET / HTTP/1.1\r\nHost: a\r\n" + times(2000, 'x'), "header_too_large"},
      {"a NUL behind the limit", "GET / HTTP/1.1\r\nA: " + times(1100, 'x') + "\0"s, "header_too_large"},
      {"underscores in a name", get("X_Auth_Subject: root"), with("X_Auth_Subject=root")},
      {"Content-Length with an underscore", get("Content_Length: 5"), "bad_request"},
      {"Content-Length with a dot", get("content.length: 5"), "bad_request"},
      {"Transfer-Encoding with an underscore", get("Transfer_Encoding: chunked"), "bad_request"},
  };
}

std::vector<Row> framing_rows() {
  const auto body = [](const std::string& framing, const std::string& fields) {
    return "POST / at a 1.1 " + framing + " keep [Host=a, " + fields + "]";
  };
  return {
      {"Content-Length", post("Content-Length: 5"), body("length:5", "Content-Length=5")},
      {"Content-Length 0", post("Content-Length: 0"), body("length:0", "Content-Length=0")},
      {"Content-Length in another case", post("cONTENT-lENGTH: 5"), body("length:5", "cONTENT-lENGTH=5")},
      {"Content-Length with blanks", post("Content-Length: \t5 "), body("length:5", "Content-Length=5")},
      {"Content-Length with zeros before", post("Content-Length: 005"),
       body("length:5", "Content-Length=005")},
      {"the largest Content-Length", post("Content-Length: 9223372036854775807"),
       body("length:9223372036854775807", "Content-Length=9223372036854775807")},
      {"Content-Length of 2^63", post("Content-Length: 9223372036854775808"), "bad_request"},
      {"Content-Length of 2^64", post("Content-Length: 18446744073709551616"), "bad_request"},
      {"Content-Length of 2^64 and 5", post("Content-Length: 18446744073709551621"), "bad_request"},
      {"Content-Length of thirty zeros", post("Content-Length: " + times(30, '0')), "bad_request"},
      {"an empty Content-Length", post("Content-Length:"), "bad_request"},
      {"Content-Length with a plus", post("Content-Length: +5"), "bad_request"},
      {"Content-Length with a minus", post("Content-Length: -5"), "bad_request"},
      {"Content-Length in hex", post("Content-Length: 0x5"), "bad_request"},
      {"Content-Length with a fraction", post("Content-Length: 5.0"), "bad_request"},
      {"Content-Length with an exponent", post("Content-Length: 1e1"), "bad_request"},
      {"Content-Length with a blank inside", post("Content-Length: 5 5"), "bad_request"},
      {"Content-Length in quotes", post("Content-Length: \"5\""), "bad_request"},
      {"Content-Length of letters", post("Content-Length: five"), "bad_request"},
      {"Content-Length with other digits", post("Content-Length: \xD9\xA5"), "bad_request"},
      {"a list of equal lengths", post("Content-Length: 5, 5"), "bad_request"},
      {"a list of lengths", post("Content-Length: 5, 6"), "bad_request"},
      {"a list with an empty element", post("Content-Length: 5,"), "bad_request"},
      {"Content-Length twice and equal", post("Content-Length: 5\r\nContent-Length: 5"), "bad_request"},
      {"Content-Length twice", post("Content-Length: 5\r\nContent-Length: 6"), "bad_request"},
      {"Content-Length 0 in a GET", get("Content-Length: 0"),
       "GET / at a 1.1 length:0 keep [Host=a, Content-Length=0]"},
      {"chunked", post("Transfer-Encoding: chunked"), body("chunked", "Transfer-Encoding=chunked")},
      {"chunked in another case", post("transfer-encoding: CHUNKED"),
       body("chunked", "transfer-encoding=CHUNKED")},
      {"chunked in a GET", get("Transfer-Encoding: chunked"),
       "GET / at a 1.1 chunked keep [Host=a, Transfer-Encoding=chunked]"},
      {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "bad_request"},
      {"chunked twice in a list", post("Transfer-Encoding: chunked, chunked"), "bad_request"},
      {"gzip before chunked", post("Transfer-Encoding: gzip, chunked"), "bad_request"},
      {"chunked before identity", post("Transfer-Encoding: chunked, identity"), "bad_request"},
      {"identity", post("Transfer-Encoding: identity"), "bad_request"},
      {"gzip alone", post("Transfer-Encoding: gzip"), "bad_request"},
      {"an empty Transfer-Encoding", post("Transfer-Encoding:"), "bad_request"},
      {"an empty Transfer-Encoding after chunked", post("Transfer-Encoding: chunked\r\nTransfer-Encoding:"),
       "bad_request"},
      {"xchunked", post("Transfer-Encoding: xchunked"), "bad_request"},
      {"chunkedx", post("Transfer-Encoding: chunkedx"), "bad_request"},
      {"chunked with a comma", post("Transfer-Encoding: chunked,"), "bad_request"},
      {"chunked after a comma", post("Transfer-Encoding: ,chunked"), "bad_request"},
      {"chunked with a parameter", post("Transfer-Encoding: chunked;a=b"), "bad_request"},
      {"chunked in quotes", post("Transfer-Encoding: \"chunked\""), "bad_request"},
      {"a vertical tab before chunked",
       post("Transfer-Encoding: \x0B"
            "chunked"),
       "bad_request"},
      {"a no-break space before chunked",
       post("Transfer-Encoding: \xA0"
            "chunked"),
       "bad_request"},
      {"a blank before the colon of Transfer-Encoding", post("Transfer-Encoding : chunked"), "bad_request"},
      {"a length, then chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked"), "bad_request"},
      {"chunked, then a length", post("Transfer-Encoding: chunked\r\nContent-Length: 5"), "bad_request"},
      {"chunked in HTTP/1.0", old("Transfer-Encoding: chunked"), "bad_request"},
      {"chunked in HTTP/1.0 with keep-alive", old("Connection: keep-alive\r\nTransfer-Encoding: chunked"),
       "bad_request"},
  };
}

std::vector<Row> host_rows() {
  const auto at = [](const std::string& value) {
    return "GET / at " + value + " 1.1 none keep [Host=" + value + "]";
  };
  return {
      {"a host with a port", host(" a.example:8443"), at("a.example:8443")},
      {"an empty port", host(" a:"), at("a:")},
      {"an IPv4 address", host(" 127.0.0.1:80"), at("127.0.0.1:80")},
      {"an IPv6 address", host(" [::1]:80"), at("[::1]:80")},
      {"a host in upper case with a dot", host(" ADMIN.Example.COM."), at("ADMIN.Example.COM.")},
      {"an underscore in a host", host(" a_b"), at("a_b")},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "bad_request"},
      {"another field than Host", "GET / HTTP/1.1\r\nHosts: a\r\n\r\n", "bad_request"},
      {"Host twice", get("Host: b"), "bad_request"},
      {"Host twice and equal", get("Host: a"), "bad_request"},
      {"an empty Host", host(""), "bad_request"},
      {"a Host of blanks", host("  "), "bad_request"},
      {"user info in Host", host(" u@a"), "bad_request"},
      {"a path in Host", host(" a/b"), "bad_request"},
      {"a query in Host", host(" a?b"), "bad_request"},
      {"a fragment in Host", host(" a#b"), "bad_request"},
      {"a blank in Host", host(" a b"), "bad_request"},
      {"a list in Host", host(" a, b"), "bad_request"},
      {"a NUL in Host", host(" a\0"s), "bad_request"},
      {"a scheme in Host", host(" http://a"), "bad_request"},
      {"a backslash in Host", host(" a\\b"), "bad_request"},
      {"an escape in Host", host(" %61"), "bad_request"},
      {"a Host outside ASCII", host(" \xC3\xA9"), "bad_request"},
      {"an empty label in Host", host(" a..b"), "bad_request"},
      {"a dot alone", host(" ."), "bad_request"},
      {"a port of letters", host(" a:http"), "bad_request"},
      {"a port too large", host(" a:65536"), "bad_request"},
      {"a port with a sign", host(" a:+80"), "bad_request"},
      {"two ports", host(" a:80:80"), "bad_request"},
      {"a port alone", host(" :80"), "bad_request"},
      {"an IPv6 address without brackets", host(" ::1"), "bad_request"},
      {"a bracket without an end", host(" [::1"), "bad_request"},
      {"text after the bracket", host(" [::1]a"), "bad_request"},
      {"no address in brackets", host(" [a]"), "bad_request"},
      {"an IPv6 zone", host(" [fe80::1%25eth0]"), "bad_request"},
      {"absolute-form", line("GET http://a/b?c HTTP/1.1"), plain("GET /b?c")},
      {"absolute-form with https", line("GET https://a/b HTTP/1.1"), plain("GET /b")},
      {"absolute-form in upper case", "GET HTTP://A/b HTTP/1.1\r\nHost: a\r\n\r\n",
       "GET /b at A 1.1 none keep [Host=a]"},
      {"absolute-form, Host with a dot", "GET http://a/b HTTP/1.1\r\nHost: A.\r\n\r\n",
       "GET /b at a 1.1 none keep [Host=A.]"},
      {"absolute-form with a port that Host lacks", line("GET http://a:80/b HTTP/1.1"),
       "GET /b at a:80 1.1 none keep [Host=a]"},
      {"absolute-form without a path", line("GET http://a HTTP/1.1"), plain("GET /")},
      {"absolute-form of OPTIONS without a path", line("OPTIONS http://a HTTP/1.1"), plain("OPTIONS *")},
      {"absolute-form of OPTIONS with a path", line("OPTIONS http://a/ HTTP/1.1"), plain("OPTIONS /")},
      {"absolute-form with a query alone", line("GET http://a?b HTTP/1.1"), "bad_request"},
      {"absolute-form with another Host", line("GET http://b/ HTTP/1.1"), "bad_request"},
      {"absolute-form without the port that Host has", "GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n",
       "bad_request"},
      {"absolute-form with a port that Host lacks and http too", line("GET http://a:8080/ HTTP/1.1"),
       "bad_request"},
      {"absolute-form of https with the port of http", "GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
       "bad_request"},
      {"absolute-form of https with its port", "GET https://a/ HTTP/1.1\r\nHost: a:0443\r\n\r\n",
       "GET / at a 1.1 none keep [Host=a:0443]"},
      {"absolute-form with another port", "GET http://a:80/ HTTP/1.1\r\nHost: a:81\r\n\r\n", "bad_request"},
      {"absolute-form with a longer Host", "GET http://a/ HTTP/1.1\r\nHost: a.b\r\n\r\n", "bad_request"},
      {"absolute-form without Host", "GET http://a/ HTTP/1.1\r\n\r\n", "bad_request"},
      {"absolute-form without Host in HTTP/1.0", "GET http://a/ HTTP/1.0\r\n\r\n",
       "GET / at a 1.0 none close []"},
      {"absolute-form with user info", line("GET http://a@a/ HTTP/1.1"), "bad_request"},
      {"absolute-form without an authority", line("GET http:///a HTTP/1.1"), "bad_request"},
      {"absolute-form with one slash", line("GET http:/a HTTP/1.1"), "bad_request"},
      {"absolute-form with a backslash", line("GET http://a\\b/ HTTP/1.1"), "bad_request"},
      {"absolute-form with a fragment", line("GET http://a/#b HTTP/1.1"), "bad_path"},
      {"another scheme", line("GET ftp://a/ HTTP/1.1"), "bad_request"},
      {"a WebSocket scheme", line("GET ws://a/ HTTP/1.1"), "bad_request"},
  };
}

std::vector<Row> connection_rows() {
  return {
      {"HTTP/1.0", old("A: b"), "GET / at  1.0 none close [A=b]"},
      {"HTTP/1.0 without fields", "GET / HTTP/1.0\r\n\r\n", "GET / at  1.0 none close []"},
      {"HTTP/1.0 with Host", old("Host: a"), "GET / at a 1.0 none close [Host=a]"},
      {"HTTP/1.0 with two Hosts", old("Host: a\r\nHost: a"), "bad_request"},
      {"HTTP/1.0 with a bad Host", old("Host: a/b"), "bad_request"},
      {"HTTP/1.0 with keep-alive", old("Connection: Keep-Alive"),
       "GET / at  1.0 none keep [Connection=Keep-Alive]"},
      {"HTTP/1.0 with both", old("Connection: keep-alive, close"),
       "GET / at  1.0 none close [Connection=keep-alive, close]"},
      {"close", get("Connection: close"), "GET / at a 1.1 none close [Host=a, Connection=close]"},
      {"close in a list", get("Connection: upgrade , CLOSE"),
       "GET / at a 1.1 none close [Host=a, Connection=upgrade , CLOSE]"},
      {"close in a second field", get("Connection: te\r\nConnection: close"),
       "GET / at a 1.1 none close [Host=a, Connection=te, Connection=close]"},
      {"closed is not close", get("Connection: closed"), with("Connection=closed")},
      {"keep-alive", get("Connection: keep-alive"), with("Connection=keep-alive")},
      {"100-continue", post("Content-Length: 1\r\nExpect: 100-Continue"),
       "POST / at a 1.1 length:1 keep continue [Host=a, Content-Length=1, Expect=100-Continue]"},
      {"100-continue in HTTP/1.0", old("Expect: 100-continue"),
       "GET / at  1.0 none close [Expect=100-continue]"},
      {"an unknown expectation", get("Expect: 200-ok"), "expectation_failed"},
      {"100-continue with another", get("Expect: 100-continue, a"), "expectation_failed"},
      {"an empty expectation", get("Expect:"), "expectation_failed"},
      {"a bad length is judged before the expectation", get("Expect: a\r\nContent-Length: -1"),
       "bad_request"},
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& part :
       {request_line_rows(), line_end_rows(), field_rows(), framing_rows(), host_rows(), connection_rows()})
    rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

std::string outcome_of(Parse parsed, const RequestParser& parser, const RequestHead& head) {
  if (parsed == Parse::need_more) return "incomplete";
  if (parsed == Parse::failed) return std::string(info_of(parser.error().fault).code);
  return summary(head);
}

// Feeds pieces of `step` bytes, each time in other memory.
std::string feed_moved(RequestParser& parser, const std::string& raw, std::size_t step) {
  RequestHead head;
  ExactBytes bytes("");
  Parse parsed = Parse::need_more;
  for (std::size_t size = 0; size < raw.size() && parsed == Parse::need_more;) {
    size = std::min(size + step, raw.size());
    ExactBytes moved(std::string_view(raw).substr(0, size));
    bytes = std::move(moved);
    parsed = parser.parse(bytes.view(), head);
  }
  return outcome_of(parsed, parser, head);
}

std::string feed(RequestParser& parser, const std::string& raw, Feed how) {
  if (how == Feed::moved_between) return feed_moved(parser, raw, 7);
  const ExactBytes bytes(how == Feed::followed_by_more ? raw + "GET /marker HTTP/1.1\r\nHost: m\r\n\r\n"
                                                       : raw);
  RequestHead head;
  Parse parsed = Parse::need_more;
  if (how != Feed::byte_by_byte) {
    parsed = parser.parse(bytes.view(), head);
  } else {
    for (std::size_t size = 1; size <= raw.size() && parsed == Parse::need_more; ++size)
      parsed = parser.parse(bytes.view().substr(0, size), head);
  }
  return outcome_of(parsed, parser, head);
}

class RequestsFed : public testing::TestWithParam<Feed> {};

TEST_P(RequestsFed, HaveTheOutcomeOfTheirRow) {
  const Limits limits = small_limits();
  for (const Row& row : all_rows()) {
    SCOPED_TRACE(row.name);
    if (row.outcome == "incomplete" && GetParam() == Feed::followed_by_more) continue;
    RequestParser parser(limits);
    const std::string outcome = feed(parser, row.raw, GetParam());
    EXPECT_EQ(outcome, row.outcome);
    if (outcome.ends_with(']')) {
      EXPECT_EQ(parser.size(), row.raw.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Feeds, RequestsFed,
                         testing::Values(Feed::whole, Feed::byte_by_byte, Feed::moved_between,
                                         Feed::followed_by_more),
                         testing::PrintToStringParamName());

TEST(RequestParserTable, HasAtLeast150Rows) {
  EXPECT_GE(all_rows().size(), 150u);
}

TEST(RequestParser, ReadsTwentyPipelinedRequests) {
  std::string raw;
  for (int i = 0; i < 20; ++i) raw += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  std::string_view rest = raw;
  for (int i = 0; i < 20; ++i) {
    parser.reset();
    ASSERT_EQ(parser.parse(rest, head), Parse::complete);
    EXPECT_EQ(head.target, "/" + std::to_string(i));
    EXPECT_EQ(head.fields.size(), 1u);
    rest.remove_prefix(parser.size());
  }
  EXPECT_EQ(rest, "");
}

TEST(RequestParser, HasNotBegunBeforeTheFirstByteOfAMessage) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  EXPECT_FALSE(parser.has_begun());
  for (const char* before : {"\r", "\r\n"}) {
    EXPECT_EQ(parser.parse(before, head), Parse::need_more);
    EXPECT_FALSE(parser.has_begun());
  }
  EXPECT_EQ(parser.parse("\r\nG", head), Parse::need_more);
  EXPECT_TRUE(parser.has_begun());
  parser.reset();
  EXPECT_FALSE(parser.has_begun());
}

TEST(RequestParser, ViewsLieInTheBytesThatWereGivenLast) {
  const std::string raw = "GET http://a/b?c HTTP/1.1\r\nHost: a\r\nA: b\r\nE:\r\n\r\n";
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  auto first = std::make_unique<ExactBytes>(raw.substr(0, raw.size() - 1));
  ASSERT_EQ(parser.parse(first->view(), head), Parse::need_more);
  const ExactBytes second(raw);
  first.reset();
  ASSERT_EQ(parser.parse(second.view(), head), Parse::complete);
  const auto lies_inside = [&](std::string_view view) {
    return view.data() >= second.view().data() &&
           view.data() + view.size() <= second.view().data() + raw.size();
  };
  for (const std::string_view view : {head.method_text, head.target, head.authority})
    EXPECT_TRUE(lies_inside(view));
  for (const Field& field : head.fields) EXPECT_TRUE(lies_inside(field.name) && lies_inside(field.value));
}

TEST(RequestParser, StaysFailed) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  ASSERT_EQ(parser.parse("\x16", head), Parse::failed);
  EXPECT_EQ(parser.parse(line("GET / HTTP/1.1"), head), Parse::failed);
}

TEST(RequestParser, KnowsTheNamesOfFields) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  ASSERT_EQ(parser.parse(get("aUTHORIZATION: Bearer x\r\nX_Auth.Subject: a"), head), Parse::complete);
  EXPECT_EQ(head.fields[1].id, FieldName::authorization);
  EXPECT_EQ(head.fields[2].id, FieldName::other);
  EXPECT_EQ(head.fields[2].folded, folded_hash("x-auth-subject"));
}

TEST(Method, IsSafeOrIdempotentAsTheStandardSays) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("Get"), Method::other);
  EXPECT_EQ(method_of("DELETE"), Method::delete_);
  for (const Method method : {Method::get, Method::head, Method::options, Method::trace}) {
    EXPECT_TRUE(is_safe(method));
    EXPECT_TRUE(is_idempotent(method));
  }
  for (const Method method : {Method::put, Method::delete_}) {
    EXPECT_FALSE(is_safe(method));
    EXPECT_TRUE(is_idempotent(method));
  }
  for (const Method method : {Method::post, Method::patch, Method::connect, Method::other})
    EXPECT_FALSE(is_safe(method) || is_idempotent(method));
}

}  // namespace
}  // namespace gw::http
