package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The judge of the corpus must itself be able to find for the other side. */
final class JudgeTest {

  private static final String CASE =
      """
      == post
      # why: a body is passed on
      C> POST /a/../p HTTP/1.1\\r\\nHost: a.example\\r\\nX-A: b\\r\\n
      C> Content-Length: 5\\r\\n\\r\\nhello
      N< POST /p HTTP/1.1
      N< Host: a.example
      N< X-A: b
      N< Content-Length: 5
      N<
      N< hello
      client: 200, keep
      """;
  private static final String GENERATED =
      crlf(
          """
          X-Forwarded-For: 127.0.0.1
          X-Forwarded-Proto: http
          Via: 1.1 fairlead
          x-request-id: 0123456789
          """);
  private static final String RIGHT_REQUEST =
      "POST /p HTTP/1.1\r\nHost: a.example\r\nX-A: b\r\n"
          + GENERATED
          + "Content-Length: 5\r\n\r\nhello";
  private static final String RIGHT_RESPONSE =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nvia: 1.1 fairlead\r\n"
          + "x-request-id: 0123456789\r\n\r\nok";

  @Test
  void whatIsRightPassesAtBothSides() throws Exception {
    assertThat(atNode(CASE, RIGHT_REQUEST)).isEmpty();
    assertThat(atClient(CASE, RawClient.End.OPEN, RIGHT_RESPONSE)).isEmpty();
  }

  @Test
  void theGeneratedFieldsMayStandAnywhereButTheOthersMayNot() throws Exception {
    String first = RIGHT_REQUEST.replace(GENERATED, "").replace("Host", GENERATED + "Host");
    assertThat(atNode(CASE, first)).isEmpty();
    String swapped =
        RIGHT_REQUEST.replace("Host: a.example\r\nX-A: b\r\n", "X-A: b\r\nHost: a.example\r\n");
    assertThat(atNode(CASE, swapped)).anyMatch(problem -> problem.contains("request 1 fields"));
  }

  @ParameterizedTest(name = "{0} → {1}")
  @CsvSource({
    "/p HTTP, /a/../p HTTP, first line",
    "X-A: b, x-a: b, fields",
    "X-A: b, X-A: c, fields",
    "X-A: b, X-B: b, fields",
    "hello, jello, body",
    "X-Forwarded-For: 127.0.0.1, X-Forwarded-For: 192.0.2.1, x-forwarded-for",
    "X-Forwarded-Proto: http, X-Forwarded-Proto: https, x-forwarded-proto",
    "Via: 1.1 fairlead, Via: 1.0 fairlead, via",
    "x-request-id: 0123456789, x-request-id: x, x-request-id",
    "Content-Length: 5, Transfer-Encoding: chunked, 0 of them complete",
    "Host: a.example, Connection: keep-alive, doubt",
  })
  void aChangedRequestIsFound(String right, String wrong, String problem) throws Exception {
    assertThat(RIGHT_REQUEST).contains(right);
    assertThat(atNode(CASE, RIGHT_REQUEST.replace(right, wrong)))
        .anyMatch(found -> found.contains(problem));
  }

  @Test
  void anAddedFieldAndASecondRequestAndAMissingOneAreFound() throws Exception {
    String added = RIGHT_REQUEST.replace("X-A: b\r\n", "X-A: b\r\nX-Forwarded-Host: a\r\n");
    assertThat(atNode(CASE, added)).hasSize(1);
    String hopByHop = RIGHT_REQUEST.replace("X-A: b\r\n", "X-A: b\r\nConnection: close\r\n");
    assertThat(atNode(CASE, hopByHop)).hasSize(1);
    String twice =
        RIGHT_REQUEST.replace(
            "X-Forwarded-Proto", "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto");
    assertThat(atNode(CASE, twice)).hasSize(1);
    assertThat(atNode(CASE, RIGHT_REQUEST + RIGHT_REQUEST)).hasSize(1);
    assertThat(atNode(CASE, "")).hasSize(1);
    assertThat(atNode(CASE, RIGHT_REQUEST.substring(0, RIGHT_REQUEST.length() - 1))).isNotEmpty();
  }

  @Test
  void whereNothingMayArriveNotEvenAByteMay() throws Exception {
    String refused =
        """
        == refused
        # why: refused
        C> GET / HTTP/9.9\\r\\n\\r\\n
        client: 400 bad-request, close
        node: nothing
        """;
    assertThat(atNode(refused, "")).isEmpty();
    assertThat(atNode(refused, "G")).hasSize(1);
    assertThat(atNode(refused, RIGHT_REQUEST)).hasSize(1);
  }

  @Test
  void aRequestThatMustStayIncompleteMustNotBeCompleteAndMustBeginRight() throws Exception {
    String cut =
        CASE.replace("client: 200, keep", "node: incomplete\nclient: 400 bad-request, close");
    assertThat(atNode(cut, "")).isEmpty();
    assertThat(atNode(cut, RIGHT_REQUEST.substring(0, 12))).isEmpty();
    assertThat(atNode(cut, RIGHT_REQUEST.substring(0, RIGHT_REQUEST.length() - 2))).isEmpty();
    assertThat(atNode(cut, RIGHT_REQUEST.replace("hello", "hex"))).isNotEmpty();
    assertThat(atNode(cut, RIGHT_REQUEST)).isNotEmpty();
  }

  @ParameterizedTest(name = "{0} → {1}")
  @CsvSource({
    "200 OK, 201 OK, not 200",
    "200 OK, 200 Fine, first line",
    "ok, no, body",
    "via: 1.1 fairlead, via: 1.1 other, via",
    "x-request-id: 0123456789, X-A: b, x-request-id",
    "Content-Length: 2, Content-Length: 3, cut off",
    "Content-Length: 2, content-length: 02, doubt",
    "via: 1.1 fairlead, 'Connection: close', KEEP",
  })
  void aChangedResponseIsFound(String right, String wrong, String problem) throws Exception {
    assertThat(RIGHT_RESPONSE).contains(right);
    assertThat(atClient(CASE, RawClient.End.OPEN, RIGHT_RESPONSE.replace(right, wrong)))
        .anyMatch(found -> found.contains(problem));
  }

  @Test
  void howAConnectionEndsIsJudgedToo() throws Exception {
    String close = CASE.replace("keep", "close");
    String announced = RIGHT_RESPONSE.replace("via", "Connection: close\r\nvia");
    assertThat(atClient(close, RawClient.End.CLOSED, announced)).isEmpty();
    assertThat(atClient(close, RawClient.End.CLOSED, RIGHT_RESPONSE)).hasSize(1);
    assertThat(atClient(close, RawClient.End.TIMEOUT, announced)).hasSize(1);
    assertThat(atClient(CASE, RawClient.End.CLOSED, RIGHT_RESPONSE)).hasSize(1);
    assertThat(atClient(CASE, RawClient.End.OPEN, RIGHT_RESPONSE + RIGHT_RESPONSE)).hasSize(1);
    String cut = CASE.replace("keep", "cut");
    assertThat(atClient(cut, RawClient.End.CLOSED, RIGHT_RESPONSE.replace("ok", "o"))).isEmpty();
    assertThat(atClient(cut, RawClient.End.CLOSED, RIGHT_RESPONSE)).isNotEmpty();
    assertThat(atClient(cut, RawClient.End.CLOSED, RIGHT_RESPONSE.replace("ok", "x"))).hasSize(1);
  }

  @Test
  void aRefusalNeedsItsStatusAndItsReason() throws Exception {
    String refused = CASE.replace("200, keep", "400 bad-request, close");
    String right =
        crlf(
            """
            HTTP/1.1 400 Bad Request
            fairlead-error: bad-request
            Connection: close
            Content-Length: 0

            """);
    assertThat(atClient(refused, RawClient.End.CLOSED, right)).isEmpty();
    assertThat(atClient(refused, RawClient.End.CLOSED, right.replace("bad-request", "other")))
        .hasSize(1);
    assertThat(atClient(refused, RawClient.End.CLOSED, right.replace("fairlead-error", "X")))
        .hasSize(1);
    assertThat(atClient(refused, RawClient.End.CLOSED, right.replace("400", "404"))).hasSize(1);
    assertThat(atClient(refused, RawClient.End.CLOSED, "")).isNotEmpty();
  }

  @Test
  void aRefusalDoesNotPassForTheAnswerOfANode() throws Exception {
    String ours = RIGHT_RESPONSE.replace("via", "fairlead-error: bad-request\r\nvia");
    assertThat(atClient(CASE, RawClient.End.OPEN, ours)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:  a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a \r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 05\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n01\r\na\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
      })
  void theStrictReaderDoubts(String bytes) {
    assertThatThrownBy(() -> requests(bytes)).isInstanceOf(StrictReader.Doubt.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "== x\nclient: 200, keep",
        "== x\n# why: y\nC> a\nclient: 200, keep",
        "== x\n# why: y\nC> a\nN< GET / HTTP/1.1\nnode: nothing\nclient: 200, keep",
        "== x\n# why: y\nC> a\nnode: nothing",
        "== x\n# why: y\nC> a\nN> HTTP/1.1 200 OK\\r\\n\nN< GET / HTTP/1.1\nclient: 200, keep",
        "== x\n# why: y\nC> \\q",
        "== x\n# why: y\nC> a ",
        "== x\n# why: y\nC> {3a}",
        "== x\nwhat",
      })
  void aCaseThatIsNotWholeIsRefused(String text) {
    assertThatThrownBy(() -> CorpusFile.parse("f", text.lines().toList()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("f:");
  }

  private static List<String> atNode(String text, String bytes) throws IOException {
    List<Received> requests = new ArrayList<>();
    try {
      requests.addAll(requests(bytes));
    } catch (StrictReader.Doubt e) {
      return List.of("doubt: " + e.getMessage());
    }
    return judge(text).atNode(requests);
  }

  private static List<Received> requests(String bytes) throws IOException, StrictReader.Doubt {
    StrictReader in = reader(bytes);
    List<Received> requests = new ArrayList<>();
    while (true) {
      Received request = new Received(0);
      try {
        if (!in.readRequestHead(request)) {
          return requests;
        }
        in.readRequestBody(request);
        requests.add(request);
      } catch (EOFException e) {
        requests.add(request);
        return requests;
      }
    }
  }

  private static List<String> atClient(String text, RawClient.End end, String bytes)
      throws IOException {
    StrictReader in = reader(bytes);
    List<Received> responses = new ArrayList<>();
    Received response = new Received(0);
    try {
      while (in.readResponse(response, false)) {
        responses.add(response);
        response = new Received(0);
      }
    } catch (EOFException e) {
      responses.add(response);
    } catch (StrictReader.Doubt e) {
      response.doubt = "doubt: " + e.getMessage();
      responses.add(response);
    }
    return judge(text).atClient(new RawClient.Saw(responses, end));
  }

  private static Judge judge(String text) {
    CorpusCase corpusCase = CorpusFile.parse("test", text.lines().toList()).getFirst();
    return new Judge(corpusCase, "127.0.0.1", "127.0.0.1:1");
  }

  private static StrictReader reader(String bytes) {
    return new StrictReader(new ByteArrayInputStream(bytes.getBytes(ISO_8859_1)));
  }

  private static String crlf(String lines) {
    return lines.replace("\n", "\r\n");
  }
}
