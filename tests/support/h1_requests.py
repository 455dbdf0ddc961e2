# SPDX-License-Identifier: Apache-2.0
"""Raw HTTP/1.1 requests and what has to become of each: the answers, the connection, what the upstream gets.

The limits of the gateway that they are written for stand in LIMITS. Sources: what the case was learnt from.
"""
from dataclasses import dataclass

LIMITS = "header_bytes: 4KiB, headers: 20, uri_bytes: 1KiB, body: 16KiB"


@dataclass
class Row:
    name: str
    source: str
    raw: bytes
    answers: list  # (status, code of a problem document or None), in order; then the marker's, if kept
    upstream: list  # the whole requests that arrive, in order
    part: bytes = None  # the most that arrives of one that breaks off
    kept: bool = False  # the connection goes on with the marker
    trailers: tuple = ()  # the lines that may arrive behind the last one


def request(line, *fields, body=b""):
    return b"\r\n".join((line, *fields)) + b"\r\n\r\n" + body


def get(*fields):
    return request(b"GET / HTTP/1.1", b"Host: a", *fields)


def post(*fields, body=b""):
    return request(b"POST / HTTP/1.1", b"Host: a", *fields, body=body)


def chunks(body, *fields):
    return post(b"Transfer-Encoding: chunked", *fields, body=body)


def line(text):
    return request(text, b"Host: a")


def host(value):
    return request(b"GET / HTTP/1.1", b"Host:" + value)


def absolute(target, value):
    return request(b"GET " + target + b" HTTP/1.1", b"Host: " + value)


def passes(name, source, raw, *upstream, kept=True, trailers=()):
    """Answered with 200, one answer for each request that arrives."""
    return Row(name, source, raw, [(200, None)] * len(upstream), list(upstream), kept=kept, trailers=trailers)


def refused(name, source, raw, status=400, code="bad_request", after=()):
    """A problem document and an end; nothing of it arrives. `after`: requests before it, which are served."""
    return Row(name, source, raw, [(200, None)] * len(after) + [(status, code)], list(after))


def broken(name, source, body, part=b"", status=400, code="bad_request", fields=()):
    """A chunked body that turns out malformed: refused, and what has arrived of it is not whole."""
    head = request(b"POST / HTTP/1.1", b"Host: a", *fields, b"Transfer-Encoding: chunked")
    return Row(name, source, chunks(body, *fields), [(status, code)], [], part=head + part)


def unfinished(name, source, raw, part=None):
    """No answer while more may come, and none when the client ends: the marker is not sent."""
    return Row(name, source, raw, [], [], part=part)


# What arrives.
ROOT = request(b"GET / HTTP/1.1", b"Host: a")
EMPTY_POST = request(b"POST / HTTP/1.1", b"Host: a")


def arrives(start, *fields, at=b"a"):
    return request(start + b" HTTP/1.1", b"Host: " + at, *fields)


def with_length(body, *fields, start=b"POST /"):
    return request(start + b" HTTP/1.1", b"Host: a", *fields, b"Content-Length: %d" % len(body), body=body)


def with_chunks(body, *fields, start=b"POST /"):
    coded = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return request(start + b" HTTP/1.1", b"Host: a", *fields, b"Transfer-Encoding: chunked", body=coded)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
HELLO = with_chunks(b"hello")
LAST = b"0\r\n\r\n"


def request_lines():
    return [
        passes("a GET", "RFC 9112 3", get(), ROOT),
        passes("a path and a query", "RFC 9112 3.2.1", line(b"GET /a/b?c=d&e HTTP/1.1"), arrives(b"GET /a/b?c=d&e")),
        passes("an empty query", "RFC 3986 3.4", line(b"GET /a? HTTP/1.1"), arrives(b"GET /a?")),
        passes("a method that nobody defined", "Http11Probe COMP-UNKNOWN-METHOD", line(b"FROB / HTTP/1.1"),
               arrives(b"FROB /")),
        passes("a method with a dash", "llhttp method", line(b"M-SEARCH / HTTP/1.1"), arrives(b"M-SEARCH /")),
        passes("HEAD", "Http11Probe COMP-HEAD-NO-BODY", line(b"HEAD / HTTP/1.1"), arrives(b"HEAD /")),
        Row("OPTIONS with an asterisk, of which no route knows", "HAProxy h1_request_target_validation",
            line(b"OPTIONS * HTTP/1.1"), [(404, "no_route")], [], kept=True),
        Row("OPTIONS of a server", "HAProxy h1_request_target_validation", line(b"OPTIONS http://a HTTP/1.1"),
            [(404, "no_route")], [], kept=True),
        passes("a method of 32 bytes", "Http11Probe MAL-LONG-METHOD", line(b"A" * 32 + b" / HTTP/1.1"),
               arrives(b"A" * 32 + b" /")),
        refused("a method of 33 bytes", "Http11Probe MAL-LONG-METHOD", line(b"A" * 33 + b" / HTTP/1.1")),
        refused("a method that never ends", "Http11Probe MAL-LONG-METHOD", b"A" * 3000),
        refused("a lower-case method", "Http11Probe COMP-METHOD-CASE", line(b"get / HTTP/1.1")),
        refused("a method in mixed case", "Http11Probe COMP-METHOD-CASE", line(b"Get / HTTP/1.1")),
        refused("a method in brackets and more", "http-garden server 6", line(b'G=":<>(e),[T];?" / HTTP/1.1')),
        refused("a NUL as method", "http-garden server 40", line(b"\0 / HTTP/1.1")),
        refused("CONNECT", "nginx http_method", line(b"CONNECT a:443 HTTP/1.1"), 405, "method_not_allowed"),
        refused("CONNECT with a path", "Http11Probe COMP-CONNECT-ORIGIN-FORM", line(b"CONNECT / HTTP/1.1"), 405,
                "method_not_allowed"),
        refused("CONNECT without a port", "HAProxy h1_host_normalization c14", line(b"CONNECT a HTTP/1.1"), 405,
                "method_not_allowed"),
        refused("TRACE", "nginx http_method", line(b"TRACE / HTTP/1.1"), 405, "method_not_allowed"),
        refused("TRACE with a body", "Http11Probe COMP-TRACE-WITH-BODY",
                request(b"TRACE / HTTP/1.1", b"Host: a", b"Content-Length: 5", body=b"hello"), 405,
                "method_not_allowed"),
        refused("two blanks after the method", "Http11Probe RFC9112-3-MULTI-SP-REQUEST-LINE",
                line(b"GET  / HTTP/1.1")),
        refused("two blanks before the version", "Http11Probe RFC9112-3-MULTI-SP-REQUEST-LINE",
                line(b"GET /  HTTP/1.1")),
        refused("a blank after the version", "RFC 9112 3", line(b"GET / HTTP/1.1 ")),
        refused("tabs for blanks", "Http11Probe COMP-REQUEST-LINE-TAB", line(b"GET\t/\tHTTP/1.1")),
        refused("a tab before the version", "Http11Probe COMP-REQUEST-LINE-TAB", line(b"GET /\tHTTP/1.1")),
        refused("a blank in the target", "Http11Probe COMP-SPACE-IN-TARGET", line(b"GET /a b HTTP/1.1")),
        refused("no target", "Http11Probe RFC9112-3-MISSING-TARGET", line(b"GET HTTP/1.1")),
        refused("an empty target", "Http11Probe RFC9112-3-MISSING-TARGET", line(b"GET  HTTP/1.1")),
        refused("a fragment", "Http11Probe RFC9112-3.2-FRAGMENT-IN-TARGET", line(b"GET /a#b HTTP/1.1"), 400, "bad_path"),
        refused("GET with an asterisk", "Http11Probe COMP-ASTERISK-WITH-GET", line(b"GET * HTTP/1.1")),
        refused("an asterisk and a path", "HAProxy h1_request_target_validation", line(b"OPTIONS */test HTTP/1.1")),
        refused("authority-form of GET", "HAProxy h1_request_target_validation", line(b"GET a:80 HTTP/1.1")),
        refused("a path without a slash", "HAProxy h1_request_target_validation", line(b"GET admin/a/b HTTP/1.1")),
        refused("an exclamation mark as target", "http-garden server 7", line(b"GET ! HTTP/1.1")),
        refused("a NUL in the target", "Http11Probe MAL-NUL-IN-URL", line(b"GET /a\0b HTTP/1.1"), 400, "bad_path"),
        refused("a target outside ASCII", "Http11Probe MAL-NON-ASCII-URL", line(b"GET /\xc3\xa9 HTTP/1.1"), 400,
                "bad_path"),
        refused("an overlong slash in the target", "Http11Probe MAL-URL-OVERLONG-UTF8",
                line(b"GET /\xc0\xaf HTTP/1.1"), 400, "bad_path"),
        refused("HTTP/0.9", "Http11Probe RFC9112-2.3-HTTP09-REQUEST", b"GET /\r\n"),
        refused("HTTP/0.9 with a blank", "h1spec Request without HTTP version", b"GET / \r\n\r\n"),
        refused("HTTP/1.2", "Http11Probe COMP-HTTP12-VERSION", line(b"GET / HTTP/1.2")),
        refused("HTTP/2.0", "RFC 9112 2.3", line(b"GET / HTTP/2.0")),
        refused("HTTP/9.9", "h1spec Invalid HTTP version", line(b"GET / HTTP/9.9")),
        refused("HTTP/5.6", "llhttp invalid", line(b"GET / HTTP/5.6")),
        refused("HTTP/1.32", "http-garden server 5", line(b"GET / HTTP/1.32")),
        refused("a version that overflows a byte", "http-garden server 24", line(b"GET / HTTP/4294967295.255")),
        refused("HTTP/01.1", "Http11Probe COMP-VERSION-LEADING-ZEROS", line(b"GET / HTTP/01.1")),
        refused("HTTP/1.01", "llhttp invalid", line(b"GET / HTTP/1.01")),
        refused("HTTP/1", "Http11Probe COMP-VERSION-MISSING-MINOR", line(b"GET / HTTP/1")),
        refused("HTTP/ 1.1", "Http11Probe COMP-VERSION-WHITESPACE", line(b"GET / HTTP/ 1.1")),
        refused("http/1.1", "Http11Probe COMP-VERSION-CASE", line(b"GET / http/1.1")),
        refused("CRs in the version", "http-garden server 15", line(b"GET / HTTP/\r\r1.1")),
        refused("ICE", "llhttp invalid", line(b"GET / ICE/1.0")),
        refused("IHTTP", "llhttp invalid", line(b"GET / IHTTP/1.0")),
        refused("RTSP", "llhttp invalid", line(b"PUT / RTSP/1.0")),
        refused("the preface of HTTP/2 in HTTP/1.1", "Http11Probe MAL-H2-PREFACE", line(b"PRI * HTTP/1.1") + b"SM\r\n\r\n"),
        refused("text before the method", "h1spec Invalid prefix of request", line(b"Extra lineGET / HTTP/1.1")),
        refused("a TLS hello", "Http11Probe MAL-BINARY-GARBAGE", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        refused("high bytes", "Http11Probe MAL-BINARY-GARBAGE", b"\xff\xfe\x80\x00\r\n\r\n"),
        passes("a target as long as allowed", "Http11Probe COMP-LONG-URL-OK", line(b"GET /" + b"a" * 1023 + b" HTTP/1.1"),
               arrives(b"GET /" + b"a" * 1023)),
        refused("a target a byte too long", "Http11Probe MAL-LONG-URL", line(b"GET /" + b"a" * 1024 + b" HTTP/1.1"),
                414, "uri_too_long"),
        refused("a target without an end", "Http11Probe MAL-LONG-URL", b"GET /" + b"a" * 3000, 414, "uri_too_long"),
        unfinished("a method's beginning", "h1spec Fragmented method", b"G"),
        unfinished("a target's beginning", "h1spec Fragmented URL", b"GET /hello"),
        unfinished("a version's beginning", "h1spec Fragmented HTTP version", b"GET /hello HTTP"),
        unfinished("half a line end", "h1spec Fragmented request line newline", b"GET /hello HTTP/1.1\r"),
        unfinished("a name's beginning", "h1spec Fragmented field name", b"GET /hello HTTP/1.1\r\nHos"),
        unfinished("no empty line", "h1spec Fragmented request", b"GET /hello HTTP/1.1\r\nHost: a\r\n"),
        unfinished("half an empty line", "h1spec Fragmented request termination", b"GET / HTTP/1.1\r\nHost: a\r\n\r"),
    ]


def line_ends():
    return [
        passes("one empty line before", "Http11Probe COMP-LEADING-CRLF", b"\r\n" + get(), ROOT),
        refused("two empty lines before", "RFC 9112 2.2", b"\r\n\r\n" + get()),
        refused("a bare LF before", "RFC 9112 2.2", b"\n" + get()),
        refused("a bare CR before", "RFC 9112 2.2", b"\r" + get()),
        refused("a line of blanks before", "Http11Probe MAL-WHITESPACE-ONLY-LINE", b"  \r\n" + get()),
        refused("a blank before", "RFC 9112 2.2", b" " + get()),
        refused("LF after the request line", "Http11Probe RFC9112-2.2-BARE-LF-REQUEST-LINE",
                b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
        refused("LF after a field", "Http11Probe RFC9112-2.2-BARE-LF-HEADER", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
        refused("LF for the empty line", "RFC 9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
        refused("LF throughout", "http-garden transducer 16", b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n"),
        refused("LF in the request line", "http-garden server 9", b"GET /\nHTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("LF between fields hides a length", "llhttp invalid: Missing CR between headers",
                get(b"Dummy: x\nContent-Length: 23") + b"GET / HTTP/1.1\r\nDummy: " + SMUGGLED),
        refused("LF between fields hides chunked", "llhttp invalid: Headers separated by LF",
                post(b"x:x\nTransfer-Encoding: chunked", body=b"1\r\nA\r\n0\r\n\r\n")),
        refused("LF behind an empty value hides chunked", "llhttp invalid: Empty headers separated by LF",
                post(b"x:\nTransfer-Encoding: chunked", body=b"1\r\nA\r\n0\r\n\r\n")),
        refused("LFs before a value", "http-garden server 19", get(b"Useless:\n\nGET /smuggled HTTP/1.1")),
        refused("CR for a line end", "Http11Probe RFC9112-3-CR-ONLY-LINE-ENDING", b"GET / HTTP/1.1\rHost: a\r\r"),
        refused("CR between fields", "llhttp invalid: Headers separated by CR", get(b"Foo: 1\rBar: 2")),
        refused("CR behind an empty value hides chunked", "llhttp invalid: Empty headers separated by CR",
                post(b"x:\rTransfer-Encoding: chunked", body=b"1\r\nA\r\n0\r\n\r\n")),
        refused("CR before a smuggled field", "http-garden server 13", get(b"Visible: :/\rSmuggled: :)")),
        refused("CR and any byte as the end of the head", "http-garden server 30",
                get()[:-2] + b"\rZGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("CR before a field", "h1spec Invalid line ending", get()[:-2] + b"\rSome-Header: Test\r\n\r\n"),
        refused("CR in a value", "Http11Probe SMUG-BARE-CR-HEADER-VALUE", get(b"X: a\rb")),
        refused("CR in Content-Length", "llhttp content-length", post(b"Content\rLength: 3", body=b"abc")),
        refused("CR CR LF", "RFC 9112 2.2", b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
        refused("LF CR", "RFC 9112 2.2", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r"),
        refused("NUL and CR in a value", "http-garden server 2", get(b"Header: v\n\0\ralue")),
        refused("obs-fold with a blank", "Http11Probe RFC9112-5.1-OBS-FOLD", get(b"X: a\r\n folded")),
        refused("obs-fold with a tab", "RFC 9112 5.2", get(b"X: a\r\n\tfolded")),
        refused("obs-fold of Transfer-Encoding", "Http11Probe SMUG-TE-OBS-FOLD",
                post(b"Transfer-Encoding:\r\n chunked", b"Content-Length: 5", body=LAST + SMUGGLED)),
        refused("obs-fold hides a length", "llhttp invalid: Spaces before headers",
                get(b"Foo: bar\r\n Content-Length: %d" % len(SMUGGLED)) + SMUGGLED),
        refused("obs-fold of a name", "llhttp invalid: Illegal header field name line folding", get(b"name\r\n : value")),
        refused("obs-fold of blanks alone", "RFC 9112 5.2", get(b"X: a\r\n   ")),
        refused("a blank before the first field", "Http11Probe COMP-WHITESPACE-BEFORE-HEADERS",
                b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        refused("a tab before the first field", "http-garden server 4",
                b"GET / HTTP/1.1\r\n\tContent-Length: 1\r\nHost: a\r\n\r\nX"),
    ]


def fields():
    everything = b"!#$%&'*+-.^_`|~09azAZ: v"
    return [
        passes("edge cases that are none", "h1spec Valid GET request with edge cases",
               b"GET / HTTP/1.1\r\nhoSt:\ta\r\nempty:\r\n\r\n", arrives(b"GET /", b"empty: ")),
        passes("blanks around a value", "RFC 9112 5.1", get(b"X: \t a b\t "), arrives(b"GET /", b"X: a b")),
        passes("an empty value", "h1spec Empty header value", get(b"X-Empty-Header: "),
               arrives(b"GET /", b"X-Empty-Header: ")),
        passes("bytes outside ASCII in a value", "http-garden server 41", get(b"X: \x85admin\xa0"),
               arrives(b"GET /", b"X: \x85admin\xa0")),
        passes("every sign of a token", "RFC 9110 5.6.2", get(everything), arrives(b"GET /", everything)),
        passes("a field twice", "RFC 9110 5.3", get(b"X: a", b"X: b"), arrives(b"GET /", b"X: a", b"X: b")),
        passes("a name that only begins like a length", "llhttp response content-length", get(b"Content-Length-X: 0"),
               arrives(b"GET /", b"Content-Length-X: 0")),
        passes("a name of 256 bytes", "Http11Probe MAL-LONG-HEADER-NAME", get(b"n" * 256 + b": v"),
               arrives(b"GET /", b"n" * 256 + b": v")),
        refused("a name of 257 bytes", "Http11Probe MAL-LONG-HEADER-NAME", get(b"n" * 257 + b": v")),
        refused("a blank before the colon", "Http11Probe RFC9110-5.6.2-SP-BEFORE-COLON", get(b"X : a")),
        refused("a tab before the colon", "RFC 9112 5.1", get(b"X\t: a")),
        refused("a blank before the colon of a length", "http-garden server 3",
                get(b"Content-Length : %d" % len(SMUGGLED)) + SMUGGLED),
        refused("no colon but a blank", "http-garden server 28", get(b"Content-Length 10") + b"0123456789"),
        refused("no colon", "Http11Probe RFC9112-5-HEADER-NO-COLON", get(b"no colon here")),
        refused("a name over two lines", "http-garden server 37",
                post(b"Transfer-\r\nEncoding: chunked", b"Content-Length: 5", body=LAST)),
        refused("an empty name", "Http11Probe RFC9112-5-EMPTY-HEADER-NAME", get(b": a")),
        refused("a colon alone", "http-garden server 27", b"GET / HTTP/1.1\r\n:\r\nHost: a\r\n\r\n"),
        refused("brackets in a name", "h1spec Invalid header characters", get(b"X-Invalid[]: test")),
        refused("an at sign in a name", "llhttp invalid: Invalid header token #1", get(b"Fo@: Failure")),
        refused("a control in a name", "llhttp invalid: Invalid header token #2", get(b"Foo\1test: Bar")),
        refused("everything that is no token", "http-garden server 14", get(b'\x01\x02 "(),/;<=>?@[/]{}: whatever')),
        refused("a tab in a name", "Http11Probe NORM-TAB-IN-NAME", get(b"Content\tLength: 5")),
        refused("a blank in a name", "RFC 9110 5.1", get(b"Content Length: 5")),
        refused("a name outside ASCII", "http-garden server 8", get(b"\xefoo: bar")),
        refused("0x85 behind a name", "http-garden server 20", post(b"Content-Length\x85: 10", body=b"0123456789")),
        refused("an escape in a name", "llhttp invalid: Corrupted header name",
                get(b"X-Some-Header\r\x1b5\xd5eep-Alive")),
        refused("NUL in a value", "Http11Probe MAL-NUL-IN-HEADER-VALUE", get(b"X: a\0b")),
        refused("NUL at a value's end", "http-garden server 43", get(b"Evil: evil\0")),
        refused("NUL and no colon", "http-garden transducer 20", get(b"a:b", b"c\0")),
        refused("BEL in a value", "h1spec Header containing invalid control character", get(b"X: test\7")),
        refused("a vertical tab in a value", "RFC 9110 5.5", get(b"X: a\x0bb")),
        refused("DEL in a value", "Http11Probe MAL-CONTROL-CHARS-HEADER", get(b"X: a\x7fb")),
        refused("Content_Length", "Http11Probe NORM-UNDERSCORE-CL", post(b"Content_Length: 99", b"Content-Length: 5",
                                                                       body=b"hello")),
        refused("Transfer_Encoding", "Http11Probe SMUG-TRANSFER_ENCODING",
                post(b"Transfer_Encoding: chunked", b"Content-Length: 5", body=b"hello")),
        refused("Content.Length", "PortSwigger HTTP Desync Attacks", post(b"Content.Length: 5", body=b"hello")),
        passes("as many fields as allowed", "Http11Probe MAL-MANY-HEADERS", get(*[b"X: y"] * 19),
               arrives(b"GET /", *[b"X: y"] * 19)),
        refused("a field too many", "Http11Probe MAL-MANY-HEADERS", get(*[b"X: y"] * 20), 431, "header_too_large"),
        refused("a value too long", "Http11Probe MAL-LONG-HEADER-VALUE", get(b"X: " + b"y" * 4096), 431,
                "header_too_large"),
        refused("a name without an end", "Http11Probe MAL-LONG-HEADER-NAME", get()[:-2] + b"y" * 4200, 431,
                "header_too_large"),
    ]


def lengths():
    def bad(name, source, value):
        return refused(name, source, post(b"Content-Length:" + value, body=b"hello"))

    return [
        passes("a length", "Http11Probe COMP-POST-CL-BODY", post(b"Content-Length: 5", body=b"hello"),
               with_length(b"hello")),
        passes("length 0", "Http11Probe COMP-POST-CL-ZERO", post(b"Content-Length: 0"), with_length(b"")),
        passes("no length", "Http11Probe COMP-POST-NO-CL-NO-TE", post(), EMPTY_POST),
        passes("a length in another case", "llhttp content-length", post(b"conTENT-Length: 5", body=b"HELLO"),
               with_length(b"HELLO")),
        passes("blanks around a length", "llhttp content-length", post(b"Content-Length:  5 ", body=b"hello"),
               with_length(b"hello")),
        passes("a tab before a length", "Http11Probe MAL-CL-TAB-BEFORE-VALUE", post(b"Content-Length:\t5", body=b"hello"),
               with_length(b"hello")),
        passes("zeros before a length are gone", "llhttp content-length", post(b"Content-Length: 005", body=b"hello"),
               with_length(b"hello")),
        passes("a length that is not octal", "http-garden server 32", post(b"Content-Length: 010", body=b"0123456789"),
               with_length(b"0123456789")),
        passes("a length of zeros", "Http11Probe SMUG-CL-DOUBLE-ZERO", post(b"Content-Length: 00"), with_length(b"")),
        passes("GET with a body", "Http11Probe COMP-GET-WITH-CL-BODY", get(b"Content-Length: 5") + b"hello",
               with_length(b"hello", start=b"GET /")),
        passes("a body that looks like a request (CL.0)", "PortSwigger Browser-Powered Desync Attacks",
               post(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED), with_length(SMUGGLED)),
        passes("GET with a body that looks like a request", "Http11Probe SMUG-GET-CL-PREFIX-DESYNC",
               get(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED, with_length(SMUGGLED, start=b"GET /")),
        passes("HEAD with a body", "Http11Probe SMUG-HEAD-CL-BODY",
               request(b"HEAD / HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
               with_length(SMUGGLED, start=b"HEAD /")),
        passes("OPTIONS with a body", "Http11Probe SMUG-OPTIONS-CL-BODY-DESYNC",
               request(b"OPTIONS / HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
               with_length(SMUGGLED, start=b"OPTIONS /")),
        passes("length 0 and a next request", "http-garden server 48",
               post(b"Content-Length: 0", b"id: 0") + post(b"Content-Length: 5", b"id: 1", body=b"hello"),
               with_length(b"", b"id: 0"), with_length(b"hello", b"id: 1")),
        passes("a body of CRLF and a next request", "RFC 9112 2.2", post(b"Content-Length: 2", body=b"\r\n") + get(),
               with_length(b"\r\n"), ROOT),
        passes("one CRLF more than the length", "RFC 9112 2.2", post(b"Content-Length: 5", body=b"hello\r\n") + get(),
               with_length(b"hello"), ROOT),
        refused("a byte more than the length", "RFC 9112 9.3", post(b"Content-Length: 5", body=b"hellox"),
                after=[with_length(b"hello")]),
        bad("a negative length", "Http11Probe SMUG-CL-NEGATIVE", b" -5"),
        bad("a length that is very negative", "h1spec Overflowing negative Content-Length",
            b" -123456789123456789123456789"),
        bad("minus zero", "Http11Probe SMUG-CL-NEGATIVE-ZERO", b" -0"),
        bad("minus 48", "http-garden server 26", b" -48"),
        bad("a plus sign", "Http11Probe RFC9112-6.1-CL-PLUS-SIGN", b" +5"),
        bad("+1_0", "http-garden server 10", b" +1_0"),
        bad("an underscore", "Http11Probe SMUG-CL-UNDERSCORE", b" 1_0"),
        bad("0x5", "Http11Probe SMUG-CL-HEX-PREFIX", b" 0x5"),
        bad("0o5", "Http11Probe SMUG-CL-OCTAL", b" 0o5"),
        bad("letters", "h1spec Non-numeric Content-Length", b" abc"),
        bad("a number and a letter", "http-garden server 29", b" 5Z"),
        bad("an exponent", "RFC 9110 8.6", b" 5e0"),
        bad("a fraction", "RFC 9110 8.6", b" 5.0"),
        bad("a quoted length", "RFC 9110 8.6", b' "5"'),
        bad("a semicolon", "RFC 9110 8.6", b" 5;"),
        bad("a blank inside", "Http11Probe SMUG-CL-INTERNAL-SPACE", b" 4 2"),
        bad("an empty length", "Http11Probe MAL-CL-EMPTY", b""),
        bad("a length of blanks", "http-garden server 16", b"  "),
        bad("2^63", "RFC 9110 8.6", b" 9223372036854775808"),
        bad("2^64", "Http11Probe MAL-CL-OVERFLOW", b" 18446744073709551616"),
        bad("2^64 and 5", "Http11Probe MAL-CL-OVERFLOW", b" 18446744073709551621"),
        bad("a thousand million million million", "llhttp content-length", b" 1000000000000000000000"),
        bad("two equal lengths in a list", "Http11Probe SMUG-CL-COMMA-SAME", b" 5, 5"),
        bad("two lengths in a list", "Http11Probe SMUG-CL-COMMA-DIFFERENT", b" 5, 10"),
        bad("three lengths in a list", "Http11Probe SMUG-CL-COMMA-TRIPLE", b" 5,5,5"),
        bad("a list that ends in a comma", "RFC 9110 5.6.1", b" 5,"),
        refused("two lengths", "Http11Probe SMUG-DUPLICATE-CL",
                post(b"Content-Length: 5", b"Content-Length: 10", body=b"hello" + SMUGGLED)),
        refused("0, then a length", "http-garden transducer 22",
                post(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED)),
        refused("a length, then 0", "http-garden server 23", get(b"Content-Length: 1", b"Content-Length: 0") + b"Z"),
        refused("two equal lengths", "RFC 9110 8.6", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
        refused("an empty length, then one", "http-garden transducer 11",
                get(b"content-length: ", b"content-length: %d" % len(SMUGGLED)) + SMUGGLED),
        refused("a length, then an empty one", "http-garden server 42", get(b"Content-Length: 5", b"Content-Length:")),
        refused("a length above the limit", "Http11Probe MAL-POST-CL-HUGE-NO-BODY",
                post(b"Content-Length: 999999999999"), 413, "content_too_large"),
        unfinished("fewer bytes than the length", "Http11Probe COMP-POST-CL-UNDERSEND",
                   post(b"Content-Length: 10", body=b"half"),
                   part=post(b"Content-Length: 10", body=b"half")),
        Row("Connection names the length", "RFC 9110 7.6.1",
            post(b"Connection: Content-Length", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED), [(200, None)],
            [with_length(SMUGGLED)], kept=True),
        Row("Connection names the Host", "RFC 9110 7.6.1", get(b"Connection: Host"), [(200, None)], [ROOT], kept=True),
    ]


def encodings():
    both = (b"Content-Length: 5", b"Transfer-Encoding: chunked")

    def bad(name, source, value, *more):
        return refused(name, source, post(b"Transfer-Encoding:" + value, *more, body=LAST + SMUGGLED))

    return [
        passes("chunked", "Http11Probe COMP-CHUNKED-BODY", chunks(b"5\r\nhello\r\n" + LAST), HELLO),
        passes("chunked and empty", "Http11Probe COMP-CHUNKED-EMPTY", chunks(LAST), with_chunks(b"")),
        passes("chunked in another case", "Http11Probe SMUG-TE-CASE-MISMATCH",
               post(b"Transfer-Encoding: ChunKed", body=LAST), with_chunks(b"")),
        passes("blanks around chunked", "Http11Probe SMUG-TE-TRAILING-SPACE",
               post(b"Transfer-Encoding: \tchunked ", body=LAST), with_chunks(b"")),
        passes("a tab before chunked", "Http11Probe SMUG-TE-TAB-BEFORE-VALUE",
               post(b"Transfer-Encoding:\tchunked", body=LAST), with_chunks(b"")),
        passes("GET with chunks", "nginx body_chunked", get(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n" + LAST,
               with_chunks(b"hello", start=b"GET /")),
        passes("Connection names Transfer-Encoding", "RFC 9110 7.6.1",
               chunks(b"5\r\nhello\r\n" + LAST, b"Connection: Transfer-Encoding"), HELLO),
        passes("TE goes no further", "HAProxy http_transfer_encoding c5", chunks(LAST, b"TE: gzip", b"Connection: TE"),
               with_chunks(b"")),
        refused("a length, then chunked", "Http11Probe SMUG-CL-TE-BOTH", post(*both, body=LAST + SMUGGLED)),
        refused("chunked, then a length", "HAProxy http_transfer_encoding c1",
                post(*reversed(both), body=LAST + SMUGGLED)),
        refused("a length of 0 and chunked", "PortSwigger HTTP Desync Attacks TE.0",
                post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n" + LAST)),
        refused("both, and the end of the connection", "Http11Probe SMUG-CLTE-CONN-CLOSE",
                post(*both, b"Connection: close", body=LAST)),
        refused("CL.TE with a prefix", "PortSwigger HTTP Desync Attacks CL.TE",
                post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=LAST + b"G")),
        refused("TE.CL with a prefix", "PortSwigger HTTP Desync Attacks TE.CL",
                post(b"Transfer-Encoding: chunked", b"Content-length: 4",
                     body=b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED) + LAST)),
        refused("chunked twice", "http-garden server 11",
                post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"1\r\nZ\r\n" + LAST)),
        refused("chunked, then identity", "llhttp transfer-encoding",
                post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"World")),
        refused("chunked, then cow", "PortSwigger HTTP Desync Attacks TE.TE",
                post(b"Transfer-Encoding: chunked", b"Transfer-encoding: cow", body=LAST)),
        refused("cow, then chunked", "PortSwigger HTTP Desync Attacks TE.TE",
                post(b"Transfer-encoding: cow", b"Transfer-Encoding: chunked", body=LAST)),
        refused("empty fields and a length", "llhttp transfer-encoding",
                post(b"Content-Length: 10", b"Transfer-Encoding:", b"Transfer-Encoding:", body=b"2\r\nAA\r\n0")),
        bad("chunked twice in a list", "HAProxy http_transfer_encoding c6", b" chunked, chunked"),
        bad("chunked, gzip, chunked", "HAProxy http_transfer_encoding c7", b" chunked, gzip, chunked"),
        bad("chunked not last", "Http11Probe SMUG-TE-NOT-FINAL-CHUNKED", b" chunked, gzip"),
        bad("gzip", "HAProxy http_transfer_encoding c9", b" gzip"),
        bad("gzip, chunked", "HAProxy http_transfer_encoding c10", b" gzip, chunked"),
        bad("identity", "nginx body_chunked", b" identity", b"Content-Length: 5"),
        bad("identity alone", "nginx body_chunked", b" identity"),
        bad("chunked, identity", "nginx body_chunked", b" chunked, identity"),
        bad("pigeons", "llhttp transfer-encoding", b" pigeons"),
        bad("blegh", "http-garden server 44", b" blegh"),
        bad("chunkedchunked", "llhttp transfer-encoding", b" chunkedchunked"),
        bad("xchunked", "Http11Probe SMUG-TE-XCHUNKED", b" xchunked", b"Content-Length: 5"),
        bad("an empty encoding", "Http11Probe SMUG-TE-EMPTY-VALUE", b"", b"Content-Length: 5"),
        bad("a comma before", "http-garden server 21", b" ,chunked", b"Content-Length: 5"),
        bad("a comma before, alone", "http-garden transducer 9", b" ,chunked"),
        bad("a comma behind", "Http11Probe SMUG-TE-TRAILING-COMMA", b" chunked,"),
        bad("a parameter", "Http11Probe SMUG-CHUNKED-WITH-PARAMS", b" chunked;ext=val"),
        bad("quotes", "PortSwigger HTTP Desync Attacks", b' "chunked"'),
        bad("apostrophes", "PortSwigger HTTP Desync Attacks", b" 'chunked'"),
        bad("a vertical tab before", "Http11Probe SMUG-TE-VTAB", b" \x0bchunked"),
        bad("a form feed before", "Http11Probe SMUG-TE-FORMFEED", b" \x0cchunked"),
        bad("a NUL behind", "Http11Probe SMUG-TE-NULL", b" chunked\0"),
        bad("0xa0 around", "http-garden server 12", b" \xa0chunked\xa0"),
        bad("0xff around", "http-garden server 46", b" \xffchunked\xff"),
        bad("a CR before", "PortSwigger HTTP Desync Attacks", b"\rchunked"),
        bad("an LF before", "PortSwigger HTTP Desync Attacks", b"\nchunked"),
        refused("a blank before the colon of chunked", "Http11Probe SMUG-TE-SP-BEFORE-COLON",
                post(b"Transfer-Encoding : chunked", b"Content-Length: 5", body=LAST)),
        refused("a blank before chunked's name", "PortSwigger HTTP Desync Attacks",
                post(b" Transfer-Encoding: chunked", b"Content-Length: 5", body=LAST)),
        refused("a hidden chunked behind LF", "PortSwigger HTTP Desync Attacks",
                post(b"X: X\nTransfer-Encoding: chunked", b"Content-Length: 5", body=LAST)),
        refused("chunked in HTTP/1.0", "Http11Probe SMUG-TE-HTTP10",
                request(b"POST / HTTP/1.0", b"Host: a", b"Transfer-Encoding: chunked", body=LAST)),
        refused("chunked in HTTP/1.0 without Host", "HAProxy http_transfer_encoding c2",
                request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked", body=LAST)),
        refused("chunked in HTTP/1.0 that stays", "RFC 9112 6.1",
                request(b"POST / HTTP/1.0", b"Host: a", b"Connection: keep-alive", b"Transfer-Encoding: chunked",
                        b"Content-Length: 5", body=LAST)),
    ]


def chunked_bodies():
    extended = b"5;ilovew3;somuchlove=aretheseparametersfor;another=withvalue\r\nhello\r\n0\r\n\r\n"
    quoted = b'5;ilovew3="I \\"love\\"; \\\\extensions\\\\";blah;foo=bar\r\nhello\r\n0\r\n\r\n'
    return [
        passes("several chunks", "Http11Probe COMP-CHUNKED-MULTI", chunks(b"5\r\nhello\r\n6\r\n world\r\n" + LAST),
               with_chunks(b"hello world")),
        passes("sizes in both cases", "Http11Probe COMP-CHUNKED-HEX-UPPERCASE",
               chunks(b"a\r\n0123456789\r\nA\r\n0123456789\r\n" + LAST), with_chunks(b"01234567890123456789")),
        passes("zeros before sizes", "llhttp transfer-encoding", chunks(b"0005\r\nhello\r\n000\r\n\r\n"), HELLO),
        passes("extensions", "llhttp transfer-encoding: Chunk extensions", chunks(extended), HELLO),
        passes("an extension", "Http11Probe COMP-CHUNKED-EXTENSION", chunks(b"5;ext=value\r\nhello\r\n" + LAST), HELLO),
        passes("quoted extensions", "llhttp transfer-encoding: Chunk extensions quoting", chunks(quoted), HELLO),
        passes("an extension of the last chunk", "RFC 9112 7.1.1", chunks(b"5\r\nhello\r\n0;a=b\r\n\r\n"), HELLO),
        passes("blanks in an extension", "RFC 9112 7.1.1", chunks(b"5; a =\tb ;c\r\nhello\r\n" + LAST), HELLO),
        passes("chunks of line ends", "RFC 9112 7.1", chunks(b"4\r\n\r\n\r\n\r\n" + LAST), with_chunks(b"\r\n\r\n")),
        passes("a request within a chunk", "http-garden transducer 17",
               chunks(b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED) + LAST), with_chunks(SMUGGLED)),
        passes("chunked and pipelined", "nginx body_chunked", chunks(b"5\r\nhello\r\n" + LAST) * 3, HELLO, HELLO, HELLO),
        passes("a CRLF between two", "RFC 9112 2.2", chunks(LAST) + b"\r\n" + get(), with_chunks(b""), ROOT),
        passes("a trailer", "Http11Probe COMP-CHUNKED-TRAILER-VALID", chunks(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
               HELLO, trailers=(b"X-Sum: 1",)),
        passes("two trailers", "llhttp transfer-encoding: Trailing headers",
               chunks(b"5\r\nhello\r\n0\r\nVary: *\r\nX-B:\ttext/plain \r\n\r\n"), HELLO,
               trailers=(b"Vary: *", b"X-B: text/plain")),
        passes("a trailer that looks like a request", "http-garden server 39",
               chunks(b"0\r\nX:GET /smuggled HTTP/1.1\r\n\r\n"), with_chunks(b""),
               trailers=(b"X: GET /smuggled HTTP/1.1",)),
        passes("a length as trailer", "Http11Probe SMUG-TRAILER-CL",
               chunks(b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"), HELLO),
        passes("an encoding as trailer", "Http11Probe SMUG-TRAILER-TE",
               chunks(b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), HELLO),
        passes("a Host as trailer", "Http11Probe SMUG-TRAILER-HOST",
               chunks(b"5\r\nhello\r\n0\r\nHost: evil.example\r\n\r\n"), HELLO),
        passes("credentials as trailer", "Http11Probe SMUG-TRAILER-AUTH",
               chunks(b"5\r\nhello\r\n0\r\nAuthorization: Bearer evil\r\nCookie: a=b\r\n\r\n"), HELLO),
        passes("an identity as trailer", "RFC 9110 6.5.1",
               chunks(b"5\r\nhello\r\n0\r\nX-Auth-Subject: root\r\nx_auth_roles: admin\r\nX-Forwarded-For: 1.2.3.4\r\n"
                      b"Connection: close\r\n\r\n"), HELLO),
        broken("no last chunk but another request", "llhttp transfer-encoding: Missing last-chunk",
               b"3\r\nfoo\r\n\r\n", b"3\r\nfoo\r\n"),
        broken("an empty size", "http-garden server 17", b"\r\n\r\n"),
        broken("a size that is none", "http-garden server 47", b"INVALID!!!\r\n" + SMUGGLED),
        broken("Z", "http-garden transducer 2", b"Z\r\nZZ\r\nZZZ\r\n\r\n"),
        broken("a size of 0x5", "Http11Probe SMUG-CHUNK-HEX-PREFIX", b"0x5\r\nhello\r\n" + LAST),
        broken("-0x0", "http-garden transducer 19", b"-0x0\r\n\r\n"),
        broken("a plus sign before a size", "Http11Probe SMUG-CHUNK-SIZE-PLUS", b"+5\r\nhello\r\n" + LAST),
        broken("a negative size", "Http11Probe SMUG-CHUNK-NEGATIVE", b"-1\r\nhello\r\n" + LAST),
        broken("0_2e", "http-garden server 1", b"0_2e\r\n\r\n" + SMUGGLED),
        broken("an underscore in a size", "Http11Probe SMUG-CHUNK-UNDERSCORE", b"1_0\r\nhello\r\n" + LAST),
        broken("text behind a size", "http-garden transducer 7", b"1these-bytes-never-get-validated\r\nZ\r\n" + LAST),
        broken("a blank before a size", "Http11Probe SMUG-CHUNK-LEADING-SP", b" 5\r\nhello\r\n" + LAST),
        broken("blanks before the last size", "http-garden transducer 24", b"           0\r\n\r\n"),
        broken("a blank behind a size", "Http11Probe SMUG-CHUNK-SIZE-TRAILING-OWS", b"5 \r\nhello\r\n" + LAST),
        broken("a tab behind a size", "RFC 9112 7.1", b"5\t\r\nhello\r\n" + LAST),
        broken("a blank before an extension", "RFC 9112 7.1.1", b"5 ;a=b\r\nhello\r\n" + LAST),
        broken("no semicolon before an extension", "llhttp transfer-encoding", b"2 erfrferferf\r\naa\r\n0 rrrr\r\n\r\n"),
        broken("a semicolon alone", "Http11Probe SMUG-CHUNK-BARE-SEMICOLON", b"5;\r\nhello\r\n" + LAST),
        broken("no extension after a second semicolon", "llhttp transfer-encoding", b"5;a;\r\nhello\r\n" + LAST),
        broken("an extension that is no token", "Http11Probe SMUG-CHUNK-EXT-INVALID-TOKEN", b"5;@a=b\r\nhello\r\n" + LAST),
        broken("an extension's value without quotes", "RFC 9112 7.1.1", b"5;a=b(c\r\nhello\r\n" + LAST),
        broken("quotes that do not end", "llhttp transfer-encoding: Unbalanced chunk extensions quoting",
               b'5;ilovew3="abc";somuchlove="def; ghi\r\nhello\r\n' + LAST),
        broken("a line end within quotes", "PortSwigger TE.TE, Funky chunks", b'5;a="\r\nhello"\r\n' + LAST),
        broken("text behind quotes", "RFC 9112 7.1.1", b'5;a="b"c\r\nhello\r\n' + LAST),
        broken("NUL in an extension", "Http11Probe SMUG-CHUNK-EXT-CTRL", b"5;\0ext\r\nhello\r\n" + LAST),
        broken("CR in an extension", "Http11Probe SMUG-CHUNK-EXT-CR", b"5;a\rb\r\nhello\r\n" + LAST),
        broken("LF ends an extension (TERM.EXT)", "Funky chunks", b"2;\nxx\r\n%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED)),
        broken("LF within an extension (EXT.TERM)", "Funky chunks", b"5;a\nhello\r\n" + LAST),
        broken("CR ends an extension", "http-garden server 36", b"41;a=b\r\r" + b"X" * 65 + b"\r\n" + LAST),
        broken("CR before an extension", "http-garden server 31", b"5\r\r;ABCD\r\n34\r\nE\r\n" + LAST + SMUGGLED),
        broken("CR within the blanks before an extension", "http-garden transducer 3", b"2\r\r;a\r\n02\r\n41\r\n" + LAST),
        broken("LF ends a size", "Http11Probe SMUG-CHUNK-BARE-CR-TERM", b"5\nhello\r\n" + LAST),
        broken("CR ends a size", "Http11Probe SMUG-CHUNK-BARE-CR-TERM", b"5\rhello\r\n" + LAST),
        broken("LF ends the last size", "http-garden README", b"0\n\r\n"),
        broken("LF ends a chunk (ONE.TWO)", "http-garden transducer 13", b"a\r\n0123456789\n0\r\n\r\n",
               b"a\r\n0123456789"),
        broken("CR ends a chunk", "RFC 9112 7.1", b"5\r\nhello\r0\r\n\r\n", b"5\r\nhello"),
        broken("nothing ends a chunk (ZERO.TWO)", "Http11Probe SMUG-CHUNK-MISSING-TRAILING-CRLF",
               b"5\r\nhello0\r\n\r\n", b"5\r\nhello"),
        broken("any two bytes end a chunk (SPILL)", "Funky chunks", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello"),
        broken("a chunk that runs over", "Http11Probe SMUG-CHUNK-SPILL", b"5\r\nhello77\r\n" + LAST, b"5\r\nhello"),
        broken("a runaway chunk", "nginx body_chunked", b"4\r\nSEE-THIS\r\n" + LAST, b"4\r\nSEE-"),
        broken("CR 0 LF", "http-garden transducer 4", b"1\r0\n"),
        broken("a size of 17 digits", "RFC 9112 7.1", b"00000000000000005\r\nhello\r\n" + LAST),
        broken("a size of 2^63", "RFC 9112 7.1", b"8000000000000000\r\nhello\r\n" + LAST),
        broken("a size of 2^64 and 5", "Http11Probe MAL-CHUNK-SIZE-OVERFLOW", b"10000000000000005\r\nhello\r\n" + LAST),
        broken("sixteen f", "Http11Probe MAL-CHUNK-SIZE-OVERFLOW", b"ffffffffffffffff\r\nhello\r\n" + LAST),
        broken("an extension without an end", "Http11Probe MAL-CHUNK-EXT-64K",
               b"5;ext=" + b"a" * 5000 + b"\r\nhello\r\n" + LAST),
        broken("many chunks with extensions", "CVE-2023-39326", b"1;abcdefghi\r\nx\r\n" * 400 + LAST,
               b"%x\r\n%s" % (102, b"x" * 102)),
        broken("bytes above the limit", "nginx body_chunked", b"1000\r\n" + b"x" * 4096 + b"\r\n" +
               (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 4 + LAST, b"%x\r\n%s" % (16384, b"x" * 16384), 413,
               "content_too_large"),
        broken("a size above the limit", "CVE-2013-2028", b"7fffffffffffffff\r\n" + b"x" * 20000, b"%x\r\n%s" % (
            16384, b"x" * 16384), 413, "content_too_large"),
        broken("a trailer with a blank before the colon", "RFC 9112 7.1.2", b"0\r\nX : y\r\n\r\n"),
        broken("a trailer without a colon", "RFC 9112 7.1.2", b"0\r\nno colon\r\n\r\n"),
        broken("a trailer that is folded", "RFC 9112 5.2", b"0\r\nX: y\r\n z\r\n\r\n"),
        broken("a trailer with NUL", "RFC 9110 5.5", b"0\r\nX: y\0\r\n\r\n"),
        broken("a trailer with CR", "RFC 9112 2.2", b"0\r\nX: y\rz\r\n\r\n"),
        broken("LF ends a trailer", "Http11Probe SMUG-CHUNK-LF-TRAILER", b"0\r\nX: y\n\r\n"),
        broken("LF ends the trailers", "RFC 9112 7.1.2", b"0\r\nX: y\r\n\n"),
        broken("any bytes for the last line end", "http-garden server 39", b"0\r\nXXGET /smuggled HTTP/1.1\r\n\r\n"),
        broken("a length in disguise as trailer", "RFC 9110 6.5.1", b"0\r\nContent_Length: 5\r\n\r\n"),
        broken("too many trailers", "RFC 9110 5.4", b"0\r\n" + b"X: y\r\n" * 21 + b"\r\n"),
        broken("too large trailers", "RFC 9110 5.4", b"0\r\nX: " + b"y" * 4200 + b"\r\n\r\n"),
        unfinished("no last chunk", "Http11Probe COMP-CHUNKED-NO-FINAL", chunks(b"5\r\nhello\r\n"),
                   part=HELLO.removesuffix(LAST)),
        unfinished("half a chunk", "RFC 9112 7.1", chunks(b"5\r\nhel"), part=with_chunks(b"hel").removesuffix(
            b"\r\n" + LAST)),
        unfinished("no end of the trailers", "RFC 9112 7.1.2", chunks(b"5\r\nhello\r\n0\r\nX: y\r\n"),
                   part=HELLO.removesuffix(LAST)),
        unfinished("half of the last line end", "RFC 9112 7.1.2", chunks(b"0\r\n\r"), part=with_chunks(
            b"").removesuffix(LAST)),
    ]


def hosts():
    def good(name, source, value):
        return passes(name, source, host(b" " + value), arrives(b"GET /", at=value))

    def bad(name, source, value):
        return refused(name, source, host(b" " + value))

    def bad_in_target(name, source, authority):
        return refused(name, source, absolute(b"http://" + authority + b"/", authority))

    return [
        good("a port", "nginx http_host", b"abcd-ef.g02.xyz:8080"),
        good("a dot at the end", "nginx http_host", b"www.abcd-ef.g02.xyz."),
        good("a dot and a port", "nginx http_host", b"abcd-ef.g02.xyz.:88"),
        good("mixed case", "nginx http_host", b"AbC-d93.0.34ZhGt-s.nk.Ru:88"),
        good("an IPv4 address", "nginx http_host", b"123.49.0.78:987"),
        good("an IPv6 address", "nginx http_host", b"[abcd::ef98:0:7654:321]:80"),
        good("a mapped IPv4 address", "nginx http_host", b"[::ffff:12.30.67.89]"),
        good("an empty port", "HAProxy h1_host_normalization c26", b"hostname:"),
        refused("no Host", "Http11Probe RFC9112-7.1-MISSING-HOST", request(b"GET / HTTP/1.1", b"X: y")),
        refused("no fields at all", "RFC 9112 3.2", b"GET / HTTP/1.1\r\n\r\n"),
        refused("a Host twice", "Http11Probe RFC9110-5.4-DUPLICATE-HOST", get(b"Host: b")),
        refused("a Host twice and equal", "Http11Probe COMP-DUPLICATE-HOST-SAME", get(b"Host: a")),
        refused("a second Host in another case", "CVE-2020-11724", get(b"hOST: b")),
        refused("a second Host that is empty", "RFC 9112 3.2", get(b"Host:")),
        refused("an empty Host", "Http11Probe COMP-HOST-EMPTY-VALUE", host(b"")),
        refused("a Host of blanks", "RFC 9112 3.2", host(b"   ")),
        bad("user info", "Http11Probe COMP-HOST-WITH-USERINFO", b"user@a"),
        bad("a path", "Http11Probe COMP-HOST-WITH-PATH", b"a/path"),
        bad("a list", "Http11Probe SMUG-MULTIPLE-HOST-COMMA", b"a, b"),
        bad("a query", "RFC 9110 7.2", b"a?b"),
        bad("a fragment in Host", "HAProxy h1_authority_fragment_char", b"a#b"),
        bad("a blank", "RFC 9110 7.2", b"a b"),
        bad("a scheme", "RFC 9110 7.2", b"http://a"),
        bad("a backslash", "nginx http_host", b"example.com\\:552"),
        bad("a slash before the port", "nginx http_host", b"example.com/:552"),
        bad("dots before", "nginx http_host", b"..examp-LE.com"),
        bad("dots inside", "nginx http_host", b"a..b"),
        bad("two dots at the end", "nginx http_host", b"com.exa-m.45..:"),
        bad("a slash in brackets", "nginx http_host", b"[abcd::e\\f98:0/:7654:321]"),
        bad("dots behind brackets", "nginx http_host", b"[abcd::ef98:0:7654:321]..:98"),
        bad("brackets that do not end", "RFC 3986 3.2.2", b"[::1"),
        bad("a zone", "RFC 6874", b"[fe80::1%25eth0]"),
        bad("two ports", "nginx http_host: double port hack", b"123.40.56.78:9000:80"),
        bad("a port of letters", "RFC 3986 3.2.3", b"a:http"),
        bad("a port too large", "RFC 3986 3.2.3", b"a:65536"),
        bad("a signed port", "RFC 3986 3.2.3", b"a:+80"),
        bad("a port alone", "HAProxy h1_host_normalization c32", b":80"),
        bad("a control", "nginx http_host", b"localhost\2"),
        bad("NUL", "http-garden transducer 12", b"google.com\0.example.org"),
        bad("0xff", "http-garden server 46", b"\xffa\xff"),
        bad("an escape", "RFC 3986 3.2.2", b"%61"),
        bad("quotes in Host", "RFC 3986 3.2.2", b'"a"'),
        bad("a semicolon in Host", "RFC 3986 3.2.2", b"a;b"),
        passes("absolute-form", "Http11Probe COMP-ABSOLUTE-FORM", absolute(b"http://a/b?c", b"a"), arrives(b"GET /b?c")),
        passes("absolute-form with https", "HAProxy h1_host_normalization", absolute(b"https://a/b", b"a"),
               arrives(b"GET /b")),
        passes("absolute-form in upper case", "RFC 3986 3.1", absolute(b"HTTP://A/b", b"a"), arrives(b"GET /b", at=b"A")),
        passes("absolute-form without a path", "RFC 9112 3.2.2", absolute(b"http://a", b"a"), ROOT),
        passes("absolute-form with the port of http", "HAProxy h1_host_normalization c20", absolute(b"http://a:80/", b"a"),
               arrives(b"GET /", at=b"a:80")),
        passes("absolute-form, and Host with the port of http", "HAProxy h1_host_normalization c22",
               absolute(b"http://a/", b"a:80"), ROOT),
        passes("absolute-form with the port of https", "HAProxy h1_host_normalization c21",
               absolute(b"https://a:443/", b"a"), arrives(b"GET /", at=b"a:443")),
        passes("absolute-form with an empty port", "HAProxy h1_host_normalization c24", absolute(b"http://a:/", b"a"),
               arrives(b"GET /", at=b"a:")),
        passes("absolute-form with a dot", "nginx http_host", absolute(b"http://a./", b"a"), arrives(b"GET /", at=b"a.")),
        refused("another Host", "Http11Probe SMUG-ABSOLUTE-URI-HOST-MISMATCH", absolute(b"http://other/", b"a")),
        refused("a longer Host", "HAProxy h1_host_normalization c8", absolute(b"http://a/", b"a.b")),
        refused("another port", "HAProxy h1_host_normalization c9", absolute(b"http://a:80/", b"a:81")),
        refused("a port that Host has not", "HAProxy h1_host_normalization c10", absolute(b"http://a:8080/", b"a")),
        refused("a port that the target has not", "HAProxy h1_host_normalization c11", absolute(b"http://a/", b"a:81")),
        refused("the port of https in http", "HAProxy h1_host_normalization", absolute(b"http://a/", b"a:443")),
        refused("two Hosts, one like the target", "HAProxy h1_host_normalization c12",
                request(b"GET http://a/ HTTP/1.1", b"Host: a", b"Host: b")),
        refused("absolute-form without Host", "RFC 9112 3.2", request(b"GET http://a/ HTTP/1.1")),
        refused("absolute-form with user info", "HAProxy h1_host_normalization c1", absolute(b"http://u:p@a/", b"a")),
        refused("absolute-form without authority", "RFC 9110 4.2.1", absolute(b"http:///a", b"a")),
        refused("absolute-form with a query alone", "RFC 9112 3.2.2", absolute(b"http://a?b", b"a")),
        refused("absolute-form with one slash", "RFC 9112 3.2.2", absolute(b"http:/a", b"a")),
        refused("absolute-form with a fragment", "HAProxy h1_authority_fragment_char", absolute(b"http://a#@evil/", b"a"),
                400, "bad_path"),
        refused("another scheme", "RFC 9112 3.2.2", absolute(b"ftp://a/", b"a")),
        bad_in_target("an empty port's authority", "HAProxy h1_host_normalization c32", b":"),
        bad_in_target("dots at the end of the authority", "nginx http_host", b"com.exa-m.45..:"),
        bad_in_target("a backslash in the authority", "nginx http_host", b"\\e.xample.com"),
        bad_in_target("dots in brackets", "nginx http_host", b"[ab..cd::ef98:0:7654:321]"),
    ]


def connections():
    old = b"GET / HTTP/1.0"
    served = arrives(b"GET /", at=b"{upstream}")
    return [
        passes("close", "Http11Probe COMP-CONNECTION-CLOSE", get(b"Connection: close"), ROOT, kept=False),
        passes("close in a list", "RFC 9110 7.6.1", get(b"Connection: x , CLOSE", b"X: y"), ROOT, kept=False),
        passes("close in a second field", "RFC 9110 5.3", get(b"Connection: x", b"Connection: close"), ROOT, kept=False),
        passes("closed is not close", "RFC 9110 7.6.1", get(b"Connection: closed"), ROOT),
        passes("close, and garbage behind it", "http-garden server 45", get(b"Connection: close") + b"Invalid\r\n\r\n",
               ROOT, kept=False),
        passes("what Connection names goes no further", "RFC 9110 7.6.1", get(b"Connection: X-Secret", b"X-Secret: 1"),
               ROOT),
        passes("keep-alive goes no further", "RFC 9110 7.6.1",
               get(b"Connection: keep-alive", b"Keep-Alive: timeout=5", b"Proxy-Connection: x"), ROOT),
        passes("an upgrade that is not one", "Http11Probe COMP-UPGRADE-UNKNOWN",
               get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"), ROOT),
        passes("HTTP/1.0", "Http11Probe COMP-HTTP10-DEFAULT-CLOSE", request(old, b"Host: a"), ROOT, kept=False),
        passes("HTTP/1.0 without Host", "Http11Probe COMP-HTTP10-NO-HOST", request(old), served, kept=False),
        passes("HTTP/1.0 that stays", "RFC 9112 9.3", request(old, b"Host: a", b"Connection: keep-alive"), ROOT),
        passes("HTTP/1.0 with a body", "llhttp content-length",
               request(b"POST / HTTP/1.0", b"Host: a", b"Content-Length: 5", body=b"HELLO"), with_length(b"HELLO"),
               kept=False),
        refused("HTTP/1.0 with two Hosts", "RFC 9112 3.2", request(old, b"Host: a", b"Host: a")),
        passes("HTTP/1.0 with a target that names the host", "nginx http_host",
               request(b"GET http://a/ HTTP/1.0"), ROOT, kept=False),
        refused("an unknown expectation", "Http11Probe COMP-EXPECT-UNKNOWN", get(b"Expect: 200-ok"), 417,
                "expectation_failed"),
        refused("an expectation and text", "PortSwigger HTTP/1.1 must die",
                post(b"Expect: y 100-continue", b"Content-Length: 5", body=b"hello"), 417, "expectation_failed"),
        refused("an expectation twice in a list", "PortSwigger HTTP/1.1 must die",
                post(b"Expect: 100-continue, 100-continue", b"Content-Length: 5", body=b"hello"), 417,
                "expectation_failed"),
        refused("an empty expectation", "PortSwigger HTTP/1.1 must die", get(b"Expect:"), 417, "expectation_failed"),
        refused("an expectation over two lines", "PortSwigger HTTP/1.1 must die",
                get(b"Expect:\r\n 100-continue", b"Content-Length: 5") + b"hello"),
        passes("HTTP/1.0 with an expectation", "Http11Probe COMP-NO-1XX-HTTP10",
               request(b"POST / HTTP/1.0", b"Host: a", b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),
               with_length(b"hello", b"Expect: 100-continue"), kept=False),
        passes("twenty at once", "Http11Probe SMUG-PIPELINE-SAFE", b"".join(
            line(b"GET /%d HTTP/1.1" % i) for i in range(20)), *[arrives(b"GET /%d" % i) for i in range(20)]),
        refused("the third of three", "RFC 9112 9.3.2", get() + get() + b"GET  / HTTP/1.1\r\n\r\n" + get(),
                after=[ROOT, ROOT]),
        refused("a malformed one behind a body", "PortSwigger HTTP Desync Attacks",
                post(b"Content-Length: 5", body=b"hello") + b"0\r\n\r\n", after=[with_length(b"hello")]),
        Row("a bad path and a body that looks like a request", "PortSwigger HTTP/1.1 must die 0.CL",
            request(b"POST /..%2f HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
            [(400, "bad_path")], [], kept=True),
    ]


def all_rows():
    return [*request_lines(), *line_ends(), *fields(), *lengths(), *encodings(), *chunked_bodies(), *hosts(),
            *connections()]
