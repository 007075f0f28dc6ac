package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.demo.TestNode;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What files with certificates may be, and what is done with them that few clients see. */
@Timeout(60)
final class TlsKindsTest {
  @TempDir Path folder;
  private TestCertificates certificates;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    certificates.make("good", "good.test");
    certificates.make("other", "other.test");
  }

  private String yaml(String certificate, int nodePort) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      web: { bind: "127.0.0.1:0", tls: { certificates: %s }, routes: [ { service: shop } ] }
    services:
      shop: { nodes: ["127.0.0.1:%d"], health: none }
    """
        .formatted(certificate.replace("@", folder + "/"), nodePort);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{ cert: '@none.pem', key: '@good.key' } | cert: names a file that does not exist",
        "{ cert: '@', key: '@good.key' } | cert: names a folder",
        "{ cert: '@good.key', key: '@good.key' } | cert: must hold a certificate in PEM",
        "{ cert: '@damaged.pem', key: '@good.key' } | number 1 is damaged",
        "{ cert: '@good.pem', key: '@good.pem' } | key: must hold a private key in PEM",
        "{ cert: '@good.pem', key: '@locked.key' } | key: holds a key with a password",
        "{ cert: '@good.pem', key: '@other.key' } | key: must be the key of the certificate in cert",
        "{ cert: '@order.pem', key: '@good.key' } | but number 2 (CN=other.test) did not issue number 1",
        "{ cert: '@weak.pem', key: '@weak.key' } | (has RSA 1024)",
        "{ cert: '@good.pem', key: '@good.key', ocsp: '@good.pem' } | ocsp: must hold a successful OCSP",
        "{ cert: '@good.pem' } | key: must be given",
      })
  void whatIsWrongIsSaidWhereItIs(String certificate, String problem) throws Exception {
    Files.writeString(
        folder.resolve("damaged.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    Files.writeString(
        folder.resolve("locked.key"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    Files.writeString(
        folder.resolve("order.pem"),
        Files.readString(folder.resolve("good.pem"))
            + Files.readString(folder.resolve("other.pem")));
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-subj",
        "/CN=weak",
        "-keyout",
        "weak.key",
        "-out",
        "weak.pem");
    ConfigReader.Result read = Loopback.read(yaml(certificate, 1));
    assertThat(read).isInstanceOf(ConfigReader.Result.Refused.class);
    assertThat(((ConfigReader.Result.Refused) read).problems()).hasSize(1);
    assertThat(((ConfigReader.Result.Refused) read).problems().getFirst().toString())
        .contains("listeners.web.tls.certificates", problem);
  }

  @ParameterizedTest
  @CsvSource({
    "rsa, -traditional, RSA PRIVATE KEY",
    "rsa, '', PRIVATE KEY",
    "ec, -traditional, EC PRIVATE KEY",
    "ec, '', PRIVATE KEY",
  })
  void keysMayBeInOldFormsToo(String kind, String form, String mark) throws Exception {
    certificates.make("key", kind.equals("rsa") ? CertificateBuilder::rsa2048 : b -> b, "key.test");
    if (form.isEmpty()) {
      openssl("pkey", "-in", "key.key", "-out", "written.key");
    } else {
      openssl("pkey", "-in", "key.key", "-out", "written.key", form);
    }
    assertThat(Files.readString(folder.resolve("written.key"))).contains("BEGIN " + mark);
    assertThat(Loopback.read(yaml("{ cert: '@key.pem', key: '@written.key' }", 1)))
        .isInstanceOf(ConfigReader.Result.Accepted.class);
  }

  @Test
  void anOcspResponseIsStapled() throws Exception {
    X509Bundle authority = TestCertificates.issuer();
    Files.writeString(folder.resolve("ca.key"), authority.getPrivateKeyPEM());
    Files.writeString(folder.resolve("index"), "");
    openssl("ocsp", "-issuer", "ca.pem", "-cert", "good.pem", "-no_nonce", "-reqout", "request");
    openssl(
        "ocsp",
        "-index",
        "index",
        "-CA",
        "ca.pem",
        "-rsigner",
        "ca.pem",
        "-rkey",
        "ca.key",
        "-reqin",
        "request",
        "-respout",
        "good.ocsp",
        "-ndays",
        "2");
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead =
            Loopback.start(
                yaml("{ cert: '@good.pem', key: '@good.key', ocsp: '@good.ocsp' }", node.port()))) {
      String at = "127.0.0.1:" + Loopback.port(fairlead, "web");
      assertThat(Tool.run("", "openssl", "s_client", "-connect", at, "-status").output())
          .contains("OCSP Response Status: successful");
      assertThat(Tool.run("", "openssl", "s_client", "-connect", at, "-status", "-tls1_2").output())
          .contains("OCSP Response Status: successful");
    }
  }

  /** A client that offers nothing else gets a connection: the group is there. */
  @Test
  void theHybridGroupIsSpoken() throws Exception {
    assertThat(OpenSsl.isAvailable()).isTrue();
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead =
            Loopback.start(yaml("{ cert: '@good.pem', key: '@good.key' }", node.port()))) {
      SslContext context =
          SslContextBuilder.forClient()
              .sslProvider(SslProvider.OPENSSL)
              .trustManager(InsecureTrustManagerFactory.INSTANCE)
              .endpointIdentificationAlgorithm(null)
              .option(OpenSslContextOption.GROUPS, new String[] {"X25519MLKEM768"})
              .build();
      MultiThreadIoEventLoopGroup group =
          new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
      try {
        Channel channel =
            new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(
                    new ChannelInitializer<Channel>() {
                      @Override
                      protected void initChannel(Channel made) {
                        made.pipeline().addLast(context.newHandler(made.alloc()));
                      }
                    })
                .connect(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "web"))
                .sync()
                .channel();
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        assertThat(handler.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(handler.handshakeFuture().cause()).isNull();
        assertThat(handler.engine().getSession().getProtocol()).isEqualTo("TLSv1.3");
        channel.close().sync();
      } finally {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
      }
    }
  }

  /** A start without TLS must not pay for it. */
  @Test
  void withoutTlsNothingOfItIsLoaded() throws Exception {
    Path yaml = folder.resolve("plain.yaml");
    Files.writeString(
        yaml,
        """
        admin: { bind: "127.0.0.1:0" }
        listeners:
          web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
        services:
          shop: { nodes: ["127.0.0.1:9"], health: none }
        """);
    // Without the record, of which all classes are loaded at once.
    List<String> command = FairleadProcess.java("-XX:AOTMode=off", "-Xlog:class+load:stdout");
    command.addAll(List.of("io.fairlead.Main", "run", "-c", yaml.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    StringBuilder seen = new StringBuilder();
    try (var lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        seen.append(line).append('\n');
        if (line.startsWith("dashboard and API")) {
          break;
        }
      }
    } finally {
      process.destroy();
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(seen).contains("dashboard and API", "io.fairlead.proxy.DataPlane");
    assertThat(List.of(seen.toString().split("\n", -1)))
        .noneMatch(line ->
            line.contains("io.netty.handler.ssl.")
                || line.contains("io.netty.internal.tcnative.")
                || line.contains("javax.net.ssl.SSLContext "));
  }

  private void openssl(String... arguments) throws Exception {
    java.util.ArrayList<String> command = new java.util.ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("openssl.log").toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("openssl.log"))).isZero();
  }
}
