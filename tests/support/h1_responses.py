# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP/1.1 answers of a service and what has to become of each: what the client gets, and whether the service's
connection is used again. Written for the limits in LIMITS. Sources: what the case was learnt from."""
from dataclasses import dataclass

LIMITS = "header_bytes: 4KiB, headers: 20"


@dataclass
class Row:
    name: str
    source: str
    data: bytes
    status: int
    body: bytes = None  # None: the gateway's own 502, upstream_protocol
    method: str = "GET"
    then: str = "stay"  # what the service does with its connection
    broken: bool = False  # the client sees that the answer is not whole
    kept: bool = True  # the next request goes to the same connection
    interim: tuple = ()  # the statuses before it
    fields: tuple = ()  # lines that arrive
    gone: tuple = ()  # names that do not


def head(*lines, status=b"200 OK"):
    return b"\r\n".join((b"HTTP/1.1 " + status, *lines)) + b"\r\n\r\n"


def sized(body=b"hello", *lines):
    return head(b"Content-Length: %d" % len(body), *lines) + body


def chunked(body, *lines):
    return head(b"Transfer-Encoding: chunked", *lines) + body


def passes(name, source, data, body=b"hello", status=200, **more):
    return Row(name, source, data, status, body, **more)


def ends(name, source, data, body=b"hello", status=200, **more):
    """Whole for the client; the connection ends with it."""
    return Row(name, source, data, status, body, kept=False, **more)


def refused(name, source, data, **more):
    """502, and what the service said goes nowhere."""
    return Row(name, source, data, 502, None, kept=False, **more)


def broken(name, source, data, body=b"", **more):
    """The head has gone out, so the client gets a beginning and no clean end."""
    return Row(name, source, data, 200, body, broken=True, kept=False, **more)


def good():
    return [
        passes("a length", "RFC 9112 6.2", sized()),
        passes("a length of 0", "RFC 9112 6.2", sized(b""), b""),
        passes("chunks", "RFC 9112 7.1", chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")),
        passes("a chunk size with leading zeros", "llhttp transfer-encoding", chunked(b"00005\r\nhello\r\n0\r\n\r\n")),
        passes("a chunk size in upper case", "http-garden upstream", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"),
               b"0123456789"),
        passes("a chunk extension", "Http11Probe", chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n")),
        passes("a quoted chunk extension", "llhttp transfer-encoding",
               chunked(b'5;a="b;c"\r\nhello\r\n0;x\r\n\r\n')),
        passes("trailers that nobody asked for", "RFC 9110 6.5.1", chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
               gone=("x-sum",)),
        passes("an empty reason", "llhttp response", head(b"Content-Length: 0", status=b"200 "), b""),
        passes("no reason and no blank", "llhttp response: no reason phrase", head(b"Content-Length: 0", status=b"200"),
               b""),
        passes("a reason in UTF-8", "llhttp response", head(b"Content-Length: 0", status="200 Très bien".encode()), b""),
        passes("204", "RFC 9112 6.3", head(status=b"204 No Content"), b"", 204),
        passes("204 with a length of 0", "nginx proxy", head(b"Content-Length: 0", status=b"204 No Content"), b"", 204,
               gone=("transfer-encoding",)),
        passes("304 with the length of another", "RFC 9110 15.4.5",
               head(b"Content-Length: 99", b'ETag: "a"', status=b"304 Not Modified"), b"", 304),
        passes("HEAD with a length", "RFC 9110 9.3.2", head(b"Content-Length: 99"), b"", method="HEAD",
               fields=(b"Content-Length: 99",)),
        passes("HEAD in chunks", "RFC 9110 9.3.2", head(b"Transfer-Encoding: chunked"), b"", method="HEAD"),
        passes("HEAD without any length", "RFC 9110 9.3.2", head(), b"", method="HEAD"),
        passes("an unknown status", "RFC 9110 15", head(b"Content-Length: 5", status=b"299 Odd") + b"hello", status=299),
        passes("500", "RFC 9110 15.6", head(b"Content-Length: 5", status=b"500 Oh") + b"hello", status=500),
        passes("blanks around a value", "RFC 9112 5", sized(b"hello", b"X-A: \t a b \t"), fields=(b"X-A: a b",)),
        passes("an empty value", "llhttp", sized(b"hello", b"X-A:"), fields=(b"X-A: ",)),
        passes("a value with bytes above ASCII", "RFC 9110 5.5", sized(b"hello", b"X-A: \xc3\xa9\xff"),
               fields=(b"X-A: \xc3\xa9\xff",)),
        passes("two cookies", "RFC 6265 3", sized(b"hello", b"Set-Cookie: a=1", b"Set-Cookie: b=2"),
               fields=(b"Set-Cookie: a=1", b"Set-Cookie: b=2")),
        passes("fields of the connection", "RFC 9110 7.6.1",
               sized(b"hello", b"Connection: keep-alive, X-Gone", b"Keep-Alive: timeout=5", b"X-Gone: 1", b"X-Stays: 1",
                     b"Proxy-Authenticate: Basic", b"Upgrade: h2c"),
               fields=(b"X-Stays: 1",), gone=("x-gone", "keep-alive", "proxy-authenticate", "upgrade")),
        passes("103 before it", "RFC 8297", head(b"Link: </a>", status=b"103 Early Hints") + sized(), interim=(103,)),
        passes("two interim answers", "RFC 9110 15.2", head(status=b"102 Processing") + head(status=b"103 Early Hints")
               + sized(), interim=(102, 103)),
        passes("100 that nobody waits for", "RFC 9110 15.2.1", head(status=b"100 Continue") + sized()),
        passes("twenty fields", "limits.headers", sized(b"hello", *[b"X-%d: 1" % i for i in range(19)])),
    ]


def closing():
    return [
        ends("until the end of the connection", "RFC 9112 6.3", head() + b"hello", then="close"),
        ends("nothing until the end of the connection", "RFC 9112 6.3", head(), b"", then="close"),
        ends("Connection: close", "RFC 9112 9.6", sized(b"hello", b"Connection: close")),
        ends("close in a list", "RFC 9112 9.6", sized(b"hello", b"Connection: x, Close")),
        ends("HTTP/1.0", "RFC 9112 9.3", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        passes("HTTP/1.0 that is kept alive", "RFC 9112 C.2.2",
               b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"),
        ends("more than its length", "http-garden: pipelined answers", sized() + b"HTTP/1.1 200 OK\r\n\r\nevil"),
        ends("an answer behind the last chunk", "http-garden: pipelined answers",
             chunked(b"5\r\nhello\r\n0\r\n\r\n") + sized(b"evil")),
        ends("a body behind 204", "RFC 9112 6.3", head(status=b"204 No Content") + b"hello", b"", 204),
        ends("a body behind 304", "RFC 9112 6.3", head(status=b"304 Not Modified") + b"hello", b"", 304),
        ends("a body behind the answer to HEAD", "RFC 9112 6.3", sized(), b"", method="HEAD"),
    ]


def malformed_heads():
    length = b"Content-Length: 5\r\n\r\nhello"
    return [
        refused("no HTTP at all", "CVE-2019-20372 kin", b"hello\r\n"),
        refused("HTTP/0.9", "RFC 9112", b"<html>hello</html>", then="close"),
        refused("HTTP/2", "llhttp response", b"HTTP/2 200 OK\r\n" + length),
        refused("HTTP/1.2", "llhttp: invalid version", b"HTTP/1.2 200 OK\r\n" + length),
        refused("HTTP/1.10", "llhttp: invalid version", b"HTTP/1.10 200 OK\r\n" + length),
        refused("a version in lower case", "RFC 9112 2.3", b"http/1.1 200 OK\r\n" + length),
        refused("a status of two digits", "llhttp response", b"HTTP/1.1 20 OK\r\n" + length),
        refused("a status of four digits", "llhttp response", b"HTTP/1.1 2000 OK\r\n" + length),
        refused("a status of letters", "nginx", b"HTTP/1.1 2OO OK\r\n" + length),
        refused("a status of 0", "nginx", b"HTTP/1.1 000 OK\r\n" + length),
        refused("a status of 600", "RFC 9110 15", b"HTTP/1.1 600 OK\r\n" + length),
        refused("two blanks before the status", "llhttp: lenient", b"HTTP/1.1  200 OK\r\n" + length),
        refused("a tab for a blank", "RFC 9112 4", b"HTTP/1.1\t200 OK\r\n" + length),
        refused("an empty line first", "RFC 9112 2.2", b"\r\n" + sized()),
        refused("bare LF", "RFC 9112 2.2", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
        refused("bare CR in the reason", "RFC 9112 2.2", b"HTTP/1.1 200 O\rK\r\n" + length),
        refused("bare CR in a value", "CVE-2022-32215 kin", sized(b"hello", b"X-A: a\rX-B: b")),
        refused("NUL in a value", "CVE-2019-9516 kin", sized(b"hello", b"X-A: a\0b")),
        refused("a folded line", "RFC 9112 5.2", sized(b"hello", b"X-A: a", b" b")),
        refused("a blank before the colon", "RFC 9112 5.1", sized(b"hello", b"X-A : a")),
        refused("no colon", "RFC 9112 5", sized(b"hello", b"X-A")),
        refused("an empty name", "llhttp", sized(b"hello", b": a")),
        refused("a name that is no token", "llhttp", sized(b"hello", b"X(A): a")),
        refused("a field too many", "limits.headers", sized(b"hello", *[b"X-%d: 1" % i for i in range(20)])),
        refused("a head too large", "limits.header_bytes", sized(b"hello", b"X-A: " + b"a" * 5000)),
        refused("a head that does not end", "CVE-2018-12121 kin", b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 5000),
        refused("Connection that names everything", "CVE-2022-0391 kin",
                sized(b"hello", b"Connection: " + b",".join(b"x%d" % i for i in range(70)))),
        refused("half a head", "RFC 9112 8", b"HTTP/1.1 200 OK\r\nX-A: ", then="close"),
        refused("half a head and a reset", "RFC 9112 8", b"HTTP/1.1 200", then="reset"),
        refused("nothing to a POST", "RFC 9112 9.3.1", b"", then="close", method="POST"),
        refused("an interim answer and the end", "RFC 9110 15.2", head(status=b"103 Early Hints"), then="close",
                interim=(103,)),
    ]


def malformed_framing():
    return [
        refused("a length and chunks", "RFC 9112 6.1", chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Content-Length: 5")),
        refused("two lengths", "RFC 9112 6.3", sized(b"hello", b"Content-Length: 6")),
        refused("a length twice", "RFC 9112 6.3", sized(b"hello", b"Content-Length: 5")),
        refused("a list of lengths", "RFC 9110 8.6", head(b"Content-Length: 5, 5") + b"hello"),
        refused("a length with a sign", "llhttp content-length", head(b"Content-Length: +5") + b"hello"),
        refused("a negative length", "llhttp content-length", head(b"Content-Length: -5") + b"hello"),
        refused("a length in hex", "http-garden", head(b"Content-Length: 0x5") + b"hello"),
        refused("a length that overflows", "llhttp content-length", head(b"Content-Length: 18446744073709551621")
                + b"hello"),
        refused("an empty length", "llhttp content-length", head(b"Content-Length: ") + b"hello"),
        refused("gzip, chunked", "RFC 9112 6.1", head(b"Transfer-Encoding: gzip, chunked")
                + b"5\r\nhello\r\n0\r\n\r\n"),
        refused("identity", "RFC 9112 7", head(b"Transfer-Encoding: identity") + b"hello"),
        refused("xchunked", "Http11Probe", head(b"Transfer-Encoding: xchunked") + b"5\r\nhello\r\n0\r\n\r\n"),
        refused("chunked twice", "http-garden", chunked(b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked")),
        refused("chunks in HTTP/1.0", "RFC 9112 6.1",
                b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        refused("204 with a length", "RFC 9110 8.6", head(b"Content-Length: 5", status=b"204 No Content") + b"hello"),
        refused("204 in chunks", "RFC 9112 6.1", head(b"Transfer-Encoding: chunked", status=b"204 No Content")),
        refused("103 with a length", "RFC 9110 8.6", head(b"Content-Length: 5", status=b"103 Early Hints") + sized()),
        refused("101 that nobody asked for", "RFC 9110 15.2.2",
                head(b"Connection: Upgrade", b"Upgrade: websocket", status=b"101 Switching Protocols")),
        broken("less than its length", "RFC 9112 8", head(b"Content-Length: 10") + b"hello", b"hello", then="close"),
        broken("less than its length and a reset", "RFC 9112 8", head(b"Content-Length: 10") + b"hello", b"hello",
               then="reset"),
        broken("no last chunk", "RFC 9112 8", chunked(b"5\r\nhello\r\n"), b"hello", then="close"),
        broken("half a chunk", "RFC 9112 8", chunked(b"9\r\nhello"), b"hello", then="close"),
        broken("half of the last chunk", "RFC 9112 8", chunked(b"5\r\nhello\r\n0\r\n"), b"hello", then="close"),
        broken("a chunk size that is none", "llhttp transfer-encoding", chunked(b"5\r\nhello\r\nx\r\n"), b"hello"),
        broken("a chunk size with a sign", "llhttp transfer-encoding", chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
        broken("a chunk size in 0x", "http-garden", chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
        broken("an empty chunk size", "llhttp transfer-encoding", chunked(b"\r\nhello\r\n0\r\n\r\n")),
        broken("a chunk size that overflows", "CVE-2013-2028", chunked(b"ffffffffffffffff1\r\nhello")),
        broken("a chunk that is longer", "http-garden", chunked(b"4\r\nhello\r\n0\r\n\r\n"), b"hell"),
        broken("a chunk with bare LF", "RFC 9112 7.1", chunked(b"5\nhello\n0\n\n")),
        broken("a chunk extension with bare LF", "CVE-2025-22871 kin", chunked(b"5;a\nhello\r\n0\r\n\r\n")),
        broken("a malformed trailer", "RFC 9112 7.1.2", chunked(b"5\r\nhello\r\n0\r\nX A: 1\r\n\r\n"), b"hello"),
        broken("trailers too large", "limits.header_bytes", chunked(b"5\r\nhello\r\n0\r\nX: " + b"a" * 5000), b"hello"),
    ]


def all_rows():
    return [*good(), *closing(), *malformed_heads(), *malformed_framing()]
