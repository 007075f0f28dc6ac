package io.fairlead.proxy.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.config.ProxyVersion;
import io.fairlead.config.UdpConfig;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.HandNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.Wire;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same with peers that others wrote: HAProxy, NGINX, socat. */
@Timeout(60)
final class PeerTest {
  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();
  @TempDir Path folder;

  /** HAProxy in front says who the client is; we tell the node. */
  @ParameterizedTest
  @ValueSource(strings = {"send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"})
  void haproxyInFrontIsUnderstood(String how) throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    StreamFixture proxy =
        leftOver.watches(
            new StreamFixture(
                Setup.USUAL.trusts("127.0.0.0/8").announce(ProxyVersion.V1), node.address()));
    int port = FreePort.any();
    haproxy(
        """
        listen in
          bind 127.0.0.1:%d
          server us 127.0.0.1:%d %s
        """
            .formatted(port, proxy.address().getPort(), how));
    Wire client = leftOver.closes(new Wire(connect(port, "127.0.0.9")));
    client.send("hello");
    Wire atNode = accept(node);
    String rest = " 127.0.0.1 " + client.localPort() + " " + port + "\r\n";
    assertThat(atNode.raw(rest.length())).isEqualTo(rest);
    assertThat(atNode.raw(5)).isEqualTo("hello");
    atNode.send("you too");
    assertThat(client.raw(7)).isEqualTo("you too");
  }

  @Test
  void nginxInFrontIsUnderstood() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    StreamFixture proxy =
        leftOver.watches(
            new StreamFixture(
                Setup.USUAL.trusts("127.0.0.0/8").announce(ProxyVersion.V1), node.address()));
    int port = FreePort.any();
    nginx(
        """
        stream {
          server {
            listen 127.0.0.1:%d;
            proxy_pass 127.0.0.1:%d;
            proxy_protocol on;
          }
        }
        """
            .formatted(port, proxy.address().getPort()));
    Wire client = leftOver.closes(new Wire(connect(port, "127.0.0.9")));
    client.send("hello");
    Wire atNode = accept(node);
    String rest = " 127.0.0.1 " + client.localPort() + " " + port + "\r\n";
    assertThat(atNode.raw(rest.length())).isEqualTo(rest);
    assertThat(atNode.raw(5)).isEqualTo("hello");
  }

  /** The connection of 127.0.0.9; before it may come one that only looked whether we listen. */
  private Wire accept(HandNode node) throws IOException {
    while (true) {
      Wire atNode = leftOver.closes(node.accept());
      if (atNode.raw(20).equals("PROXY TCP4 127.0.0.9")) {
        return atNode;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"V1", "V2"})
  void haproxyBehindUnderstands(ProxyVersion version) throws Exception {
    int port = FreePort.any();
    haproxy(
        """
        frontend in
          mode http
          bind 127.0.0.1:%d accept-proxy
          http-request return status 200 content-type text/plain lf-string "%%[src] %%[dst_port]\\n"
        """
            .formatted(port));
    assertThat(behind(port, version)).startsWith("HTTP/1.1 200").contains("\n127.0.0.9 ");
  }

  @ParameterizedTest
  @EnumSource(names = {"V1", "V2"})
  void nginxBehindUnderstands(ProxyVersion version) throws Exception {
    int port = FreePort.any();
    nginx(
        """
        http {
          access_log off;
          server {
            listen 127.0.0.1:%d proxy_protocol;
            location / { return 200 "\\n$proxy_protocol_addr $proxy_protocol_server_port\\n"; }
          }
        }
        """
            .formatted(port));
    assertThat(behind(port, version)).startsWith("HTTP/1.1 200").contains("\n127.0.0.9 ");
  }

  private String behind(int port, ProxyVersion version) throws IOException {
    StreamFixture proxy =
        leftOver.watches(
            new StreamFixture(
                Setup.USUAL.announce(version),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
    try (Socket client = connect(proxy.address().getPort(), "127.0.0.9")) {
      client
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
      String answer = new String(client.getInputStream().readAllBytes(), UTF_8);
      assertThat(answer).contains(" " + proxy.address().getPort() + "\n");
      return answer;
    }
  }

  @Test
  void socatEndsItsHalfAndGetsTheRest() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    StreamFixture proxy = leftOver.watches(new StreamFixture(Setup.USUAL, node.address()));
    Process socat =
        new ProcessBuilder("socat", "-t10", "-", "TCP:127.0.0.1:" + proxy.address().getPort())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    leftOver.closes(() -> end(socat));
    socat.getOutputStream().write("question".getBytes(US_ASCII));
    socat.getOutputStream().close();
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.raw(8)).isEqualTo("question");
    assertThat(atNode.ends()).isTrue();
    atNode.send("answer").finish();
    assertThat(new String(socat.getInputStream().readAllBytes(), US_ASCII)).isEqualTo("answer");
    assertThat(socat.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(socat.exitValue()).isZero();
  }

  @Test
  void socatAsksAndAnswersByDatagrams() throws Exception {
    int port = FreePort.any();
    Process node =
        new ProcessBuilder("socat", "UDP-RECVFROM:" + port + ",bind=127.0.0.1,fork", "PIPE")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    leftOver.closes(() -> end(node));
    StreamFixture proxy =
        leftOver.watches(
            new StreamFixture(
                Setup.USUAL,
                UdpConfig.DEFAULT,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
    String answer = "";
    for (int i = 0; i < 20 && answer.isEmpty(); i++) { // until the node is there
      Process socat =
          new ProcessBuilder("socat", "-t0.3", "-", "UDP:127.0.0.1:" + proxy.address().getPort())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      socat.getOutputStream().write("question".getBytes(US_ASCII));
      socat.getOutputStream().close();
      answer = new String(socat.getInputStream().readAllBytes(), US_ASCII);
      assertThat(socat.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(answer).isEqualTo("question");
  }

  // --- peers -------------------------------------------------------------------------------

  private void haproxy(String config) throws IOException {
    Path file = folder.resolve("haproxy.cfg");
    Files.writeString(
        file,
        """
        global
          maxconn 100
        defaults
          mode tcp
          timeout connect 5s
          timeout client 20s
          timeout server 20s
        """
            + config);
    serve(port(config), "haproxy", "-db", "-q", "-f", file.toString());
  }

  private void nginx(String config) throws IOException {
    Path file = folder.resolve("nginx.conf");
    Path module = Path.of("/usr/lib/nginx/modules/ngx_stream_module.so");
    String load =
        config.startsWith("stream") && Files.exists(module) ? "load_module " + module + ";\n" : "";
    Files.writeString(
        file,
        load
            + """
            daemon off;
            pid %1$s/nginx.pid;
            error_log stderr crit;
            events { worker_connections 64; }
            """
                .formatted(folder)
            + config);
    serve(port(config), "nginx", "-p", folder.toString(), "-c", file.toString());
  }

  private static int port(String config) {
    int at = config.indexOf("127.0.0.1:") + "127.0.0.1:".length();
    return Integer.parseInt(config.substring(at, at + 5));
  }

  private void serve(int port, String... command) throws IOException {
    Path log = folder.resolve("peer.log");
    Process peer =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    leftOver.closes(() -> end(peer));
    Await.nothing(() -> isServing(peer, port, log));
  }

  private static String isServing(Process peer, int port, Path log) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return "";
    } catch (IOException e) {
      if (!peer.isAlive()) {
        try {
          throw new AssertionError("the peer has ended: " + Files.readString(log), e);
        } catch (IOException unreadable) {
          throw new AssertionError("the peer has ended", unreadable);
        }
      }
      return "the peer does not listen yet";
    }
  }

  private static void end(Process process) throws InterruptedException {
    process.destroy();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private static Socket connect(int port, String from) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setSoTimeout(10_000);
    return socket;
  }
}
