package io.fairlead.health;

import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.LinearPattern;
import io.fairlead.config.Probe;
import io.fairlead.config.Probe.Expect;
import io.fairlead.config.Probe.Http.Version;
import io.fairlead.config.Probe.StatusRange;
import io.fairlead.config.Secret;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wanted of an answer beyond its status, over real bytes. */
@Timeout(30)
class HttpExpectationTest {
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  @ParameterizedTest
  @CsvSource({
    "'content-length: 2\r\n\r\nok and more',  passed",
    "'\r\nall is ok',                         passed",
    "'content-length: 3\r\n\r\nok and more',  passed",
    "'content-length: 1\r\n\r\nok and more',  body lacks 'ok'",
    "'content-length: 9\r\n\r\nno', connection closed before the body of the answer was complete",
    "'content-length: -1\r\n\r\nok',          content-length is '-1'",
    "'transfer-encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n', passed",
    "'transfer-encoding: chunked\r\n\r\n1\r\no\r\n0\r\n\r\n',  body lacks 'ok'",
    "'transfer-encoding: chunked\r\n\r\nf', connection closed before the body of the answer was complete",
    "'transfer-encoding: chunked\r\n\r\nx\r\nok',  body breaks the rules of chunks: 'x' is no size",
    "'transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n', body breaks the rules of chunks: one is longer than it said",
    "'transfer-encoding: gzip\r\n\r\nok',     body comes in transfer-encoding gzip",
    "'\r\n',                                  body lacks 'ok'",
  })
  void bodies(String rest, String said) throws Exception {
    assertThat(said(contains("ok"), 5000, socket -> send(socket, OK + rest))).isEqualTo(said);
  }

  @Test
  void aBodyIsReadTo64KiBAndNoFurther() throws Exception {
    String long64 = "x".repeat(Expect.BODY_BYTES);
    for (String framing : new String[] {"\r\n", "content-length: 99999\r\n\r\n"}) {
      assertThat(said(contains("ok"), 5000, socket -> send(socket, OK + framing + long64 + "ok")))
          .isEqualTo("body lacks 'ok' in the first 64 KiB");
    }
    assertThat(
            said(
                contains("ok"),
                5000,
                socket -> {
                  socket.getOutputStream().write((OK + "\r\n").getBytes(ISO_8859_1));
                  while (true) { // a flood
                    socket.getOutputStream().write(long64.getBytes(ISO_8859_1));
                  }
                }))
        .isEqualTo("body lacks 'ok' in the first 64 KiB");
  }

  @Test
  void whatHasBeenSaidIsEnoughForABodyWithoutEnd() throws Exception {
    assertThat(
            said(
                contains("ok"),
                5000,
                socket -> {
                  socket.getOutputStream().write((OK + "\r\nok").getBytes(ISO_8859_1));
                  SpokenNode.awaitClose(socket);
                }))
        .isEqualTo("passed");
  }

  @Test
  void aBodyThatStopsInTheMiddleFailsInTime() throws Exception {
    assertThat(
            said(
                contains("ok"),
                300,
                socket -> {
                  socket
                      .getOutputStream()
                      .write((OK + "content-length: 9\r\n\r\nno").getBytes(ISO_8859_1));
                  SpokenNode.awaitClose(socket);
                }))
        .isEqualTo("no answer within 300 ms");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lag: [0-9]{1,2}$ | lag: 12  | passed",
        "lag: [0-9]{1,2}$ | lag: 123 | body has nothing like 'lag: [0-9]{1,2}$'",
        "(a+a+)+$         | aaab     | body has nothing like '(a+a+)+$'",
      })
  void patterns(String pattern, String body, String said) throws Exception {
    Probe probe =
        http(new Expect(status(), "", Optional.of(LinearPattern.parse(pattern)), Map.of()));
    assertThat(said(probe, 5000, socket -> send(socket, OK + "\r\n" + body))).isEqualTo(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x-state: ready to go            | passed",
        "'X-State: no\r\nx-state: ready' | passed",
        "x-state: not ready              | header x-state is 'not ready', wanted 'ready*'",
        "x-stat: ready                   | header x-state is missing",
      })
  void fields(String field, String said) throws Exception {
    Probe probe = http(new Expect(status(), "", Optional.empty(), Map.of("x-state", "ready*")));
    assertThat(said(probe, 5000, socket -> send(socket, OK + field + "\r\n\r\n"))).isEqualTo(said);
  }

  @Test
  void asksAsItIsTold() throws Exception {
    CompletableFuture<String> request = new CompletableFuture<>();
    Probe probe =
        new Probe.Http(
            "POST",
            "/deep",
            "",
            Map.of("authorization", new Secret("Bearer hunter22222")),
            Version.HTTP_1_1,
            new Expect(status(), "", Optional.empty(), Map.of()));
    String said =
        said(
            probe,
            5000,
            socket -> {
              byte[] bytes = new byte[1000];
              request.complete(
                  new String(bytes, 0, socket.getInputStream().read(bytes), ISO_8859_1));
              send(socket, "Bearer hunter22222 is what you said");
            });
    assertThat(request.get())
        .startsWith("POST /deep HTTP/1.1\r\nhost: 127.0.0.1:")
        .contains("\r\nauthorization: Bearer hunter22222\r\ncontent-length: 0\r\n");
    assertThat(said).isEqualTo("answer is not HTTP: (secret) is what you said");
    assertThat(probe.toString()).doesNotContain("hunter");
  }

  @Test
  void aSecretThatIsCutIsNotSaidEither() {
    Quote quote = new Quote(List.of(new Secret("hunter22222")));
    assertThat(quote.of("you said hunter2")).isEqualTo("you said (secret)");
    assertThat(quote.of("x".repeat(35) + "hunter22222")).isEqualTo("x".repeat(35) + "(secr…");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''            | 220      | '220 mail.example ready\r\n' | passed",
        "PING\\r\\n    | +PONG    | '+PONG\r\n'                  | passed",
        "hex:50 49     | hex:00ff | 'x\u0000\u00ffy'             | passed",
        "PING\\r\\n    | +PONG    | '-ERR no\r\n'                | answer lacks '+PONG': -ERR no..",
        "PING          | +PONG    | ''                 | connection closed without an answer",
        "AUTH hunter22 | +OK      | AUTH hunter22? no  | answer lacks '+OK': (secret)? no",
      })
  void talks(String send, String expect, String answer, String said) throws Exception {
    Probe probe = new Probe.Talk(new Secret(send), expect);
    assertThat(said(probe, 5000, socket -> send(socket, answer))).isEqualTo(said);
  }

  @Test
  void aTalkIsBounded() throws Exception {
    Probe probe = new Probe.Talk(new Secret("PING"), "+PONG");
    assertThat(said(probe, 200, SpokenNode::awaitClose)).isEqualTo("no answer within 200 ms");
    assertThat(
            said(
                probe,
                5000,
                socket -> {
                  while (true) {
                    socket.getOutputStream().write(new byte[8192]);
                  }
                }))
        .isEqualTo("answer lacks '+PONG' in the first 64 KiB");
  }

  private static StatusRange status() {
    return new StatusRange(200, 200);
  }

  private static Probe contains(String text) {
    return http(new Expect(status(), text, Optional.empty(), Map.of()));
  }

  private static Probe http(Expect expect) {
    return new Probe.Http("GET", "/", "", Map.of(), Version.HTTP_1_1, expect);
  }
}
