package io.fairlead.record.otlp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.OtlpConfig;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever a receiver answers, there is a verdict, in time and with bounds. */
@Timeout(30)
final class PosterTest {
  private static Poster poster(int port) {
    return new Poster(
        new OtlpConfig(
            "http://127.0.0.1:" + port + "/otlp/",
            Map.of("authorization", new Secret("Bearer very-secret")),
            List.of(),
            Optional.empty(),
            true,
            true,
            Duration.ofSeconds(15)),
        Duration.ofSeconds(1));
  }

  /** What becomes of a message to somebody who answers with these bytes, if with any. */
  private static Sending post(String answer, boolean endless) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Poster poster = poster(server.getLocalPort())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = server.accept()) {
              socket.getInputStream().read(new byte[8192]);
              OutputStream out = socket.getOutputStream();
              out.write(answer.getBytes(ISO_8859_1));
              out.flush();
              while (endless) {
                out.write(new byte[8192]);
              }
              if (answer.isEmpty() || answer.contains("hangs")) {
                socket.getInputStream().read(new byte[1 << 16]);
                socket.getInputStream().read();
              }
            } catch (IOException e) {
              // The other side has had enough.
            }
          });
      return poster.post(
          new OtlpConfig(
                  "http://127.0.0.1:" + server.getLocalPort(),
                  Map.of(),
                  List.of(),
                  Optional.empty(),
                  true,
                  true,
                  Duration.ofSeconds(15))
              .uri("traces"),
          new byte[] {1, 2, 3});
    }
  }

  // By OTLP 1, OTLP/HTTP Response: 429, 502, 503 and 504 may be tried again, nothing else.
  @ParameterizedTest
  @CsvSource({
    "200, done",
    "202, done",
    "204, done",
    "302, 'refused: answered 302'",
    "400, 'refused: answered 400'",
    "401, 'refused: answered 401'",
    "404, 'refused: answered 404'",
    "413, 'refused: answered 413'",
    "429, 'later: answered 429'",
    "500, 'refused: answered 500'",
    "502, 'later: answered 502'",
    "503, 'later: answered 503'",
    "504, 'later: answered 504'",
  })
  void theStatusDecides(int status, String verdict) throws Exception {
    String length = status == 204 ? "" : "content-length: 0\r\n";
    assertThat(words(post("HTTP/1.1 " + status + " x\r\n" + length + "\r\n", false)))
        .isEqualTo(verdict);
  }

  private static String words(Sending sending) {
    return switch (sending) {
      case Sending.Done(long rejected, String why) ->
          rejected == 0 ? "done" : "rejected " + rejected + ": " + why;
      case Sending.Later(String why, Duration pause) ->
          "later: " + why + (pause.isZero() ? "" : " (" + pause.toSeconds() + " s)");
      case Sending.Refused(String why) -> "refused: " + why;
    };
  }

  @Test
  void thePauseThatIsAskedForIsKeptUpToAMinute() throws Exception {
    String answer = "HTTP/1.1 503 x\r\nretry-after: %s\r\ncontent-length: 0\r\n\r\n";
    assertThat(words(post(answer.formatted("7"), false))).isEqualTo("later: answered 503 (7 s)");
    assertThat(words(post(answer.formatted("3600"), false)))
        .isEqualTo("later: answered 503 (60 s)");
    assertThat(words(post(answer.formatted("soon"), false))).isEqualTo("later: answered 503");
  }

  @Test
  void whatIsNoAnswerMayBeOneLater() throws Exception {
    assertThat(words(post("SSH-2.0-OpenSSH\r\n", false))).startsWith("later: no answer");
    assertThat(words(post("", false))).startsWith("later: no answer within 1 s");
    assertThat(words(post("HTTP/1.1 200 OK\r\ncontent-le", false))).startsWith("later: no answer");
  }

  /** The head has said it. */
  @Test
  void anAnswerThatDoesNotEndCostsNoMemoryAndNoTime() throws Exception {
    String head = "HTTP/1.1 %d x\r\ncontent-type: text/html\r\n\r\n";
    assertThat(words(post(head.formatted(200), true))).isEqualTo("done");
    assertThat(words(post(head.formatted(400), true))).isEqualTo("refused: answered 400");
    assertThat(words(post("HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\nhangs", false)))
        .isEqualTo("done");
  }

  @Test
  void nobodyThere() throws Exception {
    int port;
    try (ServerSocket server = new ServerSocket(0)) {
      port = server.getLocalPort();
    }
    try (Poster poster = poster(port)) {
      Sending sending =
          poster.post(java.net.URI.create("http://127.0.0.1:" + port + "/v1/logs"), new byte[0]);
      assertThat(words(sending)).isEqualTo("later: no connection");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', done",
    "'0a 00', done",
    "'0a 02 08 05', 'rejected 5: '",
    "'0a 09 08 02 12 05 77 68 79 21 21', 'rejected 2: why!!'",
    "'0a 07 12 05 77 68 79 21 21', done", // a warning only
    "'1a 01 41 0a 02 08 01', 'rejected 1: '", // a field that we do not know in front
    "'0a 04 08 02 1d 00', done", // cut off
    "'0a ff ff ff ff 0f 08 05', done",
    "'0a 0b 08 ff ff ff ff ff ff ff ff ff 01', done", // less than none
    "'3c 68 74 6d 6c 3e', done", // <html>
    "'7b 7d', done", // {}
  })
  void answersMaySayThatNotAllWasTaken(String bytes, String verdict) {
    byte[] answer =
        bytes.isEmpty() ? new byte[0] : java.util.HexFormat.ofDelimiter(" ").parseHex(bytes);
    assertThat(words(PartialSuccess.read(answer))).isEqualTo(verdict);
  }
}
