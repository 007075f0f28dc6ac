package io.fairlead.health;

import static io.fairlead.health.SpokenNode.prober;
import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Probe;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over loopback: what a node does, and what the probe says of it. */
@Timeout(30)
class ProberTest {
  private static final Probe HTTP = new Probe.Http("/healthz", "", new Probe.StatusRange(200, 399));
  private static final Probe TCP = new Probe.Tcp();

  @ParameterizedTest
  @CsvSource({
    "'HTTP/1.1 200 OK\r\n\r\n',                          passed",
    "'HTTP/1.0 204\r\na: b\r\n\r\n',                     passed",
    "'HTTP/1.1 399 \r\n\r\nwith a body',                 passed",
    "'HTTP/1.1 503 no\r\n\r\n',                          'answered 503, wanted 200-399'",
    "'HTTP/1.1 301 x\r\nlocation: http://x/\r\n\r\n',    passed",
    "'SSH-2.0-OpenSSH_9.2\r\n',                          'answer is not HTTP: SSH-2.0-OpenSSH_9.2..'",
    "'HTTP/2 200\r\n\r\n',                               'answer is not HTTP: HTTP/2 200....'",
    "'HTTP/1.1 20 OK\r\n\r\n',                           'answer is not HTTP: HTTP/1.1 20 OK.'",
    "'HTTP/1.1 0200 OK\r\n\r\n',                         'answer is not HTTP: HTTP/1.1 0200 OK.'",
    "'HTTP/1.1  200 OK\r\n\r\n',                         'answer is not HTTP: HTTP/1.1  200 OK.'",
    "'HTTP/1.1 200 OK\n\n',                              'answer is not HTTP: HTTP/1.1 200 OK'",
    "'HTTP/1.1 999 OK\r\n\r\n',                          'answer is not HTTP: HTTP/1.1 999 OK.'",
    "'HTTP/1.1 200 OK\r\na: b\r\n',   connection closed before the head of the answer was complete",
    "'',                              connection closed without an answer",
  })
  void answers(String answer, String said) throws Exception {
    assertThat(said(HTTP, 5000, socket -> send(socket, answer))).isEqualTo(said);
  }

  @Test
  void garbageIsShownShortAndPrintable() throws Exception {
    assertThat(said(HTTP, 5000, socket -> send(socket, "\u0000\u0001\u00ff".repeat(100))))
        .isEqualTo("answer is not HTTP: " + ".".repeat(40) + "…");
  }

  @Test
  void aHeadWithoutEndIsNotReadWithoutEnd() throws Exception {
    String endless = "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(10_000);
    assertThat(said(HTTP, 5000, socket -> send(socket, endless)))
        .isEqualTo("the head of the answer is longer than 16 KiB");
  }

  @Test
  void aNodeThatAcceptsAndIsSilentFailsInTime() throws Exception {
    assertThat(said(HTTP, 200, SpokenNode::awaitClose)).isEqualTo("no answer within 200 ms");
  }

  @Test
  void aNodeThatDripsGetsNoMoreTimeThanOthers() throws Exception {
    long start = System.nanoTime();
    String said =
        said(
            HTTP,
            300,
            socket -> {
              OutputStream out = socket.getOutputStream();
              for (byte b : ("HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(100)).getBytes(ISO_8859_1)) {
                out.write(b);
                TimeUnit.MILLISECONDS.sleep(50); // its pace is what is tested
              }
            });
    assertThat(said).isEqualTo("no answer within 300 ms");
    // the dripping would take 30 s
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aResetIsCalledAReset() throws Exception {
    assertThat(
            said(
                HTTP,
                5000,
                socket -> {
                  socket.getInputStream().read();
                  socket.setOption(StandardSocketOptions.SO_LINGER, 0);
                }))
        .isEqualTo("connection reset");
  }

  @ParameterizedTest
  @CsvSource({"http", "tcp"})
  void nobodyListeningIsCalledRefused(String kind) throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    ProbeResult result =
        prober(kind.equals("tcp") ? TCP : HTTP, port)
            .probe(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                Deadline.after(Duration.ofSeconds(5)));
    assertThat(result).isEqualTo(new ProbeResult.Failed("connection refused"));
  }

  @Test
  void tcpPassesWhenTheConnectionIsAccepted() throws Exception {
    assertThat(said(TCP, 5000, SpokenNode::awaitClose)).isEqualTo("passed");
  }

  @Test
  void asksPolitelyAndExactly() throws Exception {
    CompletableFuture<String> request = new CompletableFuture<>();
    Probe probe = new Probe.Http("/h?deep=1", "shop.example", new Probe.StatusRange(200, 200));
    String said =
        said(
            probe,
            5000,
            socket -> {
              byte[] bytes = new byte[1000];
              request.complete(
                  new String(bytes, 0, socket.getInputStream().read(bytes), ISO_8859_1));
              send(socket, "HTTP/1.1 200 OK\r\n\r\n");
            });
    assertThat(said).isEqualTo("passed");
    assertThat(request.get().lines())
        .containsExactly(
            "GET /h?deep=1 HTTP/1.1",
            "host: shop.example",
            "user-agent: fairlead-health",
            "accept: */*",
            "connection: close",
            "");
  }
}
