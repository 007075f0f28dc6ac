package io.fairlead.proxy.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.HandNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.Wire;
import io.fairlead.proxy.stream.StreamFixture.Named;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import io.fairlead.telemetry.ErrorReason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS relayed by the name that clients ask for, unopened. */
@Timeout(60)
final class PassthroughTest {
  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();
  @TempDir Path folder;

  private final HandNode[] nodes = new HandNode[4];

  /** 0: shop.example; 1: ACME for anybody below it; 2: the others below it; 3: whoever is left. */
  private Listener listener(boolean forTheRest) throws IOException {
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = leftOver.closes(new HandNode());
    }
    Named[] named = {
      new Named(List.of("shop.example"), List.of(), nodes[0].address()),
      new Named(List.of("*.shop.example"), List.of("acme-tls/1"), nodes[1].address()),
      new Named(List.of("*.shop.example"), List.of(), nodes[2].address()),
      new Named(List.of(), List.of(), nodes[3].address())
    };
    return leftOver
        .watches(new StreamFixture(Setup.USUAL))
        .passthrough(Arrays.copyOf(named, forTheRest ? 4 : 3));
  }

  private static byte[] hello(String name, String... protocols) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(true);
      SSLParameters parameters = engine.getSSLParameters();
      if (!name.isEmpty()) {
        parameters.setServerNames(List.of(new SNIHostName(name)));
      }
      parameters.setApplicationProtocols(protocols);
      engine.setSSLParameters(parameters);
      ByteBuffer out = ByteBuffer.allocate(20_000);
      engine.wrap(ByteBuffer.allocate(0), out);
      return Arrays.copyOf(out.array(), out.position());
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "shop.example,         '',         0",
    "SHOP.Example,         '',         0",
    "a.shop.example,       '',         2",
    "a.b.shop.example,     h2,         2",
    "a.shop.example,       acme-tls/1, 1",
    "shop.example,         acme-tls/1, 0",
    "othershop.example,    h2,         3",
    "shop.example.org,     '',         3",
    "'',                   '',         3"
  })
  void nameAndProtocolDecide(String name, String protocol, int index) throws Exception {
    Listener listener = listener(true);
    byte[] hello = protocol.isEmpty() ? hello(name) : hello(name, "x", protocol);
    Wire client = client(listener).send(hello);
    Wire atNode = leftOver.closes(nodes[index].accept());
    byte[] got = new byte[hello.length];
    atNode.fill(got);
    assertThat(got).isEqualTo(hello);
    atNode.send("answer");
    assertThat(client.raw(6)).isEqualTo("answer");
    client.send("more");
    assertThat(atNode.raw(4)).isEqualTo("more");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 100})
  void inAnyPiecesAndOverAnyRecords(int piece) throws Exception {
    Listener listener = listener(true);
    byte[] hello = split(hello("a.shop.example", "acme-tls/1"), 30);
    Wire client = client(listener);
    for (int i = 0; i < hello.length; i += piece) {
      client.send(Arrays.copyOfRange(hello, i, Math.min(hello.length, i + piece)));
    }
    Wire atNode = leftOver.closes(nodes[1].accept());
    byte[] got = new byte[hello.length];
    atNode.fill(got);
    assertThat(got).isEqualTo(hello);
  }

  /** The same message in records of that size. */
  private static byte[] split(byte[] record, int size) {
    ByteBuffer out = ByteBuffer.allocate(2 * record.length);
    for (int i = 5; i < record.length; i += size) {
      int length = Math.min(size, record.length - i);
      out.put(record, 0, 3).putShort((short) length).put(record, i, length);
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  @Test
  void whatNoRouteTakesGetsAnAlert() throws Exception {
    Listener listener = listener(false);
    for (String name : List.of("", "other.example")) {
      byte[] hello = hello(name); // takes longer than the time limit, the first time
      Wire client = client(listener).send(hello);
      assertThat(client.raw(7)).isEqualTo("\25\3\1\0\2\2" + (char) 112);
      assertThat(client.ends()).isTrue();
    }
    assertThat(errors(listener, ErrorReason.NO_ROUTE)).isEqualTo(2);
  }

  @Test
  void whatIsNoClientHelloIsClosedAndCounted() throws Exception {
    byte[] whole = hello("shop.example");
    Listener listener = listener(true);
    assertThat(client(listener).send("GET / HTTP/1.1\r\n\r\n").ends()).isTrue();
    byte[] twice = whole.clone();
    twice[5] = 2; // a ServerHello
    assertThat(client(listener).send(twice).raw(7)).endsWith("\2" + (char) 10);
    byte[] cut = whole.clone();
    cut[8]--; // the message is one byte shorter than its parts
    assertThat(client(listener).send(cut).raw(7)).endsWith("\2" + (char) 50);
    Wire slow = client(listener).send(Arrays.copyOf(whole, 40));
    assertThat(slow.ends()).as("after the time limit").isTrue();
    Wire silent = client(listener);
    assertThat(silent.ends()).as("after the time limit").isTrue();
    Wire half = client(listener).send(new byte[] {22, 3});
    half.finish();
    assertThat(half.ends()).isTrue();
    assertThat(errors(listener, ErrorReason.BAD_CLIENT_HELLO)).isEqualTo(6);
    Await.value(0, listener.state()::connections, "connections");
  }

  @Test
  void aDrainClosesWhoHasNotSaidWhatItWants() throws Exception {
    Listener listener = listener(true);
    Wire client = client(listener);
    Await.value(1, listener.state()::connections, "connections");
    assertThat(listener.drain(Duration.ofSeconds(10)).join()).isZero();
    assertThat(client.ends()).isTrue();
  }

  @Test
  void opensslAtBothEndsAgreesOnKeysThatWeDoNotKnow() throws Exception {
    run(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=shop.example",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem");
    int port = FreePort.any();
    Process server =
        openssl(
                "s_server",
                "-accept",
                "127.0.0.1:" + port,
                "-cert",
                "cert.pem",
                "-key",
                "key.pem",
                "-rev",
                "-quiet")
            .start();
    leftOver.closes(() -> end(server));
    Await.nothing(() -> {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return "";
      } catch (IOException e) {
        return "the server does not listen yet";
      }
    });
    Listener listener =
        leftOver
            .watches(new StreamFixture(Setup.USUAL))
            .passthrough(
                new Named(
                    List.of("shop.example"),
                    List.of(),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
    Process client =
        openssl(
                "s_client",
                "-connect",
                "127.0.0.1:" + listener.boundAddresses().getFirst().getPort(),
                "-servername",
                "shop.example",
                "-CAfile",
                "cert.pem",
                "-verify_return_error",
                "-verify_hostname",
                "shop.example",
                "-quiet",
                "-no_ign_eof")
            .start();
    leftOver.closes(() -> end(client));
    client.getOutputStream().write("forwards\n".getBytes(ISO_8859_1));
    client.getOutputStream().flush();
    assertThat(new String(client.getInputStream().readNBytes(9), ISO_8859_1))
        .isEqualTo("sdrawrof\n");
  }

  private ProcessBuilder openssl(String... arguments) {
    ProcessBuilder builder = new ProcessBuilder("openssl");
    builder.command().addAll(List.of(arguments));
    return builder.directory(folder.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  private void run(String... arguments) throws IOException, InterruptedException {
    Process process = openssl(arguments).start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private static void end(Process process) throws InterruptedException {
    process.destroy();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }

  private static long errors(Listener listener, ErrorReason reason) {
    return listener.state().errors().get(reason);
  }

  private Wire client(Listener listener) throws IOException {
    return leftOver.closes(Wire.to(listener.boundAddresses().getFirst()));
  }
}
