package io.fairlead.health;

import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.config.Probe;
import io.fairlead.config.Probe.Expect;
import io.fairlead.config.Probe.Http.Version;
import io.fairlead.config.Probe.StatusRange;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Over HTTP/2, with a server that speaks nothing else. */
@Timeout(30)
class Http2ProberTest {
  @Test
  void asksAServerOfHttp2(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("ok.txt"), "all is ok");
    Files.writeString(folder.resolve("long.txt"), "x".repeat(100_000) + "ok");
    int port = FreePort.any();
    Process server =
        new ProcessBuilder()
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .command("nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder.toString(), "" + port)
            .start();
    try {
      awaitPort(port, server);
      assertThat(said(probe("/ok.txt", "ok", "*nghttp*"), 5000, port)).isEqualTo("passed");
      assertThat(said(probe("/no.txt", "", "*"), 5000, port)).isEqualTo("answered 404, wanted 200");
      assertThat(said(probe("/ok.txt", "fine", "*"), 5000, port)).isEqualTo("body lacks 'fine'");
      assertThat(said(probe("/long.txt", "ok", "*"), 5000, port))
          .isEqualTo("body lacks 'ok' in the first 64 KiB");
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  @Test
  void whoDoesNotSpeakItIsToldApart() throws Exception {
    assertThat(said(probe("/", "", "*"), 5000, node -> send(node, "HTTP/1.1 400 Bad Request\r\n")))
        .isEqualTo("the answer is not HTTP/2, or has a frame of 4740180 bytes");
    assertThat(said(probe("/", "", "*"), 5000, node -> send(node, "")))
        .isEqualTo("connection closed before the answer was complete");
    assertThat(said(probe("/", "", "*"), 200, SpokenNode::awaitClose))
        .isEqualTo("no answer within 200 ms");
  }

  @Test
  void floodsOfFramesEnd() throws Exception {
    byte[] settings = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    assertThat(
            said(
                probe("/", "", "*"),
                5000,
                node -> {
                  OutputStream out = node.getOutputStream();
                  while (true) {
                    out.write(settings);
                  }
                }))
        .isEqualTo("no answer within 1000 frames");
    byte[] longPing = {0, 0, 9, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    assertThat(
            said(
                probe("/", "", "*"),
                5000,
                node -> {
                  node.getOutputStream().write(longPing);
                  SpokenNode.awaitClose(node);
                }))
        .isEqualTo("the answer breaks the rules of HTTP/2");
  }

  private static Probe probe(String path, String contains, String server) {
    return new Probe.Http(
        "GET",
        path,
        "",
        Map.of("x-probe", new Secret("yes")),
        Version.HTTP_2,
        new Expect(
            new StatusRange(200, 200), contains, Optional.empty(), Map.of("server", server)));
  }

  private static void awaitPort(int port, Process server) throws Exception {
    while (server.isAlive()) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        assertThat(socket.isConnected()).isTrue();
        return;
      } catch (IOException _) {
        TimeUnit.MILLISECONDS.sleep(20); // there is no event to wait for
      }
    }
    throw new AssertionError("nghttpd has ended");
  }
}
